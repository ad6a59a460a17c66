// A value in a JSON file that knows where it stands, so that every complaint about it can say so:
// "dir/tokenizer.json: normalizer.lowercase: expected a boolean, found a string".
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace lathe {

class Field {
 public:
  // The whole of the file `path`; `value` must outlive this and what comes from it.
  Field(const Json& value, const std::string& path) : value_(&value), path_(path) {}

  // The member `key` of this object: where there is none, an Error, or with find() null.
  Field operator[](std::string_view key) const {
    Field field = find(key);
    if (field.is_null()) field.refuse("is missing or null");
    return field;
  }
  Field find(std::string_view key) const {
    const Json* member = object().find(key);
    return {member == nullptr ? null_json() : *member, path_,
            key_.empty() ? std::string(key) : concat(key_, ".", key)};
  }
  Field element(std::size_t index) const {
    return {value_->as_array()[index], path_, concat(key_, "[", index, "]")};
  }

  bool is_null() const { return value_->is_null(); }
  bool is_string() const { return value_->is_string(); }
  bool is_object() const { return value_->is_object(); }
  const Json& json() const { return *value_; }

  bool boolean() const { return expect(value_->is_bool(), "a boolean").as_bool(); }
  int64_t integer() const { return expect(value_->is_integer(), "an integer").as_integer(); }
  const std::string& string() const { return expect(value_->is_string(), "a string").as_string(); }
  std::size_t array_size() const {
    return expect(value_->is_array(), "an array").as_array().size();
  }
  const Json& object() const { return expect(value_->is_object(), "an object"); }

  bool boolean_or(std::string_view key, bool fallback) const {
    const Field field = find(key);
    return field.is_null() ? fallback : field.boolean();
  }

  // Refuses this object where it has a member that is not in `known`: nothing that a file says is
  // passed over.
  void expect_only(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, value] : object().as_object()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        refuse(quoted(key), " is not supported");
      }
    }
  }

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(path_, ": ", key_, key_.empty() ? "" : ": ", parts...);
  }

 private:
  Field(const Json& value, const std::string& path, std::string key)
      : value_(&value), path_(path), key_(std::move(key)) {}

  static const Json& null_json() {
    static const Json null;
    return null;
  }
  const Json& expect(bool holds, const char* what) const {
    if (!holds) refuse("expected ", what, ", found ", value_->kind());
    return *value_;
  }

  const Json* value_;
  std::string path_, key_;
};

}  // namespace lathe
