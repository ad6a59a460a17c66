#include "data/decompress.h"

#include <lz4frame.h>
#include <zstd.h>

#include <memory>

#include "base/error.h"

namespace lathe {

namespace {

// No more than these bytes come out of one: a block of either format that repeats one byte. More is
// a lie, found before memory is taken for it.
constexpr int64_t kMostFromLz4 = 256, kMostFromZstd = 65536;

bool decompress_lz4(std::string_view compressed, std::byte* out, std::size_t size) {
  LZ4F_dctx* created = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION))) return false;
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(
      created, &LZ4F_freeDecompressionContext);
  std::size_t written = 0;
  while (!compressed.empty()) {
    std::size_t produced = size - written, consumed = compressed.size();
    const std::size_t result = LZ4F_decompress(context.get(), out + written, &produced,
                                               compressed.data(), &consumed, nullptr);
    if (LZ4F_isError(result) || (produced == 0 && consumed == 0)) return false;
    written += produced;
    compressed.remove_prefix(consumed);
    if (result == 0) break;  // the end of the frame
  }
  return written == size;
}

}  // namespace

SharedBytes decompress(Codec codec, std::string_view compressed, int64_t size,
                       const std::string& where) {
  const int64_t most = codec == Codec::kLz4Frame ? kMostFromLz4 : kMostFromZstd;
  if (size < 0 || size / most > static_cast<int64_t>(compressed.size())) {
    fail(where, ": ", compressed.size(), " compressed bytes cannot hold ", size);
  }
  const auto length = static_cast<std::size_t>(size);
  const std::shared_ptr<std::byte[]> out(new std::byte[length + 1]);
  bool whole = false;
  if (codec == Codec::kLz4Frame) {
    whole = decompress_lz4(compressed, out.get(), length);
  } else {
    whole = ZSTD_decompress(out.get(), length, compressed.data(), compressed.size()) == length;
  }
  if (!whole) {
    fail(where, ": damaged: its ", codec == Codec::kZstd ? "zstd" : "lz4", " bytes do not give ",
         size, " bytes");
  }
  return {out, out.get(), size};
}

}  // namespace lathe
