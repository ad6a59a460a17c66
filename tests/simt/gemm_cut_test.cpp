// How the product on Hopper is cut: every step is somebody's, once, and its sum is found again.
#include "kernels/cuda/gemm_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace lathe::cuda_emulated {
namespace {

struct Problem {
  int64_t m, n, k;
  int multiprocessors;
};

Work cut(int64_t m, int64_t n, int64_t k, int multiprocessors) {
  GemmArgs args{};
  args.m = m, args.n = n, args.k = k;
  return cut_product(args, multiprocessors);
}

std::vector<Problem> problems() {
  std::vector<Problem> all;
  for (const int multiprocessors : {1, 2, 3, 16, 114, 132}) {
    for (const int64_t tokens : {1, 64, 130, 1600, 16384}) {
      for (const int64_t hidden : {24, 384, 768, 1024}) {
        all.push_back({tokens, 3 * hidden, hidden, multiprocessors});
        all.push_back({tokens, hidden, 4 * hidden, multiprocessors});
        all.push_back({4 * hidden, hidden, tokens, multiprocessors});
        all.push_back({hidden, hidden, tokens, multiprocessors});
      }
    }
  }
  return all;
}

// Which place has each step's products, of a group's steps in a row.
std::vector<int> places_of_steps(const Work& work) {
  std::vector<int> places;
  places.resize(static_cast<std::size_t>(work.groups) * static_cast<std::size_t>(work.steps), -1);
  for (int cluster = 0; cluster < work.clusters; ++cluster) {
    Stretches stretches(work, cluster);
    bool some = false;
    for (Stretch stretch; stretches.next(stretch); some = true) {
      for (int step = stretch.first_step; step < stretch.end_step; ++step) {
        int& place =
            places.at(static_cast<std::size_t>(int64_t{stretch.group} * work.steps + step));
        EXPECT_EQ(place, -1) << "a step done twice";
        place = stretch.place;
      }
    }
    EXPECT_TRUE(some) << "a cluster without work";
  }
  return places;
}

TEST(GemmCutTest, EveryStepIsDoneOnceAndItsPlaceIsFound) {
  for (const auto& [m, n, k, multiprocessors] : problems()) {
    const Work work = cut(m, n, k, multiprocessors);
    const ::testing::ScopedTrace trace(
        __FILE__, __LINE__, concat(m, " x ", n, " over ", k, ", ", multiprocessors, " processors"));
    ASSERT_LE(work.clusters * work.cluster, multiprocessors);
    ASSERT_GE(int64_t{work.groups / work.column_pieces} * work.rows_of_group(), m);
    ASSERT_GE(int64_t{work.column_pieces} * work.columns, n);
    const std::vector<int> places = places_of_steps(work);
    int last = -1;
    for (int group = 0; group < work.groups; ++group) {
      const auto first = places.begin() + int64_t{group} * work.steps;
      ASSERT_EQ(*first, work.first_place(group));
      ASSERT_EQ(first[work.steps - 1], work.end_place(group) - 1);
      ASSERT_TRUE(std::is_sorted(first, first + work.steps));
      ASSERT_GT(*first, last) << "a place of two groups";
      last = first[work.steps - 1];
    }
    ASSERT_LT(last, work.places());
  }
}

// On an H100: gradients of weights are few results over many tokens.
TEST(GemmCutTest, EveryMultiprocessorHasWork) {
  for (const auto& [m, n] : {std::pair{2304, 768}, {3072, 768}, {768, 3072}, {768, 768}}) {
    const Work work = cut(m, n, 16384, 132);
    EXPECT_GT(work.share, 0);
    EXPECT_GE(work.clusters * work.cluster, 130);
  }
  EXPECT_EQ(cut(16384, 768, 768, 132).share, 0);
}

// A batch is as long with a filler as without, rounded up to whole steps.
TEST(GemmCutTest, AFillerChangesNoCut) {
  const auto cut_for = [](int64_t tokens) {
    const Work work = cut(768, 3072, tokens, 132);
    return std::vector<int>{work.columns, work.cluster, work.share, work.steps, work.clusters};
  };
  for (const int64_t tokens : {64, 1600, 16384}) EXPECT_EQ(cut_for(tokens - 63), cut_for(tokens));
}

}  // namespace
}  // namespace lathe::cuda_emulated
