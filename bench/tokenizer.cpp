// The tokenizer's steps and the whole of it, in bytes of text a second, on one thread. The text is
// drawn from the vocabulary of demo-data/minilm (scripts/fetch.sh), as often as Zipf's law says.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "bench/support/suite.h"
#include "tokenize/definition.h"
#include "tokenize/longest_match.h"
#include "tokenize/stretches.h"
#include "tokenize/text_encoder.h"
#include "tokenize/vocabulary.h"
#include "tokenize/word_piece.h"

namespace lathe::bench {
namespace {

constexpr char kDirectory[] = "demo-data/minilm";
constexpr std::size_t kLines = 4000, kWordsInLine = 50;

class Zipf {  // rank r of n with a probability that falls as 1 / r
 public:
  explicit Zipf(std::size_t n) : n_(static_cast<double>(n)) {}
  std::size_t draw(std::mt19937& random) const {
    const double share = std::uniform_real_distribution<>(0, 1)(random);
    return static_cast<std::size_t>(std::pow(n_, share)) - 1;
  }

 private:
  double n_;
};

struct Setting {
  TokenizerDefinition definition = read_tokenizer(kDirectory);
  Vocabulary vocabulary{definition.tokens, definition.continuing_prefix};
  TextEncoder encoder{definition, vocabulary};
  std::vector<std::string> words, lines;
  std::size_t bytes = 0;

  Setting() {
    for (const std::string& token : definition.tokens) {
      if (token.size() > 1 && token[0] >= 'a' && token[0] <= 'z') words.push_back(token);
    }
    std::mt19937 random(1);
    std::shuffle(words.begin(), words.end(), random);
    const Zipf zipf(words.size());
    for (std::size_t i = 0; i < kLines; ++i) {
      std::string line;
      for (std::size_t j = 0; j < kWordsInLine; ++j) {
        std::string word = words[zipf.draw(random)];
        if (random() % 40 == 0) word += words[zipf.draw(random)];  // more than one piece, mostly
        if (random() % 12 == 0) word[0] = static_cast<char>(word[0] - 'a' + 'A');
        line += word + (random() % 10 == 0 ? ", " : " ");
      }
      bytes += line.size();
      lines.push_back(std::move(line));
    }
    check();
  }

  // No speed of a wrong result is shown.
  void check() const {
    const TextEncoder::Lender scratch(encoder);
    for (const std::string& line : lines) {
      TextTokens expected, found;
      encoder.plain().encode(line, expected);
      encoder.encode(line, TextEncoder::Details::kOffsets, TextEncoder::kNoLimit, *scratch, found);
      if (found.ids != expected.ids || found.offsets != expected.offsets) {
        fail("differs from the definition: ", line);
      }
    }
  }
};

const Setting& setting() {
  static const Setting made;
  return made;
}

Cost cost_of(std::size_t bytes) { return {.bytes = static_cast<double>(bytes)}; }

std::string right() { return ""; }  // setting() has checked it

void encode_all(const TextEncoder& encoder, TextEncoder::Details details) {
  const TextEncoder::Lender scratch(encoder);
  TextTokens tokens;
  for (const std::string& line : setting().lines) {
    tokens.ids.clear(), tokens.offsets.clear(), tokens.words.clear();
    encoder.encode(line, details, TextEncoder::kNoLimit, *scratch, tokens);
    benchmark::DoNotOptimize(tokens.ids.data());
  }
}

Work definition() {
  const auto run = [] {
    TextTokens tokens;
    for (const std::string& line : setting().lines) {
      tokens = {};
      setting().encoder.plain().encode(line, tokens);
    }
  };
  return {right, run, cost_of(setting().bytes)};
}

// With empty caches.
Work first_pass() {
  const auto fresh = std::make_shared<std::unique_ptr<TextEncoder>>();
  const auto renew = [=] {
    *fresh = std::make_unique<TextEncoder>(setting().definition, setting().vocabulary);
  };
  const auto run = [=] { encode_all(**fresh, TextEncoder::Details::kNone); };
  return {right, run, cost_of(setting().bytes), renew};
}

Work later_pass(TextEncoder::Details details) {
  return {right, [=] { encode_all(setting().encoder, details); }, cost_of(setting().bytes)};
}

// Windows of a text, and each one's stretches.
class Windows {
 public:
  Windows() {
    for (const std::string& line : setting().lines) text_ += line;
  }
  std::size_t count() const { return text_.size() / kWindowBytes; }
  void find(FindStretches finder, std::size_t window, Stretches& found) const {
    found.begins = found.ends = found.in_word = found.after_punctuation = 0;
    finder(text_.data() + window * kWindowBytes, kWindowBytes / kClassBlock, 0, false, found);
  }

