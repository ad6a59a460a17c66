// Attention of bfloat16s on matrix registers. A head's rows are packed into panels (panel.h), and
// scores are made transposed, keys down and queries across: what belongs to a query, its largest
// score, its sum, its logsumexp, is then a lane of a vector, and no vector has to be summed.
//
//   forward, for 32 queries:   Sᵀ = K Qᵀ,  P = softmax,  contextᵀ = Vᵀ P̃ᵀ
//   backward, for 32 keys:     Sᵀ = K Qᵀ,  dP̃ᵀ = V dcontextᵀ,  dV = P̃ᵀ dcontext,  dK = dSᵀ Q
//             and at the end:  dQᵀ = Kᵀ dSᵀ
//
// P̃ and dS are rounded to bfloat16s where they are multiplied again, after forward's exponentials
// and before they are divided by their sum.
#include "kernels/cpu/attention_tiles.h"

#include "kernels/cpu/amx/gemm_blocks.h"
#include "kernels/cpu/amx/panel.h"
#include "kernels/cpu/amx/words.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/dropout.h"
#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/cpu/numbers.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/dropout.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

using ForwardPlan = AttentionPlan<AttentionForwardArgs>;
using ForwardHead = AttentionHead<AttentionForwardArgs>;
using BackwardPlan = AttentionPlan<AttentionBackwardArgs>;
using BackwardHead = AttentionHead<AttentionBackwardArgs>;

// Lines and elements of a tile: keys, queries, or columns of a head.
constexpr int64_t kBlock = 32;
constexpr int64_t kHalf = 16;
constexpr int64_t kTileFloats = kBlock * kBlock;
static_assert(kTileRows == kBlock && kTileColumns == kBlock && kDepthStep == kBlock);
static_assert(kWidth == kHalf);

thread_local Scratch thread_scratch;

int64_t whole_blocks(int64_t count) { return round_up(count, kBlock); }

// Memory for panels of so many lines and elements, in bytes.
int64_t panel_bytes(int64_t lines, int64_t k) { return whole_blocks(lines) * whole_blocks(k) * 2; }

// Gives out the memory of a thread, piece by piece. First it is asked how much that is.
class Places {
 public:
  explicit Places(char* memory) : memory_(memory) {}
  template <class T>
  T* take(int64_t bytes) {
    auto* place = reinterpret_cast<T*>(memory_ + used_);
    used_ += round_up(bytes, 64);
    return place;
  }
  int64_t used() const { return used_; }

 private:
  char* memory_;
  int64_t used_ = 0;
};

// A head's rows in an activation.
struct HeadRows {
  const Bfloat16* first;
  int64_t ld, rows, columns;

  PanelSource source(bool rows_are_lines) const {
    return {ConstNumbers(first, Precision::kBF16), ld, rows_are_lines, Precision::kBF16};
  }
};

void pack_panels(PackPart* pack_part, const PanelSource& source, int64_t lines, int64_t k,
                 char* panels) {
  const int64_t most = packed_rows(source.lines_contiguous);
  for (int64_t first = 0; first < lines; first += most) {
    const int64_t count = minimum(most, lines - first), parts = packing_parts(source, count, k);
    for (int64_t part = 0; part < parts; ++part)
      pack_part(source, first, count, 0, k, reinterpret_cast<float*>(panels), part);
    panels += panel_bytes(most, k);
  }
}

// The rows as lines of a left or of a right operand, or their columns.
void pack_left(const HeadRows& x, char* panels) {
  pack_panels(pack_a_part, x.source(true), x.rows, x.columns, panels);
}
void pack_left_columns(const HeadRows& x, char* panels) {
  pack_panels(pack_a_part, x.source(false), x.columns, x.rows, panels);
}
void pack_right(const HeadRows& x, char* panels) {
  pack_panels(pack_b_part, x.source(true), x.rows, x.columns, panels);
}
void pack_right_columns(const HeadRows& x, char* panels) {
  pack_panels(pack_b_part, x.source(false), x.columns, x.rows, panels);
}

