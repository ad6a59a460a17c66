// The arithmetic that a BERT is made of: the whole contract between the model and a backend.
//
// A backend is one struct of functions, one function per fused block, so that it can keep a block
// in its cache:
//   reference/  plain loops with double accumulators: the definition of every op, and the oracle
//               of every test
//   cpu/        SIMD and OpenMP, one source built for several instruction sets
//   cuda/       NVIDIA GPUs (kernels/device.h finds them); on machines without one its kernels are
//               tested by tests/simt/
// Each op has one argument struct that names its operands and states its formula. Conventions:
//   - Matrices are row-major. `ld…` is the distance between rows in elements. Row i of x is
//     x[i * ld].
//   - tokens: rows of a packed batch, one sequence after another, no padding. Sequence s owns the
//     rows offsets[s] … offsets[s + 1] - 1.
//   - Activations and their gradients are Numbers: floats or bfloat16s. An op's are all of one
//     precision, unless it says otherwise; it computes in floats and rounds what it stores.
//     Parameters, statistics, losses, logits and gradients of
//     parameters are always float.
//   - Gradients of parameters are added to (+=); gradients of activations are assigned, unless an
//     op says otherwise.
//   - Outputs do not overlap inputs, unless an op says otherwise.
//   - Results do not depend on the number of threads. No op allocates from the caller's memory.
//   - Nothing throws over shapes, which the callers in nn/ check. A device that fails is an Error.
#pragma once

#include <cstdint>

namespace lathe {

// What a backend orders its work by: a cudaStream_t on a GPU, null on a CPU.
using Stream = void*;

// ------------------------------------------------------------------------------------------------
// Numbers
// ------------------------------------------------------------------------------------------------

enum class Precision {
  kF32,   // float
  kBF16,  // bfloat16: a float of 8 significant bits, rounded to nearest, ties to even
};

// Where numbers lie, and which: floats, or bfloat16s of 2 bytes. To what takes floats alone they
// are a float*.
struct Numbers {
  Numbers() = default;
  Numbers(float* x) : data(x) {}  // NOLINT(google-explicit-constructor)
  Numbers(void* x, Precision p) : data(x), precision(p) {}
  operator float*() const {  // NOLINT(google-explicit-constructor)
    return static_cast<float*>(data);
  }

  void* data = nullptr;
  Precision precision = Precision::kF32;
};

struct ConstNumbers {
  ConstNumbers() = default;
  ConstNumbers(const float* x) : data(x) {}  // NOLINT(google-explicit-constructor)
  ConstNumbers(const void* x, Precision p) : data(x), precision(p) {}
  ConstNumbers(const Numbers& x)  // NOLINT(google-explicit-constructor)
      : data(x.data), precision(x.precision) {}
  operator const float*() const {  // NOLINT(google-explicit-constructor)
    return static_cast<const float*>(data);
  }

