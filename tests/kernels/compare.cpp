#include "tests/kernels/compare.h"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "base/error.h"
#include "kernels/bfloat16.h"

namespace lathe::testing {

namespace {

double root_mean_square(std::span<const float> values) {
  double sum = 0;
  for (float x : values) sum += static_cast<double>(x) * x;
  return values.empty() ? 0 : std::sqrt(sum / static_cast<double>(values.size()));
}

// Comparisons that are false for NaN.
bool near(double a, double b, double allowed) { return std::fabs(a - b) <= allowed; }

std::vector<float> widened(const AlignedVector<uint16_t>& halves) {
  std::vector<float> floats(halves.size());
  std::transform(halves.begin(), halves.end(), floats.begin(), from_bfloat16);
  return floats;
}

std::string difference_of(const std::string& name, std::span<const float> reference,
                          std::span<const float> other, double tolerance) {
  if (std::equal(reference.begin(), reference.end(), other.begin(), other.end())) return "";
  const double scale = root_mean_square(reference);
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (near(reference[i], other[i], tolerance * (std::fabs(reference[i]) + scale))) continue;
    return concat(name, "[", i, "] is ", other[i], ", the reference gives ", reference[i],
                  " (root mean square ", scale, ")");
  }
  return "";
}

template <class Bits, class Float>
bool same_bits(Float one, Float other) {
  return std::bit_cast<Bits>(one) == std::bit_cast<Bits>(other);
}

}  // namespace

Operands prepare(const Case& c, int64_t offset) {
  Operands operands(offset);
  c.prepare(operands);
  return operands;
}

Operands run_case(const Case& c, const Kernels& kernels, Operands operands, int threads) {
  omp_set_num_threads(threads);
  c.run(kernels, operands);
  return operands;
}

Expectation expect_of(const Case& c, const Kernels& kernels, int threads) {
  Operands operands = prepare(c);
  Operands results = run_case(c, kernels, operands, threads);
  return {std::move(operands), std::move(results)};
}

BothExpected expect_both(const Case& floats, const Case& bfloat16s, const Kernels& kernels,
                         int threads, int64_t offset) {
  Operands wide = prepare(floats, offset), narrow = prepare(bfloat16s, offset);
  narrow.assign(wide);
  wide.assign(narrow);
  Operands wide_results = run_case(floats, kernels, wide, threads), narrow_results = narrow;
  narrow_results.assign(wide_results);
  return {{std::move(wide), std::move(wide_results)},
          {std::move(narrow), std::move(narrow_results)}};
}

std::string difference(const Operands& reference, const Operands& other, double tolerance,
                       double half_tolerance) {
  for (const auto& [name, values] : reference.floats()) {
    const std::span<const float> a = values, b = other.floats().at(name);
    std::string found =
        difference_of(name, a.subspan(static_cast<std::size_t>(reference.offset())),
                      b.subspan(static_cast<std::size_t>(other.offset())), tolerance);
    if (!found.empty()) return found;
  }
  for (const auto& [name, values] : reference.halves()) {
    const std::vector<float> a = widened(values), b = widened(other.halves().at(name));
    std::string found = difference_of(
        name, std::span(a).subspan(static_cast<std::size_t>(reference.offset())),
        std::span(b).subspan(static_cast<std::size_t>(other.offset())), half_tolerance);
    if (!found.empty()) return found;
  }
  for (const auto& [name, value] : reference.doubles()) {
    if (!near(value, other.doubles().at(name), tolerance * std::fabs(value))) {
      return concat(name, " is ", other.doubles().at(name), ", the reference gives ", value);
    }
  }
  return reference.bytes() == other.bytes() ? "" : "bytes differ";
}

std::string bitwise_difference(const Operands& one, const Operands& other) {
  for (const auto& [name, values] : one.floats()) {
    const AlignedVector<float>& others = other.floats().at(name);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!same_bits<uint32_t>(values[i], others[i])) {
        return concat(name, "[", i, "] is ", values[i], " and ", others[i]);
      }
    }
  }
  for (const auto& [name, value] : one.doubles()) {
    if (!same_bits<uint64_t>(value, other.doubles().at(name))) {
      return concat(name, " is ", value, " and ", other.doubles().at(name));
    }
  }
  if (one.halves() != other.halves()) return "bfloat16s differ";
  return one.bytes() == other.bytes() ? "" : "bytes differ";
}

}  // namespace lathe::testing