// c [32, 32] = a b, of one panel each. Halves beyond the rows and columns that are asked for hold
// anything.
void multiply(const char* a, const char* b, int64_t rows, int64_t columns, int64_t k, float* c) {
  Packing nothing;
  multiply_blocks({.precision = Precision::kBF16,
                   .rows = rows,
                   .columns = columns,
                   .k = k,
                   .a = reinterpret_cast<const float*>(a),
                   .b = reinterpret_cast<const float*>(b),
                   .a_row_bytes = 0,
                   .c = c,
                   .ldc = kBlock,
                   .add = false,
                   .written = {},
                   .read = {},
                   .beside = &nothing});
}

// Rows [rows, columns] of a tile, to [rows, …] of an activation.
void store_rows(const float* tile, int64_t rows, int64_t columns, Bfloat16* y, int64_t ld) {
  for (int64_t i = 0; i < rows; ++i, tile += kBlock, y += ld) {
    if (columns >= kBlock) {
      store(y, load(tile), load(tile + kWidth));
    } else {
      for (int64_t j = 0; j < columns; j += kWidth) store(y + j, load(tile + j), columns - j);
    }
  }
}

// The same of a tile that is transposed: [columns, rows].
void store_columns(const float* tile, int64_t rows, int64_t columns, Bfloat16* y, int64_t ld) {
  alignas(64) float turned[kTileFloats];
  for (int64_t i = 0; i < rows; i += kHalf) {
    for (int64_t j = 0; j < columns; j += kHalf)
      transpose_words(tile + j * kBlock + i, kBlock * 4, turned + i * kBlock + j, kBlock * 4);
  }
  store_rows(turned, rows, columns, y, ld);
}

// Which elements dropout keeps, a word of 32 keys for each query: [blocks of keys, queries].
class Kept {
 public:
  // `words` has room for whole blocks of queries and pairs of blocks of keys.
  Kept(const Dropout& dropout, int64_t max_keys, uint32_t* words)
      : drops_(dropout.probability > 0.0f), row_(dropout, max_keys), words_(words) {}

  static int64_t bytes(int64_t queries, int64_t keys) {
    return whole_blocks(queries) * round_up(keys, kDropoutBlock) / 8;
  }

  // For all queries and keys of a head. first_row: dropout's of the first query, and `step` from
  // each to the next.
  void draw(int64_t first_row, int64_t step, int64_t queries, int64_t keys) {
    stride_ = whole_blocks(queries);
    if (!drops_) return;
    for (int64_t i = 0; i < queries; ++i) {
      const float* factors = row_.factors(first_row + i * step, keys);
      for (int64_t j = 0; j < keys; j += kBlock, factors += kBlock)
        words_[j / kBlock * stride_ + i] = not_zero(factors) | not_zero(factors + kHalf) << kHalf;
    }
  }

  // For 16 queries from `query` on.
  WordVec words(int64_t key_block, int64_t query) const {
    if (!drops_) return ~WordVec{};
    WordVec words;
    __builtin_memcpy(&words, words_ + key_block * stride_ + query, sizeof words);
    return words;
  }

 private:
  static uint32_t not_zero(const float* x) {
    return _mm512_cmp_ps_mask(load(x), Vec{}, _CMP_NEQ_UQ);
  }

  bool drops_;
  DropoutRow row_;
  uint32_t* words_;
  int64_t stride_ = 0;
};

Vec kept_or_zero(Vec x, WordVec words, int64_t key) {
  return (words >> static_cast<uint32_t>(key % kBlock) & 1u) != 0u ? x : Vec{};
}

// 16 pairs of bfloat16s: a lane of x, and the same lane of y.
void store_pairs(char* row, Vec x, Vec y) {
  _mm512_store_si512(row, interleave(reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(y, x))));
}

