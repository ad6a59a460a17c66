// Every dropout of the model draws masks of its own, and backward draws those of forward again.
#include <gtest/gtest.h>

#include <map>

#include "tests/nn/tiny_bert.h"

namespace lathe {
namespace {

// How often each site was drawn, by forward and by backward operations, while the recording kernels
// ran. Kernels are plain functions: the record cannot be theirs.
std::map<uint32_t, int> drawn_forward, drawn_backward;

template <auto kOperation, auto* kDrawn, class Args>
void record(const Args& args, Stream stream) {
  if (args.dropout.probability > 0.0f) ++(*kDrawn)[args.dropout.site];
  (reference_kernels().*kOperation)(args, stream);
}

// The head's dropout has one operation for both ways: it is recorded as forward's, twice.
Kernels recording_kernels() {
  Kernels kernels = reference_kernels();
  kernels.dropout = record<&Kernels::dropout, &drawn_forward, DropoutArgs>;
  kernels.embedding_forward =
      record<&Kernels::embedding_forward, &drawn_forward, EmbeddingForwardArgs>;
  kernels.embedding_backward =
      record<&Kernels::embedding_backward, &drawn_backward, EmbeddingBackwardArgs>;
  kernels.add_norm_forward = record<&Kernels::add_norm_forward, &drawn_forward, AddNormForwardArgs>;
  kernels.add_norm_backward =
      record<&Kernels::add_norm_backward, &drawn_backward, AddNormBackwardArgs>;
  kernels.attention_forward =
      record<&Kernels::attention_forward, &drawn_forward, AttentionForwardArgs>;
  kernels.attention_backward =
      record<&Kernels::attention_backward, &drawn_backward, AttentionBackwardArgs>;
  kernels.attention_pool_forward =
      record<&Kernels::attention_pool_forward, &drawn_forward, AttentionPoolForwardArgs>;
  kernels.attention_pool_backward =
      record<&Kernels::attention_pool_backward, &drawn_backward, AttentionPoolBackwardArgs>;
  return kernels;
}

TEST(DropoutSites, AreAllDifferentAndTheSameInBackward) {
  BertConfig config = testing::tiny_config();
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.1;
  config.classifier_dropout = 0.1;
  const auto model = testing::random_bert(config, 1);
  const testing::TinyBatch batch(config, {3, 5}, 2);
  drawn_forward.clear();
  drawn_backward.clear();
  testing::batch_loss(*model, recording_kernels(), ProblemType::kSingleLabel, batch, true);

  // Embeddings; attention, its output and the feed-forward's in each layer; the head.
  const std::size_t layers = static_cast<std::size_t>(config.num_hidden_layers);
  ASSERT_EQ(drawn_forward.size(), 1 + 3 * layers + 1);
  std::size_t heads = 0;
  for (const auto& [site, times] : drawn_forward) {
    if (!drawn_backward.contains(site)) {
      ++heads;
      EXPECT_EQ(times, 2) << "site " << site;
      continue;
    }
    EXPECT_EQ(times, 1) << "site " << site;
    EXPECT_EQ(drawn_backward[site], 1) << "site " << site;
  }
  EXPECT_EQ(heads, 1u);
  EXPECT_EQ(drawn_backward.size(), 1 + 3 * layers);
}

}  // namespace
}  // namespace lathe
