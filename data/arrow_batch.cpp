#include "data/arrow_batch.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "data/arrow_format.h"
#include "data/bitmap.h"
#include "data/column_builder.h"
#include "data/decompress.h"

namespace lathe {

namespace {

// Arrow's arrays of types without a byte a row may claim any length. A batch of more rows than this
// must have a bit a row somewhere.
constexpr int64_t kMostUnbackedRows = int64_t{1} << 24;

// Whether no offset of these rows is negative, and none less than the one before it. Opening a file
// spends much of its time here: signs are gathered without a branch, in runs of a length that the
// compiler knows and makes vectors of.
template <class Offset>
bool in_order(const Offset* offsets, int64_t rows) {
  using Bits = std::make_unsigned_t<Offset>;
  constexpr int64_t kRun = 64;
  Bits signs = static_cast<Bits>(offsets[0]);
  const auto add_row = [&](int64_t row) {
    const Bits begin = static_cast<Bits>(offsets[row]), end = static_cast<Bits>(offsets[row + 1]);
    signs |= end | (end - begin);  // where neither is negative, the difference cannot overflow
  };
  int64_t row = 0;
  for (; row + kRun <= rows; row += kRun) {
    for (int64_t i = 0; i < kRun; ++i) add_row(row + i);
  }
  for (; row < rows; ++row) add_row(row);
  return static_cast<Offset>(signs) >= 0;
}

// The first row whose offsets are out of order, or -1.
template <class Offset>
int64_t first_disorder(const Offset* offsets, int64_t rows) {
  if (in_order(offsets, rows)) return -1;
  for (int64_t row = 0; row < rows; ++row) {
    if (offsets[row] < 0 || offsets[row] > offsets[row + 1]) return row;
  }
  return 0;
}

// Buffers that hold a row's value, and those that belong to an array without being one.
int buffers_of(int type_id) {
  switch (type_id) {
    case arrow::kNull:
    case arrow::kRunEndEncoded:
      return 0;
    case arrow::kStruct:
    case arrow::kFixedSizeList:
      return 1;
    case arrow::kBinary:
    case arrow::kUtf8:
    case arrow::kLargeBinary:
    case arrow::kLargeUtf8:
    case arrow::kListView:
    case arrow::kLargeListView:
      return 3;
    default:
      return 2;
  }
}

}  // namespace

ArrowBatch::ArrowBatch(const FlatTable& batch, const SharedBytes& body,
                       const ArrowDictionaries& dictionaries, std::string where)
    : batch_(batch), body_(body), dictionaries_(dictionaries), where_(std::move(where)) {
  rows_ = batch.scalar<int64_t>(arrow::record_batch::kLength, 0);
  if (rows_ < 0) fail(where_, ": ", rows_, " rows");
  if (!batch.has(arrow::record_batch::kCompression)) return;
  const FlatTable compression = batch.table(arrow::record_batch::kCompression);
  compression_ = compression.scalar<int8_t>(arrow::compression::kCodec, 0);
  if (compression_ < 0 || compression_ > arrow::compression::kZstd ||
      compression.scalar<int8_t>(arrow::compression::kMethod, 0) != 0) {
    fail(where_, ": compressed in an unknown way");
  }
}

void ArrowBatch::fail_column(const std::string& why) const {
  fail(where_, ", column ", quoted(column_), ": ", why);
}

Column ArrowBatch::take(const ArrowField& field) {
  column_ = field.name;
  Column column = take_column(field);
  if (column.size() != rows_) {
    fail_column(concat(column.size(), " rows, the record batch has ", rows_));
  }
  return column;
}

void ArrowBatch::skip(const ArrowField& field) {
  column_ = field.name;
  take_node();
  if (field.dictionary) {
    next_buffer_ += 2;
    return;
  }
  next_buffer_ += static_cast<std::size_t>(buffers_of(field.type_id));
  if (field.type_id == arrow::kBinaryView || field.type_id == arrow::kUtf8View) {
    next_buffer_ += static_cast<std::size_t>(take_variadic_count());
  }
  if (field.type_id == arrow::kUnion) {
    fail_column("a union, which cannot be passed over");  // one or two buffers, by its mode
  }
  for (const ArrowField& child : field.children) skip(child);
}

Column ArrowBatch::take_column(const ArrowField& field) {
  const Node node = take_node();
  if (field.dictionary) return from_dictionary(field, node);
  switch (field.type_id) {
    case arrow::kNull:
      return take_nulls(field, node);
    case arrow::kFixedSizeList:
      return take_fixed_lists(field, node);
    case arrow::kUtf8View:
      return take_views(field, node);
    default:
      return take_values(field, *field.type, node);
  }
}

Column ArrowBatch::take_values(const ArrowField& field, ColumnType type, const Node& node) {
  Column::Buffers buffers;
  buffers.validity = take_validity(node);
  int64_t end = 0;
  if (offset_width(type) > 0) buffers.offsets = take_offsets(node, type, end);
  if (is_list(type)) {
    buffers.elements = std::make_shared<const Column>(take_column(field.children[0]));
  } else {
    buffers.values = take_buffer(static_cast<std::size_t>(std::max<int64_t>(1, value_width(type))));
  }
  const int64_t width = value_width(type);
  if (width > 0 && buffers.values.size() / width < node.rows) {
    fail_column(concat(buffers.values.size(), " bytes of values for ", node.rows, " rows"));
  }
  try {
    return Column(field.name, type, node.rows, node.nulls, std::move(buffers));
  } catch (const Error& error) {
    fail(where_, ": ", error.what());
  }
}

Column ArrowBatch::take_nulls(const ArrowField& field, const Node& node) {
  check_backed(node.rows);
  TextBuilder nulls;
  for (int64_t row = 0; row < node.rows; ++row) nulls.append_null();
  return nulls.finish(field.name);
}

Column ArrowBatch::take_fixed_lists(const ArrowField& field, const Node& node) {
  check_backed(node.rows);
  Column::Buffers buffers;
  buffers.validity = take_validity(node);
  Column elements = take_column(field.children[0]);
  if (field.list_size > 0 && node.rows > elements.size() / field.list_size) {
    fail_column(concat(node.rows, " lists of ", field.list_size, " elements, but only ",
                       elements.size(), " exist"));
  }
  std::vector<int64_t> offsets(static_cast<std::size_t>(node.rows) + 1);
  for (std::size_t row = 0; row < offsets.size(); ++row) {
    offsets[row] = static_cast<int64_t>(row) * field.list_size;
  }
  ColumnType type = ColumnType::kList;
  buffers.offsets = offsets_as(type, std::move(offsets));
  if (type != ColumnType::kList) fail_column("more than 2^31 elements in a record batch");
  buffers.elements = std::make_shared<const Column>(std::move(elements));
  return Column(field.name, type, node.rows, node.nulls, std::move(buffers));
}

// A view: int32 length, then the text itself where it has at most 12 bytes, else 4 bytes of it, the
// number of a buffer and the place in that buffer.
Column ArrowBatch::take_views(const ArrowField& field, const Node& node) {
  const SharedBytes validity = take_validity(node);
  const SharedBytes views = take_buffer(4);
  std::vector<SharedBytes> buffers(static_cast<std::size_t>(take_variadic_count()));
  for (SharedBytes& buffer : buffers) buffer = take_buffer(1);
  if (views.size() / 16 < node.rows) {
    fail_column(concat(views.size(), " bytes of views for ", node.rows, " rows"));
  }
  TextBuilder texts;
  int64_t bytes = 0;
  for (int64_t row = 0; row < node.rows; ++row) {
    if (!validity.empty() && (validity.as<uint8_t>()[row / 8] >> row % 8 & 1) == 0) {
      texts.append_null();
      continue;
    }
    const int32_t* view = views.as<int32_t>() + 4 * row;
    const int32_t size = view[0];
    bytes += size;
    if (size >= 0 && size <= 12) {
      texts.append({reinterpret_cast<const char*>(view + 1), static_cast<std::size_t>(size)});
      continue;
    }
    if (size < 0 || view[2] < 0 || static_cast<std::size_t>(view[2]) >= buffers.size() ||
        view[3] < 0 || view[3] > buffers[static_cast<std::size_t>(view[2])].size() - size) {
      fail_column(concat("row ", row + 1, " of the record batch points outside its buffers"));
    }
    if (bytes > INT32_MAX) fail_column("more than 2 GiB of text in a record batch");
    const SharedBytes& buffer = buffers[static_cast<std::size_t>(view[2])];
    texts.append(
        buffer.view().substr(static_cast<std::size_t>(view[3]), static_cast<std::size_t>(size)));
  }
  return texts.finish(field.name);
}

Column ArrowBatch::from_dictionary(const ArrowField& field, const Node& node) {
  const Column indices = take_values(field, field.index_type, node);
  const auto found = dictionaries_.find(*field.dictionary);
  if (found == dictionaries_.end()) {
    if (indices.null_count() < indices.size()) fail_column("its dictionary is missing");
    return take_nulls(field, node);
  }
  ColumnCopy copy(found->second);
  for (int64_t row = 0; row < indices.size(); ++row) {
    if (indices.is_null(row)) {
      copy.append_nulls(1);
      continue;
    }
    const int64_t index = indices.integer(row);
    if (index < 0 || index >= found->second.size()) {
      fail_column(concat("row ", row + 1, " of the record batch is number ", index,
                         " of a dictionary of ", found->second.size()));
    }
    copy.append(found->second, index, index + 1);
  }
  return copy.finish(field.name);
}

ArrowBatch::Node ArrowBatch::take_node() {
  if (next_node_ >= batch_.vector_size(arrow::record_batch::kNodes)) {
    fail_column("the record batch says nothing of it");
  }
  arrow::FieldNode node{};
  std::memcpy(&node, batch_.element(arrow::record_batch::kNodes, next_node_++, sizeof node),
              sizeof node);
  if (node.length < 0 || node.null_count < 0 || node.null_count > node.length) {
    fail_column(concat(node.null_count, " nulls in ", node.length, " rows"));
  }
  return {node.length, node.null_count};
}

SharedBytes ArrowBatch::take_buffer(std::size_t alignment) {
  if (next_buffer_ >= batch_.vector_size(arrow::record_batch::kBuffers)) {
    fail_column("the record batch has too few buffers");
  }
  arrow::Buffer buffer{};
  std::memcpy(&buffer, batch_.element(arrow::record_batch::kBuffers, next_buffer_++, sizeof buffer),
              sizeof buffer);
  if (buffer.offset < 0 || buffer.length < 0 || buffer.offset > body_.size() ||
      buffer.length > body_.size() - buffer.offset) {
    fail_column(
        concat("a buffer of ", buffer.length, " bytes at ", buffer.offset, " of ", body_.size()));
  }
  SharedBytes bytes = body_.part(buffer.offset, buffer.length);
  if (compression_ >= 0) bytes = decompressed(bytes);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0) return bytes;
  const auto* first = bytes.as<char>();
  return SharedBytes::of(std::vector<char>(first, first + bytes.size()));
}

