// Ranks as processes under mpirun: that they do what threads do, bit for bit, and that none
// outlives another.
#include "train/launched.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "tests/train/program.h"

namespace lathe::testing {
namespace {

// As root, and with more ranks than cores; other launchers than Open MPI's do not read these.
const char* const kAnywhere =
    "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
    "OMPI_MCA_rmaps_base_oversubscribe=1 OMP_NUM_THREADS=1; ";

const char* const kBatches = "--per_device_train_batch_size 4 --logging_steps 1 ";

class Launched : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run("command -v mpirun").status != 0 || !std::filesystem::exists(built("lathe_mpi.so"))) {
      GTEST_SKIP() << "needs mpirun and a build with MPI (libopenmpi-dev, openmpi-bin)";
    }
  }

  static std::string train_command(const std::string& output, const std::string& more) {
    return built("lathe") +
           " train --model_name_or_path model --train_file train.csv --validation_file dev.csv "
           "--learning_rate 1e-3 --adam_epsilon 1e-3 "
           "--device cpu --output_dir " +
           output + " " + more;
  }
  Outcome alone(const std::string& output, const std::string& more) const {
    return run("cd " + work_.file("") + " && " + kAnywhere + train_command(output, more));
  }
  Outcome launched(int ranks, const std::string& output, const std::string& more) const {
    return run("cd " + work_.file("") + " && " + kAnywhere + "mpirun -n " + std::to_string(ranks) +
               " " + train_command(output, more));
  }
  std::string model_of(const std::string& output) const {
    return read_file(work_.file(output + "/model.safetensors"));
  }

  Workplace work_;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

std::vector<double> losses_in(const std::string& state_file, const char* key) {
  std::vector<double> losses;
  const Json state = parse_json(read_file(state_file), state_file);
  for (const Json& entry : state.find("log_history")->as_array()) {
    if (const Json* loss = entry.find(key)) losses.push_back(loss->as_double());
  }
  return losses;
}

// 24 rows in batches of 4 are 6 batches: 4 ranks have uneven parts in the last step of an epoch.
TEST_F(Launched, ProcessesAreThreadsAndBothAreOneRank) {
  for (const int ranks : {2, 3, 4}) {
    const std::string n = std::to_string(ranks);
    const Outcome processes = launched(ranks, "processes" + n, kBatches);
    ASSERT_EQ(processes.status, 0) << processes.err;
    ASSERT_EQ(alone("threads" + n, concat(kBatches, "--num_processes ", n)).status, 0);
    ASSERT_EQ(alone("one" + n, concat(kBatches, "--gradient_accumulation_steps ", n)).status, 0);
    EXPECT_EQ(model_of("processes" + n), model_of("threads" + n)) << ranks;
    EXPECT_EQ(count(processes.out, "device: "), 1u) << processes.out;  // the first alone prints
    for (const char* key : {"loss", "eval_loss", "eval_accuracy"}) {
      const auto losses = [&](const char* output) {
        return losses_in(work_.file(output + n + "/trainer_state.json"), key);
      };
      const auto found = losses("processes"), expected = losses("one");
      EXPECT_EQ(found, losses("threads"));
      ASSERT_EQ(found.size(), expected.size());
      ASSERT_GT(found.size(), 0u) << key;
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i], 1e-6 * expected[i]) << ranks << " ranks, " << key << i;
      }
    }
  }
}

TEST_F(Launched, FewerExamplesThanRanks) {
  write_file(work_.file("train.csv"), "text,label\ngood,yes\nbad,no\nfine,yes\n");
  const char* const three = "--per_device_train_batch_size 1 ";
  const Outcome processes = launched(4, "processes", three);
  ASSERT_EQ(processes.status, 0) << processes.err;
  ASSERT_EQ(alone("threads", concat(three, "--num_processes 4")).status, 0);
  EXPECT_EQ(model_of("processes"), model_of("threads"));
}

// What is wrong for all is told once.
TEST_F(Launched, RanksThatFailTogetherTellOnce) {
  const Outcome outcome = launched(3, "out", "--num_train_epochs nothing");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(count(outcome.err, "lathe: "), 1u) << outcome.err;
  EXPECT_NE(outcome.err.find("lathe: --num_train_epochs nothing"), std::string::npos)
      << outcome.err;
}

TEST_F(Launched, RefusesAnotherNumberOfProcesses) {
  const Outcome outcome = launched(2, "out", "--num_processes 3");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("lathe: --num_processes 3: the launcher started 2 processes; leave "
                             "the option out\n"),
            std::string::npos)
      << outcome.err;
}

