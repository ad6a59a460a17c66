#include "tensor/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace lathe {

uint32_t Random::next() {
  if (used_ == 4) {
    words_ = philox(seed_, static_cast<uint32_t>(block_), static_cast<uint32_t>(block_ >> 32),
                    static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32));
    ++block_;
    used_ = 0;
  }
  return words_.word[used_++];
}

double Random::uniform() {
  const uint64_t high = next() >> 5;  // 27 bits
  const uint64_t low = next() >> 6;   // 26 bits
  return static_cast<double>((high << 26) | low) * 0x1p-53;
}

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));  // log of (0, 1], never of 0
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

uint64_t Random::below(uint64_t bound) {
  const uint64_t unbiased = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    const uint64_t high = next();
    const uint64_t word = (high << 32) | next();
    if (word < unbiased) return word % bound;
  }
}

std::vector<int64_t> random_permutation(int64_t count, Random& random) {
  std::vector<int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(i)]);
  }
  return order;
}

}  // namespace lathe
