// A named column of values of one type, in the memory layout of Apache Arrow's columnar format
// (arrow.apache.org, "Arrow Columnar Format", 1.4): what pyarrow, DuckDB and Hugging Face Datasets
// hold in memory and on disk.
//
//   type                          buffers
//   kBool                         validity, values: a bit a row
//   kInt8 … kUint64, kFloat32/64  validity, values: 1 to 8 bytes a row
//   kUtf8, kLargeUtf8             validity, offsets int32 or int64 [rows + 1], values: the texts'
//                                 bytes
//   kList, kLargeList             validity, offsets int32 or int64 [rows + 1] into the rows of
//                                 another column
//
// Bit i of a bitmap is bit i % 8 (from the least significant) of byte i / 8. In the validity bitmap
// 1 means present; a column without nulls needs none.
//
// A column's rows may lie in several chunks, one after another: the record batches of a file. Who
// reads values need not know. A Column never changes; copies and slices share its buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/shared_bytes.h"

namespace lathe {

class LabelNames;  // data/labels.h

enum class ColumnType {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat32,
  kFloat64,
  kUtf8,
  kLargeUtf8,
  kList,
  kLargeList
};

// Arrow's names: "bool", "int64", "float64", "utf8", "large_utf8", "list", …
std::string_view name_of(ColumnType type);
inline bool is_integer(ColumnType type) {
  return type >= ColumnType::kInt8 && type <= ColumnType::kUint64;
}
inline bool is_fraction(ColumnType type) {
  return type == ColumnType::kFloat32 || type == ColumnType::kFloat64;
}
inline bool is_text(ColumnType type) {
  return type == ColumnType::kUtf8 || type == ColumnType::kLargeUtf8;
}
inline bool is_list(ColumnType type) {
  return type == ColumnType::kList || type == ColumnType::kLargeList;
}
// Bytes a value of an integer or a fraction takes, bytes an offset of a text or a list takes; 0 for
// the others.
int64_t value_width(ColumnType type);
int64_t offset_width(ColumnType type);

// The type whose values are T's: type_of_value<int32_t>() is kInt32.
template <class T>
constexpr ColumnType type_of_value();

// A run of rows or of bytes: [begin, end).
struct RowRange {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

class Column {
 public:
  struct Buffers {
    SharedBytes validity;                    // empty: no nulls
    SharedBytes offsets;                     // texts and lists only
    SharedBytes values;                      // all but lists
    std::shared_ptr<const Column> elements;  // lists only
  };
  // Rows whose values lie together.
  struct Chunk {
    int64_t start;  // the column's row that is its first
    int64_t size;
    int64_t null_count;
    int64_t skip;           // the rows of its buffers before its first
    int64_t element_start;  // lists: the row of elements() that an offset of 0 means
    SharedBytes validity, offsets, values;
  };

  // A file, and how many rows come from it.
  struct Source {
    std::string path;
    int64_t rows;
  };

  // In one chunk. Error when a buffer is too small for `size` rows, or when the last offset points
  // behind what exists. Offsets between the first and the last are the maker's care.
  Column(std::string name, ColumnType type, int64_t size, int64_t null_count, Buffers buffers);

  // The rows of each part, one part after another, under the first one's name, without copying.
  // Error when there is none or their types differ.
  static Column chained(const std::vector<Column>& parts);

  const std::string& name() const { return name_; }
  ColumnType type() const { return type_; }
  std::string type_name() const;  // "int64", "list<float64>"
  int64_t size() const { return size_; }
  int64_t null_count() const { return null_count_; }

  bool is_null(int64_t row) const {
    if (null_count_ == 0) return false;
    const Place at = place(row);
    return at.chunk->null_count != 0 && !bit(at.chunk->validity, at.row);
  }

