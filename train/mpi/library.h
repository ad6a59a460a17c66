// What the program asks of MPI, as plain functions over bytes.
//
// The one source that knows MPI, train/mpi/library.cpp, becomes a library of its own, lathe_mpi.so,
// which is loaded when a launcher started the program (train/launched.h). So the program starts
// where no MPI is installed, and does not care which MPI that library was built with.
#pragma once

#include <cstdint>

namespace lathe {

struct MpiPlace {
  int rank, size;
  int local_rank, local_size;  // among the processes on the same machine
};

// How many bytes go to, or come from, each rank, and where they lie: [size] each.
struct MpiParts {
  const int *bytes, *offsets;
};

enum class MpiState { kPending, kDone, kRankLost };

// Every function gives null, or an error's text. One exchange at a time, from one thread at a time;
// all ranks begin the same ones in the same order.
struct MpiLibrary {
  const char* (*start)(MpiPlace* place);
  const char* (*finish)();

  // These begin an exchange and return; poll() goes on with it and tells how far it is.
  const char* (*barrier)();
  const char* (*broadcast)(void* bytes, int count, int root);
  // Of each rank one part to every rank.
  const char* (*exchange)(const void* from, const MpiParts& sent, void* to,
                          const MpiParts& received);
  // Every rank's part of `bytes` to all, in place.
  const char* (*gather)(void* bytes, const MpiParts& parts);
  // *lost: the lowest rank known to have called tell_lost(), or -1. kRankLost: there is one, and
  // the exchange is not done.
  const char* (*poll)(MpiState* state, int* lost);

  // Tells the other ranks that this one gives up.
  const char* (*tell_lost)();
  // Ends all processes, this one with that exit status.
  void (*abort)(int status);
};

// The library's one symbol.
extern "C" const MpiLibrary* lathe_mpi_library();
constexpr const char* kMpiLibrarySymbol = "lathe_mpi_library";

}  // namespace lathe
