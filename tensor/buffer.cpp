#include "tensor/buffer.h"

#include <sys/mman.h>

#include <utility>

#include "base/error.h"

namespace lathe {

Buffer::Buffer(int64_t bytes, const char* purpose) : bytes_(bytes) {
  if (bytes == 0) return;
  void* memory = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    fail("no memory for ", purpose, ": ", (bytes >> 20) + 1, " MiB are needed");
  // Large pages halve the misses of the translation cache in kernels that walk megabytes. A hint:
  // failing is harmless.
  madvise(memory, static_cast<std::size_t>(bytes), MADV_HUGEPAGE);
  data_ = static_cast<std::byte*>(memory);
}

void Buffer::expect_sparse_use(const void* begin, int64_t bytes) const {
  constexpr int64_t kPage = 4096;
  const int64_t offset = static_cast<const std::byte*>(begin) - data_;
  const int64_t first = (offset + kPage - 1) / kPage * kPage,
                last = (offset + bytes) / kPage * kPage;
  if (first >= last) return;
  madvise(data_ + first, static_cast<std::size_t>(last - first), MADV_NOHUGEPAGE);
}

Buffer::~Buffer() {
  if (data_ != nullptr) munmap(data_, static_cast<std::size_t>(bytes_));
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace lathe
