// One problem for one op: how to make its operands and how to run it on a backend. The same list
// serves the tests of every backend and the benchmarks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/bfloat16.h"
#include "kernels/kernels.h"
#include "tensor/random.h"
#include "tests/kernels/cases/mirror.h"

namespace lathe::testing {

// Memory that begins at a cache line, as that of activations and parameters does.
template <class T>
struct CacheAligned {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), kLine));
  }
  void deallocate(T* memory, std::size_t /*count*/) { ::operator delete(memory, kLine); }
  bool operator==(const CacheAligned& /*other*/) const { return true; }
};
template <class T>
using AlignedVector = std::vector<T, CacheAligned<T>>;

// Named buffers. A case's outputs lie among them like its inputs, so comparing all the buffers of
// two runs also shows what was written that should not have been.
class Operands {
 public:
  // With offset 1 no buffer of numbers is aligned to more than one of them.
  explicit Operands(int64_t offset = 0) : offset_(offset) {}

  // Uniform over (low, high); the values depend on the name alone.
  void add(const std::string& name, int64_t count, double low = -1, double high = 1) {
    AlignedVector<float>& values = floats_[name];
    values.resize(static_cast<std::size_t>(count + offset_));
    Random random(std::hash<std::string>()(name));
    for (float& x : values) x = static_cast<float>(low + (high - low) * 0x1p-32 * random.next());
    std::rotate(values.begin(), values.end() - offset_, values.end());  // the same from f() on
  }
  // The same as floats or as bfloat16s.
  void add_numbers(const std::string& name, int64_t count, Precision precision, double low = -1,
                   double high = 1) {
    add(name, count, low, high);
    if (precision == Precision::kF32) return;
    add_rounded(name, name);
    floats_.erase(name);
  }
  // The bfloat16s of floats that have been added.
  void add_rounded(const std::string& name, const std::string& of) {
    AlignedVector<uint16_t>& values = halves_[name];
    for (float x : floats_.at(of)) values.push_back(to_bfloat16(x));
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

  // Every float x of those buffers becomes change(x).
  void for_each_of(std::initializer_list<const char*> names, float (*change)(float)) {
    for (const char* name : names) {
      for (float& x : floats_.at(name)) x = change(x);
    }
  }

  // Every buffer gets the values of the other's of the same name, rounded or widened where they are
  // of another precision.
  void assign(const Operands& other) {
    for (auto& [name, to] : floats_) {
      if (const auto from = other.floats_.find(name); from != other.floats_.end()) {
        std::copy(from->second.begin() + other.offset_, from->second.end(), to.begin() + offset_);
      } else {
        const AlignedVector<uint16_t>& halves = other.halves_.at(name);
        std::transform(halves.begin() + other.offset_, halves.end(), to.begin() + offset_,
                       from_bfloat16);
      }
    }
    for (auto& [name, to] : halves_) {
      if (const auto from = other.halves_.find(name); from != other.halves_.end()) {
        std::copy(from->second.begin() + other.offset_, from->second.end(), to.begin() + offset_);
      } else {
        const AlignedVector<float>& floats = other.floats_.at(name);
        std::transform(floats.begin() + other.offset_, floats.end(), to.begin() + offset_,
                       to_bfloat16);
      }
    }
    ints_ = other.ints_, bytes_ = other.bytes_, doubles_ = other.doubles_;
  }

  // Where the op finds a buffer: on the device after move_to().
  float* f(const std::string& name) {
    return (mirror_ ? mirror_->at<float>(name) : floats_.at(name).data()) + offset_;
  }
  Numbers n(const std::string& name) {
    if (floats_.contains(name)) return f(name);
    uint16_t* start = mirror_ ? mirror_->at<uint16_t>(name) : halves_.at(name).data();
    return {start + offset_, Precision::kBF16};
  }
  const int32_t* i(const std::string& name) {
    return mirror_ ? mirror_->at<int32_t>(name) : ints_.at(name).data();
  }
  uint8_t* b(const std::string& name) {
    return mirror_ ? mirror_->at<uint8_t>(name) : bytes_.at(name).data();
  }
  double* d(const std::string& name) {
    return mirror_ ? mirror_->at<double>(name) : &doubles_.at(name);
  }
  // A list that a run makes for its op: where the op finds it, until the run is over.
  template <class T>
  const T* place(const std::vector<T>& list) {
    if (!mirror_) return list.data();
    return static_cast<const T*>(mirror_->place(list.data(), list.size() * sizeof(T)));
  }
  Stream stream() const { return mirror_ ? mirror_->stream() : nullptr; }

  // Copies the buffers to a device, where cases then run; and what they left there back. Between
  // the two no case is prepared and nothing compared.
  void move_to(Device& device) {
    mirror_ = std::make_shared<Mirror>(device);
    for (const auto& [name, x] : floats_) mirror_->add(name, x.data(), x.size());
    for (const auto& [name, x] : halves_) mirror_->add(name, x.data(), x.size());
    for (const auto& [name, x] : ints_) mirror_->add(name, x.data(), x.size());
    for (const auto& [name, x] : bytes_) mirror_->add(name, x.data(), x.size());
    for (const auto& [name, x] : doubles_) mirror_->add(name, &x, 1);
  }
  void fetch() {
    for (auto& [name, x] : floats_) mirror_->fetch(name, x.data());
    for (auto& [name, x] : halves_) mirror_->fetch(name, x.data());
    for (auto& [name, x] : bytes_) mirror_->fetch(name, x.data());
    for (auto& [name, x] : doubles_) mirror_->fetch(name, &x);
    mirror_.reset();
  }

  // Whole buffers, whose first offset() elements lie before f().
  const std::map<std::string, AlignedVector<float>>& floats() const { return floats_; }
  const std::map<std::string, AlignedVector<uint16_t>>& halves() const { return halves_; }
  const std::map<std::string, std::vector<uint8_t>>& bytes() const { return bytes_; }
  const std::map<std::string, double>& doubles() const { return doubles_; }
  int64_t offset() const { return offset_; }

 private:
  int64_t offset_;
  std::map<std::string, AlignedVector<float>> floats_;
  std::map<std::string, AlignedVector<uint16_t>> halves_;  // bfloat16s
  std::map<std::string, std::vector<int32_t>> ints_;
  std::map<std::string, std::vector<uint8_t>> bytes_;
  std::map<std::string, double> doubles_;
  std::shared_ptr<Mirror> mirror_;  // while they are on a device
};

struct Case {
  std::string name;  // "op/shape/variant"
  std::function<void(Operands&)> prepare;
  std::function<void(const Kernels&, Operands&)> run;
  double flops = 0;       // multiplications and additions of the op's matrix products
  double bytes = 0;       // least traffic: every operand read or written once
  bool bfloat16 = false;  // whether those products are of bfloat16s
  // How many times the usual tolerance its bfloat16s have in a benchmark, of millions of elements.
  double half_slack = 1;
};

// Dropout of micro-batch 3. Of probability 0.1, an op finds the 3 in memory.
inline void add_dropout_step(Operands& o) { o.add_ints("dropout_step", {3}); }
inline Dropout case_dropout(Operands& o, float probability) {
  const bool given = probability != 0.1f;
  const auto* step = reinterpret_cast<const uint32_t*>(o.i("dropout_step"));
  return {probability, 0x9876543210abcdefull, 7, given ? 3u : 99u, given ? nullptr : step};
}

inline double bytes_of(Precision precision) { return precision == Precision::kF32 ? 4 : 2; }
inline const char* suffix_of(Precision precision) {
  return precision == Precision::kF32 ? "" : "_in_bf16";
}

// 0, lengths[0], lengths[0] + lengths[1], …
inline std::vector<int32_t> offsets_of(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> offsets{0};
  for (int32_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

}  // namespace lathe::testing
