// Ranks that a launcher started, on one host or several: mpirun, mpiexec, srun. They talk by MPI.
#pragma once

#include <functional>

#include "train/communicator.h"

namespace lathe {

// How many processes the launcher says it started; 1 where none did.
int launched_processes();

// Runs `work` as this process's rank, with a communicator of all processes, and waits for the other
// ranks to end theirs. Error where MPI cannot be used. The OpenMP threads of a machine are shared
// out among its ranks, unless OMP_NUM_THREADS says how many each has.
//
// When work throws, the other ranks' next call throws RankLost, and all processes end when this one
// does. Of ranks that fail together, because what they were given is wrong, the lowest throws its
// error and the others RankLost. `interrupted` is asked while a rank waits: when it says so, which
// is how a launcher ends the rest of a run whose rank was killed, rank 0 throws an Error and the
// others RankLost.
void run_launched(const std::function<void(Communicator&)>& work,
                  const std::function<bool()>& interrupted);

}  // namespace lathe
