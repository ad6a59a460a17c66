// What keeps the replicas of a data-parallel run the same model.
#pragma once

#include "nn/parameter.h"
#include "train/communicator.h"

namespace lathe {

// Error when the ranks do not begin with the same parameters, bit for bit.
void require_equal_replicas(const ParameterStore& parameters, Communicator& communicator);

}  // namespace lathe
