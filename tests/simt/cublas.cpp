#include <cublasLt.h>

#include <cstring>

struct cublasLtMatmulDescOpaque_t {
  cublasComputeType_t compute;
  cublasOperation_t of_a = CUBLAS_OP_N, of_b = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;  // of the result's type
};
struct cublasLtMatrixLayoutOpaque_t {
  cudaDataType type;
  uint64_t rows, columns;
  int64_t ld;
};
struct cublasLtMatmulPreferenceOpaque_t {
  uint64_t workspace = 0;
  uint32_t align[4] = {256, 256, 256, 256};  // the library's own assumption
};

namespace {

using Product = cublasLtMatmulDescOpaque_t;
using Layout = cublasLtMatrixLayoutOpaque_t;

constexpr std::size_t kWorkspace = 64;

template <class T>
cublasStatus_t assign(T& to, const void* value, std::size_t bytes) {
  if (bytes != sizeof to) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

// Whether the library multiplies such types: what it has for floats of either compute type, and
// bfloat16s.
bool has_types(const Product& product, const Layout& a, const Layout& b, const Layout& d) {
  if (a.type != b.type || (a.type == CUDA_R_32F && d.type != CUDA_R_32F)) return false;
  return a.type == CUDA_R_32F || product.compute == CUBLAS_COMPUTE_32F;
}

// Whether op(a) op(b) exists and is of d's shape, and no column is longer than its distance to the
// next.
bool fits(const Product& product, const Layout& a, const Layout& b, const Layout& d) {
  const bool ta = product.of_a == CUBLAS_OP_T, tb = product.of_b == CUBLAS_OP_T;
  if (!has_types(product, a, b, d)) return false;
  for (const Layout* l : {&a, &b, &d}) {
    if (l->rows == 0 || l->columns == 0 || l->ld < static_cast<int64_t>(l->rows)) return false;
  }
  return (ta ? a.columns : a.rows) == d.rows && (tb ? b.rows : b.columns) == d.columns &&
         (ta ? a.rows : a.columns) == (tb ? b.columns : b.rows);
}

uint64_t depth_of(const Product& product, const Layout& a) {
  return product.of_a == CUBLAS_OP_T ? a.rows : a.columns;
}

float element(const void* x, const Layout& layout, uint64_t at) {
  if (layout.type == CUDA_R_16BF) return simt::from_bf16(static_cast<const uint16_t*>(x)[at]);
  return static_cast<const float*>(x)[at];
}

float element(const void* x, const Layout& layout, cublasOperation_t op, uint64_t row,
              uint64_t column, bool bf16) {
  if (op == CUBLAS_OP_T) std::swap(row, column);
  const float value = element(x, layout, row + column * static_cast<uint64_t>(layout.ld));
  return bf16 ? simt::from_bf16(simt::to_bf16(value)) : value;
}

void multiply(const Product& product, float alpha, const void* a, const Layout& a_layout,
              const void* b, const Layout& b_layout, float beta, const void* c, void* d,
              const Layout& layout) {
  const bool bf16 = product.compute == CUBLAS_COMPUTE_32F_FAST_16BF;
  for (uint64_t column = 0; column < layout.columns; ++column) {
    for (uint64_t row = 0; row < layout.rows; ++row) {
      double sum = 0;
      for (uint64_t k = 0; k < depth_of(product, a_layout); ++k) {
        sum += static_cast<double>(element(a, a_layout, product.of_a, row, k, bf16)) *
               element(b, b_layout, product.of_b, k, column, bf16);
      }
      const uint64_t at = row + column * static_cast<uint64_t>(layout.ld);
      double result = alpha * sum;
      if (beta != 0.0f) result += beta * element(c, layout, at);
      if (product.epilogue == CUBLASLT_EPILOGUE_BIAS) result += element(product.bias, layout, row);
      const auto rounded = static_cast<float>(result);
      if (layout.type == CUDA_R_16BF) {
        static_cast<uint16_t*>(d)[at] = simt::to_bf16(rounded);
      } else {
        static_cast<float*>(d)[at] = rounded;
      }
    }
  }
}

bool aligned(const void* pointer, uint32_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

}  // namespace

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* product, cublasComputeType_t compute,
                                        cudaDataType) {
  *product = new Product{.compute = compute};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) {
  delete product;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, std::size_t bytes) {
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return assign(product->of_a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return assign(product->of_b, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return assign(product->epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return assign(product->bias, value, bytes);
  }
  return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          uint64_t rows, uint64_t columns, int64_t ld) {
  *layout = new Layout{type, rows, columns, ld};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new cublasLtMatmulPreferenceOpaque_t;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t bytes) {
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) {
    return assign(preference->workspace, value, bytes);
  }
  return assign(preference->align[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value,
                bytes);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t product,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t* results,
                                              int* found) {
  *found = 0;
  if (wanted < 1 || c != d || !fits(*product, *a, *b, *d)) return CUBLAS_STATUS_INVALID_VALUE;
  if (preference->workspace < kWorkspace) return CUBLAS_STATUS_NOT_SUPPORTED;
  const uint32_t* align = preference->align;
  results[0] = {
      {d->rows, d->columns, depth_of(*product, *a), align[0], align[1], align[2], align[3]},
      kWorkspace,
      CUBLAS_STATUS_SUCCESS};
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algo,
                              void* workspace, std::size_t workspace_bytes, cudaStream_t stream) {
  if (!fits(*product, *a_layout, *b_layout, *d_layout) || c != d || c_layout != d_layout ||
      workspace == nullptr || workspace_bytes < kWorkspace || d_layout->rows > algo->rows ||
      d_layout->columns > algo->columns || depth_of(*product, *a_layout) > algo->depth ||
      !aligned(a, algo->align_a) || !aligned(b, algo->align_b) || !aligned(c, algo->align_c) ||
      !aligned(d, algo->align_d)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  simt::enqueue(stream, [=, product = *product, a_shape = *a_layout, b_shape = *b_layout,
                         shape = *d_layout, factor = *static_cast<const float*>(alpha),
                         keep = *static_cast<const float*>(beta)] {
    std::memset(workspace, 0xff, workspace_bytes);
    multiply(product, factor, a, a_shape, b, b_shape, keep, c, d, shape);
  });
  return CUBLAS_STATUS_SUCCESS;
}
