#include "tensor/shape.h"

#include "base/error.h"

namespace lathe {

Shape::Shape(std::initializer_list<int64_t> extents) {
  if (extents.size() > kMaxRank)
    fail("a shape of ", extents.size(), " dimensions: at most ", kMaxRank);
  for (const int64_t extent : extents) {
    if (extent < 0) fail("a shape with the negative extent ", extent);
    extents_[static_cast<std::size_t>(rank_++)] = extent;
  }
}

int64_t Shape::count() const {
  int64_t product = 1;
  for (const int64_t extent : *this) product *= extent;
  return product;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const int64_t extent : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(extent);
  }
  return text + "]";
}

}  // namespace lathe
