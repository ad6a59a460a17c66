#include "kernels/cpu/dropout.h"

#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/dropout.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

namespace {

thread_local Scratch row_scratch;

// Philox4x32-10 over kWidth counters that differ in their first word alone.
//
// The state is kept as 64-bit lanes, the even and the odd counters apart: the 32-bit multiplication
// with a 64-bit product reads the low half of a lane and ignores what the high half holds, so no
// round needs a shuffle or a mask.
struct PhiloxLanes {
  LongVec word[4];
};

LongVec broadcast_long(uint64_t value) { return value + LongVec{}; }

PhiloxLanes philox_lanes(const uint64_t* keys, LongVec c0, uint32_t c1, uint32_t c2, uint32_t c3) {
  const LongVec multiplier0 = broadcast_long(kPhiloxMultiplier0);
  const LongVec multiplier1 = broadcast_long(kPhiloxMultiplier1);
  LongVec w0 = c0, w1 = broadcast_long(c1), w2 = broadcast_long(c2), w3 = broadcast_long(c3);
#pragma GCC unroll 10
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const LongVec product0 = multiply_low_words(multiplier0, w0);
    const LongVec product1 = multiply_low_words(multiplier1, w2);
    w0 = high_words(product1) ^ w1 ^ broadcast_long(keys[2 * round]);
    w1 = product1;
    w2 = high_words(product0) ^ w3 ^ broadcast_long(keys[2 * round + 1]);
    w3 = product0;
  }
  return {{w0, w1, w2, w3}};
}

}  // namespace

DropoutRow::DropoutRow(const Dropout& dropout, int64_t max_columns)
    : dropout_(dropout), factors_(row_scratch.floats(round_up(max_columns, kDropoutBlock))) {
  dropout_.step = dropout_step(dropout);
  for (uint32_t round = 0; round < kPhiloxRounds; ++round) {
    keys_[2 * round] = static_cast<uint32_t>(dropout.seed) + round * kPhiloxWeyl0;
    keys_[2 * round + 1] = static_cast<uint32_t>(dropout.seed >> 32) + round * kPhiloxWeyl1;
  }
  if (dropout.probability > 0.0f) return;
  for (int64_t j = 0; j < round_up(max_columns, kDropoutBlock); ++j) factors_[j] = 1.0f;
}

void DropoutRow::draw(int64_t row, int64_t columns) {
  const uint32_t threshold = dropout_threshold(dropout_);
  const Vec scale = broadcast(dropout_scale(dropout_));
  const uint32_t site = dropout_.site, step = dropout_.step;
  const LongVec even_lanes = reinterpret_cast<LongVec>(lane_numbers()) & 0xffffffffu;
  for (int64_t first = 0; first < columns; first += kDropoutBlock) {
    for (int64_t group = 0; group < 16; group += kWidth) {
      const uint64_t counter = static_cast<uint64_t>(first / 4 + group);
      const PhiloxLanes even =
          philox_lanes(keys_, even_lanes + counter, static_cast<uint32_t>(row), site, step);
      const PhiloxLanes odd =
          philox_lanes(keys_, even_lanes + (counter + 1), static_cast<uint32_t>(row), site, step);
      for (int64_t w = 0; w < 4; ++w) {
        const WordVec words =
            reinterpret_cast<WordVec>((even.word[w] & 0xffffffffu) | (odd.word[w] << 32));
        store(factors_ + first + w * 16 + group, words >= threshold ? scale : Vec{});
      }
    }
  }
}

void dropout(const DropoutArgs& args, Stream) {
#pragma omp parallel num_threads(threads_for(args.rows* args.columns))
  {
    DropoutRow row(args.dropout, args.columns);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < args.rows; ++i) {
      const float* factors = row.factors(i, args.columns);
      const float* x = args.x + i * args.columns;
      float* y = args.y + i * args.columns;
      for (int64_t j = 0; j < args.columns; j += kWidth) {
        const int64_t lanes = args.columns - j;
        store(y + j, load(x + j, lanes) * load(factors + j), lanes);
      }
    }
  }
}

}  // namespace lathe::cpu::LATHE_ISA
