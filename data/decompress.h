// Decompression: LZ4 and Zstandard of Arrow's buffers. The libraries are used in decompress.cpp and
// nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/shared_bytes.h"

namespace lathe {

enum class Codec { kLz4Frame, kZstd };

// The `size` bytes that were compressed. Error "<where>: …" when these are not such bytes.
SharedBytes decompress(Codec codec, std::string_view compressed, int64_t size,
                       const std::string& where);

}  // namespace lathe
