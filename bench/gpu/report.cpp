#include "bench/gpu/report.h"

#include <omp.h>

#include <cmath>
#include <cstdio>
#include <vector>

#include "bench/gpu/timing.h"
#include "tensor/buffer.h"

namespace lathe::bench {
namespace {

using testing::Case;
using testing::Expectation;
using testing::Operands;

// Of floats that are sums over up to 16,384 tokens; of what bfloat16s were added up to, some of
// which were rounded the other way; of bfloat16s, twice their last place.
constexpr double kTolerance = 1e-3, kToleranceOfSums = 0x1p-6, kHalfTolerance = 0x1p-6;

double tolerance_of(Precision precision) {
  return precision == Precision::kF32 ? kTolerance : kToleranceOfSums;
}
const char* name_of(Precision precision) { return precision == Precision::kF32 ? "f32" : "bf16"; }

}  // namespace

Report::Report(Device& gpu, const GpuSuite& suite, std::string path)
    : gpu_(gpu), suite_(suite), path_(std::move(path)) {
  figures_["gpu"] = gpu.description();
  figures_["figures"] = Json::array();
}

void Report::measure_copy() {
  const int64_t bytes = suite_.copy_bytes;
  const Buffer from(bytes, "a copy", gpu_), to(bytes, "a copy", gpu_);
  const double seconds = seconds_of(
      gpu_, [&] { gpu_.copy(to.data(), from.data(), bytes); }, suite_.round_seconds);
  copy_bandwidth_ = 2.0 * static_cast<double>(bytes) / seconds;
  std::printf("\ncopy of %.0f MB: %.0f GB/s\n", static_cast<double>(bytes) * 1e-6,
              copy_bandwidth_ * 1e-9);
  figures_["copy_bytes_per_second"] = copy_bandwidth_;
}

// Where memory is the limit, runs take turns on so many operands that none of them is still in the
// GPU's cache when it is met again.
double Report::seconds_of_case(const Case& c, const Operands& fresh, const Kernels& kernels) const {
  const int copies = c.flops > 0 ? 1 : static_cast<int>(std::ceil(suite_.cache_bytes / c.bytes));
  std::vector<Operands> operands(static_cast<std::size_t>(copies), fresh);
  for (Operands& o : operands) o.move_to(gpu_);
  std::size_t turn = 0;
  return seconds_of(
      gpu_, [&] { c.run(kernels, operands[turn++ % operands.size()]); }, suite_.round_seconds);
}

bool Report::is_right(const Case& c, const Expectation& expected, const Kernels& kernels,
                      Precision precision) {
  Operands operands = expected.operands;
  operands.move_to(gpu_);
  c.run(kernels, operands);
  operands.fetch();
  const std::string found =
      testing::difference(expected.results, operands, tolerance_of(precision), kHalfTolerance);
  if (found.empty()) return true;
  std::printf("\nWRONG: %s by %s: %s\n", c.name.c_str(), kernels.name, found.c_str());
  ++wrong_;
  return false;
}

void Report::add_products(const std::string& name, const Case& c, const Expectation& expected,
                          Precision precision) {
  const Kernels &theirs = gpu_.kernels(Gemm::kCublas), &ours = gpu_.kernels(Gemm::kOwn);
  double seconds_of_theirs = 0;
  for (const Kernels* kernels : {&theirs, &ours}) {
    const bool is_missing = kernels == &theirs && &theirs == &ours;
    if (is_missing || !is_right(c, expected, *kernels, precision)) {
      std::printf("%11s", "-");
      continue;
    }
    const double seconds = seconds_of_case(c, expected.operands, *kernels);
    if (kernels == &theirs) seconds_of_theirs = seconds;
    std::printf("%11.1f", c.flops / seconds * 1e-12);
    note(name, concat(name_of(precision), ", ", kernels->name), seconds,
         {{"flops", c.flops / seconds}});
    if (kernels == &ours && seconds_of_theirs > 0) {
      std::printf("%6.0f %%", 100 * seconds_of_theirs / seconds);
    }
  }
}

void Report::add_product(testing::GemmShape shape) {
  const Case floats = testing::gemm_case(shape);
  shape.operands = Precision::kBF16;
  shape.result = shape.accumulate ? Precision::kF32 : Precision::kBF16;
  std::printf("%-50s", floats.name.c_str());
  const Case bfloat16s = testing::gemm_case(shape);
  const testing::BothExpected both =
      testing::expect_both(floats, bfloat16s, cpu_kernels(), omp_get_max_threads());
  add_products(floats.name, floats, both.floats, Precision::kF32);
  add_products(floats.name, bfloat16s, both.bfloat16s, Precision::kBF16);
  std::printf("\n");
}

void Report::add(const Case& floats, const Case& bfloat16s) {
  const testing::BothExpected both =
      testing::expect_both(floats, bfloat16s, cpu_kernels(), omp_get_max_threads());
  add(floats, both.floats, Precision::kF32);
  add(bfloat16s, both.bfloat16s, Precision::kBF16);
  save();
}

void Report::add(const Case& c, Precision precision) {
  add(c, testing::expect_of(c, reference_kernels(), omp_get_max_threads()), precision);
  save();
}

void Report::add(const Case& c, const Expectation& expected, Precision precision) {
  const Kernels& kernels = gpu_.kernels();
  if (!is_right(c, expected, kernels, precision)) return;
  const double seconds = seconds_of_case(c, expected.operands, kernels);
  std::printf("%-50s%10.1f us", c.name.c_str(), seconds * 1e6);
  if (c.flops > 0) {
    std::printf("%8.1f TFLOP/s\n", c.flops / seconds * 1e-12);
    note(c.name, name_of(precision), seconds, {{"flops", c.flops / seconds}});
  } else {
    const double share = c.bytes / seconds / copy_bandwidth_;
    std::printf("%8.0f GB/s%6.0f %% of a copy\n", c.bytes / seconds * 1e-9, 100 * share);
    note(c.name, name_of(precision), seconds, {{"share_of_copy", share}});
  }
}

void Report::note(const std::string& name, const std::string& how, double seconds,
                  Json::Object more) {
  Json::Object figure{{"name", name}, {"how", how}, {"seconds", seconds}};
  for (auto& entry : more) figure.push_back(std::move(entry));
  figures_["figures"].push_back(std::move(figure));
}

void Report::save() const {
  if (!path_.empty()) write_json_file(path_, figures_);
}

}  // namespace lathe::bench
