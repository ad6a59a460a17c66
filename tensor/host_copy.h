// A tensor's numbers where the host can read and change them: a copy of what a GPU holds, made when
// its work so far is done; on a CPU the tensor itself.
#pragma once

#include "tensor/buffer.h"
#include "tensor/tensor.h"

namespace lathe {

class HostCopy {
 public:
  // The tensor is contiguous and in the device's memory.
  HostCopy(Device& device, const Tensor& tensor);

  const Tensor& tensor() const { return copy_; }
  float* f32() const { return copy_.f32(); }
  uint8_t* u8() const { return copy_.u8(); }

  // Makes the tensor what the copy has become.
  void write_back();

 private:
  Device& device_;
  Tensor original_, copy_;
  Buffer memory_;
};

}  // namespace lathe
