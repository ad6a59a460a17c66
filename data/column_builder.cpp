#include "data/column_builder.h"

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace lathe {

void BitmapBuilder::append_ones(int64_t count) {
  for (; count > 0 && (size_ & 7) != 0; --count) append(true);
  bytes_.insert(bytes_.end(), static_cast<std::size_t>(count / 8), uint8_t{0xFF});
  size_ += count / 8 * 8;
  for (count %= 8; count > 0; --count) append(true);
}

void ValidityBuilder::append_null(int64_t size) {
  bits_.append_ones(size - bits_.size());
  bits_.append(false);
  ++null_count_;
}

SharedBytes ValidityBuilder::finish(int64_t size) {
  if (null_count_ == 0) return {};
  bits_.append_ones(size - bits_.size());
  return bits_.finish();
}

void TextBuilder::append_null() {
  validity_.append_null(size());
  end_value();
}

Column TextBuilder::finish(std::string name) {
  const int64_t rows = size();
  Column::Buffers buffers;
  buffers.validity = validity_.finish(rows);
  const bool large = bytes_.size() > static_cast<std::size_t>(INT32_MAX);
  if (large) {
    buffers.offsets = SharedBytes::of(std::move(offsets_));
  } else {
    buffers.offsets = SharedBytes::of(std::vector<int32_t>(offsets_.begin(), offsets_.end()));
  }
  buffers.values = SharedBytes::of(std::move(bytes_));
  Column column(std::move(name), large ? ColumnType::kLargeUtf8 : ColumnType::kUtf8, rows,
                validity_.null_count(), std::move(buffers));
  *this = TextBuilder();
  return column;
}

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
  const auto type = std::is_same_v<T, double> ? ColumnType::kFloat64 : ColumnType::kInt64;
  Column column(std::move(name), type, rows, validity_.null_count(), std::move(buffers));
  *this = NumberBuilder();
  return column;
}

template class NumberBuilder<int64_t>;
template class NumberBuilder<double>;

void BoolBuilder::append_null() {
  validity_.append_null(size());
  values_.append(false);
}

Column BoolBuilder::finish(std::string name) {
  const int64_t rows = size();
  Column::Buffers buffers;
  buffers.validity = validity_.finish(rows);
  buffers.values = values_.finish();
  Column column(std::move(name), ColumnType::kBool, rows, validity_.null_count(),
                std::move(buffers));
  *this = BoolBuilder();
  return column;
}

void ListBuilder::end_list(int64_t element_count) {
  if (element_count > INT32_MAX) {
    fail("lists of more than ", INT32_MAX, " elements in all: split the file");
  }
  offsets_.push_back(static_cast<int32_t>(element_count));
}

void ListBuilder::append_null() {
  validity_.append_null(size());
  offsets_.push_back(offsets_.back());
}

Column ListBuilder::finish(std::string name, Column elements) {
  const int64_t rows = size();
  Column::Buffers buffers;
  buffers.validity = validity_.finish(rows);
  buffers.offsets = SharedBytes::of(std::move(offsets_));
  buffers.elements = std::make_shared<const Column>(std::move(elements));
  Column column(std::move(name), ColumnType::kList, rows, validity_.null_count(),
                std::move(buffers));
  *this = ListBuilder();
  return column;
}

}  // namespace lathe
