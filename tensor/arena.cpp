#include "tensor/arena.h"

#include <algorithm>

#include "base/error.h"

namespace lathe {

namespace {

constexpr int64_t kAlignment = 64;  // a cache line, and the widest vector

// Where a measuring arena pretends to be: not null, so that "allocated" can be told from "absent".
// NOLINTNEXTLINE(performance-no-int-to-ptr)
std::byte* const kNowhere = reinterpret_cast<std::byte*>(kAlignment);

}  // namespace

Arena::Arena(int64_t bytes, Device& device)
    : block_(std::max<int64_t>(bytes, kAlignment), "activations", device) {}

Tensor Arena::allocate(DType dtype, const Shape& shape) {
  const int64_t bytes = (shape.count() * size_of(dtype) + kAlignment - 1) / kAlignment * kAlignment;
  if (!measuring() && used_ + bytes > capacity()) {
    fail("the arena of ", capacity(), " bytes holds ", used_, " and cannot give ", bytes, " more");
  }
  std::byte* start = (measuring() ? kNowhere : block_.data()) + used_;
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return Tensor(start, dtype, shape);
}

}  // namespace lathe
