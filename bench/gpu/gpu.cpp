// What this machine's GPU does in a second: the kernels on the shapes of BERT-base, checked before
// they are timed, and whole training steps. Prints a table; with a path, writes the figures there
// as JSON. Without a GPU it says so in a line and exits with 1.
//   gpu [RESULTS.json]
#include <omp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "nn/sequence_classifier.h"
#include "tensor/mark.h"
#include "tests/kernels/cases.h"
#include "tests/kernels/compare.h"
#include "train/adamw.h"
#include "train/batch_loss.h"
#include "train/feeder.h"

namespace lathe::bench {
namespace {

using testing::Case;
using testing::GemmShape;
using testing::Operands;

constexpr double kTolerance = 1e-3;   // of sums over 16,384 tokens, against the processor's kernels
constexpr double kBf16Peak = 989e12;  // FLOP/s, dense, by the datasheet of the H100 and H200 (SXM)

// Median over rounds of many runs each; what the host asks for runs ahead of the GPU.
template <class Run>
double seconds_of(Device& gpu, const Run& run) {
  using Clock = std::chrono::steady_clock;
  Mark done(gpu);
  const auto timed = [&](int runs) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < runs; ++i) run();
    done.set();
    done.wait();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  timed(2);
  const int runs = std::clamp(static_cast<int>(0.03 / (timed(2) / 2)), 2, 1000);
  std::array<double, 5> rounds;
  for (double& round : rounds) round = timed(runs) / runs;
  std::sort(rounds.begin(), rounds.end());
  return rounds[2];
}

// A case's operands, and what the processor makes of them.
struct Prepared {
  explicit Prepared(const Case& c)
      : fresh(testing::prepare(c)),
        expected(testing::run_case(c, cpu_kernels(), fresh, omp_get_max_threads())) {}
  Operands fresh, expected;
};

// Of a case on the GPU, after its result has been compared with the processor's.
double seconds_of(Device& gpu, const Case& c, const Prepared& prepared, Gemm gemm = Gemm::kCublas) {
  Operands operands = prepared.fresh;
  operands.move_to(gpu);
  const Kernels& kernels = gpu.kernels(gemm);
  c.run(kernels, operands);
  operands.fetch();
  const std::string wrong = testing::difference(prepared.expected, operands, kTolerance);
  if (!wrong.empty()) fail(c.name, ": ", wrong);
  operands = prepared.fresh;
  operands.move_to(gpu);
  return seconds_of(gpu, [&] { c.run(kernels, operands); });
}

class Report {
 public:
  explicit Report(Device& gpu) : gpu_(gpu) {
    figures_["gpu"] = gpu.description();
    figures_["figures"] = Json::array();
  }

  void measure_copy() {
    const int64_t bytes = int64_t{1} << 30;
    const Buffer from(bytes, "a copy", gpu_), to(bytes, "a copy", gpu_);
    const double seconds = seconds_of(gpu_, [&] { gpu_.copy(to.data(), from.data(), bytes); });
    copy_bandwidth_ = 2.0 * static_cast<double>(bytes) / seconds;
    std::printf("copy of 1 GiB: %.0f GB/s\n", copy_bandwidth_ * 1e-9);
    figures_["copy_bytes_per_second"] = copy_bandwidth_;
  }

  void add_gemm(GemmShape shape) {
    std::printf("%-46s", testing::name_of(shape).c_str());
    for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
      shape.precision = precision;
      const Case c = testing::with_bf16_factors({testing::gemm_case(shape)}).front();
      const Prepared prepared(c);
      double theirs = 0;
      for (const Gemm gemm : {Gemm::kCublas, Gemm::kOwn}) {
        const double seconds = seconds_of(gpu_, c, prepared, gemm);
        if (gemm == Gemm::kCublas) theirs = seconds;
        std::printf("%10.1f", c.flops / seconds * 1e-12);
        note(c.name, gpu_.kernels(gemm).name, seconds, {{"flops", c.flops / seconds}});
        if (gemm == Gemm::kOwn) std::printf("%7.0f %%", 100 * theirs / seconds);
      }
    }
    std::printf("\n");
  }

  void add(const Case& c) {
    const double seconds = seconds_of(gpu_, c, Prepared(c));
    std::printf("%-46s%10.1f us", c.name.c_str(), seconds * 1e6);
    if (c.flops > 0) {
      std::printf("%8.1f TFLOP/s\n", c.flops / seconds * 1e-12);
      note(c.name, "f32", seconds, {{"flops", c.flops / seconds}});
    } else {
      const double share = c.bytes / seconds / copy_bandwidth_;
      std::printf("%8.0f GB/s%6.0f %% of a copy\n", c.bytes / seconds * 1e-9, 100 * share);
      note(c.name, "f32", seconds, {{"share_of_copy", share}});
    }
  }

  void note(const std::string& name, const std::string& how, double seconds, Json::Object more) {
    Json::Object figure{{"name", name}, {"how", how}, {"seconds", seconds}};
    for (auto& entry : more) figure.push_back(std::move(entry));
    figures_["figures"].push_back(std::move(figure));
  }

  const Json& figures() const { return figures_; }

 private:
  Device& gpu_;
  Json figures_ = Json::object();
  double copy_bandwidth_ = 0;
};

// y = x Wᵀ + bias, dx = dy W, dW += dyᵀ x.
void add_linear(Report& report, int64_t tokens, int64_t in, int64_t out) {
  report.add_gemm(
      {.m = tokens, .n = out, .k = in, .transpose_b = true, .epilogue = Epilogue::kBias});
  report.add_gemm({.m = tokens, .n = in, .k = out});
  report.add_gemm({.m = out, .n = in, .k = tokens, .transpose_a = true, .accumulate = true});
}

