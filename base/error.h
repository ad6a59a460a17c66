// Errors that a person can act on.
//
// Every failure that bad input can cause is thrown as Error, whose message is one line saying what
// is wrong, where (file, line, column, key) and what would be right. The program prints it and
// exits with status 1; nothing else in the code base prints errors or exits.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The parts written one after another, as operator<< writes them.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Throws Error with the concatenated parts: fail(path, ":", line, ": expected ", n, " columns").
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(concat(parts...));
}

// `text` from a file as a message shows it: in quotes, on one line (\n, \t, \x01), cut after about
// 80 bytes.
std::string quoted(std::string_view text);
// The first 20 of them, quoted, and how many there are when that is not all.
std::string quoted_list(const std::vector<std::string>& names);

// The name among `known` with the fewest edits from `word`; empty when none is near. For "did you
// mean" hints.
template <class Strings>
std::string nearest_name(const std::string& word, const Strings& known);
std::size_t edit_distance(const std::string& a, const std::string& b);

template <class Strings>
std::string nearest_name(const std::string& word, const Strings& known) {
  std::string best;
  std::size_t best_distance = word.size() / 2 + 2;
  for (const auto& name : known) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace lathe
