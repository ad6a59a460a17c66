#include "tensor/host_copy.h"

namespace lathe {

HostCopy::HostCopy(Device& device, const Tensor& tensor)
    : device_(device), original_(tensor), copy_(tensor) {
  if (device.is_host() || tensor.empty()) return;
  memory_ = Buffer(tensor.bytes(), "a copy of a tensor");
  copy_ = Tensor(memory_.data(), tensor.dtype(), tensor.shape());
  device.download(memory_.data(), tensor.data(), tensor.bytes());
}

void HostCopy::write_back() {
  if (memory_.data() != nullptr) {
    device_.upload(original_.data(), memory_.data(), original_.bytes());
  }
}

}  // namespace lathe
