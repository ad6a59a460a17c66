// One object of a JSON text, read straight from its bytes: no tree, no allocation a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/json_column.h"
#include "data/scan.h"

namespace lathe {

class JsonRow {
 public:
  // A value, or the beginning of a list, behind which its elements follow.
  struct Value {
    JsonType::Kind kind = JsonType::Kind::kUnsettled;  // kUnsettled: null
    bool unescaped = false;  // a text that does not stand in the document: see text()
    int64_t integer = 0;     // an integer, a boolean, a list's size, where an unescaped text begins
    int64_t size = 0;        // of an unescaped text
    double number = 0;
    std::string_view text = {};
  };
  struct Member {
    std::string_view key;  // without escapes
    std::size_t value;     // its place among the values
  };

  // `text` is the document, or a part of it, and must outlive this. `newlines`: whether white space
  // may hold them.
  JsonRow(std::string_view text, bool newlines)
      : end_(text.data() + text.size()),
        newlines_(newlines),
        string_ends_(text, {'"', '\\', 0x20}) {}

  // Reads the object that begins at `at` and returns the place behind it. nullptr where it is not
  // JSON and where it is, but unusual: an object within it, escapes in a key, integers beyond 64
  // bits, numbers beyond a double's range, deep nesting. Then parse_json() says what it is.
  const char* read(const char* at);

  const std::vector<Member>& members() const { return members_; }
  // Appends the value to a column. Error as the column's.
  void append_to(JsonColumn& column, const Member& member) const;

 private:
  bool read_value(const char*& at, int depth);
  bool read_string(const char*& at, Value& value);
  bool read_escaped(const char* begin, const char*& at, Value& value);
  bool append_escape(const char*& at);
  bool read_code_unit(const char*& at, uint32_t& unit) const;
  bool read_number(const char*& at, Value& value) const;
  bool read_word(const char*& at, std::string_view word) const;
  void skip_white_space(const char*& at) const;
  char peek(const char* at) const { return at == end_ ? '\0' : *at; }
  const Value* append_value(JsonColumn& column, const Value* value) const;
  std::string_view text(const Value& value) const;

  const char* end_;
  bool newlines_;
  ByteFinder string_ends_;
  std::vector<Member> members_;
  std::vector<Value> values_;
  std::string unescaped_;
};

}  // namespace lathe
