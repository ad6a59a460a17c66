// The product by cublasLt. Its epilogues add the bias; its GELU is the approximation with tanh,
// where BERT has the exact one, so GELU with its derivative, the product with that, and tanh are
// a pass of ours over the result.
//
// Which of its kernels cublasLt recommends for a problem is asked once for each kind of problem and
// kept. It is not measured: the fastest of a measurement may differ from run to run, and with it
// the last bits of every result.
#include "base/error.h"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/ops.h"

#if __has_include(<cublasLt.h>)

#include <cublasLt.h>

#include <compare>
#include <map>

namespace lathe::LATHE_CUDA {

namespace {

#define LATHE_CUBLAS_FUNCTIONS(each)                                                 \
  each(cublasLtCreate) each(cublasLtMatmul) each(cublasLtMatmulAlgoGetHeuristic)     \
      each(cublasLtMatmulDescCreate) each(cublasLtMatmulDescDestroy)                 \
          each(cublasLtMatmulDescSetAttribute) each(cublasLtMatrixLayoutCreate)      \
              each(cublasLtMatrixLayoutDestroy) each(cublasLtMatmulPreferenceCreate) \
                  each(cublasLtMatmulPreferenceDestroy) each(cublasLtMatmulPreferenceSetAttribute)

struct Functions {
  LATHE_CUBLAS_FUNCTIONS(LATHE_DECLARE)
  bool find([[maybe_unused]] void* library) { return LATHE_CUBLAS_FUNCTIONS(LATHE_FIND) true; }
};

// Null where the machine has none.
const Functions* functions() {
  return functions_of<Functions>("libcublasLt.so." LATHE_TEXT(CUBLAS_VER_MAJOR));
}

void check_cublas(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    fail("CUDA: gemm: cublasLt gives status ", static_cast<int>(status));
  }
}

// cublasLt counts matrices by columns. Row by row, a matrix c = op(a) op(b) in memory is the one
// that it calls cᵀ = op(b)ᵀ op(a)ᵀ: its first factor is b, its rows are our columns.
class Problem {
 public:
  Problem(const Functions& f, const GemmArgs& args) : f_(f) {
    const bool rounds = args.precision == Precision::kBF16 && args.a.precision == Precision::kF32;
    check_cublas(f.cublasLtMatmulDescCreate(
        &product, rounds ? CUBLAS_COMPUTE_32F_FAST_16BF : CUBLAS_COMPUTE_32F, CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_TRANSA, args.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, args.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (has_bias(args)) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, args.bias.data);
    }
    first = layout(args.b, args.transpose_b ? args.k : args.n, args.transpose_b ? args.n : args.k,
                   args.ldb);
    second = layout(args.a, args.transpose_a ? args.m : args.k, args.transpose_a ? args.k : args.m,
                    args.lda);
    result = layout(args.c, args.n, args.m, args.ldc);
  }
  ~Problem() {
    f_.cublasLtMatmulDescDestroy(product);
    for (cublasLtMatrixLayout_t l : {first, second, result}) f_.cublasLtMatrixLayoutDestroy(l);
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  static bool has_bias(const GemmArgs& args) {
    return args.epilogue == Epilogue::kBias || args.epilogue == Epilogue::kBiasGelu ||
           args.epilogue == Epilogue::kBiasTanh;
  }

  cublasLtMatmulDesc_t product{};
  cublasLtMatrixLayout_t first{}, second{}, result{};

 private:
  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, const Value& value) {
    check_cublas(f_.cublasLtMatmulDescSetAttribute(product, attribute, &value, sizeof value));
  }
  cublasLtMatrixLayout_t layout(const ConstNumbers& x, int64_t rows, int64_t columns,
                                int64_t ld) const {
    const auto type = x.precision == Precision::kF32 ? CUDA_R_32F : CUDA_R_16BF;
    cublasLtMatrixLayout_t made{};
    check_cublas(f_.cublasLtMatrixLayoutCreate(&made, type, static_cast<uint64_t>(rows),
                                               static_cast<uint64_t>(columns), ld));
    return made;
  }

  const Functions& f_;
};

uint32_t alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  return static_cast<uint32_t>(minimum<uintptr_t>(address & (~address + 1), 256));
}

// What decides which kernel is recommended, and what is asked for to get the recommendation.
// Numbers of tokens differ from batch to batch: those within the same 64 share what is recommended
// for the largest of them, so that it does not depend on which came first.
struct Key {
  int64_t m, n, k, lda, ldb, ldc;
  Precision multiplied, operands, result;
  bool transpose_a, transpose_b, bias, accumulate;
  uint32_t align_a, align_b, align_c, align_bias;
  auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): none is there
};

// The handle of a thread, which works on one GPU, and what it was recommended.
class Recommendations {
 public:
  explicit Recommendations(const Functions& f) : f_(f) { check_cublas(f.cublasLtCreate(&handle_)); }

  cublasLtHandle_t handle() const { return handle_; }

  // Null where cublasLt has no kernel for problems of that size. `args` are of one like them.
  const cublasLtMatmulHeuristicResult_t* find(const GemmArgs& args, const Key& key) {
    auto [place, is_new] = found_.try_emplace(key);
    if (is_new && !ask(args, key, place->second)) place->second.state = kNothing;
    return place->second.state == CUBLAS_STATUS_SUCCESS ? &place->second : nullptr;
  }

 private:
  static constexpr cublasStatus_t kNothing = CUBLAS_STATUS_NOT_SUPPORTED;

