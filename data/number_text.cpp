#include "data/number_text.h"

#include <charconv>

namespace lathe {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The whole of `text` as a T, or nothing.
template <class T>
std::optional<T> converted(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// Whether the text after a minus begins as a number that needs no leading zeros.
bool begins_as_number(std::string_view unsigned_text) {
  if (unsigned_text.empty()) return false;
  if (unsigned_text[0] == '0') return unsigned_text.size() == 1 || !is_digit(unsigned_text[1]);
  return is_digit(unsigned_text[0]) || unsigned_text[0] == '.';
}

std::string_view without_minus(std::string_view text) {
  return text.starts_with('-') ? text.substr(1) : text;
}

}  // namespace

std::optional<int64_t> integer_of(std::string_view text) {
  if (!begins_as_number(without_minus(text)) || text == "-0") return std::nullopt;
  return converted<int64_t>(text);
}

std::optional<double> number_of(std::string_view text) {
  if (!begins_as_number(without_minus(text))) return std::nullopt;
  if (text.find_first_of(".eE") == std::string_view::npos && !integer_of(text)) return std::nullopt;
  return converted<double>(text);
}

std::optional<bool> boolean_of(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

}  // namespace lathe
