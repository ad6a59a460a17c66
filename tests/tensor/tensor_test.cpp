#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include "tensor/arena.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;

TEST(Shape, CountsAndPrints) {
  EXPECT_EQ((Shape{2, 3, 4}).count(), 24);
  EXPECT_EQ(Shape().count(), 1);
  EXPECT_EQ((Shape{0, 7}).count(), 0);
  EXPECT_EQ(to_string(Shape{850, 384}), "[850, 384]");
  error_of([] { Shape{1, 2, 3, 4, 5}; });
  error_of([] { Shape{-1}; });
}

TEST(Tensor, SlicesShareMemory) {
  float data[12];
  for (int i = 0; i < 12; ++i) data[i] = static_cast<float>(i);
  const Tensor matrix(data, DType::kF32, {3, 4});
  const Tensor middle = matrix.columns_slice(1, 2);
  EXPECT_EQ(middle.row_stride(), 4);
  EXPECT_EQ(middle.f32()[middle.row_stride()], 5.0f);
  EXPECT_FALSE(middle.contiguous());
  const Tensor last = middle.rows_slice(2, 1);
  EXPECT_EQ(last.f32()[0], 9.0f);
  EXPECT_EQ(last.shape(), (Shape{1, 2}));
  EXPECT_TRUE(last.contiguous());
  error_of([&] { (void)matrix.columns_slice(3, 2); });
  error_of([&] { (void)matrix.rows_slice(0, 4); });
}

TEST(Tensor, RefusesAnotherDType) {
  int32_t data[1] = {0};
  EXPECT_EQ(error_of([&] { (void)Tensor(data, DType::kI32, {1}).f32(); }),
            "a tensor of I32 used as F32");
}

TEST(Arena, ReleasesInReverseOrderAndRemembersItsPeak) {
  Arena arena(1 << 12);
  const Tensor kept = arena.f32({3});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(kept.data()) % 64, 0u);
  const int64_t used = arena.used();
  {
    const Arena::Scope scope(arena);
    arena.f32({100});
  }
  EXPECT_EQ(arena.used(), used);
  EXPECT_EQ(arena.peak(), used + 448);
  const std::string message = error_of([&] { arena.f32({100000}); });
  EXPECT_EQ(message, "the arena of 4096 bytes holds 64 and cannot give 400000 more");
}

TEST(Arena, MeasuresWithoutMemory) {
  Arena measure;
  measure.f32({int64_t{1} << 40});
  EXPECT_TRUE(measure.measuring());
  EXPECT_EQ(measure.peak(), int64_t{1} << 42);
}

TEST(Buffer, SaysWhatItCouldNotGet) {
  const std::string message = error_of([] { Buffer(int64_t{1} << 60, "activations"); });
  EXPECT_EQ(message, "no memory for activations: 1099511627777 MiB are needed");
}

}  // namespace
}  // namespace lathe
