#include "train/mpi/library.h"

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>

namespace lathe {

namespace {

constexpr int kLostTag = 1;

MPI_Request pending = MPI_REQUEST_NULL;
int world_size = 0, lowest_lost = -1;

const char* text_of(int error) {
  if (error == MPI_SUCCESS) return nullptr;
  static char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(error, text, &length);
  return text;
}

const char* find_place(MpiPlace* place) {
  MPI_Comm_rank(MPI_COMM_WORLD, &place->rank);
  MPI_Comm_size(MPI_COMM_WORLD, &place->size);
  world_size = place->size;
  MPI_Comm machine = MPI_COMM_NULL;
  const int error = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, place->rank,
                                        MPI_INFO_NULL, &machine);
  if (error != MPI_SUCCESS) return text_of(error);
  MPI_Comm_rank(machine, &place->local_rank);
  MPI_Comm_size(machine, &place->local_size);
  return text_of(MPI_Comm_free(&machine));
}

const char* start(MpiPlace* place) {
  int threads = 0;
  const int error = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &threads);
  if (error != MPI_SUCCESS) return text_of(error);
  if (threads < MPI_THREAD_SERIALIZED) return "this MPI cannot be called from a second thread";
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return find_place(place);
}

const char* finish() { return text_of(MPI_Finalize()); }

const char* barrier() { return text_of(MPI_Ibarrier(MPI_COMM_WORLD, &pending)); }

const char* broadcast(void* bytes, int count, int root) {
  return text_of(MPI_Ibcast(bytes, count, MPI_BYTE, root, MPI_COMM_WORLD, &pending));
}

const char* exchange(const void* from, const MpiParts& sent, void* to, const MpiParts& received) {
  return text_of(MPI_Ialltoallv(from, sent.bytes, sent.offsets, MPI_BYTE, to, received.bytes,
                                received.offsets, MPI_BYTE, MPI_COMM_WORLD, &pending));
}

const char* gather(void* bytes, const MpiParts& parts) {
  return text_of(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, bytes, parts.bytes,
                                 parts.offsets, MPI_BYTE, MPI_COMM_WORLD, &pending));
}

// Messages of ranks that gave up. They carry nothing: who sent one is all there is to know.
const char* hear_of_lost() {
  for (;;) {
    int arrived = 0;
    MPI_Status status{};
    int error = MPI_Iprobe(MPI_ANY_SOURCE, kLostTag, MPI_COMM_WORLD, &arrived, &status);
    if (error != MPI_SUCCESS || arrived == 0) return text_of(error);
    error = MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, kLostTag, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
    if (error != MPI_SUCCESS) return text_of(error);
    lowest_lost = lowest_lost < 0 ? status.MPI_SOURCE : std::min(lowest_lost, status.MPI_SOURCE);
  }
}

const char* poll(MpiState* state, int* lost) {
  int done = 0;
  const int error = MPI_Test(&pending, &done, MPI_STATUS_IGNORE);
  if (error != MPI_SUCCESS) return text_of(error);
  const char* problem = hear_of_lost();
  *lost = lowest_lost;
  *state = done != 0          ? MpiState::kDone
           : lowest_lost >= 0 ? MpiState::kRankLost
                              : MpiState::kPending;
  return problem;
}

const char* tell_lost() {
  int self = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &self);
  // Nobody waits for the messages: this process is at its end.
  // NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
  for (int rank = 0; rank < world_size; ++rank) {
    if (rank == self) continue;
    MPI_Request sent = MPI_REQUEST_NULL;
    const int error = MPI_Isend(nullptr, 0, MPI_BYTE, rank, kLostTag, MPI_COMM_WORLD, &sent);
    if (error == MPI_SUCCESS) MPI_Request_free(&sent);
  }
  // NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)
  return nullptr;
}

void abort_all(int status) { MPI_Abort(MPI_COMM_WORLD, status); }

}  // namespace

extern "C" const MpiLibrary* lathe_mpi_library() {
  static const MpiLibrary library{start,  finish, barrier,   broadcast, exchange,
                                  gather, poll,   tell_lost, abort_all};
  return &library;
}

}  // namespace lathe