void add_kernels(Report& report) {
  report.measure_copy();
  std::printf("\n%-46s%10s%10s%9s%10s%10s%9s\n", "TFLOP/s", "f32 cuBLAS", "Lathe", "",
              "bf16 cuBLAS", "Lathe", "");
  for (const int64_t tokens : {1696, 16384}) {
    add_linear(report, tokens, 768, 768);
    add_linear(report, tokens, 768, 3072);
    add_linear(report, tokens, 3072, 768);
  }
  std::printf("\n");
  for (const auto& [name, lengths] : {std::pair{"128x128", std::vector<int32_t>(128, 128)},
                                      std::pair{"32x512", std::vector<int32_t>(32, 512)}}) {
    const testing::AttentionShape shape{name, lengths, 12, 64, 0.1f};
    report.add(testing::attention_forward_case(shape, true));
    report.add(testing::attention_backward_case(shape));
  }
  report.add(testing::add_norm_forward_case({16384, 768, 0.1f}));
  report.add(testing::add_norm_backward_case({16384, 768, 0.1f}));
  report.add(testing::embedding_forward_case({16384, 768, 30522, 0.1f}));
  report.add(testing::embedding_backward_case({16384, 768, 30522, 0.1f}));
  report.add(testing::adamw_case({"encoder", {40'000'000}}));
  report.add(testing::squared_norm_case({"encoder", {40'000'000}}));
}

Examples examples_of_length(int64_t count, int64_t length) {
  Random random(1);
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t t = 0; t < length; ++t) ids.push_back(static_cast<int32_t>(random.below(30000)));
    offsets.push_back(static_cast<int64_t>(ids.size()));
  }
  Examples examples;
  std::vector<uint8_t> types(ids.size());
  examples.tokens = {std::move(offsets), std::move(ids), std::move(types)};
  for (int64_t i = 0; i < count; ++i)
    examples.targets.classes.push_back(static_cast<int32_t>(i % 2));
  return examples;
}

// Steps of BERT-base from random weights: batch upward, forward, backward, clipping, AdamW.
void add_steps(Report& report, Device& gpu) {
  BertForSequenceClassification model{BertConfig()};
  for (Parameter& parameter : model.parameters().all()) initialize(parameter, 0.02, 1);
  model.parameters().move_to(gpu);
  model.parameters().allocate_gradients();
  model.parameters().round_values(gpu.kernels(), gpu.stream());
  AdamW optimizer(model.parameters(), {.weight_decay = 0.01});
  double encoder = 0;  // parameters outside the embeddings
  for (const Parameter& parameter : model.parameters().all()) {
    if (parameter.name.find("_embeddings.weight") == std::string::npos) {
      encoder += static_cast<double>(parameter.shape.count());
    }
  }
  std::printf("\n%-46s%12s%12s%12s\n", "BERT-base, a training step", "samples/s", "TFLOP/s",
              "of 989");
  struct Size {
    int64_t sequences, length;
  };
  for (const Size& size : {Size{32, 53}, Size{128, 128}}) {
    const int64_t sequences = size.sequences, length = size.length;
    const Examples examples = examples_of_length(sequences, length);
    std::vector<int64_t> rows(static_cast<std::size_t>(sequences));
    std::iota(rows.begin(), rows.end(), 0);
    const Batch batch(examples, rows);
    Feeder feeder(gpu, batch.tokens(), sequences, 2);
    Arena arena(model.activation_bytes(batch.tokens(), sequences, true), gpu);
    for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
      for (const Gemm gemm : {Gemm::kCublas, Gemm::kOwn}) {
        const Kernels& kernels = gpu.kernels(gemm);
        const std::string how =
            concat(precision == Precision::kBF16 ? "bf16, " : "f32, ", kernels.name);
        const DType activations = precision == Precision::kBF16 ? DType::kBF16 : DType::kF32;
        Context context{kernels, arena, gpu.stream(), 42, 0, precision, gpu, activations};
        const double seconds = seconds_of(gpu, [&] {
          const auto [input, targets] = feeder.put(batch);
          const Arena::Scope memory(arena);
          BertForSequenceClassification::Saved saved;
          const Tensor logits = model.forward(context, input, &saved);
          const BatchLoss loss = batch_loss(context, ProblemType::kSingleLabel, logits, targets,
                                            1.0 / static_cast<double>(sequences));
          model.backward(context, input, loss.dlogits, saved);
          optimizer.step(context, 5e-5, 1.0);
          ++context.step;
        });
        const double flops = 6 * encoder * static_cast<double>(batch.tokens()) / seconds;
        const double samples = static_cast<double>(sequences) / seconds;
        const std::string name = concat(sequences, " x ", length, " tokens, ", how);
        std::printf("%-46s%12.0f%12.1f%10.1f %%\n", name.c_str(), samples, flops * 1e-12,
                    100 * flops / kBf16Peak);
        report.note(concat("step/", sequences, "x", length), how, seconds,
                    {{"samples_per_second", samples}, {"flops", flops}});
      }
    }
  }
}

int run(int argc, char** argv) {
  Device* gpu = cuda_device();
  if (gpu == nullptr) {
    std::fprintf(stderr, "lathe: this needs a GPU, and there is none: %s\n", why_no_cuda());
    return 1;
  }
  std::printf("%s\n", gpu->description().c_str());
  Report report(*gpu);
  add_kernels(report);
  add_steps(report, *gpu);
  if (argc > 1) write_json_file(argv[1], report.figures());
  return 0;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  try {
    return lathe::bench::run(argc, argv);
  } catch (const lathe::Error& error) {
    std::fprintf(stderr, "lathe: %s\n", error.what());
    return 1;
  }
}
