#include "data/arrow_writer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "data/arrow_checksum.h"
#include "data/arrow_format.h"
#include "data/arrow_schema.h"
#include "data/bitmap.h"
#include "data/column_builder.h"

namespace lathe {

namespace {

constexpr std::size_t kAlignment = 64;  // Arrow's advice: a cache line, and the widest registers
constexpr std::size_t kPage = 4096;
constexpr std::size_t kPageAligned = 16 * kPage;  // buffers from this size on begin on a page
constexpr int64_t kMostBytes = int64_t{64} << 20;

std::size_t alignment_of(std::size_t size) { return size >= kPageAligned ? kPage : kAlignment; }

std::size_t padding(std::size_t position, std::size_t alignment) {
  return (alignment - position % alignment) % alignment;
}

template <class T>
void append_struct(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A record batch's body and the tables that describe it.
struct Batch {
  std::string body, nodes, buffers;

  void add_buffer(const SharedBytes& bytes, int64_t size) {
    body.append(padding(body.size(), alignment_of(static_cast<std::size_t>(size))), '\0');
    append_struct(buffers, arrow::Buffer{static_cast<int64_t>(body.size()), size});
    body.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
    body.append(padding(body.size(), kAlignment), '\0');
  }

  // `column` is in one chunk that holds its rows and nothing else.
  void add(const Column& column) {
    const Column::Chunk& chunk = column.chunks().front();
    append_struct(nodes, arrow::FieldNode{column.size(), column.null_count()});
    add_buffer(chunk.validity, column.null_count() > 0 ? bitmap_bytes(column.size()) : 0);
    if (offset_width(column.type()) > 0) {
      add_buffer(chunk.offsets, (column.size() + 1) * offset_width(column.type()));
    }
    if (is_list(column.type())) {
      add(column.elements());
    } else {
      add_buffer(chunk.values, chunk.values.size());
    }
  }
};

// How many bytes of values the rows hold: what grows without bound as rows do not.
int64_t bytes_of(const Column& column, int64_t begin, int64_t end) {
  if (begin >= end) return 0;
  if (value_width(column.type()) > 0) return (end - begin) * value_width(column.type());
  int64_t bytes = 0;
  while (begin < end) {
    const Column::Chunk& chunk = *column.place(begin).chunk;
    const int64_t last = std::min(end, chunk.start + chunk.size);
    if (is_text(column.type())) {
      bytes += column.text(last - 1).data() - column.text(begin).data() +
               static_cast<int64_t>(column.text(last - 1).size());
    } else if (is_list(column.type())) {
      bytes += bytes_of(column.elements(), column.list(begin).begin, column.list(last - 1).end);
    }
    begin = last;
  }
  return bytes;
}

Column empty_copy(const Column& column) {
  return ColumnCopy(column).finish(column.name()).with_labels(column.labels());
}

}  // namespace

ArrowWriter::ArrowWriter(const std::string& path, const Table& like,
                         const ArrowWriteOptions& options)
    : options_(options), file_(path) {
  for (const Column& column : like.columns()) like_.push_back(empty_copy(column));
  if (options_.format == ArrowFormat::kFile) {
    std::string magic(arrow::kMagic);
    magic.append(8 - magic.size(), '\0');
    file_.write(magic);
    position_ += static_cast<int64_t>(magic.size());
  }
  write_message(arrow_schema_node(like_), arrow::message::kSchema, "");
}

void ArrowWriter::write(const Table& rows) {
  if (rows.columns().size() != like_.size()) {
    fail(rows.columns().size(), " columns, ", like_.size(), " are being written");
  }
  for (std::size_t i = 0; i < like_.size(); ++i) {
    const Column& column = rows.columns()[i];
    if (column.name() == like_[i].name() && column.type_name() == like_[i].type_name()) continue;
    fail(column.where(), " (", column.type_name(), "): ", quoted(like_[i].name()), " (",
         like_[i].type_name(), ") is being written");
  }
  for (int64_t begin = 0; begin < rows.rows();) {
    const int64_t end = fitting_end(rows, begin);
    write_batch(rows, begin, end);
    begin = end;
  }
}

int64_t ArrowWriter::fitting_end(const Table& rows, int64_t begin) const {
  int64_t end = std::min(rows.rows(), begin + std::max<int64_t>(1, options_.rows_per_batch));
  const auto bytes = [&] {
    int64_t sum = 0;
    for (const Column& column : rows.columns()) sum += bytes_of(column, begin, end);
    return sum;
  };
  while (end - begin > 1 && bytes() > kMostBytes) end = begin + (end - begin) / 2;
  return end;
}

void ArrowWriter::write_batch(const Table& rows, int64_t begin, int64_t end) {
  Batch batch;
  for (std::size_t i = 0; i < like_.size(); ++i) {
    ColumnCopy copy(rows.columns()[i]);
    copy.append(rows.columns()[i], begin, end);
    const Column column = copy.finish(like_[i].name());
    if (column.type_name() != like_[i].type_name()) {
      fail(rows.columns()[i].where(begin), ": a row of more than 2 GiB");
    }
    batch.add(column);
  }
  FlatNode header;
  header.scalar<int64_t>(arrow::record_batch::kLength, end - begin);
  header.structs(arrow::record_batch::kNodes, std::move(batch.nodes), sizeof(arrow::FieldNode));
  header.structs(arrow::record_batch::kBuffers, std::move(batch.buffers), sizeof(arrow::Buffer));
  write_message(std::move(header), arrow::message::kRecordBatch, batch.body);
  rows_ += end - begin;
}

// A message: continuation mark, size of the metadata, metadata, padding, body.
void ArrowWriter::write_message(FlatNode header, uint8_t header_type, const std::string& body) {
  FlatNode message;
  message.scalar<int16_t>(arrow::message::kVersion, arrow::kVersion5);
  message.scalar<uint8_t>(arrow::message::kHeaderType, header_type);
  message.table(arrow::message::kHeader, std::move(header));
  message.scalar<int64_t>(arrow::message::kBodyLength, static_cast<int64_t>(body.size()));
  if (options_.checksums) message.tables(arrow::message::kMetadata, {checksum_node()});
  std::string metadata = message.bytes();
  const std::size_t start = static_cast<std::size_t>(position_) + 8;
  metadata.append(padding(start + metadata.size(), alignment_of(body.size())), '\0');
  if (options_.checksums) seal(metadata, body);

  std::string prefix;
  append_struct(prefix, arrow::kContinuation);
  append_struct(prefix, static_cast<int32_t>(metadata.size()));
  if (header_type == arrow::message::kRecordBatch) {
    append_struct(blocks_,
                  arrow::Block{position_, static_cast<int32_t>(prefix.size() + metadata.size()), 0,
                               static_cast<int64_t>(body.size())});
  }
  file_.write(prefix + metadata);
  file_.write(body);
  position_ += static_cast<int64_t>(prefix.size() + metadata.size() + body.size());
}

void ArrowWriter::write_footer() {
  FlatNode footer;
  footer.scalar<int16_t>(arrow::footer::kVersion, arrow::kVersion5);
  footer.table(arrow::footer::kSchema, arrow_schema_node(like_));
  footer.structs(arrow::footer::kDictionaries, "", sizeof(arrow::Block));
  footer.structs(arrow::footer::kRecordBatches, blocks_, sizeof(arrow::Block));
  if (options_.checksums) footer.tables(arrow::footer::kMetadata, {checksum_node()});
  std::string bytes = footer.bytes();
  if (options_.checksums) seal(bytes, "");
  append_struct(bytes, static_cast<int32_t>(bytes.size()));
  bytes += arrow::kMagic;
  file_.write(bytes);
}

void ArrowWriter::commit() {
  std::string end_of_stream;
  append_struct(end_of_stream, arrow::kContinuation);
  append_struct(end_of_stream, int32_t{0});
  file_.write(end_of_stream);
  if (options_.format == ArrowFormat::kFile) write_footer();
  file_.commit();
}

void write_arrow(const std::string& path, const Table& table, const ArrowWriteOptions& options) {
  ArrowWriter writer(path, table, options);
  writer.write(table);
  writer.commit();
}

}  // namespace lathe
