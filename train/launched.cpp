#include "train/launched.h"

#include <dlfcn.h>
#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/error.h"
#include "train/mpi/library.h"

namespace lathe {

namespace {

using Clock = std::chrono::steady_clock;

// Beside the program, as make leaves it; beside the folder of a test; where make install puts it.
const MpiLibrary& load_library() {
  const std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"lathe_mpi.so", "../lathe_mpi.so", "../lib/lathe/lathe_mpi.so"}) {
    const std::filesystem::path path = folder / place;
    if (!std::filesystem::exists(path)) continue;
    // Global, because MPI loads parts of its own that look for its symbols.
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) fail("MPI cannot be used: ", dlerror());
    const auto get =
        reinterpret_cast<decltype(&lathe_mpi_library)>(dlsym(library, kMpiLibrarySymbol));
    if (get == nullptr) fail(path.string(), ": not the library that this program was built with");
    return *get();
  }
  fail("a launcher started ", launched_processes(),
       " processes, and this program was built without MPI; build it where mpicxx is, or use "
       "--num_processes on one host");
}

void check(const char* problem) {
  if (problem != nullptr) fail("MPI: ", problem);
}

// The values of a rank, of which each of `ranks` adds up a part.
std::size_t part_begin(std::size_t count, int ranks, int rank) {
  return count * static_cast<std::size_t>(rank) / static_cast<std::size_t>(ranks);
}

class MpiRank final : public Communicator {
 public:
  MpiRank(const MpiLibrary& library, const MpiPlace& place, std::function<bool()> interrupted)
      : mpi_(library), place_(place), interrupted_(std::move(interrupted)) {}

  int rank() const override { return place_.rank; }
  int size() const override { return place_.size; }
  int local_rank() const override { return place_.local_rank; }

  void barrier() override {
    check(mpi_.barrier());
    wait();
  }
  void all_reduce(std::span<float> values) override {
    combine(values, [](float a, float b) { return a + b; });
  }
  void all_reduce(std::span<double> values) override {
    combine(values, [](double a, double b) { return a + b; });
  }
  void all_reduce_max(std::span<uint8_t> values) override {
    combine(values, [](uint8_t a, uint8_t b) { return std::max(a, b); });
  }

  void broadcast(std::span<std::byte> bytes, int root) override {
    while (!bytes.empty()) {
      const std::span<std::byte> piece = bytes.first(std::min(bytes.size(), kPiece));
      check(mpi_.broadcast(piece.data(), static_cast<int>(piece.size()), root));
      wait();
      bytes = bytes.subspan(piece.size());
    }
  }

  void all_gather(uint64_t mine, std::span<uint64_t> all) override {
    all[static_cast<std::size_t>(rank())] = mine;
    const Parts parts(size(), sizeof mine, [](int r) { return static_cast<std::size_t>(r); });
    check(mpi_.gather(all.data(), parts.view()));
    wait();
  }

