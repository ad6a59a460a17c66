#include "data/json_row.h"

#include <charconv>

namespace lathe {

namespace {

constexpr int kMostDepth = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, uint32_t c) {
  const auto byte = [&](uint32_t bits) { out += static_cast<char>(bits); };
  const auto continuation = [&](int shift) { byte(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12);
    continuation(6);
  } else {
    byte(0xF0 | c >> 18);
    continuation(12);
    continuation(6);
  }
  continuation(0);
}

}  // namespace

void JsonRow::skip_white_space(const char*& at) const {
  while (at != end_ && (*at == ' ' || *at == '\t' || *at == '\r' || (*at == '\n' && newlines_))) {
    ++at;
  }
}

const char* JsonRow::read(const char* at) {
  members_.clear();
  values_.clear();
  unescaped_.clear();
  if (peek(at) != '{') return nullptr;
  skip_white_space(++at);
  if (peek(at) == '}') return at + 1;
  for (;;) {
    if (peek(at) != '"') return nullptr;
    Value key;
    if (!read_string(at, key) || key.unescaped) return nullptr;
    skip_white_space(at);
    if (peek(at) != ':') return nullptr;
    skip_white_space(++at);
    members_.push_back({key.text, values_.size()});
    if (!read_value(at, 0)) return nullptr;
    skip_white_space(at);
    const char after = peek(at);
    if (after == '}') return at + 1;
    if (after != ',') return nullptr;
    skip_white_space(++at);
  }
}

bool JsonRow::read_value(const char*& at, int depth) {
  using Kind = JsonType::Kind;
  const std::size_t place = values_.size();
  Value& value = values_.emplace_back();
  switch (peek(at)) {
    case '"':
      return read_string(at, value);
    case 'n':
      return read_word(at, "null");
    case 't':
      value.kind = Kind::kBool;
      value.integer = 1;
      return read_word(at, "true");
    case 'f':
      value.kind = Kind::kBool;
      return read_word(at, "false");
    case '[':
      break;
    default:
      return read_number(at, value);
  }
  if (depth == kMostDepth) return false;
  int64_t size = 0;
  skip_white_space(++at);
  if (peek(at) == ']') {
    ++at;
  } else {
    for (bool more = true; more;) {
      if (!read_value(at, depth + 1)) return false;
      ++size;
      skip_white_space(at);
      const char after = peek(at);
      if (after != ',' && after != ']') return false;
      ++at;
      more = after == ',';
      if (more) skip_white_space(at);
    }
  }
  values_[place].kind = Kind::kList;
  values_[place].integer = size;
  return true;
}

bool JsonRow::read_word(const char*& at, std::string_view word) const {
  const std::string_view rest(at, static_cast<std::size_t>(end_ - at));
  at += std::min(word.size(), rest.size());
  return rest.starts_with(word);
}

// At the opening quote.
bool JsonRow::read_string(const char*& at, Value& value) {
  value.kind = JsonType::Kind::kText;
  const char* const begin = ++at;
  at = string_ends_.next(begin);
  if (at == end_) return false;
  if (*at != '"') return read_escaped(begin, at, value);
  value.text = {begin, static_cast<std::size_t>(at - begin)};
  ++at;
  return true;
}

// A string with its first escape, or a character that may not be there, at `at`.
bool JsonRow::read_escaped(const char* begin, const char*& at, Value& value) {
  const std::size_t start = unescaped_.size();
  while (at != end_ && *at != '"') {
    if (*at != '\\') return false;
    unescaped_.append(begin, at);
    if (!append_escape(++at)) return false;
    begin = at;
    at = string_ends_.next(begin);
  }
  if (at == end_) return false;
  unescaped_.append(begin, at++);
  value.unescaped = true;
  value.integer = static_cast<int64_t>(start);
  value.size = static_cast<int64_t>(unescaped_.size() - start);
  return true;
}

// Behind the backslash.
bool JsonRow::append_escape(const char*& at) {
  constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  if (at == end_) return false;
  const char letter = *at++;
  const std::size_t known = kLetters.find(letter);
  if (known != std::string_view::npos) {
    unescaped_ += kMeanings[known];
    return true;
  }
  uint32_t unit = 0, low = 0;
  if (letter != 'u' || !read_code_unit(at, unit)) return false;
  if (unit >= 0xD800 && unit < 0xE000) {  // the first of a pair, which is one character
    const bool pair = unit < 0xDC00 && end_ - at > 2 && at[0] == '\\' && at[1] == 'u';
    if (!pair || !read_code_unit(at += 2, low) || low < 0xDC00 || low >= 0xE000) return false;
    unit = 0x10000 + ((unit - 0xD800) << 10 | (low - 0xDC00));
  }
  append_utf8(unescaped_, unit);
  return true;
}

bool JsonRow::read_code_unit(const char*& at, uint32_t& unit) const {
  if (end_ - at < 4) return false;
  const auto [stop, error] = std::from_chars(at, at + 4, unit, 16);
  if (error != std::errc() || stop != at + 4) return false;
  at += 4;
  return true;
}

bool JsonRow::read_number(const char*& at, Value& value) const {
  const char* const begin = at;
  const auto skip_digits = [&] {
    const char* const first = at;
    while (at != end_ && is_digit(*at)) ++at;
    return at != first;
  };
  if (peek(at) == '-') ++at;
  const bool zero = peek(at) == '0';
  const char* const first_digit = at;
  if (!skip_digits() || (zero && at - first_digit > 1)) return false;
  bool integer = true;
  if (peek(at) == '.') {
    integer = false;
    ++at;
    if (!skip_digits()) return false;
  }
  if (peek(at) == 'e' || peek(at) == 'E') {
    integer = false;
    ++at;
    if (peek(at) == '+' || peek(at) == '-') ++at;
    if (!skip_digits()) return false;
  }
  value.kind = integer ? JsonType::Kind::kInteger : JsonType::Kind::kNumber;
  const auto error = integer ? std::from_chars(begin, at, value.integer).ec
                             : std::from_chars(begin, at, value.number).ec;
  return error == std::errc();
}

std::string_view JsonRow::text(const Value& value) const {
  if (!value.unescaped) return value.text;
  return std::string_view(unescaped_)
      .substr(static_cast<std::size_t>(value.integer), static_cast<std::size_t>(value.size));
}

// Returns the value behind it.
const JsonRow::Value* JsonRow::append_value(JsonColumn& column, const Value* value) const {
  switch (value->kind) {
    case JsonType::Kind::kUnsettled:
      column.append_null();
      break;
    case JsonType::Kind::kBool:
      column.append_bool(value->integer != 0);
      break;
    case JsonType::Kind::kInteger:
      column.append_integer(value->integer);
      break;
    case JsonType::Kind::kNumber:
      column.append_number(value->number);
      break;
    case JsonType::Kind::kText:
      column.append_text(text(*value));
      break;
    case JsonType::Kind::kList: {
      JsonColumn& elements = column.begin_list();
      const int64_t size = value->integer;
      ++value;
      for (int64_t i = 0; i < size; ++i) value = append_value(elements, value);
      column.end_list();
      return value;
    }
  }
  return value + 1;
}

void JsonRow::append_to(JsonColumn& column, const Member& member) const {
  append_value(column, values_.data() + member.value);
}

}  // namespace lathe
