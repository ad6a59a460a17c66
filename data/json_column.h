// A column of JSON values, whose type the values themselves settle.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/json.h"
#include "data/column_builder.h"

namespace lathe {

class JsonColumn {
 public:
  // The first value that is not null settles the type; integers give way to numbers when a fraction
  // comes. Error "is a string, but …" for a value that does not fit those before it, and for an
  // object.
  void append(const Json& value);
  void append_null();
  int64_t size() const { return size_; }
  Column finish(std::string name);  // nulls alone make a utf8 column

 private:
  struct Lists {
    ListBuilder lists;
    std::unique_ptr<JsonColumn> elements = std::make_unique<JsonColumn>();
    void append_null() { lists.append_null(); }
  };

  template <class Builder>
  Builder& builder_for(const Json& value);
  void append_number(const Json& value);
  void append_list(const Json& value);
  void integers_to_numbers();
  const char* kind() const;

  std::variant<std::monostate, BoolBuilder, NumberBuilder<int64_t>, NumberBuilder<double>,
               TextBuilder, Lists>
      builder_;
  int64_t size_ = 0;
};

}  // namespace lathe