  // This rank gives up. True when a lower one does too, for the same reason most likely.
  bool give_up() {
    constexpr auto kOthersFail = std::chrono::milliseconds(500);
    mpi_.tell_lost();
    for (const auto start = Clock::now(); Clock::now() - start < kOthersFail;) {
      if (rank() == 0) return false;
      MpiState state{};
      int lost = -1;
      if (mpi_.poll(&state, &lost) != nullptr) return false;
      if (lost >= 0 && lost < rank()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{32} << 20;  // bytes; MPI counts in int

  // Parts that lie one after another; part r begins at element begin(r).
  class Parts {
   public:
    template <class Begin>
    Parts(int ranks, std::size_t element, const Begin& begin) {
      for (int r = 0; r < ranks; ++r) {
        offsets_.push_back(static_cast<int>(begin(r) * element));
        bytes_.push_back(static_cast<int>((begin(r + 1) - begin(r)) * element));
      }
    }
    MpiParts view() const { return {bytes_.data(), offsets_.data()}; }

   private:
    std::vector<int> bytes_, offsets_;
  };

  // Every rank gets a part of all ranks' values, combines them in the order of the ranks, and gives
  // the result to all: each value crosses the network twice, whatever the number of ranks.
  template <class T, class Combine>
  void combine(std::span<T> values, const Combine& combine) {
    while (!values.empty()) {
      const std::size_t count = std::min(values.size(), kPiece / sizeof(T));
      combine_piece(values.first(count), combine);
      values = values.subspan(count);
    }
  }

  template <class T, class Combine>
  void combine_piece(std::span<T> values, const Combine& combine) {
    const auto begin = [&](int r) { return part_begin(values.size(), size(), r); };
    const std::size_t first = begin(rank()), mine = begin(rank() + 1) - first;
    const Parts parts(size(), sizeof(T), begin);
    const Parts copies(size(), sizeof(T),
                       [&](int r) { return mine * static_cast<std::size_t>(r); });
    received_.resize(mine * sizeof(T) * static_cast<std::size_t>(size()));
    check(mpi_.exchange(values.data(), parts.view(), received_.data(), copies.view()));
    wait();
    const T* from = reinterpret_cast<const T*>(received_.data());
    std::copy_n(from, mine, values.data() + first);
    for (int r = 1; r < size(); ++r) {
      from += mine;
      for (std::size_t i = 0; i < mine; ++i)
        values[first + i] = combine(values[first + i], from[i]);
    }
    check(mpi_.gather(values.data(), parts.view()));
    wait();
  }

  // MPI's own waiting would keep a core busy that the kernels need, and could not be interrupted.
  void wait() const {
    constexpr int kSpins = 1000;
    for (int polls = 0;; ++polls) {
      MpiState state{};
      int lost = -1;
      check(mpi_.poll(&state, &lost));
      if (state == MpiState::kDone) return;
      if (state == MpiState::kRankLost) throw RankLost(concat("rank ", lost, " failed"));
      if (interrupted_()) end_interrupted();
      if (polls < kSpins) {
        sched_yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    }
  }

  [[noreturn]] void end_interrupted() const {
    if (rank() != 0) throw RankLost("the launcher ends the run");
    fail(
        "interrupted, or another rank was killed; --resume_from_checkpoint continues from the last "
        "checkpoint, where one was saved");
  }

  const MpiLibrary& mpi_;
  MpiPlace place_;
  std::function<bool()> interrupted_;
  std::vector<std::byte> received_;
};

// Launchers bind each rank to cores of its own, or leave all cores to all of them.
void share_threads(const MpiPlace& place) {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  const auto cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  omp_set_num_threads(std::clamp(cores / place.local_size, 1, omp_get_max_threads()));
}

// srun always tells its processes how many they are, but how they meet only with --mpi. An MPI that
// learns nothing counts one process, or ends it with a page of text.
void require_meeting_place() {
  if (std::getenv("SLURM_STEP_NUM_TASKS") == nullptr) return;
  for (const char* name : {"PMIX_RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK"}) {
    if (std::getenv(name) != nullptr) return;
  }
  const char* rank = std::getenv("SLURM_PROCID");
  if (rank != nullptr && std::atoi(rank) != 0) throw RankLost("the first process tells");
  fail("srun started ", launched_processes(),
       " processes and did not tell them how to meet; start them with srun --mpi=pmix");
}

// What this process does at its exit when it was not all right: the other processes end too.
const MpiLibrary* unfinished = nullptr;

void abort_unfinished() {
  if (unfinished != nullptr) unfinished->abort(1);
}

}  // namespace

int launched_processes() {
  // Open MPI; MPICH, Intel MPI and srun --mpi=pmi2; srun.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && std::atoi(value) > 0) return std::atoi(value);
  }
  return 1;
}

void run_launched(const std::function<void(Communicator&)>& work,
                  const std::function<bool()>& interrupted) {
  require_meeting_place();
  const MpiLibrary& mpi = load_library();
  MpiPlace place{};
  check(mpi.start(&place));
  if (place.size != launched_processes()) {
    fail("the launcher started ", launched_processes(), " processes, of which MPI finds ",
         place.size, "; start them with the mpirun of the MPI that lathe_mpi.so was built with");
  }
  share_threads(place);
  MpiRank rank(mpi, place, interrupted);
  try {
    work(rank);
    rank.barrier();  // a rank that fails now is still heard
  } catch (const RankLost&) {
    // A launcher ends the others as soon as one exits, and one of them has something to tell.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    throw;
  } catch (const std::exception&) {
    if (rank.give_up()) throw RankLost("a lower rank tells what is wrong");
    unfinished = &mpi;
    std::atexit(abort_unfinished);
    throw;
  }
  check(mpi.finish());
}

}  // namespace lathe
