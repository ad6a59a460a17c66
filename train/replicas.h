// What keeps the replicas of a data-parallel run the same model.
#pragma once

#include "nn/parameter.h"
#include "train/communicator.h"

namespace lathe {

// Error when the ranks do not begin with the same parameters, bit for bit.
void require_equal_replicas(const ParameterStore& parameters, Communicator& communicator);

// Every gradient becomes the sum of all ranks'. Where a rank's tokens touched a row of an
// embedding, the optimizers of all ranks visit it.
void reduce_gradients(const ParameterStore& parameters, Communicator& communicator);

}  // namespace lathe
