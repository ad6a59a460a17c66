#include <cstdio>
#include <numeric>
#include <optional>
#include <vector>

#include "base/error.h"
#include "bench/gpu/report.h"
#include "bench/gpu/timing.h"
#include "nn/sequence_classifier.h"
#include "train/adamw.h"
#include "train/batch_loss.h"
#include "train/feeder.h"
#include "train/step_graphs.h"

namespace lathe::bench {
namespace {

Examples examples_of_length(int64_t count, int64_t length, int64_t words) {
  Random random(1);
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t t = 0; t < length; ++t)
      ids.push_back(static_cast<int32_t>(random.below(static_cast<uint64_t>(words))));
    offsets.push_back(static_cast<int64_t>(ids.size()));
  }
  Examples examples;
  std::vector<uint8_t> types(ids.size());
  examples.tokens = {std::move(offsets), std::move(ids), std::move(types)};
  for (int64_t i = 0; i < count; ++i)
    examples.targets.classes.push_back(static_cast<int32_t>(i % 2));
  return examples;
}

// A BERT on the GPU with random weights, and its optimizer.
struct Training {
  Training(const BertConfig& config, Device& gpu)
      : model(config), last_layer(concat("encoder.layer.", config.num_hidden_layers - 1, ".")) {
    for (Parameter& parameter : model.parameters().all()) initialize(parameter, 0.02, 1);
    model.parameters().move_to(gpu);
    model.parameters().allocate_gradients();
    model.parameters().round_values(gpu.kernels(), gpu.stream());
    optimizer.emplace(model.parameters(), AdamWOptions{.weight_decay = 0.01});
  }

  // Multiplications and additions of a step's linear layers, two forward and four backward for each
  // parameter and each row that it is multiplied with. The last layer has keys and values of all
  // tokens, everything else of the first tokens alone, as what follows it.
  double flops(double tokens, double sequences) {
    double sum = 0;
    for (const Parameter& parameter : model.parameters().all()) {
      const auto has = [&](const std::string& part) {
        return parameter.name.find(part) != std::string::npos;
      };
      if (has("embeddings.")) continue;
      const bool last = has(last_layer) && !has("self.key") && !has("self.value");
      const double rows = last || !has("encoder.") ? sequences : tokens;
      sum += 6 * rows * static_cast<double>(parameter.shape.count());
    }
    return sum;
  }

  void step(Context& context, Feeder& feeder, Arena& arena, const Batch& batch,
            StepGraphs& graphs) {
    const Feeder::Fed fed = feeder.put(batch, {optimizer->begin_step(5e-5), ++context.step});
    context.step_at = &fed.numbers->micro_batch;
    graphs.run({}, [&] {
      const Arena::Scope memory(arena);
      BertForSequenceClassification::Saved saved;
      const Tensor logits = model.forward(context, fed.input, &saved);
      const BatchLoss loss = batch_loss(context, ProblemType::kSingleLabel, logits, fed.targets,
                                        1.0 / static_cast<double>(batch.size()));
      model.backward(context, fed.input, loss.dlogits, saved);
      optimizer->update(context, &fed.numbers->adamw, 1.0);
    });
  }

  BertForSequenceClassification model;
  std::string last_layer;
  std::optional<AdamW> optimizer;
};

// In bfloat16s, of the GPU's data sheet (dense, SXM); 0 where it is not known here.
double peak_of(const std::string& gpu) {
  const bool hopper =
      gpu.find("H200") != std::string::npos ||
      (gpu.find("H100") != std::string::npos && gpu.find("HBM3") != std::string::npos);
  return hopper ? 989e12 : 0;
}

// Batch upward, forward, backward, clipping, AdamW: as the trainer does it, in one launch.
void add_steps_of(Report& report, Training& training, int64_t sequences, int64_t length) {
  Device& gpu = report.gpu();
  const Examples examples = examples_of_length(sequences, length, report.suite().model.vocab_size);
  std::vector<int64_t> rows(static_cast<std::size_t>(sequences));
  std::iota(rows.begin(), rows.end(), 0);
  const Batch batch(examples, rows);
  const int64_t tokens = filled(batch.tokens());
  Feeder feeder(gpu, tokens, sequences, 2, filler_of(training.model.config()));
  Arena arena(training.model.activation_bytes(tokens, sequences, true), gpu);
  const double flops =
      training.flops(static_cast<double>(batch.tokens()), static_cast<double>(sequences));
  for (const Precision precision : {Precision::kBF16, Precision::kF32}) {
    for (const Gemm gemm : {Gemm::kCublas, Gemm::kOwn}) {
      const Kernels& kernels = gpu.kernels(gemm);
      if (gemm == Gemm::kCublas && &kernels == &gpu.kernels(Gemm::kOwn)) continue;
      const std::string how =
          concat(precision == Precision::kBF16 ? "bf16, " : "f32, ", kernels.name);
      Context context{.kernels = kernels,
                      .arena = arena,
                      .stream = gpu.stream(),
                      .seed = 42,
                      .precision = precision,
                      .device = gpu};
      StepGraphs graphs(&gpu);
      const double seconds = seconds_of(
          gpu, [&] { training.step(context, feeder, arena, batch, graphs); },
          report.suite().round_seconds);
      const double samples = static_cast<double>(sequences) / seconds;
      const std::string name = concat(sequences, " x ", length, " tokens, ", how);
      std::printf("%-50s%12.0f%12.1f", name.c_str(), samples, flops / seconds * 1e-12);
      if (const double peak = peak_of(gpu.description()); peak > 0)
        std::printf("%10.1f %%", 100 * flops / seconds / peak);
      std::printf("\n");
      report.note(concat("step/", sequences, "x", length), how, seconds,
                  {{"samples_per_second", samples}, {"flops", flops / seconds}});
      report.save();
    }
  }
}

}  // namespace

void add_steps(Report& report) {
  Training training(report.suite().model, report.gpu());
  std::printf("\n%-50s%12s%12s%12s\n", "A training step", "samples/s", "TFLOP/s", "of bf16 peak");
  for (const auto& [sequences, length] : report.suite().steps)
    add_steps_of(report, training, sequences, length);
}

}  // namespace lathe::bench
