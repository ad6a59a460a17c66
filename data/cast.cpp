#include "data/cast.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "data/column_builder.h"
#include "data/number_text.h"

namespace lathe {

namespace {

// Texts through `parse` into `builder`, empty ones and nulls as nulls. Returns the first row that
// `parse` refuses, or -1.
template <class Builder, class Parse>
int64_t parse_texts(const Column& column, Builder& builder, Parse parse) {
  for (int64_t row = 0; row < column.size(); ++row) {
    const std::string_view text = column.text(row);
    if (text.empty() || column.is_null(row)) {
      builder.append_null();
    } else if (const auto value = parse(text)) {
      builder.append(*value);
    } else {
      return row;
    }
  }
  return -1;
}

template <class Builder, class Parse>
std::optional<Column> inferred(const Column& column, Parse parse) {
  Builder builder;
  if (parse_texts(column, builder, parse) >= 0) return std::nullopt;
  Column result = builder.finish(column.name()).with_sources_of(column);
  if (result.null_count() == result.size()) return std::nullopt;
  return result;
}

template <class Builder, class Parse>
Column parsed(const Column& column, Parse parse, const char* wanted) {
  Builder builder;
  const int64_t bad = parse_texts(column, builder, parse);
  if (bad >= 0) fail(column.where(bad), ": ", quoted(column.text(bad)), " is not ", wanted);
  return builder.finish(column.name());
}

// Every present value through `value_of(row)`.
template <class Builder, class ValueOf>
Column converted(const Column& column, ValueOf value_of) {
  Builder builder;
  for (int64_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) {
      builder.append_null();
    } else {
      builder.append(value_of(row));
    }
  }
  return builder.finish(column.name());
}

template <class Float>
std::string digits_of(Float value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

// A uint64 has values that integer() refuses.
uint64_t large_value(const Column& column, int64_t row) {
  return column.values<uint64_t>({row, row + 1}).front();
}

// The integer in `row` as a T, nothing when it does not fit.
template <class T>
std::optional<T> fitting(const Column& column, int64_t row) {
  const auto narrow = [](auto value) -> std::optional<T> {
    if constexpr (std::is_floating_point_v<T>) {
      const T rounded = static_cast<T>(value);
      constexpr auto kExact = int64_t{1} << std::numeric_limits<T>::digits;
      const bool exact =
          std::cmp_less_equal(value, kExact) && std::cmp_greater_equal(value, -kExact);
      return exact ? std::optional<T>(rounded) : std::nullopt;
    } else {
      return std::in_range<T>(value) ? std::optional<T>(static_cast<T>(value)) : std::nullopt;
    }
  };
  if (column.type() == ColumnType::kUint64) return narrow(large_value(column, row));
  return narrow(column.integer(row));
}

// The fraction in `row` as a T: any fraction, or an integer where it is a whole number in range.
template <class T>
std::optional<T> fitting_fraction(const Column& column, int64_t row) {
  const double value = column.number(row);
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(value);
  const double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);  // exact
  const double lowest = std::numeric_limits<T>::is_signed ? -limit : 0.0;
  if (!(value >= lowest && value < limit) || value != std::floor(value)) return std::nullopt;
  return static_cast<T>(value);
}

std::string written(const Column& column, int64_t row) {
  if (column.type() == ColumnType::kBool) return column.boolean(row) ? "true" : "false";
  if (column.type() == ColumnType::kUint64) return std::to_string(large_value(column, row));
  if (column.type() == ColumnType::kFloat32)
    return digits_of(static_cast<float>(column.number(row)));
  if (column.type() == ColumnType::kFloat64) return digits_of(column.number(row));
  return std::to_string(column.integer(row));
}

// Which texts are a T: data/number_text.h, and within T's range.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  if constexpr (std::is_floating_point_v<T>) {
    const auto number = number_of(text);
    return number ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
  } else {
    if (const auto integer = integer_of(text)) {
      return std::in_range<T>(*integer) ? std::optional<T>(static_cast<T>(*integer)) : std::nullopt;
    }
    uint64_t large = 0;  // 2^63 and more
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), large);
    const bool whole = error == std::errc() && end == text.data() + text.size() && text[0] != '0';
    return whole && std::in_range<T>(large) ? std::optional<T>(static_cast<T>(large))
                                            : std::nullopt;
  }
}

