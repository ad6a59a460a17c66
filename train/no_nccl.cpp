// In the place of nccl.cu in a build without nvcc.
#include "train/nccl.h"

namespace lathe {

std::unique_ptr<Communicator> nccl_communicator(Communicator&, Device&) { return nullptr; }

}  // namespace lathe
