// Element types of tensors and of checkpoint files.
#pragma once

#include <cstdint>
#include <string_view>

namespace lathe {

enum class DType { kF32, kF16, kBF16, kI32, kI64, kU8 };

int64_t size_of(DType dtype);  // bytes per element
// safetensors' names: "F32", "F16", "BF16", "I32", "I64", "U8".
std::string_view name_of(DType dtype);

}  // namespace lathe