// 32 bfloat16s.
void store_row(char* row, Vec left, Vec right) {
  _mm512_store_si512(row, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(right, left)));
}

// ---- Forward ----

struct ForwardMemory {
  ForwardMemory(const ForwardPlan& plan, char* memory) {
    const int64_t columns = plan.args.head_size;
    Places places(memory);
    keys = places.take<char>(panel_bytes(plan.keys, columns));
    values = places.take<char>(panel_bytes(columns, plan.keys));
    queries = places.take<char>(panel_bytes(kBlock, columns));
    p = places.take<char>(panel_bytes(kBlock, plan.keys));
    scores = places.take<float>(whole_blocks(plan.keys) * kBlock * 4);
    context = places.take<float>(kTileFloats * 4);
    kept = places.take<uint32_t>(Kept::bytes(plan.queries, plan.keys));
    bytes = places.used();
  }

  char *keys, *values, *queries;  // panels: K, Vᵀ of the head, Q of a block
  char* p;                        // panel of P̃
  float *scores, *context;        // [keys, 32], [32, 32]
  uint32_t* kept;
  int64_t bytes;
};

// 16 queries, a lane each.
struct Softmax {
  Vec largest{}, sum{};
};

// From scores [keys, 16 of 32] to their exponentials, of which those kept go to the panel of P̃.
Softmax softmax(const float* scores, int64_t keys, float scale, const Kept& kept, int64_t query,
                char* p) {
  Softmax result;
  result.largest = load(scores) * scale;
  for (int64_t j = 1; j < keys; ++j)
    result.largest = vector_max(load(scores + j * kBlock) * scale, result.largest);
  const auto exponential_of = [&](int64_t j) {
    const Vec e = exponential(load(scores + j * kBlock) * scale - result.largest);
    result.sum += e;
    return e;
  };
  for (int64_t j = 0; j < whole_blocks(keys); j += 2, p += kBlockRowBytes) {
    if (j % kBlock == 0 && j > 0) p += kBlockBytes;  // over the other half
    const WordVec words = kept.words(j / kBlock, query);
    const Vec even = j < keys ? kept_or_zero(exponential_of(j), words, j) : Vec{};
    const Vec odd = j + 1 < keys ? kept_or_zero(exponential_of(j + 1), words, j + 1) : Vec{};
    store_pairs(p, even, odd);
  }
  return result;
}

void save_logsumexp(const AttentionForwardArgs& args, const ForwardHead& h, int64_t query,
                    int64_t count, const Softmax& softmax) {
  float* logsumexp = args.logsumexp + (h.first_query + query) * args.heads + h.head;
  for (int64_t i = 0; i < count; ++i)
    logsumexp[i * args.heads] = softmax.largest[i] + __builtin_logf(softmax.sum[i]);
}

void forward_block(const AttentionForwardArgs& args, const ForwardHead& h,
                   const ForwardMemory& memory, const Kept& kept, int64_t query) {
  const int64_t count = minimum(kBlock, h.queries - query);
  const Bfloat16* q = as<Bfloat16>(args.q) + (h.first_query + query) * args.ldq + h.column;
  pack_right({q, args.ldq, count, args.head_size}, memory.queries);
  for (int64_t key = 0; key < h.keys; key += kBlock) {
    multiply(memory.keys + panel_bytes(key, args.head_size), memory.queries, h.keys - key, count,
             args.head_size, memory.scores + key * kBlock);
  }
  Vec factors[2] = {};
  for (int64_t half = 0; half * kHalf < count; ++half) {
    const int64_t first = half * kHalf;
    const Softmax of_half = softmax(memory.scores + first, h.keys, args.scale, kept, query + first,
                                    memory.p + half * kBlockBytes);
    factors[half] = dropout_scale(args.dropout) / of_half.sum;
    if (args.logsumexp != nullptr)
      save_logsumexp(args, h, query + first, minimum(kHalf, count - first), of_half);
  }
  Bfloat16* context =
      as<Bfloat16>(args.context) + (h.first_query + query) * args.ldcontext + h.column;
  for (int64_t column = 0; column < args.head_size; column += kBlock) {
    const int64_t columns = minimum(kBlock, args.head_size - column);
    multiply(memory.values + panel_bytes(column, h.keys), memory.p, columns, count, h.keys,
             memory.context);
    for (int64_t j = 0; j < columns; ++j) {
      float* row = memory.context + j * kBlock;
      store(row, load(row) * factors[0], load(row + kWidth) * factors[1]);
    }
    store_columns(memory.context, count, columns, context + column, args.ldcontext);
  }
}

