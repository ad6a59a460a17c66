// A column of JSON values, whose type the values themselves settle.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "data/column_builder.h"

namespace lathe {

// What the values of a column have been so far.
struct JsonType {
  enum class Kind { kUnsettled, kBool, kInteger, kNumber, kText, kList };
  Kind kind = Kind::kUnsettled;        // kUnsettled: nulls alone
  std::vector<JsonType> element = {};  // one, of lists

  // The type of a column that has values of both; nothing where there is none.
  static std::optional<JsonType> common(const JsonType& a, const JsonType& b);
};

class JsonColumn {
 public:
  // The first value that is not null settles the type; integers give way to numbers when a fraction
  // comes. Error "is a string, in the rows before it is …" for a value that does not fit those
  // before it, and for an object.
  void append(const Json& value);
  void append_null();
  void append_bool(bool value);
  void append_integer(int64_t value);
  void append_number(double value);
  void append_text(std::string_view value);
  // A list: begin_list(), its elements to the column that returns, end_list().
  JsonColumn& begin_list();
  void end_list();

  int64_t size() const { return size_; }
  JsonType type() const;
  // Makes it a column of that type, which is common to its own and another.
  void become(const JsonType& type);
  Column finish(std::string name);  // nulls alone make a utf8 column

 private:
  struct Lists {
    ListBuilder lists;
    std::unique_ptr<JsonColumn> elements = std::make_unique<JsonColumn>();
    void append_null() { lists.append_null(); }
  };

  template <class Builder>
  Builder& settle();
  template <class Builder>
  Builder& builder_for(const char* kind);
  void integers_to_numbers();
  const char* kind() const;

  // In the order of JsonType::Kind.
  std::variant<std::monostate, BoolBuilder, NumberBuilder<int64_t>, NumberBuilder<double>,
               TextBuilder, Lists>
      builder_;
  int64_t size_ = 0;
};

}  // namespace lathe
