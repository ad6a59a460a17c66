// Columns being written, a value after another, into the buffers they will be read from: no
// allocation a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"

namespace lathe {

// A bitmap that grows a bit at a time, least significant bit first.
class BitmapBuilder {
 public:
  void append(bool bit) {
    if ((size_ & 7) == 0) bytes_.push_back(0);
    if (bit) bytes_.back() = static_cast<uint8_t>(bytes_.back() | 1 << (size_ & 7));
    ++size_;
  }
  void append_ones(int64_t count);
  int64_t size() const { return size_; }
  SharedBytes finish() { return SharedBytes::of(std::move(bytes_)); }

 private:
  std::vector<uint8_t> bytes_;
  int64_t size_ = 0;
};

// Which rows are present. Costs nothing until the first null.
class ValidityBuilder {
 public:
  // The row after `size` present and absent ones.
  void append_null(int64_t size);
  int64_t null_count() const { return null_count_; }
  SharedBytes finish(int64_t size);

 private:
  BitmapBuilder bits_;  // of the rows up to the last null
  int64_t null_count_ = 0;
};

// kUtf8, or kLargeUtf8 when the texts together exceed the reach of 32-bit offsets.
class TextBuilder {
 public:
  void append(std::string_view text) {
    append_piece(text);
    end_value();
  }
  // A value in several pieces: append_piece() … end_value().
  void append_piece(std::string_view piece) {
    bytes_.insert(bytes_.end(), piece.begin(), piece.end());
  }
  void end_value() { offsets_.push_back(static_cast<int64_t>(bytes_.size())); }
  void append_null();
  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  Column finish(std::string name);  // leaves the builder empty

 private:
  std::vector<int64_t> offsets_{0};
  std::vector<char> bytes_;
  ValidityBuilder validity_;
};

// Integers and fractions: T is any of (u)int8_t … (u)int64_t, float, double.
template <class T>
class NumberBuilder {
 public:
  void append(T value) { values_.push_back(value); }
  void append_null();
  int64_t size() const { return static_cast<int64_t>(values_.size()); }
  const std::vector<T>& values() const { return values_; }
  Column finish(std::string name);  // leaves the builder empty

 private:
  std::vector<T> values_;
  ValidityBuilder validity_;
};

// kBool.
class BoolBuilder {
 public:
  void append(bool value) { values_.append(value); }
  void append_null();
  int64_t size() const { return values_.size(); }
  Column finish(std::string name);  // leaves the builder empty

 private:
  BitmapBuilder values_;
  ValidityBuilder validity_;
};

// kList, or kLargeList when there are more elements than 32-bit offsets reach: the elements are
// built elsewhere.
class ListBuilder {
 public:
  // A list of the elements from where the list before ended up to `element_count`, all elements so
  // far.
  void end_list(int64_t element_count) { offsets_.push_back(element_count); }
  void append_null();
  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  Column finish(std::string name, Column elements);  // leaves the builder empty

 private:
  std::vector<int64_t> offsets_{0};
  ValidityBuilder validity_;
};

// Copies of rows of other columns, runs of them at a time.
class ColumnCopy {
 public:
  explicit ColumnCopy(const Column& like);  // of its type

  // The rows [begin, end) of `column`, which has that type.
  void append(const Column& column, int64_t begin, int64_t end);
  void append_nulls(int64_t count);
  int64_t size() const { return size_; }
  // In one chunk whose buffers hold its rows and nothing else. 32-bit offsets become 64-bit ones
  // where they do not reach. Leaves the builder unusable.
  Column finish(std::string name);

 private:
  void append_run(const Column& column, const Column::Chunk& chunk, int64_t begin, int64_t count);
  void append_validity(const Column::Chunk& chunk, int64_t begin, int64_t count);
  template <class Offset>
  void append_offsets(const Column& column, const Column::Chunk& chunk, int64_t begin,
                      int64_t count);

  ColumnType type_;
  int64_t size_ = 0, null_count_ = 0;
  std::vector<uint8_t> validity_;  // empty until the first null
  std::vector<uint8_t> values_;    // bits of booleans, bytes of the others
  std::vector<int64_t> offsets_{0};
  std::unique_ptr<ColumnCopy> elements_;
};

// As type `wanted` (32- or 64-bit) where they fit, else as 64-bit ones; `wanted` is changed then.
SharedBytes offsets_as(ColumnType& wanted, std::vector<int64_t> offsets);

template <class T>
void NumberBuilder<T>::append_null() {
  validity_.append_null(size());
  values_.push_back(T{});
}

template <class T>
Column NumberBuilder<T>::finish(std::string name) {
  const int64_t rows = size();
  Column::Buffers buffers;
  buffers.validity = validity_.finish(rows);
  buffers.values = SharedBytes::of(std::move(values_));
  Column column(std::move(name), type_of_value<T>(), rows, validity_.null_count(),
                std::move(buffers));
  *this = NumberBuilder();
  return column;
}

}  // namespace lathe
