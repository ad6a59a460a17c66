#include "tests/made_text.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/error.h"

namespace lathe::testing {

namespace {

constexpr std::size_t kWords = 12000;
constexpr std::size_t kWholeWords = 10000;  // those that the vocabulary has, the most frequent
constexpr std::size_t kVocabulary = 30522;

std::string syllable(Random& random) {
  static constexpr std::string_view kConsonants = "bcdfghjklmnpqrstvwxz", kVowels = "aeiouy";
  const auto any = [&](std::string_view of) { return of[random.below(of.size())]; };
  std::string made{any(kConsonants), any(kVowels)};
  if (random.below(3) == 0) made += any(kConsonants);
  return made;
}

std::string word(Random& random) {
  std::string made = syllable(random);
  for (uint64_t more = random.below(4); more > 0; --more) made += syllable(random);
  return made;
}

// Distinct words, the most frequent first.
const std::vector<std::string>& words() {
  static const std::vector<std::string> made = [] {
    Random random(1);
    std::set<std::string> seen;
    std::vector<std::string> list;
    while (list.size() < kWords) {
      std::string next = word(random);
      if (seen.insert(next).second) list.push_back(std::move(next));
    }
    return list;
  }();
  return made;
}

// Σ 1 / r over the ranks r up to each: sums and quotients alone, which no library rounds its way.
const std::vector<double>& cumulative_frequencies() {
  static const std::vector<double> sums = [] {
    std::vector<double> list;
    double sum = 0;
    for (std::size_t rank = 1; rank <= kWords; ++rank) {
      list.push_back(sum += 1.0 / static_cast<double>(rank));
    }
    return list;
  }();
  return sums;
}

char capital(char letter) { return static_cast<char>(letter - 'a' + 'A'); }

std::string doubled_quotes(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? "\"\"" : std::string(1, c);
  return field + "\"";
}

std::string escaped(const std::string& text) {
  std::string made = "\"";
  for (const char c : text) {
    made += c == '"' ? "\\\"" : c == '\n' ? "\\n" : std::string(1, c);
  }
  return made + "\"";
}

}  // namespace

MadeText::MadeText(uint64_t seed) : random_(seed, 1) {}

const std::string& MadeText::draw() {
  const std::vector<double>& sums = cumulative_frequencies();
  const auto found = std::upper_bound(sums.begin(), sums.end(), random_.uniform() * sums.back());
  return words()[static_cast<std::size_t>(found - sums.begin())];
}

std::string MadeText::sentence(int64_t words) {
  std::string made;
  for (int64_t i = 0; i < words; ++i) {
    const std::size_t start = made.size();
    made += draw();
    if (i == 0 || random_.below(15) == 0) made[start] = capital(made[start]);
    if (i + 1 < words) made += random_.below(10) == 0 ? ", " : " ";
  }
  return made + ".";
}

std::string MadeText::vocabulary() {
  std::string lines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  std::set<std::string> seen;
  const auto add = [&](const std::string& token) {
    if (seen.size() < kVocabulary - 5 && seen.insert(token).second) lines += token + "\n";
  };
  for (const char c : std::string_view(".,\"!?-'")) add({c});
  for (char c = 'a'; c <= 'z'; ++c) add({c}), add(concat("##", c));
  for (std::size_t i = 0; i < kWholeWords; ++i) add(words()[i]);
  Random random(2);
  while (seen.size() < kVocabulary - 5) add("##" + word(random));
  return lines;
}

MadeRows made_rows(int64_t count, uint64_t seed, bool quotes) {
  MadeText text(seed);
  Random random(seed, 2);
  const auto sentence = [&] { return text.sentence(10 + static_cast<int64_t>(random.below(21))); };
  MadeRows rows;
  for (int64_t row = 0; row < count; ++row) {
    rows.first.push_back(sentence());
    rows.second.push_back(sentence());
    if (quotes && row % 8 == 0) rows.second.back() += "\nA \"" + text.sentence(3) + "\" behind it";
    rows.labels.push_back(static_cast<int64_t>(random.below(2)));
    rows.scores.push_back(static_cast<double>(random.below(20)) / 4 + 0.25);
  }
  return rows;
}

std::string as_csv(const MadeRows& rows) {
  std::string text = "sentence1,sentence2,label,score\n";
  for (std::size_t i = 0; i < rows.first.size(); ++i) {
    text += concat(doubled_quotes(rows.first[i]), ",", doubled_quotes(rows.second[i]), ",",
                   rows.labels[i], ",", rows.scores[i], "\n");
  }
  return text;
}

std::string as_tsv(const MadeRows& rows) {
  std::string text = "sentence1\tsentence2\tlabel\tscore\n";
  for (std::size_t i = 0; i < rows.first.size(); ++i) {
    text += concat(rows.first[i], "\t", rows.second[i], "\t", rows.labels[i], "\t", rows.scores[i],
                   "\n");
  }
  return text;
}

std::string as_json_lines(const MadeRows& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.first.size(); ++i) {
    text += concat("{\"sentence1\": ", escaped(rows.first[i]),
                   ", \"sentence2\": ", escaped(rows.second[i]), ", \"label\": ", rows.labels[i],
                   ", \"score\": ", rows.scores[i], "}\n");
  }
  return text;
}

}  // namespace lathe::testing
