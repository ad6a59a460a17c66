#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"

namespace lathe {

namespace {

constexpr std::size_t kMaxDepth = 512;

// Receives nlohmann's events and builds the value, one open container per level.
class Builder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) {
    if (value > static_cast<number_unsigned_t>(INT64_MAX)) return add(static_cast<double>(value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) { return add(value); }
  bool string(string_t& value) { return add(std::move(value)); }
  bool binary(binary_t&) { return false; }  // never sent for text
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close_object(); }
  bool end_array() { return close(); }
  bool key(string_t& value) {
    keys_.push_back(std::move(value));
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) {
    position_ = position;
    reason_ = e.what();
    return false;
  }

  Json take() { return std::move(root_); }
  std::size_t position() const { return position_; }
  const std::string& reason() const { return reason_; }

 private:
  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_array()) {
      open_.back().push_back(std::move(value));
    } else {
      open_.back().as_object().emplace_back(std::move(keys_.back()), std::move(value));
      keys_.pop_back();
    }
    return true;
  }

  bool open(Json container) {
    if (open_.size() == kMaxDepth) {
      reason_ = concat("nested deeper than ", kMaxDepth, " levels");
      return false;
    }
    open_.push_back(std::move(container));
    return true;
  }

  bool close() {
    Json finished = std::move(open_.back());
    open_.pop_back();
    return add(std::move(finished));
  }

  bool close_object() {
    keep_last_of_each_key(open_.back().as_object());
    return close();
  }

  static bool repeats_a_key(const Json::Object& object) {
    if (object.size() <= 8) {  // most are: comparing all is faster than a set
      for (std::size_t i = 1; i < object.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (object[i].first == object[j].first) return true;
        }
      }
      return false;
    }
    std::unordered_set<std::string_view> seen(2 * object.size());
    return !std::all_of(object.begin(), object.end(), [&](const Json::Member& member) {
      return seen.insert(member.first).second;
    });
  }

  // RFC 8259 leaves a repeated key open; Python's dict, which wrote most of what we read, keeps the
  // first place and the last value.
  static void keep_last_of_each_key(Json::Object& object) {
    if (!repeats_a_key(object)) return;
    std::vector<std::size_t> order(object.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return object[a].first < object[b].first;
    });
    std::vector<bool> repeated(object.size());
    for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
      if (object[order[i]].first != object[order[first]].first) {
        first = i;
        continue;
      }
      object[order[first]].second = std::move(object[order[i]].second);
      repeated[order[i]] = true;
    }
    Json::Object kept;
    for (std::size_t i = 0; i < object.size(); ++i) {
      if (!repeated[i]) kept.push_back(std::move(object[i]));
    }
    object = std::move(kept);
  }

  Json root_;
  std::vector<Json> open_;
  std::vector<std::string> keys_;
  std::size_t position_ = 0;
  std::string reason_;
};

[[noreturn]] void wrong_kind(const char* expected, const Json& found) {
  fail("expected ", expected, ", found ", found.kind());
}

void write_string(const std::string& text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
          out += escape;
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void write_double(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    const std::string_view text(digits, static_cast<std::size_t>(end - digits));
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
  }
}

void write_break(int indent, int depth, std::string& out) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

void write_value(const Json& value, int indent, int depth, std::string& out) {
  const char* separator = indent < 0 ? ", " : ",";
  bool first = true;
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_integer()) {
    out += std::to_string(value.as_integer());
  } else if (value.is_number()) {
    write_double(value.as_double(), out);
  } else if (value.is_string()) {
    write_string(value.as_string(), out);
  } else if (value.is_array()) {
    if (value.as_array().empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (const Json& element : value.as_array()) {
      if (!first) out += separator;
      first = false;
      write_break(indent, depth + 1, out);
      write_value(element, indent, depth + 1, out);
    }
    write_break(indent, depth, out);
    out += ']';
  } else {
    if (value.as_object().empty()) {
      out += "{}";
      return;
    }
    out += '{';
    for (const auto& [key, element] : value.as_object()) {
      if (!first) out += separator;
      first = false;
      write_break(indent, depth + 1, out);
      write_string(key, out);
      out += ": ";
      write_value(element, indent, depth + 1, out);
    }
    write_break(indent, depth, out);
    out += '}';
  }
}

