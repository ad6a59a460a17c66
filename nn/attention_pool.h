// Self-attention where one row of each sequence asks, as in the last layer of a classifier, without
// keys and values: per head, with that head's rows of Wk, Wv and bv,
//   q · k_j = q · (Wk x_j + bk) = (q Wk) · x_j + q · bk      softmax ignores what all j have alike
//   Σ_j P_j v_j = Σ_j P_j (Wv x_j + bv) = Wv z + (Σ_j P_j) bv,  z = Σ_j P_j x_j
// so both projections are products of one row a sequence, and not of one a token. bk has no
// gradient, as it has none in attention (docs/bert.md, section 7).
#pragma once

#include "nn/linear.h"
#include "tensor/context.h"

namespace lathe {

class AttentionPool {
 public:
  // Of a layer's projections, each [hidden, hidden]. head_size divides hidden. Scores are times
  // `scale`.
  AttentionPool(const Linear& key, const Linear& value, int64_t head_size, float scale);

  // Of floats, whatever activations are.
  struct Saved {
    Tensor u;          // [sequences, heads * hidden]: q Wk of each head
    Tensor z;          // [sequences, heads * hidden]
    Tensor mass;       // [sequences, heads]: Σ_j P_j
    Tensor logsumexp;  // [sequences, heads]
  };

  // x: [tokens, hidden], sequence s being its rows offsets[s] …; query: [sequences, hidden].
  // result: [sequences, hidden]. `saved` null: nothing is kept for backward.
  void forward(Context& context, const Tensor& x, const int32_t* offsets, const Tensor& query,
               const Dropout& dropout, const Tensor& result, Saved* saved) const;
  // dx and dquery are assigned; rows of x after the last sequence have no gradient.
  void backward(Context& context, const Tensor& x, const int32_t* offsets, const Tensor& query,
                const Dropout& dropout, const Tensor& dresult, const Saved& saved, const Tensor& dx,
                const Tensor& dquery);

 private:
  // Those of head h, in a tensor that has the heads' parts side by side or one below the other. Of
  // gradients that have no memory yet, because a step's is being measured, the same.
  Tensor of_size(const Tensor& x, int64_t h) const;    // head_size columns
  Tensor of_hidden(const Tensor& x, int64_t h) const;  // hidden columns
  Tensor rows_of(const Tensor& weight, int64_t h) const;

  ParameterGroup key_weight_, value_weight_, value_bias_;
  int64_t hidden_, heads_, head_size_;
  float scale_;
};

}  // namespace lathe
