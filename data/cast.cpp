#include "data/cast.h"

#include <charconv>
#include <optional>

#include "base/error.h"
#include "data/column_builder.h"
#include "data/number_text.h"

namespace lathe {

namespace {

// Texts through `parse` into `builder`, empty ones as nulls. Returns the first row that `parse`
// refuses, or -1.
template <class Builder, class Parse>
int64_t parse_texts(const Column& column, Builder& builder, Parse parse) {
  for (int64_t row = 0; row < column.size(); ++row) {
    const std::string_view text = column.text(row);
    if (text.empty()) {
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
  Column result = builder.finish(column.name()).with_source(column.source());
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

std::string written(const Column& column, int64_t row) {
  if (column.type() == ColumnType::kBool) return column.boolean(row) ? "true" : "false";
  if (column.type() == ColumnType::kInt64) return std::to_string(column.integer(row));
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, column.number(row)).ptr;
  return {digits, end};
}

Column cast_text(const Column& column, ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return parsed<NumberBuilder<int64_t>>(column, integer_of, "an integer");
    case ColumnType::kFloat64:
      return parsed<NumberBuilder<double>>(column, number_of, "a number");
    case ColumnType::kBool:
      return parsed<BoolBuilder>(column, boolean_of, "true or false");
    default:
      return column;
  }
}

bool can_cast(ColumnType from, ColumnType to) {
  if (from == to || is_text(from)) return to != ColumnType::kList;
  if (from == ColumnType::kList || to == ColumnType::kList) return from == to;
  return is_text(to) || to == ColumnType::kFloat64 ||
         (to == ColumnType::kInt64 && from == ColumnType::kBool);
}

Column cast_values(const Column& column, ColumnType type) {
  if (column.type() == type) return column;
  if (is_text(column.type())) return cast_text(column, type);
  if (is_text(type)) {
    return converted<TextBuilder>(column, [&](int64_t row) { return written(column, row); });
  }
  if (type == ColumnType::kInt64) {
    return converted<NumberBuilder<int64_t>>(column,
                                             [&](int64_t row) { return column.integer(row); });
  }
  return converted<NumberBuilder<double>>(column, [&](int64_t row) { return column.number(row); });
}

}  // namespace

Column infer_type(const Column& column) {
  if (auto integers = inferred<NumberBuilder<int64_t>>(column, integer_of)) return *integers;
  if (auto numbers = inferred<NumberBuilder<double>>(column, number_of)) return *numbers;
  if (auto booleans = inferred<BoolBuilder>(column, boolean_of)) return *booleans;
  return column;
}

Column cast(const Column& column, ColumnType type) {
  if (!can_cast(column.type(), type)) {
    fail(column.where(), " holds ", column.type_name(), ", which cannot be made into ",
         name_of(type));
  }
  return cast_values(column, type).with_source(column.source());
}

}  // namespace lathe