void forward_head(const AttentionForwardArgs& args, const ForwardMemory& memory, Kept& kept,
                  int64_t unit) {
  const ForwardHead h(args, unit);
  if (h.queries == 0) return;
  const Bfloat16* k = as<Bfloat16>(args.k) + h.first_key * args.ldk + h.column;
  const Bfloat16* v = as<Bfloat16>(args.v) + h.first_key * args.ldv + h.column;
  pack_left({k, args.ldk, h.keys, args.head_size}, memory.keys);
  pack_left_columns({v, args.ldv, h.keys, args.head_size}, memory.values);
  kept.draw(h.first_query * args.heads + h.head, args.heads, h.queries, h.keys);
  for (int64_t query = 0; query < h.queries; query += kBlock)
    forward_block(args, h, memory, kept, query);
}

// ---- Backward ----

struct BackwardMemory {
  BackwardMemory(const BackwardPlan& plan, char* memory) {
    const int64_t columns = plan.args.head_size;
    Places places(memory);
    const auto panels = [&](int64_t lines, int64_t k) {
      return places.take<char>(panel_bytes(lines, k));
    };
    keys = panels(plan.keys, columns), values = panels(plan.keys, columns);
    key_columns = panels(columns, plan.keys);
    queries = panels(plan.queries, columns), dcontext = panels(plan.queries, columns);
    query_columns = panels(columns, plan.queries);
    dcontext_columns = panels(columns, plan.queries);
    p = panels(kBlock, plan.queries), dscore = panels(kBlock, plan.queries);
    dscore_pairs = panels(plan.queries, plan.keys);
    tiles[0] = places.take<float>(kTileFloats * 4);
    tiles[1] = places.take<float>(kTileFloats * 4);
    logsumexp = places.take<float>(whole_blocks(plan.queries) * 4);
    d = places.take<float>(whole_blocks(plan.queries) * 4);
    kept = places.take<uint32_t>(Kept::bytes(plan.queries, plan.keys));
    bytes = places.used();
  }

  char *keys, *values, *key_columns;                            // left: K, V, Kᵀ
  char *queries, *dcontext, *query_columns, *dcontext_columns;  // right: Qᵀ, dcontextᵀ, Q, dcontext
  char *p, *dscore;    // left: P̃ᵀ and dSᵀ of 32 keys, all queries
  char* dscore_pairs;  // right: dSᵀ, a panel of all keys for 32 queries
  float* tiles[2];
  float *logsumexp, *d;  // [queries]
  uint32_t* kept;
  int64_t bytes;
};

void read_statistics(const AttentionBackwardArgs& args, const BackwardHead& h,
                     const BackwardMemory& memory) {
  const Bfloat16* context = as<Bfloat16>(args.context) + h.first_query * args.ldcontext + h.column;
  const Bfloat16* dcontext =
      as<Bfloat16>(args.dcontext) + h.first_query * args.ldcontext + h.column;
  for (int64_t i = 0; i < whole_blocks(h.queries); ++i) {
    const bool there = i < h.queries;
    memory.logsumexp[i] = there ? args.logsumexp[(h.first_query + i) * args.heads + h.head] : 0.0f;
    memory.d[i] =
        there ? dot(context + i * args.ldcontext, dcontext + i * args.ldcontext, args.head_size)
              : 0.0f;
  }
}

