// Dropout of scores that lie transposed, keys down and queries across.
#pragma once

#include "kernels/cpu/amx/head_panels.h"
#include "kernels/cpu/dropout.h"

namespace lathe::cpu::LATHE_ISA {

// Which elements dropout keeps, a word of 32 keys for each query: [blocks of keys, queries].
class DropoutWords {
 public:
  // `words` has room for whole blocks of queries and pairs of blocks of keys.
  DropoutWords(const Dropout& dropout, int64_t max_keys, uint32_t* words)
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

// x of the 16 queries that keep this key, zero of the others.
static inline Vec kept_or_zero(Vec x, WordVec words, int64_t key) {
  return (words >> static_cast<uint32_t>(key % kBlock) & 1u) != 0u ? x : Vec{};
}

}  // namespace lathe::cpu::LATHE_ISA
