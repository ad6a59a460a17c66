#include "base/error.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace lathe {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMostBytes = 80;
  std::string out = "\"";
  for (const char c : text) {
    const bool starts_character = (c & 0xC0) != 0x80;
    if (out.size() > kMostBytes && starts_character) {
      out += "…";
      break;
    }
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string quoted_list(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 20;
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    out += (i == 0 ? "" : ", ") + quoted(names[i]);
  }
  if (names.size() > kMostNames) out += concat(", … ", names.size(), " in all");
  return out;
}

}  // namespace lathe
