// Multi-head self-attention over packed sequences (Vaswani et al. 2017, §3.2).
//   q = x_q Wqᵀ + bq,  k = x Wkᵀ + bk,  v = x Wvᵀ + bv
//   context = dropout(softmax(q kᵀ / √head_size)) v, per head
// Queries may be asked of fewer rows than keys: the last layer of a classifier needs only the first
// tokens'. Then, where the kernels can, AttentionPool does without k and v.
#pragma once

#include <string>

#include "nn/attention_pool.h"
#include "nn/config.h"
#include "nn/linear.h"
#include "tensor/context.h"

namespace lathe {

// Which rows attend to which: queries of sequence s are the rows query_offsets[s] … of x_q, its
// keys the rows offsets[s] … of x.
struct AttentionSpan {
  int64_t sequences;
  int64_t longest;               // no sequence has more rows; 0: not known
  const int32_t* query_offsets;  // [sequences + 1]
  const int32_t* offsets;        // [sequences + 1]
};

class SelfAttention {
 public:
  // Parameters PREFIX.query.weight, …; [hidden, hidden] and [hidden].
  SelfAttention(ParameterStore& parameters, const std::string& prefix, const BertConfig& config,
                uint32_t dropout_site);

  struct Saved {
    Tensor q, k, v;    // [queries, hidden], [tokens, hidden] twice: slices of qkv, or of their own
    Tensor context;    // [queries, hidden]
    Tensor logsumexp;  // [queries, heads]
    AttentionPool::Saved pool;  // in the place of k, v and logsumexp
  };

  // x: [tokens, hidden]; x_q: [queries, hidden], the same memory as x where every token is a query.
  // result: [queries, hidden].
  void forward(Context& context, const Tensor& x, const Tensor& x_q, const AttentionSpan& span,
               const Tensor& result, Saved* saved) const;

  // Every token a query: dx += the gradient of x.
  void backward(Context& context, const Tensor& x, const AttentionSpan& span, const Tensor& dresult,
                const Saved& saved, const Tensor& dx);
  // Fewer queries: dx = the gradient through keys and values, dx_q += that through the queries.
  void backward(Context& context, const Tensor& x, const Tensor& x_q, const AttentionSpan& span,
                const Tensor& dresult, const Saved& saved, const Tensor& dx, const Tensor& dx_q);

 private:
  void attention_backward(Context& context, const AttentionSpan& span, const Tensor& dresult,
                          const Saved& saved, const Tensor& dq, const Tensor& dk, const Tensor& dv);

  Linear query_key_value_;
  Linear query_, key_value_;  // slices of it
  int64_t heads_, head_size_;
  float scale_;
  AttentionPool pool_;  // of the keys' and values' projections
  float dropout_;
  uint32_t dropout_site_;
};

}  // namespace lathe
