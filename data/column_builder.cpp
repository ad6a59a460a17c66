#include "data/column_builder.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "data/bitmap.h"

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

SharedBytes offsets_as(ColumnType& wanted, std::vector<int64_t> offsets) {
  if (offsets.back() > INT32_MAX) {
    if (wanted == ColumnType::kUtf8) wanted = ColumnType::kLargeUtf8;
    if (wanted == ColumnType::kList) wanted = ColumnType::kLargeList;
  }
  if (offset_width(wanted) == 8) return SharedBytes::of(std::move(offsets));
  std::vector<int32_t> narrow(offsets.size());
  std::transform(offsets.begin(), offsets.end(), narrow.begin(),
                 [](int64_t offset) { return static_cast<int32_t>(offset); });
  return SharedBytes::of(std::move(narrow));
}

Column TextBuilder::finish(std::string name) {
  const int64_t rows = size();
  ColumnType type = ColumnType::kUtf8;
  Column::Buffers buffers;
  buffers.validity = validity_.finish(rows);
  buffers.offsets = offsets_as(type, std::move(offsets_));
  buffers.values = SharedBytes::of(std::move(bytes_));
  Column column(std::move(name), type, rows, validity_.null_count(), std::move(buffers));
  *this = TextBuilder();
  return column;
}

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

void ListBuilder::append_null() {
  validity_.append_null(size());
  offsets_.push_back(offsets_.back());
}

Column ListBuilder::finish(std::string name, Column elements) {
  const int64_t rows = size();
  ColumnType type = ColumnType::kList;
  Column::Buffers buffers;
  buffers.validity = validity_.finish(rows);
  buffers.offsets = offsets_as(type, std::move(offsets_));
  buffers.elements = std::make_shared<const Column>(std::move(elements));
  Column column(std::move(name), type, rows, validity_.null_count(), std::move(buffers));
  *this = ListBuilder();
  return column;
}

ColumnCopy::ColumnCopy(const Column& like) : type_(like.type()) {
  if (is_list(type_)) elements_ = std::make_unique<ColumnCopy>(like.elements());
}

void ColumnCopy::append(const Column& column, int64_t begin, int64_t end) {
  while (begin < end) {
    const auto [chunk, row] = column.place(begin);
    const int64_t count = std::min(end, chunk->start + chunk->size) - begin;
    append_run(column, *chunk, row, count);
    begin += count;
  }
}

void ColumnCopy::append_nulls(int64_t count) {
  const auto bytes = static_cast<std::size_t>(bitmap_bytes(size_ + count));
  validity_.resize(bytes);
  if (null_count_ == 0) set_bits(validity_.data(), 0, size_);
  null_count_ += count;
  size_ += count;
  if (type_ == ColumnType::kBool) values_.resize(bytes);
  values_.resize(values_.size() + static_cast<std::size_t>(count * value_width(type_)));
  if (offset_width(type_) > 0) {
    offsets_.insert(offsets_.end(), static_cast<std::size_t>(count), offsets_.back());
  }
}

void ColumnCopy::append_run(const Column& column, const Column::Chunk& chunk, int64_t begin,
                            int64_t count) {
  append_validity(chunk, begin, count);
  if (type_ == ColumnType::kBool) {
    values_.resize(static_cast<std::size_t>(bitmap_bytes(size_ + count)));
    copy_bits(chunk.values.as<uint8_t>(), begin, count, values_.data(), size_);
  } else if (const int64_t width = value_width(type_); width > 0) {
    const uint8_t* first = chunk.values.as<uint8_t>() + begin * width;
    values_.insert(values_.end(), first, first + count * width);
  } else if (offset_width(type_) == 8) {
    append_offsets<int64_t>(column, chunk, begin, count);
  } else {
    append_offsets<int32_t>(column, chunk, begin, count);
  }
  size_ += count;
}

void ColumnCopy::append_validity(const Column::Chunk& chunk, int64_t begin, int64_t count) {
  if (null_count_ == 0 && chunk.null_count == 0) return;
  const auto bytes = static_cast<std::size_t>(bitmap_bytes(size_ + count));
  if (null_count_ == 0) {
    validity_.resize(bytes);
    set_bits(validity_.data(), 0, size_);
  }
  validity_.resize(bytes);
  if (chunk.null_count == 0) {
    set_bits(validity_.data(), size_, count);
    return;
  }
  copy_bits(chunk.validity.as<uint8_t>(), begin, count, validity_.data(), size_);
  null_count_ += count - count_ones(chunk.validity.as<uint8_t>(), begin, count);
}

template <class Offset>
void ColumnCopy::append_offsets(const Column& column, const Column::Chunk& chunk, int64_t begin,
                                int64_t count) {
  const Offset* offsets = chunk.offsets.as<Offset>() + begin;
  const int64_t first = offsets[0], last = offsets[count], shift = offsets_.back() - first;
  for (int64_t row = 1; row <= count; ++row) offsets_.push_back(offsets[row] + shift);
  if (is_list(type_)) {
    elements_->append(column.elements(), first + chunk.element_start, last + chunk.element_start);
  } else {
    const uint8_t* bytes = chunk.values.as<uint8_t>();
    values_.insert(values_.end(), bytes + first, bytes + last);
  }
}

Column ColumnCopy::finish(std::string name) {
  Column::Buffers buffers;
  if (null_count_ > 0) buffers.validity = SharedBytes::of(std::move(validity_));
  if (offset_width(type_) > 0) buffers.offsets = offsets_as(type_, std::move(offsets_));
  if (is_list(type_)) {
    buffers.elements = std::make_shared<const Column>(elements_->finish("item"));
  } else {
    buffers.values = SharedBytes::of(std::move(values_));
  }
  return Column(std::move(name), type_, size_, null_count_, std::move(buffers));
}

}  // namespace lathe
