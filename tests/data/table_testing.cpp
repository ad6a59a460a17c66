#include "tests/data/table_testing.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "data/cast.h"

namespace lathe::testing {

namespace {

std::string shown_value(const Column& column, int64_t row) {
  if (column.is_null(row)) return "null";
  if (!is_list(column.type()))
    return std::string(cast(column.slice(row, row + 1), ColumnType::kUtf8).text(0));
  std::string out = "[";
  const RowRange list = column.list(row);
  for (int64_t i = list.begin; i < list.end; ++i) {
    out += (i == list.begin ? "" : ", ") + shown_value(column.elements(), i);
  }
  return out + "]";
}

}  // namespace

std::vector<std::string> shown(const Column& column) {
  std::vector<std::string> values;
  for (int64_t row = 0; row < column.size(); ++row) values.push_back(shown_value(column, row));
  return values;
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstandard(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string test_data(const std::string& folder) {
  const char* set = std::getenv("LATHE_TEST_DATA");
  const std::string path = std::string(set != nullptr ? set : "../shared/data") + "/" + folder;
  return std::filesystem::is_directory(path) ? path : "";
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace lathe::testing