// One key and 16 queries of P̃ᵀ and dSᵀ.
struct Gradient {
  Vec p, dscore;
};

// The 16 queries of a block's half.
struct Queries {
  Vec logsumexp, d;
  WordVec kept;
};

// From tiles of Sᵀ and dP̃ᵀ [32 keys, 32 queries] to P̃ᵀ and dSᵀ in their panels.
void softmax_backward(const AttentionBackwardArgs& args, const BackwardMemory& memory,
                      const Kept& kept, int64_t key_block, int64_t keys, int64_t query,
                      int64_t count, char* pairs) {
  const float dropout_factor = dropout_scale(args.dropout);
  const auto queries = [&](int64_t half) {
    const int64_t at = query + half * kHalf;
    return Queries{load(memory.logsumexp + at), load(memory.d + at), kept.words(key_block, at)};
  };
  const auto gradient = [&](const Queries& of, int64_t key, int64_t half) {
    const int64_t at = key * kBlock + half * kHalf;
    const Vec p = exponential(load(memory.tiles[0] + at) * args.scale - of.logsumexp);
    const Vec dp = kept_or_zero(load(memory.tiles[1] + at) * dropout_factor, of.kept, key);
    return Gradient{kept_or_zero(p * dropout_factor, of.kept, key), p * args.scale * (dp - of.d)};
  };
  const Queries left = queries(0), right = queries(1);
  const bool two = count > kHalf;
  char* p = memory.p + query * kBlock * 2;
  char* dscore = memory.dscore + query * kBlock * 2;
  for (int64_t key = 0; key < kBlock;
       key += 2, p += 2 * kBlockRowBytes, dscore += 2 * kBlockRowBytes, pairs += kBlockRowBytes) {
    const auto both = [&](int64_t j) {
      const Gradient x = j < keys ? gradient(left, j, 0) : Gradient{};
      const Gradient y = j < keys && two ? gradient(right, j, 1) : Gradient{};
      store_row(p + (j - key) * kBlockRowBytes, x.p, y.p);
      store_row(dscore + (j - key) * kBlockRowBytes, x.dscore, y.dscore);
      struct {
        Vec left, right;
      } result = {x.dscore, y.dscore};
      return result;
    };
    const auto even = both(key), odd = both(key + 1);
    store_pairs(pairs, even.left, odd.left);
    store_pairs(pairs + kBlockBytes, even.right, odd.right);
  }
}

// P̃ᵀ and dSᵀ of 32 keys, and the gradients of these keys and their values.
void backward_keys(const AttentionBackwardArgs& args, const BackwardHead& h,
                   const BackwardMemory& memory, const Kept& kept, int64_t key) {
  const int64_t columns = args.head_size, count = minimum(kBlock, h.keys - key);
  for (int64_t query = 0; query < h.queries; query += kBlock) {
    const int64_t asking = minimum(kBlock, h.queries - query);
    multiply(memory.keys + panel_bytes(key, columns), memory.queries + panel_bytes(query, columns),
             count, asking, columns, memory.tiles[0]);
    multiply(memory.values + panel_bytes(key, columns),
             memory.dcontext + panel_bytes(query, columns), count, asking, columns,
             memory.tiles[1]);
    softmax_backward(args, memory, kept, key / kBlock, count, query, asking,
                     memory.dscore_pairs + panel_bytes(query, h.keys) + key * kBlock * 2);
  }
  const int64_t row = h.first_key + key;
  for (int64_t column = 0; column < columns; column += kBlock) {
    const int64_t some = minimum(kBlock, columns - column), at = panel_bytes(column, h.queries);
    float* tile = memory.tiles[0];
    multiply(memory.p, memory.dcontext_columns + at, count, some, h.queries, tile);
    store_rows(tile, count, some, as<Bfloat16>(args.dv) + row * args.lddv + h.column + column,
               args.lddv);
    multiply(memory.dscore, memory.query_columns + at, count, some, h.queries, tile);
    store_rows(tile, count, some, as<Bfloat16>(args.dk) + row * args.lddk + h.column + column,
               args.lddk);
  }
}

