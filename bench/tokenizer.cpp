// The tokenizer's steps and the whole of it, in bytes of text a second, on one thread. The text is
// drawn from the vocabulary of demo-data/minilm (scripts/fetch.sh), as often as Zipf's law says.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
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

void set_rate(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void encode_all(const TextEncoder& encoder, TextEncoder::Details details) {
  const TextEncoder::Lender scratch(encoder);
  TextTokens tokens;
  for (const std::string& line : setting().lines) {
    tokens.ids.clear(), tokens.offsets.clear(), tokens.words.clear();
    encoder.encode(line, details, TextEncoder::kNoLimit, *scratch, tokens);
    benchmark::DoNotOptimize(tokens.ids.data());
  }
}

void definition(benchmark::State& state) {
  TextTokens tokens;
  for (auto _ : state) {
    for (const std::string& line : setting().lines) {
      tokens = {};
      setting().encoder.plain().encode(line, tokens);
    }
  }
  set_rate(state, setting().bytes);
}

void first_pass(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    const TextEncoder fresh(setting().definition, setting().vocabulary);
    state.ResumeTiming();
    encode_all(fresh, TextEncoder::Details::kNone);
  }
  set_rate(state, setting().bytes);
}

void later_pass(benchmark::State& state) {
  for (auto _ : state) encode_all(setting().encoder, TextEncoder::Details::kNone);
  set_rate(state, setting().bytes);
}

void later_pass_with_offsets(benchmark::State& state) {
  for (auto _ : state) encode_all(setting().encoder, TextEncoder::Details::kOffsets);
  set_rate(state, setting().bytes);
}

void stretches(benchmark::State& state, FindStretches find) {
  std::string text;
  for (const std::string& line : setting().lines) text += line;
  Stretches found;
  const std::size_t windows = text.size() / kWindowBytes;
  for (auto _ : state) {
    for (std::size_t i = 0; i < windows; ++i) {
      found.begins = found.ends = found.in_word = found.after_punctuation = 0;
      find(text.data() + i * kWindowBytes, kWindowBytes / kClassBlock, 0, false, found);
      benchmark::DoNotOptimize(&found);
    }
  }
  set_rate(state, windows * kWindowBytes);
}

// Words of two tokens, of which the second rarely continues one.
std::vector<std::string> joined_words(std::size_t& bytes) {
  const auto& words = setting().words;
  std::vector<std::string> joined;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    joined.push_back(words[i] + words[i + 1]);
    bytes += joined.back().size();
  }
  return joined;
}

template <class Match>
void match_words(benchmark::State& state, const Match& match) {
  std::size_t bytes = 0;
  const std::vector<std::string> words = joined_words(bytes);
  std::vector<WordPiece::Piece> pieces;
  for (auto _ : state) {
    for (const std::string& word : words) {
      pieces.clear();
      match(word, pieces);
      benchmark::DoNotOptimize(pieces.data());
    }
  }
  set_rate(state, bytes);
}

void match_plainly(benchmark::State& state) {
  const WordPiece word_piece(setting().vocabulary, 0, 100);
  match_words(state, [&](const auto& word, auto& pieces) { word_piece.split(word, pieces); });
}

void match_in_one_pass(benchmark::State& state) {
  const TokenizerDefinition& definition = setting().definition;
  const LongestMatch matcher(definition.tokens, definition.continuing_prefix, 0, 100);
  match_words(state, [&](const auto& word, auto& pieces) { matcher.append(word, pieces); });
}

void load(benchmark::State& state) {
  for (auto _ : state) {
    const LongestMatch matcher(setting().definition.tokens, "##", 0, 100);
    benchmark::DoNotOptimize(&matcher);
  }
}

}  // namespace
}  // namespace lathe::bench

int main(int count, char** arguments) {
  using namespace lathe::bench;
  if (!lathe::file_exists(std::string(kDirectory) + "/vocab.txt")) {
    std::fprintf(stderr, "tokenizer: no %s; run scripts/fetch.sh\n", kDirectory);
    return 1;
  }
  for (const auto& [name, function] : lathe::available_find_stretches()) {
    benchmark::RegisterBenchmark((std::string("stretches/") + name).c_str(), stretches, function);
  }
  const auto add = [](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(name, function)->Unit(benchmark::kMillisecond);
  };
  add("match/plain", match_plainly);
  add("match/one_pass", match_in_one_pass);
  add("match/build", load);
  add("encode/definition", definition);
  add("encode/first_pass", first_pass);
  add("encode/later_pass", later_pass);
  add("encode/later_pass_with_offsets", later_pass_with_offsets);
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
