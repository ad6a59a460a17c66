// The extents of a tensor, slowest dimension first: {tokens, hidden}.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace lathe {

class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;  // rank 0: one element
  // Error if the rank exceeds kMaxRank or an extent is negative.
  Shape(std::initializer_list<int64_t> extents);

  int rank() const { return rank_; }
  int64_t operator[](int dimension) const { return extents_[static_cast<std::size_t>(dimension)]; }
  int64_t count() const;  // product of the extents
  bool operator==(const Shape& other) const = default;

  const int64_t* begin() const { return extents_.data(); }
  const int64_t* end() const { return extents_.data() + rank_; }

 private:
  std::array<int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

std::string to_string(const Shape& shape);  // "[850, 384]"

}  // namespace lathe