// nlohmann's message without its own prefix "[json.exception…] parse error at line 1, column 2: ".
std::string plain_reason(const std::string& reason) {
  const auto column = reason.find(", column ");
  const auto colon = column == std::string::npos ? column : reason.find(": ", column);
  if (colon != std::string::npos) return reason.substr(colon + 2);
  const auto bracket = reason.find("] ");
  return bracket == std::string::npos ? reason : reason.substr(bracket + 2);
}

[[noreturn]] void fail_at(std::string_view document, std::size_t offset, const std::string& where,
                          const std::string& reason) {
  const std::string_view before = document.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n');
  const std::size_t column =
      offset - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
  fail(where, ":", line, ":", column, ": not valid JSON: ", reason);
}

}  // namespace

const char* Json::kind() const {
  if (is_null()) return "null";
  if (is_bool()) return "a boolean";
  if (is_integer()) return "an integer";
  if (is_number()) return "a number";
  if (is_string()) return "a string";
  return is_array() ? "an array" : "an object";
}

bool Json::as_bool() const {
  if (!is_bool()) wrong_kind("a boolean", *this);
  return std::get<bool>(value_);
}

std::int64_t Json::as_integer() const {
  if (!is_integer()) wrong_kind("an integer", *this);
  return std::get<std::int64_t>(value_);
}

double Json::as_double() const {
  if (is_integer()) return static_cast<double>(std::get<std::int64_t>(value_));
  if (!is_number()) wrong_kind("a number", *this);
  return std::get<double>(value_);
}

const std::string& Json::as_string() const {
  if (!is_string()) wrong_kind("a string", *this);
  return std::get<std::string>(value_);
}

const Json::Array& Json::as_array() const {
  if (!is_array()) wrong_kind("an array", *this);
  return std::get<Array>(value_);
}

const Json::Object& Json::as_object() const {
  if (!is_object()) wrong_kind("an object", *this);
  return std::get<Object>(value_);
}

Json::Array& Json::as_array() {
  if (!is_array()) wrong_kind("an array", *this);
  return std::get<Array>(value_);
}

Json::Object& Json::as_object() {
  if (!is_object()) wrong_kind("an object", *this);
  return std::get<Object>(value_);
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const auto& [name, value] : as_object()) {
    if (name == key) return &value;
  }
  return nullptr;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object{};
  for (auto& [name, value] : as_object()) {
    if (name == key) return value;
  }
  as_object().emplace_back(std::string(key), Json());
  return as_object().back().second;
}

std::string Json::dump(int indent) const {
  std::string out;
  write_value(*this, indent, 0, out);
  return out;
}

Json parse_json(std::string_view text, const std::string& where) {
  return parse_json_part(text, text, where);
}

Json parse_json_part(std::string_view part, std::string_view document, const std::string& where) {
  Builder builder;
  const auto part_start = static_cast<std::size_t>(part.data() - document.data());
  if (!nlohmann::json::sax_parse(part.begin(), part.end(), &builder)) {
    // The lexer counts bytes from 1 and stops one past the offending token.
    const std::size_t in_part =
        std::min(std::max<std::size_t>(builder.position(), 1) - 1, part.size());
    fail_at(document, part_start + in_part, where, plain_reason(builder.reason()));
  }
  // nlohmann takes a NUL for the end of the text.
  const std::size_t nul = part.find('\0');
  if (nul != std::string_view::npos) fail_at(document, part_start + nul, where, "a NUL byte");
  return builder.take();
}

Json read_json_file(const std::string& path) {
  const MappedFile file(path);
  return parse_json(file.bytes(), path);
}

void write_json_file(const std::string& path, const Json& value) {
  write_file(path, value.dump(2) + "\n");
}

}  // namespace lathe