 private:
  std::string text_;
};

// What is wrong with a finder: the slowest one is any processor's.
std::string check_stretches(const Windows& windows, FindStretches finder) {
  Stretches expected{}, found{};
  for (std::size_t i = 0; i < windows.count(); ++i) {
    windows.find(available_find_stretches().front().find, i, expected);
    windows.find(finder, i, found);
    if (found.begins != expected.begins || found.ends != expected.ends ||
        !std::equal(found.begin, found.begin + found.begins, expected.begin) ||
        !std::equal(found.end, found.end + found.ends, expected.end)) {
      return concat("window ", i, " has other stretches");
    }
  }
  return "";
}

Work stretches(FindStretches finder) {
  const auto windows = std::make_shared<const Windows>();
  const auto run = [=] {
    Stretches found;
    for (std::size_t i = 0; i < windows->count(); ++i) {
      windows->find(finder, i, found);
      benchmark::DoNotOptimize(&found);
    }
  };
  return {[=] { return check_stretches(*windows, finder); }, run,
          cost_of(windows->count() * kWindowBytes)};
}

// Words of two tokens, of which the second rarely continues one.
const std::vector<std::string>& joined_words() {
  static const std::vector<std::string> joined = [] {
    std::vector<std::string> made;
    const auto& words = setting().words;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) made.push_back(words[i] + words[i + 1]);
    return made;
  }();
  return joined;
}

using Pieces = std::vector<WordPiece::Piece>;

template <class Match>
std::function<void()> match_all(const Match& match) {
  return [=] {
    Pieces pieces;
    for (const std::string& word : joined_words()) {
      pieces.clear();
      match(word, pieces);
      benchmark::DoNotOptimize(pieces.data());
    }
  };
}

Cost cost_of_matching() {
  std::size_t bytes = 0;
  for (const std::string& word : joined_words()) bytes += word.size();
  return cost_of(bytes);
}

Work match_plainly() {
  const WordPiece plain(setting().vocabulary, 0, 100);
  return {right, match_all([=](const auto& word, Pieces& pieces) { plain.split(word, pieces); }),
          cost_of_matching()};
}

std::shared_ptr<const LongestMatch> make_matcher() {
  const TokenizerDefinition& files = setting().definition;
  return std::make_shared<const LongestMatch>(files.tokens, files.continuing_prefix, 0, 100);
}

std::string check_matcher(const LongestMatch& matcher) {
  const WordPiece plain(setting().vocabulary, 0, 100);
  const auto same = [](const WordPiece::Piece& a, const WordPiece::Piece& b) {
    return a.id == b.id && a.end == b.end;
  };
  Pieces expected, found;
  for (const std::string& word : joined_words()) {
    plain.split(word, expected);
    found.clear();
    matcher.append(word, found);
    if (!std::ranges::equal(expected, found, same)) return "other pieces of " + word;
  }
  return "";
}

Work match_in_one_pass() {
  const auto matcher = make_matcher();
  return {[=] { return check_matcher(*matcher); },
          match_all([=](const auto& word, Pieces& pieces) { matcher->append(word, pieces); }),
          cost_of_matching()};
}

Work build_matcher() {
  return {
      [] { return check_matcher(*make_matcher()); },
      [] { make_matcher(); },
      {.items = static_cast<double>(setting().definition.tokens.size()), .of_what = "tokens/s"}};
}

}  // namespace
}  // namespace lathe::bench

int main(int count, char** arguments) {
  using namespace lathe::bench;
  if (!lathe::file_exists(std::string(kDirectory) + "/vocab.txt")) {
    std::fprintf(stderr, "tokenizer: no %s; run scripts/fetch.sh\n", kDirectory);
    return 1;
  }
  for (const auto& [name, finder] : lathe::available_find_stretches()) {
    add(lathe::concat("stretches/", name), Threads::kOne, [f = finder] { return stretches(f); });
  }
  add("match/plain", Threads::kOne, match_plainly);
  add("match/one_pass", Threads::kOne, match_in_one_pass);
  add("match/build", Threads::kOne, build_matcher);
  add("encode/definition", Threads::kOne, definition);
  add("encode/first_pass", Threads::kOne, first_pass);
  using Details = lathe::TextEncoder::Details;
  add("encode/later_pass", Threads::kOne, [] { return later_pass(Details::kNone); });
  add("encode/later_pass_with_offsets", Threads::kOne,
      [] { return later_pass(Details::kOffsets); });
  return run_suite(count, arguments);
}
