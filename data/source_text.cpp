#include "data/source_text.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "data/parallel.h"

namespace lathe {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

[[noreturn]] void fail_encoding(const std::string& place, std::string_view bytes, std::size_t bad) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    fail(place, ": this is UTF-16, not UTF-8: save the file as UTF-8");
  }
  char hex[8];
  std::snprintf(hex, sizeof hex, "0x%02X", static_cast<unsigned char>(bytes[bad]));
  fail(place, ": not valid UTF-8 (", hex, ", byte ", bad, " of the file): save it as UTF-8");
}

// valid_utf8_prefix() on all threads.
std::size_t valid_prefix(std::string_view text) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const auto cut = [&](std::size_t piece) {  // where a character begins
    std::size_t place = std::min(piece * kPiece, text.size());
    for (int i = 0; i < 3 && place > 0 && place < text.size() && (text[place] & 0xC0) == 0x80; ++i)
      ++place;
    return place;
  };
  const std::size_t pieces = text.size() / kPiece + 1;
  std::vector<std::size_t> valid(pieces);
  in_parallel(static_cast<int64_t>(pieces), [&](int64_t i) {
    const auto piece = static_cast<std::size_t>(i);
    const std::size_t begin = cut(piece), size = cut(piece + 1) - begin;
    const std::size_t prefix = valid_utf8_prefix(text.substr(begin, size));
    valid[piece] = prefix == size ? text.size() : begin + prefix;
  });
  return *std::min_element(valid.begin(), valid.end());
}

}  // namespace

SourceText::SourceText(std::string_view bytes, std::string path)
    : SourceText(unchecked(bytes, std::move(path))) {
  check();
}

SourceText SourceText::unchecked(std::string_view bytes, std::string path) {
  SourceText source;
  source.path_ = std::move(path);
  source.bytes_ = source.text_ = bytes;
  if (bytes.starts_with(kByteOrderMark)) source.text_.remove_prefix(kByteOrderMark.size());
  if (source.text_.empty()) fail(source.path_, ": is empty");
  source.document_ = source.text_;
  return source;
}

SourceText SourceText::part(std::string_view part) const {
  SourceText source = *this;
  source.text_ = part;
  source.check();
  return source;
}

void SourceText::check() const {
  const std::size_t valid = valid_prefix(text_);
  if (valid == text_.size()) return;
  const char* bad = text_.data() + valid;
  fail_encoding(place_of(bad), bytes_, static_cast<std::size_t>(bad - bytes_.data()));
}

std::vector<std::string_view> SourceText::lines(int64_t piece_bytes) const {
  std::vector<std::string_view> pieces;
  for (std::string_view rest = text_; !rest.empty();) {
    const std::size_t least = std::min(static_cast<std::size_t>(piece_bytes), rest.size()) - 1;
    const std::size_t newline = rest.find('\n', least);
    pieces.push_back(rest.substr(0, newline == std::string_view::npos ? newline : newline + 1));
    rest.remove_prefix(pieces.back().size());
  }
  return pieces;
}

std::string SourceText::line_of(const char* position) const {
  return concat(path_, ":", 1 + std::count(document_.data(), position, '\n'));
}

std::string SourceText::place_of(const char* position) const {
  const std::string_view before(document_.data(),
                                static_cast<std::size_t>(position - document_.data()));
  const auto newline = before.rfind('\n');
  const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  return concat(line_of(position), ":", before.size() - line_start + 1);
}

}  // namespace lathe