// As the mpirun of another MPI does: every process believes that it is alone.
TEST_F(Launched, FindsALauncherThatMpiDoesNotKnow) {
  const Outcome outcome =
      run("cd " + work_.file("") + " && " + kAnywhere + "PMI_SIZE=2 " + train_command("out", ""));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("the launcher started 2 processes, of which MPI finds 1; "),
            std::string::npos)
      << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(work_.file("out")));
}

// Kills a rank when a first checkpoint is there: the others, and mpirun, end within seconds. The
// run goes on from the checkpoint as if nothing had happened.
class KilledRank : public Launched, public ::testing::WithParamInterface<int> {};

TEST_P(KilledRank, EndsTheOthersAndTheRunGoesOn) {
  const std::string rank = std::to_string(GetParam());
  const char* const steps =
      "--per_device_train_batch_size 4 --lr_scheduler_type constant --save_steps 10 --max_steps ";
  // Sees to its own end: whatever happens, nothing of it runs for long.
  const Outcome outcome =
      run("cd " + work_.file("") + "; " + kAnywhere + "timeout 30 mpirun -n 3 " +
          train_command("out", concat(steps, "1000000")) +
          " & launcher=$!\n"
          "for i in $(seq 200); do [ -e out/checkpoint-10 ] && break; sleep 0.1; done\n"
          "for process in /proc/[0-9]*; do\n"
          "  [ \"$(readlink $process/cwd)\" = \"$(pwd -P)\" ] || continue\n"
          "  tr '\\0' '\\n' < $process/environ | grep -qx OMPI_COMM_WORLD_RANK=" +
          rank +
          " && kill -9 ${process#/proc/} && echo killed\n"
          "done\n"
          "start=$(date +%s)\nwait $launcher; status=$?\n"
          "echo seconds $(($(date +%s) - start))\nexit $status");
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.status, 124) << "mpirun went on";
  EXPECT_NE(outcome.out.find("killed\n"), std::string::npos) << outcome.err;
  const auto seconds = outcome.out.find("seconds ");
  ASSERT_NE(seconds, std::string::npos);
  EXPECT_LE(std::atoi(outcome.out.c_str() + seconds + 8), 5);
  // The first rank tells, or when it is the one that is gone, mpirun does.
  EXPECT_EQ(count(outcome.err, "lathe: "), GetParam() == 0 ? 0u : 1u) << outcome.err;
  if (GetParam() != 0) {
    EXPECT_NE(outcome.err.find("interrupted, or another rank was killed"), std::string::npos);
  }
  ASSERT_EQ(launched(3, "whole", concat(steps, "20")).status, 0);
  const Outcome resumed =
      launched(3, "out", concat(steps, "20 --resume_from_checkpoint out/checkpoint-10"));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(model_of("out"), model_of("whole"));
}

INSTANTIATE_TEST_SUITE_P(Rank, KilledRank, ::testing::Values(0, 2));

// What srun sets without --mpi=pmix.
TEST(LaunchedProgram, AsksSrunForAWayToMeet) {
  const Workplace work;
  const Outcome outcome =
      run(concat("cd ", work.file(""), " && SLURM_STEP_NUM_TASKS=2 ", built("lathe"),
                 " train --model_name_or_path model --train_file train.csv --output_dir out"));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err,
            "lathe: srun started 2 processes and did not tell them how to meet; start them with "
            "srun --mpi=pmix\n");
  EXPECT_FALSE(std::filesystem::exists(work.file("out")));
  const Outcome other = run(concat("SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=1 ", built("lathe"),
                                   " train --model_name_or_path model --train_file train.csv"));
  EXPECT_EQ(other.status, 1);
  EXPECT_EQ(other.err, "");  // one line, whatever the number of processes
}

// Only training is shared. What the launcher sets is enough to tell; MPI is not needed.
TEST(LaunchedProgram, OtherCommandsAreTheWorkOfOneProcess) {
  const Workplace work;
  for (const char* command : {"evaluate", "predict", "tokenize", "dataset", "inspect"}) {
    const Outcome outcome = run(concat("cd ", work.file(""), " && OMPI_COMM_WORLD_SIZE=2 ",
                                       built("lathe"), " ", command, " model"));
    EXPECT_EQ(outcome.status, 1) << command;
    EXPECT_EQ(outcome.err, concat("lathe: a launcher started 2 processes of lathe ", command,
                                  ", which is the work of one: run it without mpirun or srun\n"));
  }
  EXPECT_EQ(run(concat("cd ", work.file(""), " && OMPI_COMM_WORLD_SIZE=1 ", built("lathe"),
                       " inspect --model_name_or_path model"))
                .status,
            0);
}

}  // namespace
}  // namespace lathe::testing
