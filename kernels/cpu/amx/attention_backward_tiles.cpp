// Backward of attention on matrix registers, with scores transposed as in forward
// (attention_tiles.cpp). For 32 keys at a time, past all queries:
//   Sᵀ = K Qᵀ,  dP̃ᵀ = V dcontextᵀ,  dV = P̃ᵀ dcontext,  dK = dSᵀ Q
// and once dS is there of all keys:
//   dQᵀ = Kᵀ dSᵀ
// P̃ and dS are rounded to bfloat16s.
#include "kernels/cpu/amx/attention_heads.h"
#include "kernels/cpu/attention_tiles.h"
#include "kernels/cpu/numbers.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/dropout.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

using Plan = AttentionPlan<AttentionBackwardArgs>;
using Head = AttentionHead<AttentionBackwardArgs>;

struct Memory {
  Memory(const Plan& plan, char* memory) {
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
    kept = places.take<uint32_t>(DropoutWords::bytes(plan.queries, plan.keys));
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

void read_statistics(const AttentionBackwardArgs& args, const Head& h, const Memory& memory) {
  const Bfloat16* context = h.place<Bfloat16>(args.context, args.ldcontext, h.first_query);
  const Bfloat16* dcontext = h.place<Bfloat16>(args.dcontext, args.ldcontext, h.first_query);
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

struct Halves {
  Vec left, right;
};

// The 16 queries of a block's half.
struct Queries {
  Vec logsumexp, d;
  WordVec kept;
};

// From tiles of Sᵀ and dP̃ᵀ [32 keys, 32 queries] to P̃ᵀ and dSᵀ in their panels.
void softmax_backward(const AttentionBackwardArgs& args, const Memory& memory,
                      const DropoutWords& kept, int64_t key_block, int64_t keys, int64_t query,
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
      store_line(p + (j - key) * kBlockRowBytes, x.p, y.p);
      store_line(dscore + (j - key) * kBlockRowBytes, x.dscore, y.dscore);
      return Halves{x.dscore, y.dscore};
    };
    const Halves even = both(key), odd = both(key + 1);
    store_pairs(pairs, even.left, odd.left);
    store_pairs(pairs + kBlockBytes, even.right, odd.right);
  }
}

// P̃ᵀ and dSᵀ of 32 keys, and the gradients of these keys and their values.
void backward_keys(const AttentionBackwardArgs& args, const Head& h, const Memory& memory,
                   const DropoutWords& kept, int64_t key) {
  const int64_t columns = args.head_size, count = minimum(kBlock, h.keys - key);
  for (int64_t query = 0; query < h.queries; query += kBlock) {
    const int64_t asking = minimum(kBlock, h.queries - query);
    multiply_panels(memory.keys + panel_bytes(key, columns),
                    memory.queries + panel_bytes(query, columns), count, asking, columns,
                    memory.tiles[0]);
    multiply_panels(memory.values + panel_bytes(key, columns),
                    memory.dcontext + panel_bytes(query, columns), count, asking, columns,
                    memory.tiles[1]);
    softmax_backward(args, memory, kept, key / kBlock, count, query, asking,
                     memory.dscore_pairs + panel_bytes(query, h.keys) + key * kBlock * 2);
  }
  const int64_t row = h.first_key + key;
  for (int64_t column = 0; column < columns; column += kBlock) {
    const int64_t some = minimum(kBlock, columns - column), at = panel_bytes(column, h.queries);
    float* tile = memory.tiles[0];
    multiply_panels(memory.p, memory.dcontext_columns + at, count, some, h.queries, tile);
    store_rows(tile, count, some, h.place<Bfloat16>(args.dv, args.lddv, row) + column, args.lddv);
    multiply_panels(memory.dscore, memory.query_columns + at, count, some, h.queries, tile);
    store_rows(tile, count, some, h.place<Bfloat16>(args.dk, args.lddk, row) + column, args.lddk);
  }
}

void backward_queries(const AttentionBackwardArgs& args, const Head& h, const Memory& memory,
                      int64_t query) {
  const int64_t count = minimum(kBlock, h.queries - query);
  Bfloat16* dq = h.place<Bfloat16>(args.dq, args.lddq, h.first_query + query);
  for (int64_t column = 0; column < args.head_size; column += kBlock) {
    const int64_t some = minimum(kBlock, args.head_size - column);
    float* tile = memory.tiles[0];
    multiply_panels(memory.key_columns + panel_bytes(column, h.keys),
                    memory.dscore_pairs + panel_bytes(query, h.keys), some, count, h.keys, tile);
    store_columns(tile, count, some, dq + column, args.lddq);
  }
}

void backward_head(const AttentionBackwardArgs& args, const Memory& memory, DropoutWords& kept,
                   int64_t unit) {
  const Head h(args, unit);
  const int64_t columns = args.head_size;
  if (h.queries == 0) {
    clear_rows(h.place<Bfloat16>(args.dk, args.lddk, h.first_key), args.lddk, h.keys, columns);
    clear_rows(h.place<Bfloat16>(args.dv, args.lddv, h.first_key), args.lddv, h.keys, columns);
    return;
  }
  const auto rows = [&](const ConstNumbers& x, int64_t ld, int64_t first, int64_t count) {
    return HeadRows{h.place<Bfloat16>(x, ld, first), ld, count, columns};
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

}  // namespace

bool attention_backward_in_tiles(const AttentionBackwardArgs& args) {
  if (args.q.precision != Precision::kBF16) return false;
  for_each_head<Memory>(args, backward_head);
  return true;
}

}  // namespace lathe::cpu::LATHE_ISA
