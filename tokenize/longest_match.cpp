#include "tokenize/longest_match.h"

#include <algorithm>

#include "tokenize/utf8.h"

namespace lathe {

LongestMatch::LongestMatch(const std::vector<std::string>& tokens,
                           const std::string& continuing_prefix, int32_t unknown_id,
                           int64_t max_input_chars_per_word)
    : unknown_id_(unknown_id),
      max_chars_(max_input_chars_per_word),
      trie_(make_trie(tokens, continuing_prefix, max_input_chars_per_word)) {
  link(tokens, continuing_prefix.size());
  trie_.forget_edges();
}

// A token that is longer than any word stays out, so that the size of a link stays bounded too.
Trie LongestMatch::make_trie(const std::vector<std::string>& tokens, const std::string& prefix,
                             int64_t max_chars) {
  std::vector<std::vector<Trie::Key>> sets(2);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view token = tokens[i];
    const auto add = [&](std::size_t set, std::string_view text) {
      if (text.empty() || count_code_points(text) > max_chars) return;
      sets[set].push_back({text, static_cast<int32_t>(i)});
    };
    add(kOpening, token);
    if (token.starts_with(prefix)) add(kContinuing, token.substr(prefix.size()));
  }
  return Trie(std::move(sets));
}

// A node that is a token: that token, and the rest begins as a continuation. Any other node: what
// its parent's link leads to, or the link of that, and so on, until one of them can take the byte.
// They all stand for fewer bytes, so that breadth first every link that is asked for is there.
void LongestMatch::link(const std::vector<std::string>& tokens, std::size_t prefix_size) {
  links_.resize(trie_.size());
  std::vector<bool> opening(trie_.size());
  opening[trie_.root(kOpening)] = true;
  for (const Trie::Edge& edge : trie_.edges()) {
    opening[edge.node] = opening[edge.parent];
    Link& link = links_[edge.node];
    if (const int32_t id = edge.value; id >= 0) {
      const auto size = static_cast<int32_t>(tokens[static_cast<std::size_t>(id)].size() -
                                             (opening[edge.node] ? 0 : prefix_size));
      link = {trie_.root(kContinuing), static_cast<uint32_t>(pops_.size()), 1};
      pops_.push_back({0, id, size});
      continue;
    }
    Link found = links_[edge.parent];
    while (found.to != Trie::kNone) {
      if (const Trie::Node next = trie_.child(found.to, edge.byte); next != Trie::kNone) {
        link = {next, found.last, found.count};
        break;
      }
      const Link& by = links_[found.to];
      found.to = by.to;
      if (by.to != Trie::kNone) extend(found, by);
    }
  }
}

void LongestMatch::extend(Link& link, const Link& by) {
  std::vector<Pops> pieces(by.count);
  for (uint32_t i = by.count, at = by.last; i > 0; --i, at = pops_[at].before) {
    pieces[i - 1] = pops_[at];
  }
  for (Pops& piece : pieces) {
    piece.before = link.last;
    link.last = static_cast<uint32_t>(pops_.size());
    ++link.count;
    pops_.push_back(piece);
  }
}

void LongestMatch::append(std::string_view word, std::vector<WordPiece::Piece>& pieces) const {
  const auto bytes = static_cast<int64_t>(word.size());
  const std::size_t before = pieces.size();
  const bool too_long = bytes > max_chars_ && count_code_points(word) > max_chars_;
  if (!too_long && spell(word, pieces)) return;
  pieces.resize(before);
  pieces.push_back({unknown_id_, static_cast<int32_t>(bytes)});
}

bool LongestMatch::spell(std::string_view word, std::vector<WordPiece::Piece>& pieces) const {
  int32_t end = 0;
  Trie::Node node = trie_.root(kOpening);
  // Where the node cannot go on: the pieces of its link, and the node that it leads to.
  const auto follow = [&] {
    const Link& link = links_[node];
    node = link.to;
    if (node == Trie::kNone) return false;
    const std::size_t size = pieces.size() + link.count;
    pieces.resize(size);
    for (uint32_t i = 1, at = link.last; i <= link.count; ++i, at = pops_[at].before) {
      pieces[size - i] = {pops_[at].id, pops_[at].length};
    }
    for (std::size_t i = size - link.count; i < size; ++i) end = pieces[i].end += end;
    return true;
  };
  for (const char c : word) {
    Trie::Node next;
    while ((next = trie_.child(node, static_cast<unsigned char>(c))) == Trie::kNone) {
      if (!follow()) return false;
    }
    node = next;
  }
  while (node != trie_.root(kContinuing)) {
    if (!follow()) return false;
  }
  return true;
}

}  // namespace lathe
