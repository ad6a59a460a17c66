// What the scheduler (simt.cpp) offers to the other parts of the emulator about the cluster of
// blocks that runs. Everything is called by the running thread.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <string>

namespace simt {

constexpr unsigned kMaxThreads = 1024;

unsigned running_thread();   // its number in the cluster
unsigned running_cluster();  // another in every cluster that has run
unsigned blocks_of_cluster();
bool has_ended(unsigned block);  // all threads of that block of the cluster

// A block's shared memory whose size the launch gave; in all of it.
struct SharedMemory {
  char* begin;
  std::size_t bytes;
};
SharedMemory shared_memory(unsigned block);

// Notes that a copy which no thread made has brought what lies there now, for all to read.
void note_copied(const void* address, std::size_t bytes);

// Ends the launch: "thread (…) of block (…)", and what it did.
[[noreturn]] void violate(std::string what);

// Until `ready(where)`, which is asked whenever the other threads have had their turn. `what` it
// waits at, for when nothing can go on.
void wait_until(bool (*ready)(const void* where), const void* where, const char* what);

// All lanes of the warp meet here, bringing an address; the last to come does `work` for all.
void meet_in_warp(const void* mine, void (*work)(const uint64_t (&brought)[kWarp]));

}  // namespace simt