template <class T>
Column to_number(const Column& column) {
  const std::string wanted = concat("a value of type ", name_of(type_of_value<T>()));
  if (is_text(column.type())) {
    const bool plain = type_of_value<T>() == ColumnType::kInt64;
    return parsed<NumberBuilder<T>>(column, parse_number<T>,
                                    plain                         ? "an integer"
                                    : std::is_floating_point_v<T> ? "a number"
                                                                  : wanted.c_str());
  }
  const bool fraction = is_fraction(column.type());
  return converted<NumberBuilder<T>>(column, [&](int64_t row) {
    const auto value = fraction ? fitting_fraction<T>(column, row) : fitting<T>(column, row);
    if (!value) fail(column.where(row), ": ", written(column, row), " is not ", wanted);
    return *value;
  });
}

Column to_boolean(const Column& column) {
  if (is_text(column.type())) return parsed<BoolBuilder>(column, boolean_of, "true or false");
  return converted<BoolBuilder>(column, [&](int64_t row) { return column.number(row) != 0.0; });
}

Column cast_values(const Column& column, ColumnType type) {
  switch (type) {
    case ColumnType::kBool:
      return to_boolean(column);
    case ColumnType::kInt8:
      return to_number<int8_t>(column);
    case ColumnType::kInt16:
      return to_number<int16_t>(column);
    case ColumnType::kInt32:
      return to_number<int32_t>(column);
    case ColumnType::kInt64:
      return to_number<int64_t>(column);
    case ColumnType::kUint8:
      return to_number<uint8_t>(column);
    case ColumnType::kUint16:
      return to_number<uint16_t>(column);
    case ColumnType::kUint32:
      return to_number<uint32_t>(column);
    case ColumnType::kUint64:
      return to_number<uint64_t>(column);
    case ColumnType::kFloat32:
      return to_number<float>(column);
    case ColumnType::kFloat64:
      return to_number<double>(column);
    default:
      return converted<TextBuilder>(column, [&](int64_t row) { return written(column, row); });
  }
}

}  // namespace

Column infer_type(const Column& column) {
  if (auto integers = inferred<NumberBuilder<int64_t>>(column, integer_of)) return *integers;
  if (auto numbers = inferred<NumberBuilder<double>>(column, number_of)) return *numbers;
  if (auto booleans = inferred<BoolBuilder>(column, boolean_of)) return *booleans;
  return column;
}

Column cast(const Column& column, ColumnType type) {
  if (column.type() == type || (is_text(column.type()) && is_text(type))) return column;
  if (is_list(column.type()) || is_list(type)) {
    fail(column.where(), " holds ", column.type_name(), ", which cannot be made into ",
         name_of(type));
  }
  return cast_values(column, type).with_sources_of(column);
}

Column cast_elements(const Column& column, ColumnType type) {
  if (!is_list(column.type())) {
    fail(column.where(), " holds ", column.type_name(), ", lists are needed");
  }
  ColumnCopy copy(column);  // in one chunk, with the elements that its rows name and no others
  copy.append(column, 0, column.size());
  const Column whole = copy.finish(column.name());
  const Column& elements = whole.elements();
  const Column::Chunk& chunk = whole.chunks().front();
  Column::Buffers buffers{chunk.validity, chunk.offsets, {}, nullptr};
  buffers.elements = std::make_shared<const Column>(
      is_list(elements.type()) ? cast_elements(elements, type) : cast(elements, type));
  return Column(whole.name(), whole.type(), whole.size(), whole.null_count(), std::move(buffers))
      .with_sources_of(column);
}

}  // namespace lathe
