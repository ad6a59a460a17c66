// One problem for one op: how to make its operands and how to run it on a backend. The same list
// serves the tests of every backend and the benchmarks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/kernels.h"
#include "tensor/random.h"

namespace lathe::testing {

// Named buffers. A case's outputs lie among them like its inputs, so comparing all the buffers of
// two runs also shows what was written that should not have been.
class Operands {
 public:
  // With offset 1 no float buffer is aligned to more than a float.
  explicit Operands(int64_t offset = 0) : offset_(offset) {}

  // Uniform over (low, high); the values depend on the name alone.
  void add(const std::string& name, int64_t count, double low = -1, double high = 1) {
    std::vector<float>& values = floats_[name];
    values.resize(static_cast<std::size_t>(count + offset_));
    Random random(std::hash<std::string>()(name));
    for (float& x : values) x = static_cast<float>(low + (high - low) * 0x1p-32 * random.next());
    std::rotate(values.begin(), values.end() - offset_, values.end());  // the same from f() on
  }
  void add_constant(const std::string& name, int64_t count, float value) {
    floats_[name].assign(static_cast<std::size_t>(count + offset_), value);
  }
  void add_ints(const std::string& name, std::vector<int32_t> values) {
    ints_[name] = std::move(values);
  }
  void add_bytes(const std::string& name, std::vector<uint8_t> values) {
    bytes_[name] = std::move(values);
  }
  void add_double(const std::string& name) { doubles_[name] = 0; }

  float* f(const std::string& name) { return floats_.at(name).data() + offset_; }
  const int32_t* i(const std::string& name) { return ints_.at(name).data(); }
  uint8_t* b(const std::string& name) { return bytes_.at(name).data(); }
  double* d(const std::string& name) { return &doubles_.at(name); }

  // Whole buffers, whose first offset() elements lie before f().
  const std::map<std::string, std::vector<float>>& floats() const { return floats_; }
  const std::map<std::string, std::vector<uint8_t>>& bytes() const { return bytes_; }
  const std::map<std::string, double>& doubles() const { return doubles_; }
  int64_t offset() const { return offset_; }

 private:
  int64_t offset_;
  std::map<std::string, std::vector<float>> floats_;
  std::map<std::string, std::vector<int32_t>> ints_;
  std::map<std::string, std::vector<uint8_t>> bytes_;
  std::map<std::string, double> doubles_;
};

struct Case {
  std::string name;  // "op/shape/variant"
  std::function<void(Operands&)> prepare;
  std::function<void(const Kernels&, Operands&)> run;
  double flops = 0;  // multiplications and additions of the op's matrix products
  double bytes = 0;  // least traffic: every operand read or written once
};

inline Dropout case_dropout(float probability) {
  return {probability, 0x9876543210abcdefull, 7, 3};
}

// 0, lengths[0], lengths[0] + lengths[1], …
inline std::vector<int32_t> offsets_of(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> offsets{0};
  for (int32_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

}  // namespace lathe::testing
