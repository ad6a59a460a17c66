#include "data/json_column.h"

#include <type_traits>
#include <utility>

#include "base/error.h"

namespace lathe {

std::optional<JsonType> JsonType::common(const JsonType& a, const JsonType& b) {
  const auto is_numeric = [](Kind of) { return of == Kind::kInteger || of == Kind::kNumber; };
  if (a.kind == Kind::kUnsettled) return b;
  if (b.kind == Kind::kUnsettled) return a;
  if (is_numeric(a.kind) && is_numeric(b.kind)) return a.kind == Kind::kNumber ? a : b;
  if (a.kind != b.kind) return std::nullopt;
  if (a.kind != Kind::kList) return a;
  const auto element = common(a.element[0], b.element[0]);
  if (!element) return std::nullopt;
  return JsonType{Kind::kList, {*element}};
}

// The builder of the type that no value has settled so far.
template <class Builder>
Builder& JsonColumn::settle() {
  auto& builder = builder_.emplace<Builder>();
  for (int64_t row = 0; row < size_; ++row) builder.append_null();
  return builder;
}

// The builder when the column's type is the one it builds; settles the type when no value has yet.
template <class Builder>
Builder& JsonColumn::builder_for(const char* kind_of_value) {
  if (auto* builder = std::get_if<Builder>(&builder_)) return *builder;
  if (std::holds_alternative<std::monostate>(builder_)) return settle<Builder>();
  fail("is ", kind_of_value, ", in the rows before it is ", kind());
}

void JsonColumn::append(const Json& value) {
  if (value.is_null()) return append_null();
  if (value.is_bool()) return append_bool(value.as_bool());
  if (value.is_string()) return append_text(value.as_string());
  if (value.is_integer()) return append_integer(value.as_integer());
  if (value.is_number()) return append_number(value.as_double());
  if (!value.is_array()) {
    fail("is an object: a column holds numbers, booleans, strings or lists of them");
  }
  JsonColumn& elements = begin_list();
  for (const Json& element : value.as_array()) elements.append(element);
  end_list();
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

void JsonColumn::append_bool(bool value) {
  builder_for<BoolBuilder>("a boolean").append(value);
  ++size_;
}

void JsonColumn::append_integer(int64_t value) {
  if (auto* numbers = std::get_if<NumberBuilder<double>>(&builder_)) {
    numbers->append(static_cast<double>(value));
  } else {
    builder_for<NumberBuilder<int64_t>>("an integer").append(value);
  }
  ++size_;
}

void JsonColumn::append_number(double value) {
  if (std::holds_alternative<NumberBuilder<int64_t>>(builder_)) integers_to_numbers();
  builder_for<NumberBuilder<double>>("a number").append(value);
  ++size_;
}

void JsonColumn::append_text(std::string_view value) {
  builder_for<TextBuilder>("a string").append(value);
  ++size_;
}

JsonColumn& JsonColumn::begin_list() { return *builder_for<Lists>("an array").elements; }

void JsonColumn::end_list() {
  auto& list = std::get<Lists>(builder_);
  list.lists.end_list(list.elements->size());
  ++size_;
}

void JsonColumn::integers_to_numbers() {
  const Column column = std::get<NumberBuilder<int64_t>>(builder_).finish("");
  auto& numbers = builder_.emplace<NumberBuilder<double>>();
  for (int64_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) {
      numbers.append_null();
    } else {
      numbers.append(column.number(row));
    }
  }
}

JsonType JsonColumn::type() const {
  JsonType type{static_cast<JsonType::Kind>(builder_.index())};
  if (const auto* list = std::get_if<Lists>(&builder_)) {
    type.element.push_back(list->elements->type());
  }
  return type;
}

void JsonColumn::become(const JsonType& wanted) {
  const bool unsettled = std::holds_alternative<std::monostate>(builder_);
  switch (wanted.kind) {
    case JsonType::Kind::kUnsettled:
      break;
    case JsonType::Kind::kBool:
      if (unsettled) settle<BoolBuilder>();
      break;
    case JsonType::Kind::kInteger:
      if (unsettled) settle<NumberBuilder<int64_t>>();
      break;
    case JsonType::Kind::kNumber:
      if (unsettled) settle<NumberBuilder<double>>();
      if (std::holds_alternative<NumberBuilder<int64_t>>(builder_)) integers_to_numbers();
      break;
    case JsonType::Kind::kText:
      if (unsettled) settle<TextBuilder>();
      break;
    case JsonType::Kind::kList:
      if (unsettled) settle<Lists>();
      std::get<Lists>(builder_).elements->become(wanted.element[0]);
      break;
  }
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
