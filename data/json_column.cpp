#include "data/json_column.h"

#include <type_traits>
#include <utility>

#include "base/error.h"

namespace lathe {

// The builder when the column's type is the one it builds; settles the type when no value has yet.
template <class Builder>
Builder& JsonColumn::builder_for(const Json& value) {
  if (std::holds_alternative<std::monostate>(builder_)) {
    auto& builder = builder_.emplace<Builder>();
    for (int64_t row = 0; row < size_; ++row) builder.append_null();
  }
  if (auto* builder = std::get_if<Builder>(&builder_)) return *builder;
  fail("is ", value.kind(), ", in the rows before it is ", kind());
}

void JsonColumn::append(const Json& value) {
  if (value.is_null()) return append_null();
  if (value.is_bool()) {
    builder_for<BoolBuilder>(value).append(value.as_bool());
  } else if (value.is_string()) {
    builder_for<TextBuilder>(value).append(value.as_string());
  } else if (value.is_number()) {
    append_number(value);
  } else if (value.is_array()) {
    append_list(value);
  } else {
    fail("is an object: a column holds numbers, booleans, strings or lists of them");
  }
  ++size_;
}

void JsonColumn::append_null() {
  std::visit(
      [](auto& builder) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(builder)>, std::monostate>) {
          builder.append_null();
        }
      },
      builder_);
  ++size_;
}

void JsonColumn::append_number(const Json& value) {
  if (!value.is_integer()) integers_to_numbers();
  if (value.is_integer() && !std::holds_alternative<NumberBuilder<double>>(builder_)) {
    builder_for<NumberBuilder<int64_t>>(value).append(value.as_integer());
  } else {
    builder_for<NumberBuilder<double>>(value).append(value.as_double());
  }
}

void JsonColumn::integers_to_numbers() {
  auto* integers = std::get_if<NumberBuilder<int64_t>>(&builder_);
  if (integers == nullptr) return;
  const Column column = integers->finish("");
  auto& numbers = builder_.emplace<NumberBuilder<double>>();
  for (int64_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) {
      numbers.append_null();
    } else {
      numbers.append(column.number(row));
    }
  }
}

void JsonColumn::append_list(const Json& value) {
  auto& list = builder_for<Lists>(value);
  for (const Json& element : value.as_array()) list.elements->append(element);
  list.lists.end_list(list.elements->size());
}

const char* JsonColumn::kind() const {
  static constexpr const char* kKinds[] = {"null",     "a boolean", "an integer",
                                           "a number", "a string",  "an array"};
  return kKinds[builder_.index()];
}

Column JsonColumn::finish(std::string name) {
  return std::visit(
      [&](auto& builder) -> Column {
        using Builder = std::decay_t<decltype(builder)>;
        if constexpr (std::is_same_v<Builder, std::monostate>) {
          TextBuilder nulls;
          for (int64_t row = 0; row < size_; ++row) nulls.append_null();
          return nulls.finish(std::move(name));
        } else if constexpr (std::is_same_v<Builder, Lists>) {
          return builder.lists.finish(std::move(name), builder.elements->finish("item"));
        } else {
          return builder.finish(std::move(name));
        }
      },
      builder_);
}

}  // namespace lathe
