#include "tokenize/vocabulary_trainer.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "base/error.h"
#include "tokenize/utf8.h"

namespace lathe {

namespace {

using Pair = std::pair<uint32_t, uint32_t>;
using Words = std::vector<uint32_t>;  // numbers of words, rising

struct PairHash {
  std::size_t operator()(const Pair& pair) const {
    const uint64_t both = static_cast<uint64_t>(pair.first) << 32 | pair.second;
    return (both ^ both >> 29) * 0x9E3779B97F4A7C15 >> 16;
  }
};

// A pair that may be merged in some words. Its count is what it was when it was put in the queue.
struct Candidate {
  Pair pair;
  int64_t count;
  Words words;
  // The most frequent first; of equals the one with the smaller ids.
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

class Trainer {
 public:
  explicit Trainer(const VocabularyOptions& options) : options_(options) {}

  std::vector<std::string> train(const std::unordered_map<std::string, int64_t>& counts) {
    for (const std::string& token : options_.special_tokens) id_of(token);
    if (size() > options_.vocab_size) {
      fail("vocab_size ", options_.vocab_size, " has no place for ", size(), " special tokens");
    }
    add_alphabet(counts);
    add_words(counts);
    count_pairs();
    merge_pairs();
    return std::move(tokens_);
  }

 private:
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }

  uint32_t id_of(const std::string& token) {
    const auto [at, is_new] = ids_.emplace(token, static_cast<uint32_t>(tokens_.size()));
    if (is_new) tokens_.push_back(token);
    return at->second;
  }

  void add_alphabet(const std::unordered_map<std::string, int64_t>& counts) {
    std::unordered_map<char32_t, int64_t> occurrences;
    for (const auto& [word, count] : counts) {
      for (std::size_t at = 0; at < word.size();) occurrences[next_code_point(word, at)] += count;
    }
    std::vector<std::pair<int64_t, char32_t>> kept;
    kept.reserve(occurrences.size());
    for (const auto& [c, count] : occurrences) kept.emplace_back(count, c);
    // The rarest go; of equally rare ones those with the higher code points.
    std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (const auto limit = static_cast<std::size_t>(options_.limit_alphabet); kept.size() > limit) {
      kept.resize(limit);
    }
    for (const auto& [count, c] : kept) alphabet_.push_back(c);
    std::sort(alphabet_.begin(), alphabet_.end());
    for (const char32_t c : alphabet_) id_of(text_of(c));
  }

  static std::string text_of(char32_t c) {
    std::string text;
    append_utf8(c, text);
    return text;
  }

  // Each word as the ids of its characters; those that are not in the alphabet are left out. A
  // character gets its continuing id only where a word has it inside.
  void add_words(const std::unordered_map<std::string, int64_t>& counts) {
    std::vector<std::pair<std::string_view, int64_t>> sorted(counts.begin(), counts.end());
    std::sort(sorted.begin(), sorted.end());
    std::vector<char32_t> inside;
    for (const auto& [word, count] : sorted) {
      std::size_t at = 0;
      for (next_code_point(word, at); at < word.size();)
        inside.push_back(next_code_point(word, at));
    }
    std::sort(inside.begin(), inside.end());
    inside.erase(std::unique(inside.begin(), inside.end()), inside.end());
    for (const std::string& token : options_.first_continuing) {
      if (token.starts_with(options_.continuing_prefix)) id_of(token);
    }
    for (const char32_t c : inside) {
      if (is_known(c)) id_of(options_.continuing_prefix + text_of(c));
    }
    for (const auto& [word, count] : sorted) {
      std::vector<uint32_t> symbols;
      for (std::size_t at = 0; at < word.size();) {
        const bool first = at == 0;
        const char32_t c = next_code_point(word, at);
        if (!is_known(c)) continue;
        symbols.push_back(id_of(first ? text_of(c) : options_.continuing_prefix + text_of(c)));
      }
      words_.push_back(std::move(symbols));
      counts_.push_back(count);
    }
  }

  bool is_known(char32_t c) const {
    return std::binary_search(alphabet_.begin(), alphabet_.end(), c);
  }

  void add_occurrence(const Pair& pair, uint32_t word) {
    Words& words = changed_[pair];
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  void count_pairs() {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::size_t j = 0; j + 1 < words_[i].size(); ++j) {
        const Pair pair{words_[i][j], words_[i][j + 1]};
        pair_counts_[pair] += counts_[i];
        add_occurrence(pair, static_cast<uint32_t>(i));
      }
    }
    queue_changed();
  }

  // A pair that was in the queue before stays there too, with the words that it had then.
  void queue_changed() {
    for (auto& [pair, words] : changed_) {
      if (const int64_t count = pair_counts_[pair]; count > 0) {
        queue_.push({pair, count, std::move(words)});
      }
    }
    changed_.clear();
  }

  void merge_pairs() {
    while (size() < options_.vocab_size && !queue_.empty()) {
      Candidate top = std::move(const_cast<Candidate&>(queue_.top()));  // it is about to go
      queue_.pop();
      if (const int64_t count = pair_counts_[top.pair]; count != top.count) {
        top.count = count;  // other merges took some of its occurrences, or added to them
        queue_.push(std::move(top));
        continue;
      }
      if (top.count < 1 || top.count < options_.min_frequency) break;
      const uint32_t merged = id_of(joined(top.pair));
      for (const uint32_t word : top.words) merge(word, top.pair, merged);
      queue_changed();
    }
  }

  std::string joined(const Pair& pair) const {
    const std::string& second = tokens_[pair.second];
    const bool continues = second.starts_with(options_.continuing_prefix);
    return tokens_[pair.first] + second.substr(continues ? options_.continuing_prefix.size() : 0);
  }

  // Neither the count of the merged pair itself is lowered nor are its words forgotten: it is not
  // asked for again.
  void merge(uint32_t word, const Pair& pair, uint32_t merged) {
    std::vector<uint32_t>& symbols = words_[word];
    const auto change = [&](const Pair& changed, int64_t by) {
      pair_counts_[changed] += by * counts_[word];
      if (by > 0) add_occurrence(changed, word);
    };
    std::size_t out = 0;
    for (std::size_t i = 0; i < symbols.size(); ++i, ++out) {
      const bool match =
          i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
      symbols[out] = match ? merged : symbols[i];
      if (!match) continue;
      if (out > 0) {
        change({symbols[out - 1], pair.first}, -1);
        change({symbols[out - 1], merged}, 1);
      }
      if (i + 2 < symbols.size()) {
        change({pair.second, symbols[i + 2]}, -1);
        change({merged, symbols[i + 2]}, 1);
      }
      ++i;
    }
    symbols.resize(out);
  }

  const VocabularyOptions& options_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<char32_t> alphabet_;  // rising
  std::vector<std::vector<uint32_t>> words_;
  std::vector<int64_t> counts_;  // of each word
  std::unordered_map<Pair, int64_t, PairHash> pair_counts_;
  std::unordered_map<Pair, Words, PairHash> changed_;  // where a pair came up since it was queued
  std::priority_queue<Candidate> queue_;
};

}  // namespace

std::vector<std::string> train_vocabulary(const std::unordered_map<std::string, int64_t>& counts,
                                          const VocabularyOptions& options) {
  return Trainer(options).train(counts);
}

}  // namespace lathe
