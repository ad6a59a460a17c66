// Owned memory of a device, zeroed, aligned to a page and given back on destruction.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/device.h"

namespace lathe {

class Buffer {
 public:
  // Where it lies: in the device's memory, or in the host's for copies from and to the device.
  enum class Kind { kDevice, kStaging };

  Buffer() = default;
  // Error naming `purpose` and the size when there is no such memory. The device must outlive the
  // buffer.
  Buffer(int64_t bytes, const char* purpose, Device& device = host_device(),
         Kind kind = Kind::kDevice);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // Of this part, a table, few rows are ever touched. A large one gets pages of the smallest size,
  // so that what lies between those rows costs no memory; in a small one that memory is worth less
  // than the time of so many pages. A hint.
  void expect_sparse_use(const void* begin, int64_t bytes) const;

  std::byte* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
  Device* device_ = nullptr;
  Kind kind_ = Kind::kDevice;
};

}  // namespace lathe
