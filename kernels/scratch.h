// Working memory of a kernel: taken from the system once, kept, and grown when a larger problem
// comes.
#pragma once

#include <cstdint>

namespace lathe {

// Not for sharing between threads: a kernel keeps one as a thread_local variable.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // At least `count` floats, aligned to a page, with any content; what an earlier call gave is no
  // longer valid. Error when the system has no such memory.
  float* floats(int64_t count);

 private:
  void release();

  float* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace lathe
