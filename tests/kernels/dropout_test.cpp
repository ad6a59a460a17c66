// Dropout's masks: the random words are Philox's, every backend draws the same mask, and it keeps
// as many elements as it says.
#include "kernels/dropout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace lathe {
namespace {

std::vector<uint32_t> words_of(const PhiloxWords& words) { return {words.word, words.word + 4}; }

// The known answers of Random123 (kat_vectors: philox4x32-10).
TEST(PhiloxTest, KnownAnswers) {
  EXPECT_EQ(words_of(philox(0, 0, 0, 0, 0)),
            (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(words_of(philox(0xffffffffffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)),
            (std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words_of(philox(0x299f31d0a4093822, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344)),
            (std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<const Kernels*> all_backends() {
  std::vector<const Kernels*> tables{&reference_kernels()};
  for (const Kernels* const* t = available_cpu_kernels(); *t != nullptr; ++t) tables.push_back(*t);
  return tables;
}

std::vector<float> mask_of(const Kernels& kernels, const Dropout& dropout, int64_t rows,
                           int64_t columns) {
  const std::vector<float> ones(static_cast<std::size_t>(rows * columns), 1.0f);
  std::vector<float> mask(ones.size());
  kernels.dropout({ones.data(), mask.data(), rows, columns, dropout}, nullptr);
  return mask;
}

// The contract's formula, spelled out for one element after another.
TEST(DropoutTest, MasksAreTheContracts) {
  constexpr int64_t kRows = 5, kColumns = 203;
  for (float probability : {0.1f, 0.5f, 0.9f}) {
    const Dropout dropout{probability, 0x0123456789abcdef, 0xfffffffe, 5};
    for (const Kernels* kernels : all_backends()) {
      const std::vector<float> mask = mask_of(*kernels, dropout, kRows, kColumns);
      for (int64_t i = 0; i < kRows; ++i) {
        for (int64_t j = 0; j < kColumns; ++j) {
          const auto counter = static_cast<uint32_t>(j / 64 * 16 + j % 16);
          const uint32_t word =
              philox(dropout.seed, counter, static_cast<uint32_t>(i), dropout.site, dropout.step)
                  .word[j % 64 / 16];
          const bool kept = word >= std::round(static_cast<double>(probability) * 4294967296.0);
          EXPECT_EQ(mask[static_cast<std::size_t>(i * kColumns + j)],
                    kept ? 1.0f / (1.0f - probability) : 0.0f)
              << kernels->name << " at " << i << ", " << j;
        }
      }
    }
  }
}

TEST(DropoutTest, KeepsTheShareItSays) {
  constexpr int64_t kRows = 300, kColumns = 1000;
  constexpr double kCount = kRows * kColumns;
  for (float probability : {0.0f, 0.1f, 0.5f}) {
    const Dropout dropout{probability, 42, 1, 2};
    int64_t kept = 0;
    for (float x : mask_of(reference_kernels(), dropout, kRows, kColumns)) kept += x != 0;
    const double deviation = std::sqrt(kCount * probability * (1 - probability));
    EXPECT_NEAR(static_cast<double>(kept), kCount * (1 - probability), 4 * deviation);
  }
}

TEST(DropoutTest, SeedSiteStepRowAndColumnGiveDifferentMasks) {
  std::set<std::vector<float>> masks;
  for (const Dropout& dropout : {Dropout{0.5f, 1, 0, 0}, Dropout{0.5f, uint64_t{1} << 32, 0, 0},
                                 Dropout{0.5f, 0, 1, 0}, Dropout{0.5f, 0, 0, 1}}) {
    const std::vector<float> mask = mask_of(reference_kernels(), dropout, 2, 128);
    for (std::size_t first = 0; first < mask.size(); first += 64) {
      const auto begin = mask.begin() + static_cast<std::ptrdiff_t>(first);
      EXPECT_TRUE(masks.emplace(begin, begin + 64).second);
    }
  }
}

}  // namespace
}  // namespace lathe
