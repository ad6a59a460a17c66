#include "train/cli/short_spins.h"

#include <unistd.h>

#include <cstdlib>

namespace lathe {

void shorten_spins(char** argv) {
  constexpr const char* kSpins = "20000";
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  setenv("GOMP_SPINCOUNT", kSpins, 1);
  execv("/proc/self/exe", argv);
  // Not started anew (no /proc, say): slower on a busy machine, otherwise the same.
}

}  // namespace lathe