  // The value in `row`, 0 <= row < size(). Error naming the column when its type does not give such
  // a value. What they give for a null is whatever lies there: ask is_null() first where that
  // matters. A text lives as long as this column or a copy of it.
  std::string_view text(int64_t row) const;  // texts
  int64_t integer(int64_t row) const;        // integers, bool; Error for a uint64 of 2^63 and more
  double number(int64_t row) const;          // fractions, integers, bool
  bool boolean(int64_t row) const;           // bool
  RowRange list(int64_t row) const;          // lists: rows of elements()
  const Column& elements() const;            // lists

  // The values of rows that lie in one chunk, as one list's elements do. Error when T is not their
  // type or when they do not.
  template <class T>
  std::span<const T> values(RowRange rows) const;

  // For who copies bytes: the chunks, of which there is at least one; and where a row lies.
  struct Place {
    const Chunk* chunk;
    int64_t row;  // of the chunk's buffers
  };
  const std::vector<Chunk>& chunks() const { return *chunks_; }
  Place place(int64_t row) const {
    const Chunk& first = chunks_->front();
    if (row < first.size) return {&first, row + first.skip};
    return place_among(row);
  }

  // The file that row i of this column is row i of; empty for a column that was made or rearranged
  // in memory, or comes from several files.
  const std::string& source() const;
  // Where a person finds that row, for messages: `train.csv: row 17, column "label"`. Rows count
  // from 1 there.
  std::string where(int64_t row) const;
  // The column itself, with the first file: `train.csv: column "label"`.
  std::string where() const;

  // The names of the classes that its integers number, Datasets' ClassLabel; nullptr where it has
  // none. There -1 stands for a missing label.
  const std::shared_ptr<const LabelNames>& labels() const { return labels_; }

  Column renamed(std::string name) const;
  Column with_source(std::string source) const;
  // Whose first rows come from the first of these files, those behind them from the next.
  Column with_sources(const std::vector<Source>& sources) const;
  Column with_sources_of(const Column& other) const;
  Column with_labels(std::shared_ptr<const LabelNames> labels) const;
  // The rows [begin, end), 0 <= begin <= end <= size(), without copying. Keeps the source where
  // begin is 0.
  Column slice(int64_t begin, int64_t end) const;

 private:
  Column() = default;
  static bool bit(const SharedBytes& bits, int64_t index) {
    return (bits.as<uint8_t>()[index >> 3] >> (index & 7) & 1) != 0;
  }
  Place place_among(int64_t row) const;
  RowRange range(const Place& at) const;  // what the offsets say of a row of texts or lists
  RowRange last_range() const;
  void check_buffers() const;
  std::span<const std::byte> bytes_of(RowRange rows, ColumnType type) const;
  [[noreturn]] void wrong_type(std::string_view wanted) const;

  std::string name_;
  ColumnType type_ = ColumnType::kUtf8;
  int64_t size_ = 0;
  int64_t null_count_ = 0;
  std::shared_ptr<const std::vector<Chunk>> chunks_;
  std::shared_ptr<const Column> elements_;
  std::shared_ptr<const LabelNames> labels_;
  std::shared_ptr<const std::vector<Source>> sources_;  // null: none
};

// The rows of `column` named by `rows`, in that order; each in 0 … column.size() - 1, repetition
// allowed. The result keeps the source only where every row stays at its place.
Column gather(const Column& column, const std::vector<int64_t>& rows);

template <class T>
constexpr ColumnType type_of_value() {
  constexpr bool kFraction = static_cast<T>(0.5) != T{0};
  constexpr bool kSigned = static_cast<T>(-1) < T{0};
  if (kFraction) return sizeof(T) == 4 ? ColumnType::kFloat32 : ColumnType::kFloat64;
  const ColumnType first = kSigned ? ColumnType::kInt8 : ColumnType::kUint8;
  const int step = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return static_cast<ColumnType>(static_cast<int>(first) + step);
}

template <class T>
std::span<const T> Column::values(RowRange rows) const {
  const std::span<const std::byte> bytes = bytes_of(rows, type_of_value<T>());
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

}  // namespace lathe
