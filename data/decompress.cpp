#include "data/decompress.h"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
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

// Bytes that grow while they are written.
class Output {
 public:
  explicit Output(std::size_t expected) : bytes_(std::max<std::size_t>(expected, 4096)) {}
  char* next() { return bytes_.data() + size_; }
  std::size_t room() const { return bytes_.size() - size_; }
  void wrote(std::size_t count) {
    size_ += count;
    if (room() == 0) bytes_.resize(2 * bytes_.size());
  }
  std::vector<char> finish() {
    bytes_.resize(size_);
    return std::move(bytes_);
  }

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
};

bool decompress_gzip(std::string_view compressed, Output& out) {
  constexpr int kGzipWindow = 15 + 16;  // zlib's manual: the largest window, and gzip's header
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return false;
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
  constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits
  int result = Z_OK;
  while (result == Z_OK || (result == Z_STREAM_END && !compressed.empty())) {
    if (result == Z_STREAM_END && inflateReset(&stream) != Z_OK) return false;  // a further member
    const std::size_t given = std::min(compressed.size(), kMost),
                      room = std::min(out.room(), kMost);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(out.next());
    stream.avail_out = static_cast<uInt>(room);
    result = inflate(&stream, Z_NO_FLUSH);
    compressed.remove_prefix(given - stream.avail_in);
    out.wrote(room - stream.avail_out);
  }
  return result == Z_STREAM_END;
}

bool decompress_zstd(std::string_view compressed, Output& out) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  for (;;) {
    ZSTD_outBuffer piece{out.next(), out.room(), 0};
    const std::size_t left = ZSTD_decompressStream(context.get(), &piece, &in);
    if (ZSTD_isError(left)) return false;
    const bool full = piece.pos == piece.size;
    out.wrote(piece.pos);
    if (in.pos == in.size && !full) return left == 0;
    if (in.pos == in.size && left == 0) return true;
  }
}

}  // namespace

Compression compression_of(std::string_view path) {
  return path.ends_with(".gz")    ? Compression::kGzip
         : path.ends_with(".zst") ? Compression::kZstd
                                  : Compression::kNone;
}

std::vector<char> decompress_file(std::string_view compressed, Compression compression,
                                  const std::string& path) {
  Output out(4 * compressed.size());
  const bool whole = compression == Compression::kGzip ? decompress_gzip(compressed, out)
                                                       : decompress_zstd(compressed, out);
  if (!whole) {
    fail(path, ": not ", compression == Compression::kGzip ? "gzip" : "zstd",
         ", damaged or cut off");
  }
  return out.finish();
}

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
