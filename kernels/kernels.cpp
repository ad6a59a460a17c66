#include "kernels/kernels.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "kernels/processor.h"

namespace lathe {

namespace cpu {

// One table per instruction set, each from its own build of kernels/cpu/table.cpp.
namespace baseline {
const Kernels& kernels();
}
namespace avx2 {
const Kernels& kernels();
}
namespace avx512 {
const Kernels& kernels();
}
namespace avx512_bf16 {
const Kernels& kernels();
}
namespace amx {
const Kernels& kernels();
}

}  // namespace cpu

namespace {

using Tables = std::array<const Kernels*, 6>;  // the last one is null

Tables find_tables() {
  Tables tables{};
  std::size_t count = 0;
  tables[count++] = &cpu::baseline::kernels();
  if (processor_runs_avx2()) tables[count++] = &cpu::avx2::kernels();
  const bool has_bf16 = processor_runs_avx512_bf16(), prefers_bf16 = multiplies_bfloat16s_faster();
  if (has_bf16 && !prefers_bf16) tables[count++] = &cpu::avx512_bf16::kernels();
  if (processor_runs_avx512()) tables[count++] = &cpu::avx512::kernels();
  if (has_bf16 && prefers_bf16) tables[count++] = &cpu::avx512_bf16::kernels();
  if (processor_runs_amx()) tables[count++] = &cpu::amx::kernels();
  return tables;
}

const Kernels& kernels_named(const std::string& name) {
  if (name == reference_kernels().name) return reference_kernels();
  std::string known = reference_kernels().name;
  const Kernels* const* table = available_cpu_kernels();
  for (; *table != nullptr; ++table) {
    if (name == (*table)->name) return **table;
    known = concat(known, ", ", (*table)->name);
  }
  fail("LATHE_CPU=", name, ": no such CPU backend here; this processor runs ", known);
}

const Kernels& choose() {
  const char* forced = std::getenv("LATHE_CPU");
  if (forced != nullptr && *forced != '\0') return kernels_named(forced);
  const Kernels* const* table = available_cpu_kernels();
  while (table[1] != nullptr) ++table;
  return **table;
}

}  // namespace

const Kernels* const* available_cpu_kernels() {
  static const Tables tables = find_tables();
  return tables.data();
}

const Kernels& cpu_kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

AdamWStep adamw_step(double learning_rate, double beta1, double beta2, int64_t step) {
  const auto steps = static_cast<double>(step);
  return {learning_rate, learning_rate / (1 - std::pow(beta1, steps)),
          1 / std::sqrt(1 - std::pow(beta2, steps))};
}

int64_t number_chunks(ParameterSlice* slices, int64_t slice_count) {
  int64_t chunks = 0;
  for (int64_t s = 0; s < slice_count; ++s) {
    slices[s].first_chunk = chunks;
    chunks += (slices[s].count + kSliceChunk - 1) / kSliceChunk;
  }
  return chunks;
}

const char* missing_op(const Kernels& kernels) {
  const struct {
    const char* name;
    bool present;
  } ops[] = {
      {"cast", kernels.cast != nullptr},
      {"gemm", kernels.gemm != nullptr},
      {"tanh_backward", kernels.tanh_backward != nullptr},
      {"dropout", kernels.dropout != nullptr},
      {"embedding_forward", kernels.embedding_forward != nullptr},
      {"embedding_backward", kernels.embedding_backward != nullptr},
      {"add_norm_forward", kernels.add_norm_forward != nullptr},
      {"add_norm_backward", kernels.add_norm_backward != nullptr},
      {"attention_forward", kernels.attention_forward != nullptr},
      {"attention_backward", kernels.attention_backward != nullptr},
      {"attention_pool_forward", true},  // these two may be missing
      {"attention_pool_backward",
       pools_attention(kernels) == (kernels.attention_pool_backward != nullptr)},
      {"gather_rows", kernels.gather_rows != nullptr},
      {"scatter_add_rows", kernels.scatter_add_rows != nullptr},
      {"zero", kernels.zero != nullptr},
      {"cross_entropy", kernels.cross_entropy != nullptr},
      {"binary_cross_entropy", kernels.binary_cross_entropy != nullptr},
      {"squared_error", kernels.squared_error != nullptr},
      {"sum", kernels.sum != nullptr},
      {"squared_norm", kernels.squared_norm != nullptr},
      {"adamw", kernels.adamw != nullptr},
  };
  static_assert(sizeof(Kernels) == sizeof(const char*) + std::size(ops) * sizeof(void (*)()),
                "every op of Kernels is listed");
  for (const auto& op : ops) {
    if (!op.present) return op.name;
  }
  return nullptr;
}

}  // namespace lathe
