#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/stretches.h"
#include "tokenize/vocabulary_trainer.h"
#include "tokenize/words.h"

namespace lathe {

namespace {

constexpr std::size_t kPart = std::size_t{64} << 20;  // bytes that are counted at a time

}  // namespace

// In parts that end where a line does.
void WordCounter::add(std::string_view text) {
  if (const std::size_t valid = valid_utf8_prefix(text); valid < text.size()) {
    fail("not valid UTF-8 at byte ", valid);
  }
  while (!text.empty()) {
    const std::size_t line_end = text.size() > kPart ? text.find('\n', kPart) : text.size();
    const std::size_t size = std::min(line_end, text.size());
    if (size > UINT32_MAX) fail("a line of ", size, " bytes is too long");
    add_part(text.substr(0, size));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
}

// Stretches are counted as they stand; each is normalized once (text_encoder.h says why that may be
// done one by one).
void WordCounter::add_part(std::string_view part) {
  std::unordered_map<std::string_view, int64_t> stretches;
  const auto found = std::make_unique<Stretches>();
  found->start();
  const FindStretches find = find_stretches();
  for (std::size_t begin = 0; begin < part.size(); begin += kWindowBytes) {
    const std::size_t bytes = std::min(part.size() - begin, kWindowBytes);
    const std::size_t whole = bytes / kClassBlock * kClassBlock;
    const auto first = static_cast<uint32_t>(begin);
    find(part.data() + begin, whole / kClassBlock, first, !rules_.clean_text, *found);
    if (whole < bytes) {
      char last[kClassBlock];
      std::memset(last, ' ', sizeof last);
      std::memcpy(last, part.data() + begin + whole, bytes - whole);
      find(last, 1, first + static_cast<uint32_t>(whole), !rules_.clean_text, *found);
    }
    if (begin + bytes == part.size() && found->begins > found->ends) {
      found->end[found->ends++] = static_cast<uint32_t>(part.size());
    }
    for (std::size_t i = 0; i < found->ends; ++i) {
      ++stretches[part.substr(found->begin[i], found->end[i] - found->begin[i])];
    }
    const bool open = found->begins > found->ends;
    if (open) found->begin[0] = found->begin[found->ends];
    found->begins = open ? 1 : 0;
    found->ends = 0;
  }
  for (const auto& [stretch, count] : stretches) {
    const std::string& text = normalizer_.normalize(stretch, 0).text;
    for_each_word(text, 0, text.size(), [&, times = count](std::size_t begin, std::size_t end) {
      counts_[text.substr(begin, end - begin)] += times;
    });
  }
}

}  // namespace lathe