  const void* data = nullptr;
  Precision precision = Precision::kF32;
};

// y = x, rounded where y is bfloat16.
struct CastArgs {
  ConstNumbers x;  // [count], of either precision
  Numbers y;       // [count], of either precision; not x
  int64_t count;
};

// ------------------------------------------------------------------------------------------------
// Dropout
// ------------------------------------------------------------------------------------------------

// Which of its elements a dropout keeps, without storing it: element (row, column) is kept when
//   word >= threshold,  threshold = round(probability * 2^32),
// where word is a 32-bit random word of Philox4x32-10 (kernels/philox.h) under the key {seed} and
// the counter
//   { (column / 64) * 16 + column % 16,  row,  site,  step },  word number (column % 64) / 16.
// 16 neighbouring counters thus cover 64 neighbouring columns, which suits vectors of any width.
// Kept elements are multiplied by 1 / (1 - probability).
struct Dropout {
  float probability = 0.0f;  // 0: everything is kept, nothing is drawn; always < 1
  uint64_t seed = 0;         // of the run
  uint32_t site = 0;         // which dropout of the model
  uint32_t step = 0;         // which micro-batch of the run
  // Not null: where an op finds, when it runs, what counts as `step`; memory of the device. So a
  // launch that is recorded once draws anew whenever it is repeated (device.h).
  const uint32_t* step_at = nullptr;
};

// y = dropout(x). Forward and, with dy for x, backward. y may be x. Of a model's head: floats.
struct DropoutArgs {
  const float* x;  // [rows, columns]
  float* y;        // [rows, columns]
  int64_t rows, columns;
  Dropout dropout;
};

// ------------------------------------------------------------------------------------------------
// Matrix multiplication
// ------------------------------------------------------------------------------------------------

enum class Epilogue {
  kNone,
  kBias,          // c = op(a) op(b) + bias
  kBiasGelu,      // x = op(a) op(b) + bias;  c = gelu(x);  saved = gelu'(x)
  kBiasTanh,      // c = tanh(op(a) op(b) + bias)
  kGeluBackward,  // c = (op(a) op(b)) * saved
};

// c[m, n] = epilogue(op(a)[m, k] op(b)[k, n]),
// or c += op(a) op(b) when `accumulate` (epilogue kNone), with
//   op(a)[i, l] = transpose_a ? a[l * lda + i] : a[i * lda + l]
//   op(b)[l, j] = transpose_b ? b[j * ldb + l] : b[l * ldb + j]
// gelu(x) = x Φ(x) = x/2 (1 + erf(x/√2));  gelu'(x) = Φ(x) + x φ(x).
// A linear layer is
//   y = x Wᵀ + bias:                    {a = x, b = W, transpose_b, kBias}
//   dx = dy W:                          {a = dy, b = W}
//   dW += dyᵀ x, dbias += Σ_rows dy:    {a = dy, transpose_a, b = x, accumulate, a_row_sum = dbias}
// a and b are of one precision, c and saved of one: both float, or a and b bfloat16 and c either.
struct GemmArgs {
  int64_t m, n, k;  // each may be 0: with k = 0 the product is 0
  ConstNumbers a;
  int64_t lda;
  bool transpose_a = false;
  ConstNumbers b;
  int64_t ldb;
  bool transpose_b = false;
  Numbers c;
  int64_t ldc;
  bool accumulate = false;
  Epilogue epilogue = Epilogue::kNone;
  ConstNumbers bias = {};  // [n], of the precision of c
  // [m, n], row distance ldc: written by kBiasGelu (unless null), read by kGeluBackward.
  Numbers saved = {};
  float* a_row_sum = nullptr;  // [m]: a_row_sum[i] += Σ_l op(a)[i, l], not rounded, when not null
  // What floats of a and b are rounded to before they are multiplied. Sums are floats in either.
  // Products of two bfloat16s are exact; such operands and sums below 2^-126 in size may count as
  // zero.
  Precision precision = Precision::kF32;
};

// dx = dy * (1 - y²), where y = tanh(x). dx may be dy. Of a model's head: floats.
struct TanhBackwardArgs {
  const float* y;
  const float* dy;
  float* dx;
  int64_t count;
};

// ------------------------------------------------------------------------------------------------
// Embeddings and layer normalisation
// ------------------------------------------------------------------------------------------------

// sum[t] = word[ids[t]] + position[positions[t]] + type[types[t]]
// y = dropout(LayerNorm(sum)),  LayerNorm(s) = (s - mean) * rstd * gamma + beta
// rstd = 1 / sqrt(variance + eps), the variance being the biased one (divided by hidden). Of
// bfloat16s, mean and variance are of sum before it is rounded; of long rows they may be of after.
struct EmbeddingForwardArgs {
  int64_t tokens, hidden;
  const int32_t *ids, *positions, *types;  // [tokens], all within the tables
  const float *word, *position, *type;     // [… , hidden]
  const float *gamma, *beta;               // [hidden]
  float eps;
  Dropout dropout;
  Numbers y;           // [tokens, hidden]
  Numbers sum;         // [tokens, hidden], saved for backward; null in inference
  float *mean, *rstd;  // [tokens], saved for backward; null in inference
};

struct EmbeddingBackwardArgs {
  int64_t tokens, hidden;
  int64_t words, position_rows, type_rows;  // of the tables
  const int32_t *ids, *positions, *types;   // [tokens]
  const float* gamma;
  Dropout dropout;  // that of forward
  ConstNumbers sum;
  const float *mean, *rstd;
  ConstNumbers dy;  // [tokens, hidden]
  Numbers dsum;     // [tokens, hidden]: scratch, holds the gradient of sum afterwards; may be dy
  float *dgamma, *dbeta;  // [hidden] +=
  // [… , hidden] +=, rows of equal id added in an order that the ids alone decide.
  float *dword, *dposition, *dtype;
  uint8_t* word_touched;  // [words]: set to 1 for each id of this batch, else left; may be null
};

// sum = residual + dropout(x);  y = LayerNorm(sum).
struct AddNormForwardArgs {
  int64_t rows, hidden;
  ConstNumbers x, residual;   // [rows, hidden]
  const float *gamma, *beta;  // [hidden]
  float eps;
  Dropout dropout;
  Numbers y;           // [rows, hidden]
  Numbers sum;         // [rows, hidden], saved for backward, may be x; null in inference
  float *mean, *rstd;  // [rows]; null in inference
};

// With x̂ = (sum - mean) rstd and g = dy gamma, per row:
//   dsum = rstd (g - mean(g) - x̂ mean(g x̂)),  dgamma += Σ_rows dy x̂,  dbeta += Σ_rows dy,
//   dresidual = dsum,  dx = dropout(dsum).
struct AddNormBackwardArgs {
  int64_t rows, hidden;
  const float* gamma;
  Dropout dropout;
  ConstNumbers sum;
  const float *mean, *rstd;
  ConstNumbers dy;        // [rows, hidden]
  Numbers dresidual;      // [rows, hidden]; may be dy
  Numbers dx;             // [rows, hidden]; may be dresidual when dropout.probability is 0
  float *dgamma, *dbeta;  // [hidden] +=
};

// ------------------------------------------------------------------------------------------------
// Attention over packed sequences
// ------------------------------------------------------------------------------------------------

// For each sequence s, head h, query row i in [query_offsets[s], query_offsets[s+1]) and key row j
// in [offsets[s], offsets[s+1]), with columns h*head_size … of q, k, v:
//   score[i, j] = scale (q[i] · k[j]),  p[i] = softmax(score[i])
//   context[i] = Σ_j dropout(p)[i, j] v[j],  logsumexp[i, h] = log Σ_j exp(score[i, j])
// A token attends to every token of its own sequence and to no other: the offsets are the mask.
// query_offsets is offsets for self-attention of all tokens; fewer queries (the first token of each
// sequence) are allowed. Dropout's element is row = i * heads + h, column = j - offsets[s].
// Of bfloat16s, dropout(p) and, in backward, dscore may be rounded before they are multiplied.
struct AttentionForwardArgs {
  int64_t sequences, heads, head_size;
  const int32_t* query_offsets;  // [sequences + 1]
  const int32_t* offsets;        // [sequences + 1]; a sequence with queries has a key
  ConstNumbers q, k, v;  // q: [queries, heads * head_size]; k, v: [tokens, heads * head_size]
  int64_t ldq, ldk, ldv;
  float scale;  // above 0
  Dropout dropout;
  Numbers context;  // [queries, heads * head_size]
  int64_t ldcontext;
  float* logsumexp;  // [queries, heads], saved for backward; null in inference
};

// With P̃ = dropout(p) and dP̃[i, j] = dcontext[i] · v[j]:
//   dv[j] = Σ_i P̃[i, j] dcontext[i],  dp = dropout(dP̃)
//   D[i] = dcontext[i] · context[i] (= Σ_j p dp),  dscore = p (dp - D)
//   dq[i] = scale Σ_j dscore[i, j] k[j],  dk[j] = scale Σ_i dscore[i, j] q[i]
// p is computed again as exp(score - logsumexp). dk and dv are assigned for every key row, dq for
// every query row.
struct AttentionBackwardArgs {
  int64_t sequences, heads, head_size;
  int64_t longest;  // no sequence has more queries or keys; 0: the caller does not know
  const int32_t *query_offsets, *offsets;
  ConstNumbers q, k, v;
  int64_t ldq, ldk, ldv;
  float scale;  // above 0
  Dropout dropout;
  ConstNumbers context;  // [queries, heads * head_size], row distance ldcontext
  ConstNumbers dcontext;
  int64_t ldcontext;  // of context and dcontext
  const float* logsumexp;
  Numbers dq, dk, dv;
  int64_t lddq, lddk, lddv;
};

// Attention by one query of each sequence and head, u, with the rows of x as keys and as values of
// all heads alike: what is left of attention where few rows ask, once the projections of keys and
// values are made at the other end (nn/attention_pool.h). For each sequence s and head h:
//   score[j] = scale (u[s, h] · x[j]) for j in [offsets[s], offsets[s+1]),  p = softmax(score)
//   z[s, h] = Σ_j dropout(p)[j] x[j],  mass[s, h] = Σ_j dropout(p)[j]
//   logsumexp[s, h] = log Σ_j exp(score[j])
// Dropout's element is that of AttentionForwardArgs: row = s * heads + h, column = j - offsets[s].
struct AttentionPoolForwardArgs {
  int64_t sequences, heads, hidden;
  const int32_t* offsets;  // [sequences + 1]; each sequence has a row
  const float* u;          // [sequences, heads, hidden]
  ConstNumbers x;          // [tokens, hidden]
  float scale;
  Dropout dropout;
  float* z;          // [sequences, heads, hidden]
  float* mass;       // [sequences, heads]
  float* logsumexp;  // [sequences, heads], saved for backward; null in inference
};

// With P̃ = dropout(p) and dP̃[j] = dz[s, h] · x[j] + dmass[s, h]:
//   dp = dropout(dP̃),  D = Σ_j p[j] dp[j],  dscore = p (dp - D)
//   du[s, h] = scale Σ_j dscore[j] x[j]
//   dx[j] = Σ_h (P̃[j] dz[s, h] + scale dscore[j] u[s, h]);  0 for rows after the last sequence
struct AttentionPoolBackwardArgs {
  int64_t sequences, heads, hidden;
  const int32_t* offsets;
  int64_t tokens;  // rows of dx, at least offsets[sequences]
  const float* u;
  ConstNumbers x;
  float scale;
  Dropout dropout;
  const float* logsumexp;
  const float* dz;     // [sequences, heads, hidden]
  const float* dmass;  // [sequences, heads]
  float* du;           // [sequences, heads, hidden]
  Numbers dx;          // [tokens, hidden], of the precision of x
};

// ------------------------------------------------------------------------------------------------
// Rows
// ------------------------------------------------------------------------------------------------

// y[i] = x[indices[i]].
struct GatherRowsArgs {
  ConstNumbers x;          // [… , columns]
  const int32_t* indices;  // [rows]
  Numbers y;               // [rows, columns]
  int64_t rows, columns;
};

// y[indices[i]] += x[i]. The indices are distinct.
struct ScatterAddRowsArgs {
  ConstNumbers x;          // [rows, columns]
  const int32_t* indices;  // [rows]
  Numbers y;               // [… , columns]
  int64_t rows, columns;
};

// x[0 … count-1] = 0; with `active_rows`, only the rows r of row_size elements where
// active_rows[r] != 0.
struct ZeroArgs {
  float* x;
  int64_t count;
  int64_t row_size = 0;
  const uint8_t* active_rows = nullptr;  // [count / row_size]
};

// ------------------------------------------------------------------------------------------------
// Losses
// ------------------------------------------------------------------------------------------------
// Each writes the loss of every example, before any division, and the gradient of
// grad_scale · Σ_examples loss. The mean over a batch of B examples has grad_scale 1 / B.

// loss[i] = logsumexp(logits[i]) - logits[i, labels[i]]
// dlogits = grad_scale (softmax(logits) - onehot(label))
struct CrossEntropyArgs {
  int64_t rows, classes;
  const float* logits;    // [rows, classes]
  const int32_t* labels;  // [rows], within the classes
  float* loss;            // [rows]
  float* dlogits;         // [rows, classes]; null: the loss alone. May be logits.
  float grad_scale;
};

// loss[i] = mean over columns of max(x, 0) - x t + log(1 + exp(-|x|))
// dlogits = grad_scale / columns · (sigmoid(x) - t)
struct BinaryCrossEntropyArgs {
  int64_t rows, columns;
  const float* logits;   // x: [rows, columns]
  const float* targets;  // t: [rows, columns]
  float* loss;           // [rows]
  float* dlogits;        // null: the loss alone. May be logits.
  float grad_scale;
};

// loss[i] = mean over columns of (x - t)²
// dlogits = grad_scale / columns · 2 (x - t)
struct SquaredErrorArgs {
  int64_t rows, columns;
  const float* predictions;  // x
  const float* targets;      // t
  float* loss;               // [rows]
  float* dpredictions;       // null: the loss alone. May be predictions.
  float grad_scale;
};

// *sum = Σ x, or += when `accumulate`; in double, the same whatever the number of threads.
struct SumArgs {
  const float* x;  // [count]
  int64_t count;   // may be 0
  double* sum;
  bool accumulate;
};

// ------------------------------------------------------------------------------------------------
// Optimizer
// ------------------------------------------------------------------------------------------------

// One parameter's memory. With `active_rows`, rows that no token has ever touched hold zero
// gradients and zero moments: skipping them is exact when weight_decay is 0, and an op may skip
// them.
struct ParameterSlice {
  float* value;
  float* gradient;
  float *m, *v;  // AdamW's first and second moment
  int64_t count;
  float weight_decay;
  int64_t row_size = 0;
  const uint8_t* active_rows = nullptr;  // [count / row_size]
  int64_t first_chunk = 0;               // chunks of the slices before this one
  uint16_t* rounded = nullptr;           // [count]: the value as bfloat16s, kept up; or null
};

// Numbers the chunks of all slices, one slice after the other. Returns how many there are.
constexpr int64_t kSliceChunk = 4096;  // elements: what a block of a GPU works on
int64_t number_chunks(ParameterSlice* slices, int64_t slice_count);

// *sum = Σ over all slices of gradient², in double, the same whatever the number of threads.
struct SquaredNormArgs {
  const ParameterSlice* slices;  // numbered by number_chunks()
  int64_t slice_count, chunks;
  double* sum;
};

// What changes from one step of AdamW to the next.
struct AdamWStep {
  double learning_rate;
  double rate;            // learning_rate / (1 - beta1^step); step is 1 for the first update
  double variance_scale;  // 1 / sqrt(1 - beta2^step)
};
AdamWStep adamw_step(double learning_rate, double beta1, double beta2, int64_t step);

// Decoupled weight decay, as torch.optim.AdamW (Loshchilov & Hutter 2019), after
// torch.nn.utils.clip_grad_norm_. With norm = sqrt(*squared_norm), for every slice:
//   g = gradient · (max_norm > 0 ? min(1, max_norm / (norm + 1e-6)) : 1)
//   value -= learning_rate · weight_decay · value
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g²
//   value -= rate · m / (sqrt(v) · variance_scale + eps)
// then rounded = value and gradient = 0, ready for the next step. When the norm is not finite
// nothing happens, so that the gradients can still tell why.
struct AdamWArgs {
  const ParameterSlice* slices;  // numbered by number_chunks()
  int64_t slice_count, chunks;
  double beta1, beta2, eps;
  AdamWStep step;
  const double* squared_norm;  // of SquaredNormArgs
  double max_norm;             // 0: no clipping
  // Not null: where the op finds, when it runs, what counts as `step`; memory of the device.
  const AdamWStep* step_at = nullptr;
};

// ------------------------------------------------------------------------------------------------
// A backend
// ------------------------------------------------------------------------------------------------

struct Kernels {
  const char* name;  // "reference", "avx2", "gemm by cublasLt", …
  void (*cast)(const CastArgs&, Stream);
  void (*gemm)(const GemmArgs&, Stream);
  void (*tanh_backward)(const TanhBackwardArgs&, Stream);
  void (*dropout)(const DropoutArgs&, Stream);
  void (*embedding_forward)(const EmbeddingForwardArgs&, Stream);
  void (*embedding_backward)(const EmbeddingBackwardArgs&, Stream);
  void (*add_norm_forward)(const AddNormForwardArgs&, Stream);
  void (*add_norm_backward)(const AddNormBackwardArgs&, Stream);
  void (*attention_forward)(const AttentionForwardArgs&, Stream);
  void (*attention_backward)(const AttentionBackwardArgs&, Stream);
  // Null, both, in a backend where they would gain nothing.
  void (*attention_pool_forward)(const AttentionPoolForwardArgs&, Stream);
  void (*attention_pool_backward)(const AttentionPoolBackwardArgs&, Stream);
  void (*gather_rows)(const GatherRowsArgs&, Stream);
  void (*scatter_add_rows)(const ScatterAddRowsArgs&, Stream);
  void (*zero)(const ZeroArgs&, Stream);
  void (*cross_entropy)(const CrossEntropyArgs&, Stream);
  void (*binary_cross_entropy)(const BinaryCrossEntropyArgs&, Stream);
  void (*squared_error)(const SquaredErrorArgs&, Stream);
  void (*sum)(const SumArgs&, Stream);
  void (*squared_norm)(const SquaredNormArgs&, Stream);
  void (*adamw)(const AdamWArgs&, Stream);
};

// Plain loops, double accumulators.
const Kernels& reference_kernels();

// The fastest CPU backend that this processor runs: "amx" (AVX-512 and Intel's matrix registers),
// "avx512_bf16" (AVX-512 with products of bfloat16s), "avx512", "avx2" or "baseline" (any x86-64).
// On Intel's processors avx512 comes before avx512_bf16: the two compute the same but for
// bfloat16s, which these multiply more slowly than floats (processor.h). The environment variable
// LATHE_CPU=reference|baseline|avx2|avx512|avx512_bf16|amx forces one (Error if this processor
// cannot run it or there is no such name).
const Kernels& cpu_kernels();

// Every CPU backend that this processor runs, slowest first, reference excluded. Null-terminated.
const Kernels* const* available_cpu_kernels();

// Does no arithmetic and touches no memory: run a model on it to learn what it would allocate
// (tensor/arena.h) on kernels for which pools_attention() is `pools`.
const Kernels& dry_kernels(bool pools);

inline bool pools_attention(const Kernels& kernels) {
  return kernels.attention_pool_forward != nullptr;
}

// The name of the first op that is missing from a table, or null. Asked once, at start-up.
const char* missing_op(const Kernels& kernels);

}  // namespace lathe
