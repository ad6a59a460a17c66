// Attention of bfloat16s on matrix registers. A head's rows are packed into panels (panel.h), and
// scores are made transposed, keys down and queries across: what belongs to a query, its largest
// score, its sum, its logsumexp, is then a lane of a vector, and no vector has to be summed. For 32
// queries at a time:
//   Sᵀ = K Qᵀ,  P = softmax(S),  contextᵀ = Vᵀ P̃ᵀ
// P̃ is rounded to bfloat16s before it is divided by the sum of its exponentials.
#include "kernels/cpu/attention_tiles.h"

#include "kernels/cpu/amx/attention_heads.h"
#include "kernels/cpu/numbers.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/dropout.h"

namespace lathe::cpu::LATHE_ISA {
namespace {

using Plan = AttentionPlan<AttentionForwardArgs>;
using Head = AttentionHead<AttentionForwardArgs>;

struct Memory {
  Memory(const Plan& plan, char* memory) {
    const int64_t columns = plan.args.head_size;
    Places places(memory);
    keys = places.take<char>(panel_bytes(plan.keys, columns));
    values = places.take<char>(panel_bytes(columns, plan.keys));
    queries = places.take<char>(panel_bytes(kBlock, columns));
    p = places.take<char>(panel_bytes(kBlock, plan.keys));
    scores = places.take<float>(whole_blocks(plan.keys) * kBlock * 4);
    context = places.take<float>(kTileFloats * 4);
    kept = places.take<uint32_t>(DropoutWords::bytes(plan.queries, plan.keys));
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
Softmax softmax(const float* scores, int64_t keys, float scale, const DropoutWords& kept,
                int64_t query, char* p) {
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

void save_logsumexp(const AttentionForwardArgs& args, const Head& h, int64_t query, int64_t count,
                    const Softmax& softmax) {
  float* logsumexp = args.logsumexp + (h.first_query + query) * args.heads + h.head;
  for (int64_t i = 0; i < count; ++i)
    logsumexp[i * args.heads] = softmax.largest[i] + __builtin_logf(softmax.sum[i]);
}

void forward_block(const AttentionForwardArgs& args, const Head& h, const Memory& memory,
                   const DropoutWords& kept, int64_t query) {
  const int64_t count = minimum(kBlock, h.queries - query);
  const Bfloat16* q = h.place<Bfloat16>(args.q, args.ldq, h.first_query + query);
  pack_right({q, args.ldq, count, args.head_size}, memory.queries);
  for (int64_t key = 0; key < h.keys; key += kBlock) {
    multiply_panels(memory.keys + panel_bytes(key, args.head_size), memory.queries,
                    minimum(kBlock, h.keys - key), count, args.head_size,
                    memory.scores + key * kBlock);
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
  Bfloat16* context = h.place<Bfloat16>(args.context, args.ldcontext, h.first_query + query);
  for (int64_t column = 0; column < args.head_size; column += kBlock) {
    const int64_t columns = minimum(kBlock, args.head_size - column);
    multiply_panels(memory.values + panel_bytes(column, h.keys), memory.p, columns, count, h.keys,
                    memory.context);
    for (int64_t j = 0; j < columns; ++j) {
      float* row = memory.context + j * kBlock;
      store(row, load(row) * factors[0], load(row + kWidth) * factors[1]);
    }
    store_columns(memory.context, count, columns, context + column, args.ldcontext);
  }
}

void forward_head(const AttentionForwardArgs& args, const Memory& memory, DropoutWords& kept,
                  int64_t unit) {
  const Head h(args, unit);
  if (h.queries == 0) return;
  const Bfloat16* k = h.place<Bfloat16>(args.k, args.ldk, h.first_key);
  const Bfloat16* v = h.place<Bfloat16>(args.v, args.ldv, h.first_key);
  pack_left({k, args.ldk, h.keys, args.head_size}, memory.keys);
  pack_left_columns({v, args.ldv, h.keys, args.head_size}, memory.values);
  kept.draw(h.first_query * args.heads + h.head, args.heads, h.queries, h.keys);
  for (int64_t query = 0; query < h.queries; query += kBlock)
    forward_block(args, h, memory, kept, query);
}

}  // namespace

bool attention_forward_in_tiles(const AttentionForwardArgs& args) {
  if (args.q.precision != Precision::kBF16) return false;
  for_each_head<Memory>(args, forward_head);
  return true;
}

}  // namespace lathe::cpu::LATHE_ISA
