// A shaped view of memory that something else owns: the arena, a parameter store, a mapped file,
// the caller.
//
// Copying a Tensor copies the view. Rows are contiguous unless `row_stride` says they are further
// apart (a slice of columns of a wider matrix); everything else is contiguous.
#pragma once

#include "kernels/kernels.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace lathe {

class Tensor {
 public:
  Tensor() = default;  // no memory: data() is null
  Tensor(void* data, DType dtype, const Shape& shape) : Tensor(data, dtype, shape, 0) {}

  bool empty() const { return data_ == nullptr; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t count() const { return shape_.count(); }
  int64_t bytes() const { return count() * size_of(dtype_); }

  // A matrix' extents and the distance between its rows, in elements. Higher ranks fold into rows;
  // rank 1 is one row.
  int64_t rows() const { return columns() == 0 ? 0 : count() / columns(); }
  int64_t columns() const { return shape_.rank() == 0 ? 1 : shape_[shape_.rank() - 1]; }
  int64_t row_stride() const { return row_stride_ == 0 ? columns() : row_stride_; }
  bool contiguous() const { return row_stride_ == 0 || row_stride_ == columns() || rows() <= 1; }

  float* f32() const;       // Error unless the dtype is kF32
  int32_t* i32() const;     // Error unless the dtype is kI32
  uint8_t* u8() const;      // Error unless the dtype is kU8
  Numbers numbers() const;  // for the kernels; Error unless the dtype is kF32 or kBF16
  void* data() const { return data_; }

  Tensor columns_slice(int64_t first,
                       int64_t count) const;  // [rows, count] of [rows, columns], the same memory
  Tensor rows_slice(int64_t first,
                    int64_t count) const;  // [count, columns] of [rows, columns], the same memory

 private:
  Tensor(void* data, DType dtype, const Shape& shape, int64_t row_stride)
      : data_(data), dtype_(dtype), shape_(shape), row_stride_(row_stride) {}

  void* data_ = nullptr;
  DType dtype_ = DType::kF32;
  Shape shape_{0};
  int64_t row_stride_ = 0;  // 0: columns()
};

}  // namespace lathe
