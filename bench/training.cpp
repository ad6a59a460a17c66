// The whole of it, from packed batches to updated weights: steps of the training loop (forward,
// loss, backward, clipping, AdamW), and predictions, of models with random weights. Samples have 53
// tokens in the mean. FLOPs are those of the model for every token, whatever is left out because
// nobody reads it.
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/support/model.h"
#include "bench/support/suite.h"
#include "train/adamw.h"
#include "train/batch_loss.h"
#include "train/predictions.h"

namespace lathe::bench {
namespace {

constexpr double kLearningRate = 5e-5, kMaxGradNorm = 1.0, kWeightDecay = 0.01;

// A model, and steps that train it on the same batch again and again.
class Training {
 public:
  Training(const BertConfig& config, const std::vector<int>& lengths, const Kernels& kernels,
           Precision precision)
      : model_(new_model(config, precision)),
        examples_(made_examples(config, lengths)),
        rows_(lengths.size()),
        optimizer_(model_->parameters(), {.weight_decay = kWeightDecay}),
        arena_(
            model_->activation_bytes(examples_.tokens.tokens(), examples_.size(), true, precision)),
        context_{.kernels = kernels, .arena = arena_, .seed = 42, .precision = precision} {
    std::iota(rows_.begin(), rows_.end(), 0);
  }

  void step() {
    const Arena::Scope memory(arena_);
    const Batch batch(examples_, rows_);
    BertForSequenceClassification::Saved saved;
    const Tensor logits = model_->forward(context_, batch.input(), &saved);
    const BatchLoss loss = batch_loss(context_, ProblemType::kSingleLabel, logits, batch.targets(),
                                      1.0 / static_cast<double>(batch.size()));
    losses_.assign(loss.losses.f32(), loss.losses.f32() + loss.losses.count());
    model_->backward(context_, batch.input(), loss.dlogits, saved);
    optimizer_.step(context_, kLearningRate, kMaxGradNorm);
    ++context_.step;
  }

  const std::vector<float>& losses() const { return losses_; }  // of the last step
  // Of all gradients in the last step, before they were clipped.
  double gradient_norm() const { return optimizer_.gradient_norm(); }

 private:
  std::unique_ptr<BertForSequenceClassification> model_;
  Examples examples_;
  std::vector<int64_t> rows_;
  AdamW optimizer_;
  Arena arena_;
  Context context_;
  std::vector<float> losses_;
};

// Answers of a model to the same examples again and again.
class Prediction {
 public:
  Prediction(const BertConfig& config, const std::vector<int>& lengths, int64_t batch_size,
             const Kernels& kernels, Precision precision)
      : model_(new_model(config, precision)),
        examples_(made_examples(config, lengths)),
        batch_size_(batch_size),
        arena_(prediction_bytes(*model_, examples_, batch_size, precision)),
        context_{.kernels = kernels, .arena = arena_, .precision = precision} {}

  std::vector<float> logits() {
    return predict(context_, *model_, ProblemType::kSingleLabel, examples_, batch_size_).logits;
  }

 private:
  std::unique_ptr<BertForSequenceClassification> model_;
  Examples examples_;
  int64_t batch_size_;
  Arena arena_;
  Context context_;
};

const std::vector<int> kSmallLengths = {5, 17, 1, 30};

// Three steps of a small model give the losses and the gradients' norms that the reference's do.
std::string check_training(Precision precision) {
  Training expected(small_config(), kSmallLengths, reference_kernels(), precision);
  Training found(small_config(), kSmallLengths, cpu_kernels(), precision);
  for (int step = 0; step < 3; ++step) {
    expected.step(), found.step();
    std::vector<float> theirs = expected.losses(), ours = found.losses();
    theirs.push_back(static_cast<float>(expected.gradient_norm()));
    ours.push_back(static_cast<float>(found.gradient_norm()));
    std::string wrong = relative_difference(concat("step ", step, " of a small model"), theirs,
                                            ours, tolerance_of(precision));
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string check_prediction(Precision precision) {
  Prediction expected(small_config(), kSmallLengths, 2, reference_kernels(), precision);
  Prediction found(small_config(), kSmallLengths, 2, cpu_kernels(), precision);
  return relative_difference("a small model's logits", expected.logits(), found.logits(),
                             tolerance_of(precision));
}

Cost cost_of(const BertConfig& config, const std::vector<int>& lengths, Precision precision) {
  return {.flops = static_cast<double>(config.num_hidden_layers) * layer_flops(config, lengths),
          .bfloat16 = precision == Precision::kBF16,
          .items = static_cast<double>(lengths.size()),
          .of_what = "samples/s"};
}

std::string name_of(const std::string& model, const char* what, int64_t batch,
                    Precision precision) {
  return concat(model, "/", what, "/batch_", batch,
                precision == Precision::kBF16 ? "/bf16" : "/f32");
}

void add_training(const std::string& model, const BertConfig& config, int64_t batch,
                  Precision precision) {
  add(name_of(model, "train", batch, precision), Threads::kAll, [=] {
    const std::vector<int> lengths = sequence_lengths(batch);
    const auto training = std::make_shared<Training>(config, lengths, cpu_kernels(), precision);
    Cost cost = cost_of(config, lengths, precision);
    cost.flops *= 3;  // backward: two products for each of forward's
    return Work{[=] { return check_training(precision); }, [=] { training->step(); }, cost};
  });
}

void add_prediction(const std::string& model, const BertConfig& config, int64_t batch,
                    int64_t samples, Precision precision) {
  add(name_of(model, "predict", batch, precision), Threads::kAll, [=] {
    const std::vector<int> lengths = sequence_lengths(samples);
    const auto prediction =
        std::make_shared<Prediction>(config, lengths, batch, cpu_kernels(), precision);
    return Work{[=] { return check_prediction(precision); }, [=] { prediction->logits(); },
                cost_of(config, lengths, precision)};
  });
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  using namespace lathe::bench;
  for (const auto precision : {lathe::Precision::kF32, lathe::Precision::kBF16}) {
    for (const int64_t batch : {8, 16, 32}) {
      add_training("minilm", minilm_config(), batch, precision);
    }
    for (const int64_t batch : {8, 32}) {
      add_prediction("minilm", minilm_config(), batch, /*samples=*/64, precision);
    }
    add_training("bert-base", bert_base_config(), 32, precision);
    add_prediction("bert-base", bert_base_config(), 8, /*samples=*/16, precision);
  }
  return run_suite(argc, argv);
}
