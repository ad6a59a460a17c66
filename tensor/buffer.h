// Owned memory, zeroed, aligned to a page and given back on destruction.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lathe {

class Buffer {
 public:
  Buffer() = default;
  // Error naming `purpose` and the size when the system has no such memory. Pages are committed on
  // first touch.
  Buffer(int64_t bytes, const char* purpose);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // Of this part few rows are ever touched: pages of the smallest size, so that those beside them
  // cost no memory. A hint.
  void expect_sparse_use(const void* begin, int64_t bytes) const;

  std::byte* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace lathe
