// The memory of activations: one block, given out from its start, taken back in reverse order.
//
// What forward saves for backward stays until the step ends; what is needed only inside a function
// lives in a Scope. The block's size follows from the shapes of the largest batch: run the step
// once over dry_kernels() with a measuring arena, and `peak()` is the size.
#pragma once

#include <cstdint>

#include "tensor/buffer.h"
#include "tensor/tensor.h"

namespace lathe {

class Arena {
 public:
  // A measuring arena: gives out addresses that must not be dereferenced, and counts.
  Arena() = default;
  // An arena of that many bytes of the device's memory. Error when there is no such memory.
  explicit Arena(int64_t bytes, Device& device = host_device());

  // Uninitialised, aligned to 64 bytes. Error naming the sizes when the arena is too small: a bug
  // in the plan.
  Tensor allocate(DType dtype, const Shape& shape);
  Tensor f32(const Shape& shape) { return allocate(DType::kF32, shape); }
  Tensor i32(const Shape& shape) { return allocate(DType::kI32, shape); }

  int64_t used() const { return used_; }
  int64_t peak() const { return peak_; }
  int64_t capacity() const { return block_.bytes(); }
  bool measuring() const { return block_.data() == nullptr; }

  // Everything allocated since construction is released on destruction.
  class Scope {
   public:
    explicit Scope(Arena& arena) : arena_(arena), mark_(arena.used_) {}
    ~Scope() { arena_.used_ = mark_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Arena& arena_;
    int64_t mark_;
  };

 private:
  Buffer block_;
  int64_t used_ = 0;
  int64_t peak_ = 0;
};

}  // namespace lathe
