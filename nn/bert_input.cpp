#include "nn/bert_input.h"

#include "base/error.h"

namespace lathe {

namespace {

void require_below(const int32_t* values, int64_t count, int64_t bound, const char* what,
                   const char* key) {
  for (int64_t i = 0; i < count; ++i) {
    if (values[i] < 0 || values[i] >= bound) {
      fail("the ", what, " ", values[i], " at token ", i,
           " of a batch is outside the model, whose ", key, " is ", bound);
    }
  }
}

}  // namespace

void require_within(const BertConfig& config, const BertInput& input) {
  require_below(input.input_ids, input.tokens, config.vocab_size, "token id", "vocab_size");
  require_below(input.token_type_ids, input.tokens, config.type_vocab_size, "token type",
                "type_vocab_size");
  require_below(input.position_ids, input.tokens, config.max_position_embeddings, "position",
                "max_position_embeddings");
  for (int64_t s = 0; s < input.sequences; ++s) {
    if (input.offsets[s] >= input.offsets[s + 1]) fail("sequence ", s, " of a batch has no token");
  }
  const int32_t end = input.offsets[input.sequences + input.fillers];
  if (input.offsets[0] != 0 || end != input.tokens) {
    fail("the offsets of a batch of ", input.tokens, " tokens cover ", input.offsets[0], " to ",
         end);
  }
}

}  // namespace lathe
