// Decompression: LZ4 and Zstandard of Arrow's buffers, gzip and Zstandard of files. The libraries
// are used in decompress.cpp and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/shared_bytes.h"

namespace lathe {

enum class Codec { kLz4Frame, kZstd };

// The `size` bytes that were compressed. Error "<where>: …" when these are not such bytes.
SharedBytes decompress(Codec codec, std::string_view compressed, int64_t size,
                       const std::string& where);

// What a file is compressed as, by its name: .gz, .zst.
enum class Compression { kNone, kGzip, kZstd };
Compression compression_of(std::string_view path);

// The content of such a file, of one gzip member or zstd frame or several. Error naming the path
// where it is damaged or cut off.
std::vector<char> decompress_file(std::string_view compressed, Compression compression,
                                  const std::string& path);

}  // namespace lathe
