#include "tensor/buffer.h"

#include <sys/mman.h>

#include <utility>

#include "base/error.h"

namespace lathe {

Buffer::Buffer(int64_t bytes, const char* purpose, Device& device, Kind kind)
    : bytes_(bytes), device_(&device), kind_(kind) {
  if (bytes == 0) return;
  void* memory = kind == Kind::kDevice ? device.allocate(bytes) : device.allocate_staging(bytes);
  if (memory == nullptr) {
    fail("no memory for ", purpose, device.is_host() ? "" : " on " + device.description(), ": ",
         (bytes >> 20) + 1, " MiB are needed");
  }
  data_ = static_cast<std::byte*>(memory);
}

void Buffer::expect_sparse_use(const void* begin, int64_t bytes) const {
  // The word embeddings of MiniLM-L6 have 47 MB, those of BERT-base 94, whose steps take ten times
  // as long.
  constexpr int64_t kLarge = 64 << 20;
  if (data_ == nullptr || !device_->is_host() || bytes < kLarge) return;
  constexpr int64_t kPage = 4096;
  const int64_t offset = static_cast<const std::byte*>(begin) - data_;
  const int64_t first = (offset + kPage - 1) / kPage * kPage,
                last = (offset + bytes) / kPage * kPage;
  if (first >= last) return;
  madvise(data_ + first, static_cast<std::size_t>(last - first), MADV_NOHUGEPAGE);
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  kind_ == Kind::kDevice ? device_->release(data_, bytes_)
                         : device_->release_staging(data_, bytes_);
}

Buffer::Buffer(Buffer&& other) noexcept { *this = std::move(other); }

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(device_, other.device_);
  std::swap(kind_, other.kind_);
  return *this;
}

}  // namespace lathe
