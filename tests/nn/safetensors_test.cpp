#include "nn/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/random.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::TemporaryDirectory;

std::string file_with(uint64_t length, const std::string& rest) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + rest;
}

std::string file_of(const std::string& header, std::size_t data_bytes) {
  return file_with(header.size(), header + std::string(data_bytes, '\0'));
}

TEST(Safetensors, ReadsBackWhatItWrites) {
  const TemporaryDirectory directory;
  float matrix[6] = {1, 2, 3, 4, 5, 6.5f};
  float scalar[1] = {-1e-30f};
  write_safetensors(directory.file("a"), {{"m", Tensor(matrix, DType::kF32, {2, 3})},
                                          {"a.scalar", Tensor(scalar, DType::kF32, Shape())},
                                          {"empty", Tensor(scalar, DType::kF32, {0})}});
  const SafetensorsFile file(directory.file("a"));
  ASSERT_EQ(file.entries().size(), 3u);
  const auto* m = file.find("m");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(m->shape, (std::vector<int64_t>{2, 3}));
  float read[6];
  read_as_f32(*m, read);
  EXPECT_TRUE(std::equal(std::begin(read), std::end(read), std::begin(matrix)));
  read_as_f32(*file.find("a.scalar"), read);
  EXPECT_EQ(read[0], -1e-30f);
  EXPECT_EQ(file.find("none"), nullptr);
}

TEST(Safetensors, WidensHalfPrecisionExactly) {
  const TemporaryDirectory directory;
  // 1, -2, 65504, the smallest subnormal, infinity in F16; 1, -3.140625, NaN in BF16; 0.1 in F64.
  const std::string header = R"({"h":{"dtype":"F16","shape":[5],"data_offsets":[0,10]},)"
                             R"("b":{"dtype":"BF16","shape":[3],"data_offsets":[10,16]},)"
                             R"("d":{"dtype":"F64","shape":[1],"data_offsets":[16,24]}})";
  const uint16_t halves[8] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x3f80, 0xc049, 0x7fc0};
  const double tenth = 0.1;
  std::string bytes = file_with(header.size(), header);
  bytes.append(reinterpret_cast<const char*>(halves), sizeof halves);
  bytes.append(reinterpret_cast<const char*>(&tenth), sizeof tenth);
  write_file(directory.file("a"), bytes);
  const SafetensorsFile file(directory.file("a"));
  float read[5];
  read_as_f32(*file.find("h"), read);
  EXPECT_EQ(read[0], 1.0f);
  EXPECT_EQ(read[1], -2.0f);
  EXPECT_EQ(read[2], 65504.0f);
  EXPECT_EQ(read[3], 0x1p-24f);
  EXPECT_TRUE(std::isinf(read[4]));
  read_as_f32(*file.find("b"), read);
  EXPECT_EQ(read[0], 1.0f);
  EXPECT_EQ(read[1], -3.140625f);
  EXPECT_TRUE(std::isnan(read[2]));
  read_as_f32(*file.find("d"), read);
  EXPECT_EQ(read[0], 0.1f);
}

class BadSafetensors : public ::testing::TestWithParam<std::pair<std::string, const char*>> {};

TEST_P(BadSafetensors, IsRefused) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("model.safetensors");
  write_file(path, GetParam().first);
  const std::string message = error_of([&] { SafetensorsFile{path}; });
  EXPECT_TRUE(message.starts_with(path + ": ")) << message;
  EXPECT_NE(message.find(GetParam().second), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadSafetensors,
    ::testing::Values(
        std::pair{std::string(), "0 bytes are too few"},
        std::pair{file_with(uint64_t{1} << 60, "{}"),
                  "1152921504606846976 bytes long, in a file of 10"},
        std::pair{file_with(3, "{}"), "a truncated one"},
        std::pair{file_with(2, "[]"), "the header is an array"},
        std::pair{file_with(2, "{x"), "not valid JSON"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4),
                  "outside the file's 4 bytes"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8),
                  "outside"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", 8),
                  "outside"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8),
                  "does not fill"},
        std::pair{file_of(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}})", 8),
                  "does not fill"},
        std::pair{file_of(R"({"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}})", 8),
                  "Q4 is unknown"},
        std::pair{
            file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
                    0),
            "does not fill"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                          R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                          12),
                  "overlap"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8), "hole"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8),
                  "no tensor"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[1]}})", 0), "data_offsets is missing"},
        std::pair{file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4),
                  "two numbers"},
        std::pair{file_of(R"({"a":7})", 0), "missing"}));

// Random damage: refused with one line or read within its bounds (ASan watches), never a crash.
TEST(Safetensors, SurvivesRandomDamage) {
  const TemporaryDirectory directory;
  const std::string good = file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                   R"("b":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]}})",
                                   12);
  Random random(9);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good.substr(0, random.next() % 4 ? good.size() : random.below(good.size()));
    for (uint64_t i = 0; i < 1 + random.below(3) && !bytes.empty(); ++i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    }
    write_file(directory.file("a"), bytes);
    try {
      const SafetensorsFile file(directory.file("a"));
      for (const auto& entry : file.entries()) {
        std::vector<float> numbers(static_cast<std::size_t>(entry.count()));
        read_as_f32(entry, numbers.data());
      }
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace lathe