  bool ask(GemmArgs args, const Key& key, cublasLtMatmulHeuristicResult_t& answer) const {
    args.m = key.m, args.k = key.k;
    const Problem problem(f_, args);
    cublasLtMatmulPreference_t preference{};
    check_cublas(f_.cublasLtMatmulPreferenceCreate(&preference));
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      check_cublas(
          f_.cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{32} << 20);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.align_b);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.align_a);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.align_c);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.align_c);
    int count = 0;
    const cublasStatus_t status = f_.cublasLtMatmulAlgoGetHeuristic(
        handle_, problem.product, problem.first, problem.second, problem.result, problem.result,
        preference, 1, &answer, &count);
    f_.cublasLtMatmulPreferenceDestroy(preference);
    return status == CUBLAS_STATUS_SUCCESS && count == 1;
  }

  const Functions& f_;
  cublasLtHandle_t handle_{};
  std::map<Key, cublasLtMatmulHeuristicResult_t> found_;
};

// The handle is never destroyed: at exit the driver may be gone before.
Recommendations& recommendations(const Functions& f) {
  thread_local Recommendations mine(f);
  return mine;
}

constexpr int kFinishThreads = 256;

// What is left of the epilogue, of product and bias in `from`, eight columns a thread.
template <class T>
__global__ void __launch_bounds__(kFinishThreads)
    finish_kernel(const __grid_constant__ GemmArgs args, const T* from, bool eights) {
  const int64_t in_row = ceil_div(args.n, 8);
  const int64_t eight = int64_t{blockIdx.x} * kFinishThreads + threadIdx.x;
  if (eight >= args.m * in_row) return;
  const int64_t row = eight / in_row, column = eight % in_row * 8;
  from += row * args.ldc + column;
  Eight products;
  if (eights) {
    load_eight(from, products.x);
  } else {
    LATHE_UNROLL
    for (int u = 0; u < 8; ++u) products.x[u] = column + u < args.n ? to_float(from[u]) : 0.0f;
  }
  finish_eight<T>(args, products, row, column, eights);
}

void finish(GemmArgs args, const void* from, Stream stream) {
  if (args.epilogue == Epilogue::kNone || args.epilogue == Epilogue::kBias) return;
  args.bias = nullptr;  // added already
  with_type(args.c.precision, [&](auto zero) {
    using T = decltype(zero);
    launch("gemm", finish_kernel<T>,
           static_cast<unsigned>(ceil_div(args.m * ceil_div(args.n, 8), kFinishThreads)),
           kFinishThreads, 0, stream, args, static_cast<const T*>(from), takes_eights(args));
  });
}

// Runs what is recommended under that key. False where there is nothing, or it does not fit.
bool multiply(const Functions& f, const GemmArgs& args, void* c, const Key& key, Stream stream) {
  Recommendations& known = recommendations(f);
  const auto* advice = known.find(args, key);
  if (advice == nullptr) return false;
  const Problem problem(f, args);
  const auto bytes = static_cast<int64_t>(advice->workspaceSize);
  const Workspace workspace(bytes > 0 ? bytes : 1, stream, "gemm");
  const float alpha = 1.0f, beta = args.accumulate ? 1.0f : 0.0f;
  const cublasStatus_t status = f.cublasLtMatmul(
      known.handle(), problem.product, &alpha, args.b.data, problem.first, args.a.data,
      problem.second, &beta, c, problem.result, c, problem.result, &advice->algo, workspace.data(),
      advice->workspaceSize, static_cast<cudaStream_t>(stream));
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return false;
  check_cublas(status);
  return true;
}

}  // namespace

bool has_cublas() { return functions() != nullptr; }

bool gemm_by_cublas(const GemmArgs& args, Stream stream) {
  const Functions* f = functions();
  if (f == nullptr || args.m == 0 || args.n == 0 || args.k == 0) return false;
  // What GELU comes from stands where its derivative will.
  const bool keeps = args.epilogue == Epilogue::kBiasGelu && args.saved.data != nullptr;
  void* c = keeps ? args.saved.data : args.c.data;
  Key key{.m = args.m,
          .n = args.n,
          .k = args.k,
          .lda = args.lda,
          .ldb = args.ldb,
          .ldc = args.ldc,
          .multiplied = args.precision,
          .operands = args.a.precision,
          .result = args.c.precision,
          .transpose_a = args.transpose_a,
          .transpose_b = args.transpose_b,
          .bias = Problem::has_bias(args),
          .accumulate = args.accumulate,
          .align_a = alignment_of(args.a.data),
          .align_b = alignment_of(args.b.data),
          .align_c = alignment_of(c),
          .align_bias = Problem::has_bias(args) ? alignment_of(args.bias.data) : 0};
  // The tokens are m in forward, k in the gradient of a weight.
  Key rounded = key;
  int64_t& tokens = args.transpose_a ? rounded.k : rounded.m;
  tokens = ceil_div(tokens, 64) * 64;
  if (!multiply(*f, args, c, rounded, stream) && !multiply(*f, args, c, key, stream)) return false;
  finish(args, c, stream);
  if (args.a_row_sum != nullptr) add_row_sums(args, stream);
  return true;
}

}  // namespace lathe::LATHE_CUDA

#else

namespace lathe::LATHE_CUDA {

bool has_cublas() { return false; }
bool gemm_by_cublas(const GemmArgs&, Stream) { return false; }

}  // namespace lathe::LATHE_CUDA

#endif

namespace lathe::LATHE_CUDA {

void gemm_cublas(const GemmArgs& args, Stream stream) {
  if (!gemm_by_cublas(args, stream)) gemm(args, stream);
}

}  // namespace lathe::LATHE_CUDA
