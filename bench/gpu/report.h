// The figures of a GPU: printed as a table while they come, kept as JSON. A kernel is checked
// before it is timed; one that is wrong is told in a line and gets no figure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "kernels/device.h"
#include "nn/config.h"
#include "tests/kernels/cases/gemm.h"
#include "tests/kernels/compare.h"

namespace lathe::bench {

// What is measured: the shapes of BERT-base. The tests run the same on small ones.
struct GpuSuite {
  int64_t hidden = 768, words = 30522;
  std::vector<int64_t> product_rows = {1696, 8192};  // a small batch of MRPC; enough to fill a GPU
  int64_t tokens = 16384;                            // where memory is the limit
  struct Sequences {
    int64_t count, length;
  };
  std::vector<Sequences> attention = {{128, 128}, {32, 512}};
  int64_t heads = 12;
  int64_t parameters = 40'000'000;
  int64_t copy_bytes = int64_t{1} << 30;
  double cache_bytes = 400e6;  // nothing of so many bytes ago is still in a cache of the GPU
  BertConfig model;
  std::vector<Sequences> steps = {{32, 53}, {128, 128}};
  double round_seconds = 0.03;
};

class Report {
 public:
  // Writes to `path` at every save(); nowhere where that is empty.
  Report(Device& gpu, const GpuSuite& suite, std::string path);

  Device& gpu() const { return gpu_; }
  const GpuSuite& suite() const { return suite_; }
  const Json& figures() const { return figures_; }

  // Bytes a second of a copy, read plus written: what memory-bound kernels are compared with.
  void measure_copy();

  // A product by cublasLt, where it is there, and by our own kernel: floats, and bfloat16s as
  // training has them (sums into a gradient stay floats).
  void add_product(testing::GemmShape shape);

  // The rows of a kernel on floats and on bfloat16s, each a case of the same problem, checked
  // against the processor's kernels.
  void add(const testing::Case& floats, const testing::Case& bfloat16s);
  // The row of a kernel of which there is one, checked against the reference.
  void add(const testing::Case& c, Precision precision);

  void note(const std::string& name, const std::string& how, double seconds, Json::Object more);
  void save() const;
  int wrong() const { return wrong_; }

 private:
  bool is_right(const testing::Case& c, const testing::Expectation& expected,
                const Kernels& kernels, Precision precision);
  void add_products(const std::string& name, const testing::Case& c,
                    const testing::Expectation& expected, Precision precision);
  void add(const testing::Case& c, const testing::Expectation& expected, Precision precision);

  double seconds_of_case(const testing::Case& c, const testing::Operands& fresh,
                         const Kernels& kernels) const;

  Device& gpu_;
  GpuSuite suite_;
  std::string path_;
  Json figures_ = Json::object();
  double copy_bandwidth_ = 0;
  int wrong_ = 0;
};

// What there is to measure: matrix products; attention; what memory bounds, as a share of a copy;
// whole steps of training.
struct Part {
  const char* name;
  void (*add)(Report&);
};
void add_products(Report& report);
void add_attention(Report& report);
void add_memory_bound(Report& report);
void add_steps(Report& report);

constexpr Part kParts[] = {{"products", add_products},
                           {"attention", add_attention},
                           {"memory", add_memory_bound},
                           {"steps", add_steps}};

}  // namespace lathe::bench
