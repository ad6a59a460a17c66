#include "kernels/scratch.h"

#include <sys/mman.h>

#include "base/error.h"

namespace lathe {

Scratch::~Scratch() { release(); }

float* Scratch::floats(int64_t count) {
  const int64_t wanted = count * static_cast<int64_t>(sizeof(float));
  if (wanted <= bytes_) return data_;
  release();
  void* memory = mmap(nullptr, static_cast<std::size_t>(wanted), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    fail("no memory for a kernel's scratch: ", (wanted >> 20) + 1, " MiB are needed");
  // A hint: with large pages a walk over packed operands seldom misses the translation cache.
  // Failing is harmless.
  madvise(memory, static_cast<std::size_t>(wanted), MADV_HUGEPAGE);
  data_ = static_cast<float*>(memory);
  bytes_ = wanted;
  return data_;
}

void Scratch::release() {
  if (data_ != nullptr) munmap(data_, static_cast<std::size_t>(bytes_));
  data_ = nullptr;
  bytes_ = 0;
}

}  // namespace lathe
