// The layers that a model is made of, at the sizes of MiniLM-L6 and BERT-base, over a packed batch
// of 16 sequences, 848 tokens: inference, and a training step's forward and backward.
#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bench/support/model.h"
#include "bench/support/suite.h"
#include "kernels/bfloat16.h"
#include "nn/embeddings.h"
#include "nn/encoder_layer.h"
#include "nn/linear.h"
#include "nn/loss.h"

namespace lathe::bench {
namespace {

constexpr int64_t kSequences = 16;
constexpr int64_t kArenaBytes = int64_t{1} << 28;

// A matrix of random numbers, of which a run may overwrite a copy.
class Matrix {
 public:
  Matrix(int64_t rows, int64_t columns, uint64_t seed, Precision precision)
      : shape_{rows, columns}, precision_(precision) {
    Random random(seed);
    for (int64_t i = 0; i < shape_.count(); ++i) {
      original_.push_back(static_cast<float>(random.normal()));
      original_halves_.push_back(to_bfloat16(original_.back()));
    }
    renewed();
  }
  Tensor tensor() {
    if (precision_ == Precision::kF32) return {current_.data(), DType::kF32, shape_};
    return {current_halves_.data(), DType::kBF16, shape_};
  }
  Tensor renewed() {
    current_ = original_;
    current_halves_ = original_halves_;
    return tensor();
  }
  std::vector<float> numbers() const {
    if (precision_ == Precision::kF32) return current_;
    std::vector<float> widened;
    for (const uint16_t half : current_halves_) widened.push_back(from_bfloat16(half));
    return widened;
  }

 private:
  Shape shape_;
  Precision precision_;
  std::vector<float> original_, current_;
  std::vector<uint16_t> original_halves_, current_halves_;
};

// A layer with new parameters, between what it reads and what it leaves.
class Layer {
 public:
  Layer(const BertConfig& config, const std::vector<int>& lengths, Precision precision,
        int64_t rows, int64_t columns)
      : precision_(precision),
        examples_(made_examples(config, lengths)),
        batch_(examples_, all_rows()),
        y_(rows, columns, 3, precision),
        dy_(rows, columns, 4, precision),
        arena_(kArenaBytes) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  void run(const Kernels& kernels, bool training) {
    const Arena::Scope memory(arena_);
    Context context{.kernels = kernels, .arena = arena_, .seed = 5, .precision = precision_};
    compute(context, training);
  }
  // y, the gradient that backward left in dy's place, and those of the parameters.
  std::vector<float> results() const {
    std::vector<float> all = y_.numbers();
    const std::vector<float> dy = dy_.numbers();
    all.insert(all.end(), dy.begin(), dy.end());
    for (const Parameter& parameter : parameters_.all()) {
      const float* const gradient = parameter.gradient.f32();
      all.insert(all.end(), gradient, gradient + parameter.gradient.count());
    }
    return all;
  }

 protected:
  virtual void compute(Context& context, bool training) = 0;
  void make_parameters() {
    parameters_.allocate_values();
    for (Parameter& parameter : parameters_.all()) initialize(parameter, 0.05, /*seed=*/1);
    parameters_.allocate_gradients();
    if (precision_ == Precision::kBF16) parameters_.round_values(cpu_kernels(), nullptr);
  }
  BertInput input() const { return batch_.input(); }
  LossTargets targets() const { return batch_.targets(); }

  ParameterStore parameters_;
  const Precision precision_;

 private:
  std::vector<int64_t> all_rows() const {
    std::vector<int64_t> rows(static_cast<std::size_t>(examples_.size()));
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
  }
  Examples examples_;
  Batch batch_;

 protected:
  Matrix y_, dy_;

 private:
  Arena arena_;
};

int64_t tokens_of(const std::vector<int>& lengths) {
  return std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
}

class EncoderWork final : public Layer {
 public:
  EncoderWork(const BertConfig& config, const std::vector<int>& lengths, Precision precision)
      : Layer(config, lengths, precision, tokens_of(lengths), config.hidden_size),
        layer_(parameters_, 0, config, /*first_site=*/1),
        x_(tokens_of(lengths), config.hidden_size, 6, precision) {
    make_parameters();
  }
  static Cost cost(const BertConfig& config, const std::vector<int>& lengths, bool training) {
    return {.flops = (training ? 3 : 1) * layer_flops(config, lengths)};
  }

 private:
  void compute(Context& context, bool training) override {
    EncoderLayer::Saved saved;
    layer_.forward(context, input(), x_.tensor(), OutputRows::kAllTokens, y_.tensor(),
                   training ? &saved : nullptr);
    if (!training) return;
    const Tensor dy = dy_.renewed();
    layer_.backward(context, input(), dy, OutputRows::kAllTokens, saved, dy);
  }

