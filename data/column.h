// A named column of values of one type, in the memory layout of Apache Arrow's columnar format
// (arrow.apache.org, "Arrow Columnar Format", 1.4): what pyarrow, DuckDB and Hugging Face Datasets
// hold in memory and on disk.
//
//   type                  buffers
//   kBool                 validity, values: a bit a row
//   kInt64, kFloat64      validity, values: 8 bytes a row
//   kUtf8, kLargeUtf8     validity, offsets int32 or int64 [rows + 1], values: the texts' bytes
//   kList                 validity, offsets int32 [rows + 1] into the rows of another column
//
// Bit i of a bitmap is bit i % 8 (from the least significant) of byte i / 8. In the validity bitmap
// 1 means present; a column without nulls needs none. A Column never changes; copies share its
// buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/shared_bytes.h"

namespace lathe {

enum class ColumnType { kBool, kInt64, kFloat64, kUtf8, kLargeUtf8, kList };

// Arrow's names: "bool", "int64", "float64", "utf8", "large_utf8", "list".
std::string_view name_of(ColumnType type);
inline bool is_text(ColumnType type) {
  return type == ColumnType::kUtf8 || type == ColumnType::kLargeUtf8;
}

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

  // Error when a buffer is too small for `size` rows.
  Column(std::string name, ColumnType type, int64_t size, int64_t null_count, Buffers buffers);

  const std::string& name() const { return name_; }
  ColumnType type() const { return type_; }
  std::string type_name() const;  // "int64", "list<float64>"
  int64_t size() const { return size_; }
  int64_t null_count() const { return null_count_; }

  bool is_null(int64_t row) const { return null_count_ != 0 && !bit(buffers_.validity, row); }

  // The value in `row`, 0 <= row < size(). Error naming the column when its type does not give such
  // a value. A null gives "", 0 or an empty list: ask is_null() first where that matters.
  // A text lives as long as this column or a copy of it.
  std::string_view text(int64_t row) const;  // kUtf8, kLargeUtf8
  int64_t integer(int64_t row) const;        // kInt64, kBool
  double number(int64_t row) const;          // kFloat64, kInt64, kBool
  bool boolean(int64_t row) const;           // kBool
  RowRange list(int64_t row) const;          // kList
  const Column& elements() const;            // kList

  const Buffers& buffers() const { return buffers_; }

  // The file that row i of this column is row i of; empty for a column that was made or rearranged
  // in memory.
  const std::string& source() const { return source_; }
  // Where a person finds that row, for messages: `train.csv: row 17, column "label"`. Rows count
  // from 1 there.
  std::string where(int64_t row) const;
  std::string where() const;  // the column itself: `train.csv: column "label"`

  Column renamed(std::string name) const;
  Column with_source(std::string source) const;

 private:
  static bool bit(const SharedBytes& bits, int64_t index) {
    return (bits.as<uint8_t>()[index >> 3] >> (index & 7) & 1) != 0;
  }
  RowRange range(int64_t row) const;  // what the offsets say of a row of texts or lists
  void check_buffers() const;
  [[noreturn]] void wrong_type(std::string_view wanted) const;

  std::string name_;
  ColumnType type_;
  int64_t size_;
  int64_t null_count_;
  Buffers buffers_;
  std::string source_;
};

// The rows of `column` named by `rows`, in that order; each in 0 … column.size() - 1, repetition
// allowed. The result keeps the source only where every row stays at its place.
Column gather(const Column& column, const std::vector<int64_t>& rows);

}  // namespace lathe
