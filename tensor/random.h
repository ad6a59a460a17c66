// Random numbers for initialising parameters and shuffling data: a stream of Philox words under a
// key. The same seed and stream give the same numbers on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/philox.h"

namespace lathe {

class Random {
 public:
  // Streams of one seed are independent of each other.
  explicit Random(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint32_t next();                 // uniform over 32 bits
  double uniform();                // [0, 1), 53 bits
  double normal();                 // mean 0, deviation 1 (Box and Muller 1958)
  uint64_t below(uint64_t bound);  // uniform over 0 … bound - 1, without bias; bound > 0

 private:
  uint64_t seed_, stream_;
  uint64_t block_ = 0;
  PhiloxWords words_{};
  int used_ = 4;
};

// 0 … count - 1 in random order (Fisher and Yates).
std::vector<int64_t> random_permutation(int64_t count, Random& random);

}  // namespace lathe
