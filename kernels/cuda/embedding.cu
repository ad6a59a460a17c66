// Forward: a warp a token. Backward: the LayerNorm, then the sums of the tokens' gradients into the
// three tables.
#include "kernels/cuda/layer_norm.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/table_gradients.h"

namespace lathe::LATHE_CUDA {

namespace {

template <class T, int kSteps, Rows kRows>
__global__ void __launch_bounds__(kRowThreads)
    forward_kernel(EmbeddingForwardArgs args, Draw given) {
  const int64_t token = int64_t{blockIdx.x} * kRowWarps + threadIdx.x / kWarp;
  if (token >= args.tokens) return;
  const int hidden = static_cast<int>(args.hidden);
  const int64_t at = token * hidden;
  const float* word = args.word + int64_t{args.ids[token]} * hidden;
  const float* position = args.position + int64_t{args.positions[token]} * hidden;
  const float* type = args.type + int64_t{args.types[token]} * hidden;
  const bool saves = args.sum.data != nullptr;
  const MemoryRow<T, kRows> to{as<T>(args.y) + at, hidden};
  const MemoryRow<T, kRows> saved{saves ? as<T>(args.sum) + at : to.data, hidden};
  Row<T, kSteps, kRows> sum(saved);
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    Group<T> s, p, t;
    load_group(word + j, hidden - j, kInVectors<kRows>, s);
    load_group(position + j, hidden - j, kInVectors<kRows>, p);
    load_group(type + j, hidden - j, kInVectors<kRows>, t);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) s[u] += p[u], s[u] += t[u];
    sum.set(step, w, j, s);
  });
  const Draw draw = current(given);
  const RowStatistics statistics = row_statistics(sum, hidden, args.eps);
  Factors<T> factors;
  keep_all<T>(factors);
  for_each_group<T, kSteps, kRows>(hidden, [&](int step, int w, int j) {
    if (draw.active && w == 0) draw_step<T>(draw, step, token, factors);
    Group<T> s, gamma, beta;
    sum.get(step, w, j, s);
    if (saves) saved.store(j, s);
    load_group(args.gamma + j, hidden - j, kInVectors<kRows>, gamma);
    load_group(args.beta + j, hidden - j, kInVectors<kRows>, beta);
    LATHE_UNROLL
    for (int u = 0; u < kGroup<T>; ++u) {
      const float y = (s[u] - statistics.mean) * statistics.rstd * gamma[u] + beta[u];
      s[u] = y * factors[u][w];
    }
    to.store(j, s);
  });
  if (threadIdx.x % kWarp != 0) return;
  if (args.mean != nullptr) args.mean[token] = statistics.mean;
  if (args.rstd != nullptr) args.rstd[token] = statistics.rstd;
}

}  // namespace

void embedding_forward(const EmbeddingForwardArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  const bool vectors =
      groups_are_whole(args.hidden, {args.y.data, args.sum.data}) &&
      pairs_are_aligned({args.word, args.position, args.type, args.gamma, args.beta});
  with_type(args.y.precision, [&](auto zero) {
    using T = decltype(zero);
    with_steps<T>(args.hidden, vectors, [&](auto steps, auto rows) {
      launch("embedding_forward", forward_kernel<T, steps, rows>,
             static_cast<unsigned>(ceil_div(args.tokens, kRowWarps)), kRowThreads, 0, stream, args,
             make_draw(args.dropout));
    });
  });
}

void embedding_backward(const EmbeddingBackwardArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  LayerNormBackward norm{};
  norm.rows = args.tokens, norm.hidden = static_cast<int>(args.hidden);
  norm.gamma = args.gamma, norm.sum = args.sum, norm.mean = args.mean, norm.rstd = args.rstd;
  norm.dy = args.dy, norm.dsum = args.dsum;
  norm.dgamma = args.dgamma, norm.dbeta = args.dbeta;
  norm.input_dropout = make_draw(args.dropout);
  layer_norm_backward(norm, stream, "embedding_backward");
  Tables tables{};
  tables.table[0] = {args.ids, args.words, args.dword, args.word_touched};
  tables.table[1] = {args.positions, args.position_rows, args.dposition, nullptr};
  tables.table[2] = {args.types, args.type_rows, args.dtype, nullptr};
  tables.dsum = args.dsum;
  tables.tokens = static_cast<int>(args.tokens), tables.hidden = static_cast<int>(args.hidden);
  add_to_tables(tables, stream, "embedding_backward");
}

}  // namespace lathe::LATHE_CUDA
