// make ladder: the matrix product and attention in steps, each checked, then timed (docs/cpu.md).
#include <cstdio>
#include <exception>

#include "base/error.h"
#include "bench/ladder/ladder.h"

namespace lathe::bench {
namespace {

void climb(const Ladder& ladder) {
  const std::string wrong = first_wrong_rung(ladder);
  if (!wrong.empty()) fail(wrong);
  print_speeds(ladder);
}

// The first product of the feed-forward block of MiniLM-L6 with 16 pairs of sentences, 850 tokens;
// the attention of BERT-base with two sequences of 512 tokens, the longest there are.
void climb_all() {
  const Kernels& backend = ladder_backend();
  climb(gemm_ladder(backend, 850, 1536, 384));
  climb(attention_ladder(backend, std::vector<int32_t>(2, 512), 12, 64));
}

}  // namespace
}  // namespace lathe::bench

int main() {
  try {
    lathe::bench::climb_all();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ladder: %s\n", error.what());
    return 1;
  }
  return 0;
}
