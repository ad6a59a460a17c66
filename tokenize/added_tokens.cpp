#include "tokenize/added_tokens.h"

#include <algorithm>
#include <utility>

#include "tokenize/unicode.h"
#include "tokenize/utf8.h"

namespace lathe {

namespace {

bool ends_with_word(std::string_view text) {
  std::size_t position = text.size();
  return position > 0 && is_word_character(previous_code_point(text, position));
}

bool starts_with_word(std::string_view text) {
  std::size_t position = 0;
  return !text.empty() && is_word_character(next_code_point(text, position));
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens,
                                   std::vector<std::string> patterns)
    : tokens_(std::move(tokens)), patterns_(std::move(patterns)) {
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    by_first_byte_[static_cast<unsigned char>(patterns_[i][0])].push_back(i);
  }
  for (std::size_t byte = 0; byte < by_first_byte_.size(); ++byte) {
    auto& candidates = by_first_byte_[byte];
    std::stable_sort(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) {
      return patterns_[a].size() > patterns_[b].size();
    });
    if (!patterns_.empty() && candidates.size() == patterns_.size()) {
      only_first_byte_ = static_cast<int>(byte);
    }
  }
}

AddedTokenFinder::Match AddedTokenFinder::find(std::string_view text, std::size_t from) const {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (only_first_byte_ >= 0) {
      at = text.find(static_cast<char>(only_first_byte_), at);
      if (at == std::string_view::npos) break;
    }
    for (const std::size_t i : by_first_byte_[static_cast<unsigned char>(text[at])]) {
      if (text.substr(at).starts_with(patterns_[i])) {
        return {at, at + patterns_[i].size(), &tokens_[i]};
      }
    }
  }
  return {text.size(), text.size(), nullptr};
}

void AddedTokenFinder::split(std::string_view text, std::vector<Part>& parts) const {
  parts.clear();
  std::size_t done = 0;
  for (Match match = find(text, 0); match.token != nullptr; match = find(text, match.end)) {
    const AddedToken& token = *match.token;
    const bool inside_word =
        ends_with_word(text.substr(0, match.begin)) || starts_with_word(text.substr(match.end));
    if (token.single_word && inside_word) continue;
    std::size_t begin = match.begin, end = match.end;
    if (token.lstrip) begin = std::max(done, begin - trailing_whitespace(text.substr(0, begin)));
    if (token.rstrip) end += leading_whitespace(text.substr(end));
    if (done < begin) parts.push_back({-1, done, begin});
    parts.push_back({token.id, begin, end});
    done = end;
  }
  if (done != text.size()) parts.push_back({-1, done, text.size()});
}

}  // namespace lathe
