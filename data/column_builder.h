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

// kInt64 and kFloat64.
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
extern template class NumberBuilder<int64_t>;
extern template class NumberBuilder<double>;

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

// kList: the elements are built elsewhere.
class ListBuilder {
 public:
  // A list of the elements from where the list before ended up to `element_count`, all elements so
  // far. Error when that exceeds the reach of 32-bit offsets.
  void end_list(int64_t element_count);
  void append_null();
  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  Column finish(std::string name, Column elements);  // leaves the builder empty

 private:
  std::vector<int32_t> offsets_{0};
  ValidityBuilder validity_;
};

}  // namespace lathe