  EncoderLayer layer_;
  Matrix x_;
};

class EmbeddingsWork final : public Layer {
 public:
  EmbeddingsWork(const BertConfig& config, const std::vector<int>& lengths, Precision precision)
      : Layer(config, lengths, precision, tokens_of(lengths), config.hidden_size),
        layer_(parameters_, config, /*dropout_site=*/0) {
    make_parameters();
  }
  // As the cases of the kernels count it (tests/kernels/cases/embedding.h).
  static Cost cost(const BertConfig& config, const std::vector<int>& lengths, bool training) {
    const auto numbers = static_cast<double>(tokens_of(lengths) * config.hidden_size);
    return {.bytes = 4 * (training ? 5 + 9 : 4) * numbers};
  }

 private:
  void compute(Context& context, bool training) override {
    Embeddings::Saved saved;
    layer_.forward(context, input(), y_.tensor(), training ? &saved : nullptr);
    if (training) layer_.backward(context, input(), dy_.renewed(), saved);
  }

  Embeddings layer_;
};

// Pooler, classifier and loss: y is the logits, dy the gradient of the pooler's input.
class HeadWork final : public Layer {
 public:
  HeadWork(const BertConfig& config, const std::vector<int>& lengths, Precision precision)
      : Layer(config, lengths, precision, std::ssize(lengths), config.hidden_size),
        pooler_(parameters_, {"pooler"}, config.hidden_size, config.hidden_size),
        classifier_(parameters_, {"classifier"}, config.hidden_size, config.num_labels()),
        x_(std::ssize(lengths), config.hidden_size, 6, precision) {
    make_parameters();
  }
  static Cost cost(const BertConfig& config, const std::vector<int>& lengths, bool training) {
    const auto hidden = static_cast<double>(config.hidden_size);
    const auto labels = static_cast<double>(config.num_labels());
    const double forward = 2 * static_cast<double>(lengths.size()) * hidden * (hidden + labels);
    return {.flops = (training ? 3 : 1) * forward};
  }

 private:
  void compute(Context& context, bool training) override {
    const Tensor x = x_.tensor(), pooled = y_.tensor();
    pooler_.forward(context, x, pooled, Epilogue::kBiasTanh);
    const Tensor logits = context.arena.f32({x.rows(), classifier_.outputs()});
    classifier_.forward(context, pooled, logits);
    const Tensor losses = context.arena.f32({x.rows()});
    const Tensor dlogits = training ? context.arena.f32(logits.shape()) : Tensor();
    sequence_loss(context, ProblemType::kSingleLabel, logits, targets(), losses, dlogits,
                  1.0f / static_cast<float>(x.rows()));
    if (!training) return;
    const Tensor dpooled = context.arena.f32(pooled.shape());
    classifier_.backward_parameters(context, dlogits, pooled);
    classifier_.backward_input(context, dlogits, dpooled);
    context.kernels.tanh_backward({pooled.f32(), dpooled.f32(), dpooled.f32(), dpooled.count()},
                                  context.stream);
    pooler_.backward_parameters(context, dpooled, x);
    pooler_.backward_input(context, dpooled, dy_.tensor());
  }

  Linear pooler_, classifier_;
  Matrix x_;
};

// Empty, or what a small layer of that kind gives that the reference does not.
template <class Kind>
std::string check(Precision precision, bool training) {
  const std::vector<int> lengths = {5, 17, 1, 30};
  Kind expected(small_config(), lengths, precision), found(small_config(), lengths, precision);
  expected.run(reference_kernels(), training);
  found.run(cpu_kernels(), training);
  return relative_difference("a small layer", expected.results(), found.results(),
                             tolerance_of(precision));
}

template <class Kind>
void add_layer(const std::string& name, const BertConfig& config, Precision precision) {
  for (const bool training : {false, true}) {
    const auto prepare = [=] {
      const std::vector<int> lengths = sequence_lengths(kSequences);
      const auto layer = std::make_shared<Kind>(config, lengths, precision);
      Cost cost = Kind::cost(config, lengths, training);
      cost.bfloat16 = precision == Precision::kBF16;
      return Work{[=] { return check<Kind>(precision, training); },
                  [=] { layer->run(cpu_kernels(), training); }, cost};
    };
    add(concat(name, training ? "/training" : "/inference",
               precision == Precision::kBF16 ? "/bf16" : "/f32"),
        Threads::kOneAndAll, prepare);
  }
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  using namespace lathe::bench;
  for (const auto& [model, config] :
       {std::pair{"minilm", minilm_config()}, std::pair{"bert-base", bert_base_config()}}) {
    const std::string name = model;
    add_layer<EmbeddingsWork>(name + "/embeddings", config, lathe::Precision::kF32);
    for (const auto precision : {lathe::Precision::kF32, lathe::Precision::kBF16}) {
      add_layer<EncoderWork>(name + "/encoder_layer", config, precision);
    }
    add_layer<HeadWork>(name + "/head", config, lathe::Precision::kF32);
  }
  return run_suite(argc, argv);
}
