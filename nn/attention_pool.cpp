#include "nn/attention_pool.h"

#include "nn/cast.h"

namespace lathe {

namespace {

struct Factor {
  Tensor matrix;
  bool transposed = false;
};

// A bias as a matrix of one row.
Tensor as_row(const Tensor& bias) {
  return bias.empty() ? bias : Tensor(bias.data(), bias.dtype(), {1, bias.count()});
}

Factor transposed(const Tensor& matrix) { return {matrix, true}; }

GemmArgs product(const Factor& a, const Factor& b, const Tensor& c, Precision precision) {
  return {.m = c.rows(),
          .n = c.columns(),
          .k = a.transposed ? a.matrix.rows() : a.matrix.columns(),
          .a = a.matrix.numbers(),
          .lda = a.matrix.row_stride(),
          .transpose_a = a.transposed,
          .b = b.matrix.numbers(),
          .ldb = b.matrix.row_stride(),
          .transpose_b = b.transposed,
          .c = c.numbers(),
          .ldc = c.row_stride(),
          .precision = precision};
}

void multiply(Context& context, const Factor& a, const Factor& b, const Tensor& c,
              Precision precision) {
  context.kernels.gemm(product(a, b, c, precision), context.stream);
}

void multiply_add(Context& context, const Factor& a, const Factor& b, const Tensor& c,
                  Precision precision) {
  GemmArgs args = product(a, b, c, precision);
  args.accumulate = true;
  context.kernels.gemm(args, context.stream);
}

// What has a row a sequence is float here, whatever activations are: x, or memory for as many
// floats.
Tensor floats_like(Context& context, const Tensor& x) {
  return x.dtype() == DType::kF32 ? x : context.arena.f32(x.shape());
}

void copy(Context& context, const Tensor& from, const Tensor& to) {
  if (from.dtype() == to.dtype()) return;  // floats_like() gave x itself
  context.kernels.cast({from.numbers(), to.numbers(), from.count()}, context.stream);
}

// A bias and its gradient are not rounded, here as in a linear layer.
constexpr Precision kOfBias = Precision::kF32;

}  // namespace

AttentionPool::AttentionPool(const Linear& key, const Linear& value, int64_t head_size, float scale)
    : key_weight_(key.weight()),
      value_weight_(value.weight()),
      value_bias_(value.bias()),
      hidden_(key.inputs()),
      heads_(hidden_ / head_size),
      head_size_(head_size),
      scale_(scale) {}

Tensor AttentionPool::of_size(const Tensor& x, int64_t h) const {
  return x.empty() ? x : x.columns_slice(h * head_size_, head_size_);
}

Tensor AttentionPool::of_hidden(const Tensor& x, int64_t h) const {
  return x.columns_slice(h * hidden_, hidden_);
}

Tensor AttentionPool::rows_of(const Tensor& weight, int64_t h) const {
  return weight.empty() ? weight : weight.rows_slice(h * head_size_, head_size_);
}

void AttentionPool::forward(Context& context, const Tensor& x, const int32_t* offsets,
                            const Tensor& query, const Dropout& dropout, const Tensor& result,
                            Saved* saved) const {
  const int64_t sequences = query.rows();
  Saved made;
  made.u = context.arena.f32({sequences, heads_ * hidden_});
  made.z = context.arena.f32({sequences, heads_ * hidden_});
  made.mass = context.arena.f32({sequences, heads_});
  if (saved != nullptr) made.logsumexp = context.arena.f32({sequences, heads_});
  const Tensor wk = key_weight_.value(), wv = value_weight_.value(),
               bv = as_row(value_bias_.value());
  const Tensor q = cast(context, query, DType::kF32), sum = floats_like(context, result);
  for (int64_t h = 0; h < heads_; ++h) {
    multiply(context, {of_size(q, h)}, {rows_of(wk, h)}, of_hidden(made.u, h), context.precision);
  }
  context.kernels.attention_pool_forward({.sequences = sequences,
                                          .heads = heads_,
                                          .hidden = hidden_,
                                          .offsets = offsets,
                                          .u = made.u.f32(),
                                          .x = x.numbers(),
                                          .scale = scale_,
                                          .dropout = dropout,
                                          .z = made.z.f32(),
                                          .mass = made.mass.f32(),
                                          .logsumexp = made.logsumexp.f32()},
                                         context.stream);
  for (int64_t h = 0; h < heads_; ++h) {
    const Tensor of_head = of_size(sum, h);
    multiply(context, {of_hidden(made.z, h)}, transposed(rows_of(wv, h)), of_head,
             context.precision);
    multiply_add(context, {made.mass.columns_slice(h, 1)}, {of_size(bv, h)}, of_head, kOfBias);
  }
  copy(context, sum, result);
  if (saved != nullptr) *saved = made;
}

void AttentionPool::backward(Context& context, const Tensor& x, const int32_t* offsets,
                             const Tensor& query, const Dropout& dropout, const Tensor& dresult,
                             const Saved& saved, const Tensor& dx, const Tensor& dquery) {
  const Arena::Scope temporaries(context.arena);
  const Tensor du = context.arena.f32(saved.u.shape());
  const Tensor dz = context.arena.f32(saved.z.shape());
  const Tensor dmass = context.arena.f32(saved.mass.shape());
  const Tensor wk = key_weight_.value(), wv = value_weight_.value(),
               bv = as_row(value_bias_.value());
  const Tensor dwk = key_weight_.gradient(), dwv = value_weight_.gradient();
  const Tensor dbv = as_row(value_bias_.gradient());
  const Tensor q = cast(context, query, DType::kF32), dsum = cast(context, dresult, DType::kF32);
  const Tensor dq = floats_like(context, dquery);
  for (int64_t h = 0; h < heads_; ++h) {
    const Tensor of_head = of_size(dsum, h);
    multiply(context, {of_head}, {rows_of(wv, h)}, of_hidden(dz, h), context.precision);
    multiply(context, {of_head}, transposed(of_size(bv, h)), dmass.columns_slice(h, 1), kOfBias);
    multiply_add(context, transposed(of_head), {of_hidden(saved.z, h)}, rows_of(dwv, h),
                 context.precision);
    multiply_add(context, transposed(saved.mass.columns_slice(h, 1)), {of_head}, of_size(dbv, h),
                 kOfBias);
  }
  context.kernels.attention_pool_backward({.sequences = query.rows(),
                                           .heads = heads_,
                                           .hidden = hidden_,
                                           .offsets = offsets,
                                           .tokens = x.rows(),
                                           .u = saved.u.f32(),
                                           .x = x.numbers(),
                                           .scale = scale_,
                                           .dropout = dropout,
                                           .logsumexp = saved.logsumexp.f32(),
                                           .dz = dz.f32(),
                                           .dmass = dmass.f32(),
                                           .du = du.f32(),
                                           .dx = dx.numbers()},
                                          context.stream);
  for (int64_t h = 0; h < heads_; ++h) {
    const Tensor of_head = of_hidden(du, h);
    multiply(context, {of_head}, transposed(rows_of(wk, h)), of_size(dq, h), context.precision);
    multiply_add(context, transposed(of_size(q, h)), {of_head}, rows_of(dwk, h), context.precision);
  }
  copy(context, dq, dquery);
}

}  // namespace lathe
