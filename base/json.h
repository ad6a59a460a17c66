// A JSON value: what configuration files, safetensors headers and result files are read from and
// written to.
//
// Parsing is nlohmann/json's, used in json.cpp and nowhere else. Objects keep the order of their
// keys. Integers that fit int64 stay integers; every other number is a double.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lathe {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  // Implicit, so that json["key"] = value reads as it does in Python.
  // NOLINTBEGIN(google-explicit-constructor)
  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  // NOLINTEND(google-explicit-constructor)
  static Json array() { return Array{}; }
  static Json object() { return Object{}; }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  const char* kind() const;  // "null", "a boolean", "an integer", … for messages

  // The value as that type; Error "expected a string, found an array" otherwise (as_double accepts
  // integers).
  bool as_bool() const;
  std::int64_t as_integer() const;
  double as_double() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;
  Array& as_array();
  Object& as_object();

  // The member named `key`, or nullptr when there is none or this is not an object.
  const Json* find(std::string_view key) const;
  // The member named `key`, appended as null when missing. A null value becomes an object first.
  Json& operator[](std::string_view key);
  void push_back(Json value) { as_array().push_back(std::move(value)); }
  bool operator==(const Json& other) const = default;

  // Compact when indent < 0, else one member a line as Python's json.dumps(indent=…) writes it.
  // UTF-8 is kept as it is. Numbers are the shortest text that reads back to the same double; NaN
  // and infinities as Python's NaN, Infinity.
  std::string dump(int indent = -1) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// Parses one JSON text. Error "<where>:<line>:<column>: …" on anything RFC 8259 forbids, on invalid
// UTF-8, and on nesting deeper than 512. Of a repeated key the last value counts, as in Python.
Json parse_json(std::string_view text, const std::string& where);
// The same for a part of a document: places in messages are places in the document.
Json parse_json_part(std::string_view part, std::string_view document, const std::string& where);
Json read_json_file(const std::string& path);
// With indent 2 and a final newline, through AtomicFile.
void write_json_file(const std::string& path, const Json& value);

}  // namespace lathe