// A compressed buffer: int64 size before compression, or -1 where it is not, then the bytes.
SharedBytes ArrowBatch::decompressed(const SharedBytes& bytes) const {
  if (bytes.empty()) return bytes;
  int64_t size = 0;
  if (bytes.size() < 8) fail_column("a compressed buffer without its size");
  std::memcpy(&size, bytes.data(), sizeof size);
  SharedBytes rest = bytes.part(8, bytes.size() - 8);
  if (size == -1) return rest;
  const Codec codec = compression_ == arrow::compression::kZstd ? Codec::kZstd : Codec::kLz4Frame;
  return decompress(codec, rest.view(), size, concat(where_, ", column ", quoted(column_)));
}

SharedBytes ArrowBatch::take_validity(const Node& node) {
  SharedBytes bits = take_buffer(1);
  if (bits.empty() && node.nulls == 0) return {};
  if (bits.size() < bitmap_bytes(node.rows)) {
    fail_column(concat(bits.size(), " bytes of validity for ", node.rows, " rows"));
  }
  const int64_t nulls = node.rows - count_ones(bits.as<uint8_t>(), 0, node.rows);
  if (nulls != node.nulls) {
    fail_column(concat("it claims ", node.nulls, " nulls and has ", nulls));
  }
  return nulls == 0 ? SharedBytes() : bits;
}

