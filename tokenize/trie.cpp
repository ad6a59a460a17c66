#include "tokenize/trie.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace lathe {

namespace {

constexpr std::size_t kBlock = 256;  // an offset and a byte stay within one
constexpr std::size_t kMostCells = std::size_t{1} << 24;
constexpr std::size_t kTries = 16;  // places that are looked at before a new block is opened

// The keys from `begin` to `end` share their first `depth` bytes, which lead to `node`.
struct Range {
  Trie::Node node;
  const Trie::Key *begin, *end;
  std::size_t depth;
};

// The first eight bytes as a number decide nearly every comparison.
uint64_t leading_bytes(std::string_view text) {
  uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    number = number << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
  }
  return number;
}

// The result has the texts of the keys one behind another in their order, so that going through
// them again and again is going through memory; `keys` are pointed into it.
std::vector<char> sort_by_text(std::vector<Trie::Key>& keys) {
  std::vector<std::pair<uint64_t, Trie::Key>> sorted;
  sorted.reserve(keys.size());
  std::size_t bytes = 0;
  for (const Trie::Key& key : keys) {
    sorted.emplace_back(leading_bytes(key.text), key);
    bytes += key.text.size();
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second.text < b.second.text;
  });
  std::vector<char> texts(bytes);
  char* end = texts.data();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string_view text = sorted[i].second.text;
    std::copy(text.begin(), text.end(), end);
    keys[i] = {std::string_view(end, text.size()), sorted[i].second.value};
    end += text.size();
  }
  return texts;
}

}  // namespace

Trie::Trie(std::vector<std::vector<Key>> sets) {
  std::vector<std::vector<char>> texts;
  std::vector<Range> ranges;  // breadth first
  add_block();
  for (std::size_t set = 0; set < sets.size(); ++set) {
    auto& keys = sets[set];
    texts.push_back(sort_by_text(keys));
    cells_[set] = kRoot;
    ranges.push_back({root(set), keys.data(), keys.data() + keys.size(), 0});
  }
  free_.erase(free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>(sets.size()));

  std::vector<unsigned char> bytes;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    Range range = ranges[i];
    if (range.begin != range.end && range.begin->text.size() == range.depth) ++range.begin;
    const auto byte_of = [&](const Key* key) {
      return static_cast<unsigned char>(key->text[range.depth]);
    };
    bytes.clear();
    for (const Key* key = range.begin; key != range.end; ++key) {
      if (bytes.empty() || bytes.back() != byte_of(key)) bytes.push_back(byte_of(key));
    }
    if (bytes.empty()) continue;
    const uint32_t offset = place_children(bytes);
    cells_[range.node] |= offset << 8;
    const Key* key = range.begin;
    for (const unsigned char byte : bytes) {
      const Node node = offset ^ byte;
      cells_[node] = byte;
      const Key* const first = key;
      while (key != range.end && byte_of(key) == byte) ++key;
      const bool ends = first->text.size() == range.depth + 1;
      edges_.push_back({range.node, node, ends ? first->value : -1, byte});
      ranges.push_back({node, first, key, range.depth + 1});
    }
  }
  free_ = {};
  taken_ = {};
}

void Trie::add_block() {
  const auto begin = static_cast<Node>(cells_.size());
  if (cells_.size() + kBlock > kMostCells) fail("the vocabulary is too large");
  cells_.resize(cells_.size() + kBlock, kFree);
  taken_.resize(cells_.size(), false);
  taken_[0] = true;  // the offset of nodes without children
  for (Node place = begin; place < begin + kBlock; ++place) free_.push_back(place);
}

// An offset at which the children for all `bytes` are free. Places that are taken, or were of no
// use often enough, leave the list of free ones, so that a search never takes long.
uint32_t Trie::place_children(const std::vector<unsigned char>& bytes) {
  const auto fits = [&](uint32_t offset) {
    return !taken_[offset] && std::all_of(bytes.begin(), bytes.end(), [&](unsigned char byte) {
      return is_free(offset ^ byte);
    });
  };
  std::size_t tries = 0;
  for (std::size_t i = free_.size(); i > 0 && tries < kTries; --i) {
    const Node place = free_[i - 1];
    if (!is_free(place)) {
      free_[i - 1] = free_.back();
      free_.pop_back();
      continue;
    }
    const uint32_t offset = place ^ bytes[0];
    if (fits(offset)) {
      taken_[offset] = true;
      return offset;
    }
    ++tries;
  }
  add_block();
  const auto offset = static_cast<uint32_t>(cells_.size() - kBlock) ^ bytes[0];
  taken_[offset] = true;
  return offset;
}

}  // namespace lathe