void backward_queries(const AttentionBackwardArgs& args, const BackwardHead& h,
                      const BackwardMemory& memory, int64_t query) {
  const int64_t count = minimum(kBlock, h.queries - query);
  Bfloat16* dq = as<Bfloat16>(args.dq) + (h.first_query + query) * args.lddq + h.column;
  for (int64_t column = 0; column < args.head_size; column += kBlock) {
    const int64_t some = minimum(kBlock, args.head_size - column);
    float* tile = memory.tiles[0];
    multiply(memory.key_columns + panel_bytes(column, h.keys),
             memory.dscore_pairs + panel_bytes(query, h.keys), some, count, h.keys, tile);
    store_columns(tile, count, some, dq + column, args.lddq);
  }
}

void backward_head(const AttentionBackwardArgs& args, const BackwardMemory& memory, Kept& kept,
                   int64_t unit) {
  const BackwardHead h(args, unit);
  const int64_t columns = args.head_size;
  if (h.queries == 0) {
    clear_rows(as<Bfloat16>(args.dk) + h.first_key * args.lddk + h.column, args.lddk, h.keys,
               columns);
    clear_rows(as<Bfloat16>(args.dv) + h.first_key * args.lddv + h.column, args.lddv, h.keys,
               columns);
    return;
  }
  const auto rows = [&](const ConstNumbers& x, int64_t ld, int64_t first, int64_t count) {
    return HeadRows{as<Bfloat16>(x) + first * ld + h.column, ld, count, columns};
  };
  const HeadRows k = rows(args.k, args.ldk, h.first_key, h.keys);
  const HeadRows v = rows(args.v, args.ldv, h.first_key, h.keys);
  const HeadRows q = rows(args.q, args.ldq, h.first_query, h.queries);
  const HeadRows dcontext = rows(args.dcontext, args.ldcontext, h.first_query, h.queries);
  pack_left(k, memory.keys);
  pack_left_columns(k, memory.key_columns);
  pack_left(v, memory.values);
  pack_right(q, memory.queries);
  pack_right_columns(q, memory.query_columns);
  pack_right(dcontext, memory.dcontext);
  pack_right_columns(dcontext, memory.dcontext_columns);
  read_statistics(args, h, memory);
  kept.draw(h.first_query * args.heads + h.head, args.heads, h.queries, h.keys);
  for (int64_t key = 0; key < h.keys; key += kBlock) backward_keys(args, h, memory, kept, key);
  for (int64_t query = 0; query < h.queries; query += kBlock)
    backward_queries(args, h, memory, query);
}

// Every head of every sequence, each by any thread, with memory and registers of its own.
template <class Memory, class Args, class OneHead>
void for_each_head(const Args& args, OneHead one_head) {
  const AttentionPlan<Args> plan(args);
#pragma omp parallel num_threads(plan.threads())
  {
    const int64_t bytes = Memory(plan, nullptr).bytes;
    const Memory memory(plan, reinterpret_cast<char*>(thread_scratch.floats(bytes / 4)));
    Kept kept(args.dropout, plan.keys, memory.kept);
    const TileRegisters registers;
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < plan.units(); ++unit) one_head(args, memory, kept, unit);
  }
}

}  // namespace

bool attention_forward_in_tiles(const AttentionForwardArgs& args) {
  if (args.q.precision != Precision::kBF16) return false;
  for_each_head<ForwardMemory>(args, forward_head);
  return true;
}

bool attention_backward_in_tiles(const AttentionBackwardArgs& args) {
  if (args.q.precision != Precision::kBF16) return false;
  for_each_head<BackwardMemory>(args, backward_head);
  return true;
}

}  // namespace lathe::cpu::LATHE_ISA