SharedBytes ArrowBatch::take_offsets(const Node& node, ColumnType type, int64_t& end) {
  const int64_t width = offset_width(type);
  SharedBytes offsets = take_buffer(static_cast<std::size_t>(width));
  if (node.rows == 0) return offsets;
  if (offsets.size() / width - 1 < node.rows) {
    fail_column(concat(offsets.size(), " bytes of offsets for ", node.rows, " rows"));
  }
  const int64_t bad = width == 8 ? first_disorder(offsets.as<int64_t>(), node.rows)
                                 : first_disorder(offsets.as<int32_t>(), node.rows);
  if (bad >= 0) {
    fail_column(concat("row ", bad + 1, " of the record batch ends before it begins"));
  }
  end = width == 8 ? offsets.as<int64_t>()[node.rows] : offsets.as<int32_t>()[node.rows];
  return offsets;
}

int64_t ArrowBatch::take_variadic_count() {
  if (next_variadic_ >= batch_.vector_size(arrow::record_batch::kVariadicCounts)) {
    fail_column("the record batch does not say how many buffers its views have");
  }
  int64_t count = 0;
  std::memcpy(&count,
              batch_.element(arrow::record_batch::kVariadicCounts, next_variadic_++, sizeof count),
              sizeof count);
  const std::size_t buffers = batch_.vector_size(arrow::record_batch::kBuffers);
  if (count < 0 || static_cast<uint64_t>(count) > buffers) {
    fail_column(concat("views into ", count, " buffers, of ", buffers, " in all"));
  }
  return count;
}

void ArrowBatch::check_backed(int64_t rows) const {
  if (rows > kMostUnbackedRows && rows / 8 > body_.size()) {
    fail_column(concat(rows, " rows in a record batch of ", body_.size(), " bytes"));
  }
}

}  // namespace lathe
