// The loop over the heads of an attention on matrix registers.
#pragma once

#include "kernels/cpu/amx/dropout_words.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/scratch.h"

namespace lathe::cpu::LATHE_ISA {

// Gives out the memory of a thread, piece by piece; of none, to learn how much it takes, nulls.
class Places {
 public:
  explicit Places(char* memory) : memory_(memory) {}
  template <class T>
  T* take(int64_t bytes) {
    char* const place = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += round_up(bytes, 64);
    return reinterpret_cast<T*>(place);
  }
  int64_t used() const { return used_; }

 private:
  char* memory_;
  int64_t used_ = 0;
};

// Every head of every sequence, each by any thread, with memory and registers of its own.
template <class Memory, class Args, class OneHead>
static inline void for_each_head(const Args& args, OneHead one_head) {
  const AttentionPlan<Args> plan(args);
#pragma omp parallel num_threads(plan.threads())
  {
    static thread_local Scratch scratch;
    const int64_t bytes = Memory(plan, nullptr).bytes;
    const Memory memory(plan, reinterpret_cast<char*>(scratch.floats(bytes / 4)));
    DropoutWords kept(args.dropout, plan.keys, memory.kept);
    const TileRegisters registers;
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < plan.units(); ++unit) one_head(args, memory, kept, unit);
  }
}

}  // namespace lathe::cpu::LATHE_ISA
