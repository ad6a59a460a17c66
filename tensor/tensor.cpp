#include "tensor/tensor.h"

#include "base/error.h"

namespace lathe {

namespace {

void require_dtype(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() != dtype)
    fail("a tensor of ", name_of(tensor.dtype()), " used as ", name_of(dtype));
}

void require_slice(const Tensor& tensor, const char* what, int64_t first, int64_t count,
                   int64_t extent) {
  if (tensor.shape().rank() != 2)
    fail("a slice of the tensor ", to_string(tensor.shape()), ": a matrix is needed");
  if (first < 0 || count < 0 || first + count > extent) {
    fail(what, " ", first, " to ", first + count, " of the tensor ", to_string(tensor.shape()));
  }
}

}  // namespace

float* Tensor::f32() const {
  require_dtype(*this, DType::kF32);
  return static_cast<float*>(data_);
}

int32_t* Tensor::i32() const {
  require_dtype(*this, DType::kI32);
  return static_cast<int32_t*>(data_);
}

uint8_t* Tensor::u8() const {
  require_dtype(*this, DType::kU8);
  return static_cast<uint8_t*>(data_);
}

Numbers Tensor::numbers() const {
  if (dtype_ == DType::kBF16) return {data_, Precision::kBF16};
  return f32();
}

Tensor Tensor::columns_slice(int64_t first, int64_t count) const {
  require_slice(*this, "columns", first, count, columns());
  return Tensor(static_cast<char*>(data_) + first * size_of(dtype_), dtype_, {rows(), count},
                row_stride());
}

Tensor Tensor::rows_slice(int64_t first, int64_t count) const {
  require_slice(*this, "rows", first, count, rows());
  return Tensor(static_cast<char*>(data_) + first * row_stride() * size_of(dtype_), dtype_,
                {count, columns()}, row_stride());
}

}  // namespace lathe
