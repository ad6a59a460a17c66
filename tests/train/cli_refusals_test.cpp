// The program as a process, given what it must refuse: one line, status 1, nothing half-written.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "kernels/device.h"
#include "tests/train/program.h"

namespace lathe {
namespace {

using testing::Outcome;
using testing::Program;

// What goes wrong on the command line.
TEST_F(Program, RefusesOptionsInOneLine) {
  expect_error(work_.lathe("trian"), "trian: no such command; did you mean train?");
  expect_error(work_.train("out", "--learning-rte 1"),
               "--learning_rte: `lathe train` has no such option; did you mean --learning_rate?");
  expect_error(work_.train("out", "--fp16"),
               "--fp16: 16-bit products are made in bfloat16: --bf16");
  expect_error(work_.train("out", "--gemm best"), "--gemm best: must be cublaslt or lathe");
  expect_error(work_.train("out", "--cuda_graphs=maybe"),
               "--cuda_graphs maybe: must be true or false");
  expect_error(work_.train("out", "--device cpu --cuda_graphs true"),
               concat("--cuda_graphs true: is about a GPU's steps; this run computes on ",
                      host_device().description()));
  expect_error(work_.train("out", "--num_processes 0"),
               "--num_processes 0: must be from 1 to 1024");
  if (why_no_cuda() != nullptr) {
    expect_error(work_.train("out", "--device cuda"),
                 concat("--device cuda: ", why_no_cuda(), "; use --device cpu or auto"));
  }
  expect_error(work_.train("out", "--device gpu"), "--device gpu: must be auto, cpu or cuda");
  expect_error(work_.train("out", "--seed x"), "--seed x: must be a whole number");
  expect_error(work_.train("out", "--max_steps 0"),
               "--max_steps 0: must be at least 1, or -1 for whole epochs");
  expect_error(
      work_.train("out", "--task_name mprc"),
      "--task_name mprc: must be one of cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli");
  expect_error(work_.train("out", "--max_seq_length 25"),
               "--max_seq_length 25: the model has 24 positions (max_position_embeddings)");
  expect_error(work_.train("out", "--warmup_ratio 0.1 --warmup_steps 3"),
               "--warmup_ratio: --warmup_steps is given too; one of them is enough");
  expect_error(work_.lathe("train --output_dir out"),
               "--model_name_or_path is required; see lathe train --help");
  EXPECT_FALSE(std::filesystem::exists(work_.file("out")));
}

// What is wrong with the files.
TEST_F(Program, RefusesFilesInOneLine) {
  const auto one_line = [](const Outcome& outcome, const char* part) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  };
  const std::string begin = "train --model_name_or_path model --output_dir out --train_file ";
  expect_error(work_.lathe(begin + "nowhere.csv"),
               "nowhere.csv: cannot be read: No such file or directory");
  one_line(work_.lathe(begin + "train.csv --label_column_name lable"), "\"label\"");
  one_line(work_.lathe(begin + "train.csv --text_column_names txt"), "\"text\"");
  write_file(work_.file("empty.csv"), "");
  one_line(work_.lathe(begin + "empty.csv"), "empty.csv");
  write_file(work_.file("ragged.csv"), "text,label\na,no\nb\n");
  one_line(work_.lathe(begin + "ragged.csv"), "ragged.csv:3");
  write_file(work_.file("other.csv"), "text,label\ngood,yes\nbad,maybe\n");
  one_line(work_.lathe(begin + "train.csv --validation_file other.csv"), "other.csv");
  one_line(work_.lathe(begin + "train.csv --validation_file other.csv"), "maybe");
  write_file(work_.file("bare.csv"), "text\ngood\n");
  one_line(work_.lathe(begin + "train.csv --validation_file bare.csv"), "label");
  EXPECT_FALSE(std::filesystem::exists(work_.file("out")));
}

TEST_F(Program, RefusesDamagedCheckpointsInOneLine) {
  expect_error(
      work_.lathe("inspect --model_name_or_path bert-base"),
      "--model_name_or_path bert-base: no such directory; Lathe reads checkpoints from disk "
      "(config.json, model.safetensors, vocab.txt)");
  const std::string weights = bytes("model/model.safetensors");
  write_file(work_.file("model/model.safetensors"), weights.substr(0, weights.size() - 5));
  const Outcome truncated = work_.train("out");
  EXPECT_EQ(truncated.status, 1);
  EXPECT_EQ(truncated.err.rfind("lathe: model/model.safetensors", 0), 0u) << truncated.err;
  EXPECT_EQ(truncated.err.find('\n'), truncated.err.size() - 1);
  write_file(work_.file("model/vocab.txt"), bytes("model/vocab.txt") + std::string(100, '\n'));
  EXPECT_EQ(work_.train("out").status, 1);
  EXPECT_FALSE(file_exists(work_.file("out/model.safetensors")));
}

TEST_F(Program, RefusesAnOutputDirectoryThatCannotBeWritten) {
  write_file(work_.file("out"), "a file");
  const Outcome outcome = work_.train("out");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "lathe: out: cannot be created: a file of that name exists\n");
  EXPECT_EQ(bytes("out"), "a file");
}

TEST_F(Program, RefusesToPredictWithAnUntrainedHead) {
  write_file(work_.file("model/config.json"), R"({"model_type": "bert"})");
  EXPECT_EQ(
      work_.lathe("predict --model_name_or_path model --test_file dev.csv --output_file p").status,
      1);
  EXPECT_FALSE(file_exists(work_.file("p")));
}

}  // namespace
}  // namespace lathe
