#include "nn/pretrained.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "nn/safetensors.h"
#include "tests/nn/tiny_bert.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::random_bert;
using testing::TemporaryDirectory;
using testing::tiny_config;

using Tensors = std::vector<std::pair<std::string, Tensor>>;

Tensors tensors_of(const BertForSequenceClassification& model) {
  Tensors tensors;
  for (const Parameter& p : model.parameters().all()) tensors.emplace_back(p.name, p.value);
  return tensors;
}

bool equal(const BertForSequenceClassification& a, BertForSequenceClassification& b,
           const std::string& prefix = "") {
  for (const Parameter& p : a.parameters().all()) {
    if (!p.name.starts_with(prefix)) continue;
    const Parameter* q = b.parameters().find(p.name);
    if (std::memcmp(p.value.data(), q->value.data(), static_cast<std::size_t>(p.value.bytes())) !=
        0) {
      return false;
    }
  }
  return true;
}

class Pretrained : public ::testing::Test {
 protected:
  LoadReport load(bool ignore_mismatched_sizes = false) {
    return load_pretrained(directory_.path(), loaded_, 42, ignore_mismatched_sizes);
  }
  std::string weights() const { return directory_.file("model.safetensors"); }

  TemporaryDirectory directory_;
  std::unique_ptr<BertForSequenceClassification> saved_ = random_bert(tiny_config(), 1);
  BertForSequenceClassification loaded_{tiny_config()};
};

TEST_F(Pretrained, RoundTripIsExact) {
  save_pretrained(*saved_, directory_.path());
  const LoadReport report = load();
  EXPECT_TRUE(report.missing.empty());
  EXPECT_TRUE(report.unexpected.empty());
  EXPECT_TRUE(equal(*saved_, loaded_));
  EXPECT_EQ(new_weights_warning(report, "x"), "");
  EXPECT_EQ(read_config(directory_.file("config.json")).labels, tiny_config().labels);
}

TEST_F(Pretrained, TakesABareEncoderWithLegacyNames) {
  Tensors tensors;
  float positions[17] = {};
  for (auto& [name, tensor] : tensors_of(*saved_)) {
    if (!name.starts_with("bert.")) continue;
    std::string legacy = name.substr(5);
    if (const auto at = legacy.find("LayerNorm.weight"); at != std::string::npos) {
      legacy = legacy.substr(0, at) + "LayerNorm.gamma";
    } else if (const auto norm = legacy.find("LayerNorm.bias"); norm != std::string::npos) {
      legacy = legacy.substr(0, norm) + "LayerNorm.beta";
    }
    tensors.emplace_back(legacy, tensor);
  }
  tensors.emplace_back("embeddings.position_ids", Tensor(positions, DType::kF32, {1, 17}));
  tensors.emplace_back("cls.predictions.bias", Tensor(positions, DType::kF32, {17}));
  write_safetensors(weights(), tensors);
  const LoadReport report = load();
  EXPECT_TRUE(equal(*saved_, loaded_, "bert."));
  EXPECT_EQ(report.missing, (std::vector<std::string>{"classifier.weight", "classifier.bias"}));
  EXPECT_EQ(report.unexpected, (std::vector<std::string>{"cls.predictions.bias"}));
  EXPECT_EQ(
      new_weights_warning(report, "DIR"),
      "Some weights of BertForSequenceClassification were not initialized from the model "
      "checkpoint at DIR and are newly initialized: ['classifier.bias', 'classifier.weight']\n"
      "You should probably TRAIN this model on a down-stream task to be able to use it for "
      "predictions and inference.");
}

TEST_F(Pretrained, InitialisesANewHeadAsTransformersDoes) {
  Tensors tensors = tensors_of(*saved_);
  std::erase_if(tensors, [](const auto& t) { return t.first.starts_with("classifier"); });
  write_safetensors(weights(), tensors);
  load();
  const Parameter& weight = *loaded_.parameters().find("classifier.weight");
  double squares = 0;
  for (int64_t i = 0; i < 36; ++i) squares += std::pow(double{weight.value.f32()[i]}, 2);
  EXPECT_NEAR(std::sqrt(squares / 36), 0.02, 0.007);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(loaded_.parameters().find("classifier.bias")->value.f32()[i], 0.0f);
  }
  const float first = weight.value.f32()[0];
  load_pretrained(directory_.path(), loaded_, 43, false);
  EXPECT_NE(weight.value.f32()[0], first);
  load();
  EXPECT_EQ(weight.value.f32()[0], first);
}

TEST_F(Pretrained, RefusesAHeadOfAnotherSizeUnlessAsked) {
  BertConfig two = tiny_config();
  two.labels = {"a", "b"};
  save_pretrained(*random_bert(two, 1), directory_.path());
  const std::string message = error_of([&] { load(); });
  EXPECT_EQ(message,
            weights() +
                ": classifier.bias: [2] in the file, [3] in the model (and 1 more); check "
                "config.json, or pass --ignore_mismatched_sizes to start such weights anew");
  EXPECT_EQ(load(true).missing.size(), 2u);
}

TEST_F(Pretrained, RefusesWhatIsNoBert) {
  EXPECT_NE(error_of([&] { load(); }).find("no such file"), std::string::npos);
  float number[1] = {};
  write_safetensors(weights(), {{"lm_head.weight", Tensor(number, DType::kF32, {1})}});
  EXPECT_EQ(error_of([&] { load(); }), weights() + ": holds no parameter of a BERT encoder");
  Tensors twice = tensors_of(*saved_);
  twice.emplace_back("pooler.dense.bias", twice.front().second);
  twice.back().second = loaded_.parameters().find("bert.pooler.dense.bias")->value;
  write_safetensors(weights(), twice);
  EXPECT_NE(error_of([&] { load(); }).find("are both bert.pooler.dense.bias"), std::string::npos);
  write_file(directory_.file("pytorch_model.bin"), "");
  std::remove(weights().c_str());
  EXPECT_NE(error_of([&] { load(); }).find("safe_serialization"), std::string::npos);
}

TEST_F(Pretrained, RefusesIntegersForWeights) {
  Tensors tensors = tensors_of(*saved_);
  int32_t integers[3] = {};
  for (auto& [name, tensor] : tensors) {
    if (name == "classifier.bias") tensor = Tensor(integers, DType::kI32, {3});
  }
  write_safetensors(weights(), tensors);
  EXPECT_EQ(error_of([&] { load(); }),
            weights() + ": tensor classifier.bias: I32 where F32, F16 or BF16 is needed");
}

}  // namespace
}  // namespace lathe
