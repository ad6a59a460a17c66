// The fast way against the definition, on random text made of everything that could tell them
// apart.
#include "tokenize/plain_encoder.h"

#include <gtest/gtest.h>

#include <random>

#include "base/file.h"
#include "tests/temporary_directory.h"
#include "tokenize/stretches.h"
#include "tokenize/text_encoder.h"
#include "tokenize/utf8.h"

namespace lathe {
namespace {

// Letters of several scripts, what combines with them, what separates them, and what is dropped.
constexpr char32_t kCharacters[] = {
    U'a',    U'b',    U'e',     U'i',    U'o',    U'A',    U'E',    U'Z',    U'1',    U'9',
    U' ',    U' ',    U' ',     U'\t',   U'\n',   U'\r',   U'\v',   U'\f',   U'.',    U',',
    U'-',    U'\'',   U'=',     U'[',    U']',    U'#',    U'_',    0x0,     0x7F,    0x1,
    0x85,    0xA0,    0xAD,     0xBF,    0xC9,    0xE9,    0xDF,    0x130,   0x131,   0x1E9E,
    0x300,   0x301,   0x323,    0x344,   0x345,   0x3A3,   0x3C2,   0x439,   0x419,   0x5B8,
    0x5E9,   0x64B,   0x651,    0x915,   0x93C,   0x94D,   0x95C,   0x9CB,   0xE01,   0xE33,
    0xF73,   0x1100,  0x1161,   0x11A8,  0x1734,  0x1B44,  0x1D15E, 0x1EAD,  0x200B,  0x200D,
    0x2009,  0x2014,  0x2026,   0x2126,  0x2260,  0x302A,  0x302E,  0x3000,  0x3001,  0x304C,
    0x3099,  0x4E2D,  0x6587,   0xAC00,  0xAC01,  0xD55C,  0xE000,  0xF900,  0xFB01,  0xFEFF,
    0xFF21,  0xFFFD,  0x10400,  0x11131, 0x16FF0, 0x1D165, 0x1D16E, 0x1F600, 0x20000, 0x2F800,
    0x2B821, 0xE0100, 0x10FFFF, 0x378,   0x1E08F, 0x1DF9,  0x17D2,  0xA8C4,  0x111C9, 0x166D};

class RandomText {
 public:
  explicit RandomText(unsigned seed) : random_(seed) {}

  std::string next() {
    std::string text;
    const std::size_t length = below(below(10) == 0 ? 3000 : 40);
    const std::size_t alphabet = 1 + below(std::size(kCharacters));
    const std::size_t first = below(std::size(kCharacters));
    while (text.size() < length) {
      switch (below(12)) {
        case 0:
          text += pick({"[CLS]", "[MASK]", "<ent>", " <left> ", "the", "embedding", "##able"});
          break;
        case 1:
          text.append(1 + below(70), 'x');
          break;
        case 2:
          append_utf8(kCharacters[below(std::size(kCharacters))], text);
          break;
        default:
          append_utf8(kCharacters[(first + below(alphabet)) % std::size(kCharacters)], text);
      }
    }
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::string pick(const std::vector<std::string>& words) { return words[below(words.size())]; }

  std::mt19937 random_;
};

void expect_same(const TextTokens& found, const TextTokens& expected, const std::string& text) {
  ASSERT_EQ(found.ids, expected.ids) << ::testing::PrintToString(text);
  ASSERT_EQ(found.words, expected.words) << ::testing::PrintToString(text);
  ASSERT_EQ(found.offsets.size(), expected.offsets.size());
  for (std::size_t i = 0; i < expected.offsets.size(); ++i) {
    ASSERT_EQ(found.offsets[i], expected.offsets[i])
        << "token " << i << " of " << ::testing::PrintToString(text) << ": "
        << found.offsets[i].begin << " " << found.offsets[i].end << ", expected "
        << expected.offsets[i].begin << " " << expected.offsets[i].end;
  }
}

// All sixteen normalizers, over the vocabulary of tests/golden/tokenizer_tiny.
TEST(TextEncoder, GivesWhatTheDefinitionGives) {
  for (const bool added : {false, true}) {
    for (int rules = 0; rules < 16; ++rules) {
      TokenizerDefinition definition =
          read_tokenizer(added ? "tests/golden/tokenizer_added" : "tests/golden/tokenizer_tiny");
      definition.normalizer = {(rules & 1) != 0, (rules & 2) != 0, (rules & 4) != 0,
                               (rules & 8) != 0};
      if (added) {  // those that are looked for in normalized text leave no fast way
        std::erase_if(definition.added_tokens, [](const AddedToken& t) { return t.normalized; });
      }
      const Vocabulary vocabulary(definition.tokens, definition.continuing_prefix);
      const TextEncoder encoder(definition, vocabulary);
      const TextEncoder::Lender scratch(encoder);
      RandomText random(static_cast<unsigned>(rules));
      for (int i = 0; i < 500; ++i) {
        const std::string text = random.next();
        TextTokens expected, found, again, ids;
        encoder.plain().encode(text, expected);
        encoder.encode(text, TextEncoder::Details::kOffsetsAndWords, TextEncoder::kNoLimit,
                       *scratch, found);
        expect_same(found, expected, text);
        encoder.encode(text, TextEncoder::Details::kOffsetsAndWords, TextEncoder::kNoLimit,
                       *scratch, again);  // from the cache
        expect_same(again, expected, text);
        encoder.encode(text, TextEncoder::Details::kNone, TextEncoder::kNoLimit, *scratch, ids);
        ASSERT_EQ(ids.ids, expected.ids);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// More words than the cache has places for, among a few that come back.
TEST(TextEncoder, ForgetsWordsAndGivesTheSame) {
  const TokenizerDefinition definition = read_tokenizer("tests/golden/tokenizer_tiny");
  const Vocabulary vocabulary(definition.tokens, definition.continuing_prefix);
  const TextEncoder encoder(definition, vocabulary);
  const TextEncoder::Lender scratch(encoder);
  std::mt19937 random(5);
  std::string text;
  for (int i = 0; i < 160'000; ++i) {
    if (i % 5 == 0) text += "unaffable, ";
    for (uint32_t bits = static_cast<uint32_t>(random()); bits != 0; bits /= 8) {
      text += "abcdeA1"[bits % 7];
    }
    if (i % 100 == 0) text += "doubleplusungoodwords";
    text += ' ';
  }
  TextTokens expected;
  encoder.plain().encode(text, expected);
  for (int pass = 0; pass < 2; ++pass) {
    TextTokens found;
    encoder.encode(text, TextEncoder::Details::kOffsetsAndWords, TextEncoder::kNoLimit, *scratch,
                   found);
    ASSERT_TRUE(found.ids == expected.ids);
    ASSERT_TRUE(found.words == expected.words);
    ASSERT_TRUE(found.offsets == expected.offsets);
  }
}

TEST(TextEncoder, InvalidUtf8IsFoundAnywhere) {
  const TokenizerDefinition definition = read_tokenizer("tests/golden/tokenizer_tiny");
  const Vocabulary vocabulary(definition.tokens, definition.continuing_prefix);
  const TextEncoder encoder(definition, vocabulary);
  const TextEncoder::Lender scratch(encoder);
  for (const std::size_t place : {0, 1, 62, 63, 64, 2047, 2048, 2049, 5000, 9999}) {
    for (const std::size_t limit : {std::size_t{1}, TextEncoder::kNoLimit}) {
      for (const bool added : {false, true}) {
        std::string text(10'000, 'a');
        for (std::size_t i = 7; i < text.size(); i += 13) text[i] = ' ';
        text[place] = '\xC3';
        if (added) text += "[MASK]";
        if (place == 9999) text += 'x';
        TextTokens out;
        EXPECT_EQ(testing::error_of([&] {
                    encoder.encode(text, TextEncoder::Details::kNone, limit, *scratch, out);
                  }),
                  "not valid UTF-8 at byte " + std::to_string(place));
      }
    }
  }
}

TEST(TextEncoder, ALimitStopsEarlyAndChangesNothingBeforeIt) {
  const TokenizerDefinition definition = read_tokenizer("tests/golden/tokenizer_tiny");
  const Vocabulary vocabulary(definition.tokens, definition.continuing_prefix);
  const TextEncoder encoder(definition, vocabulary);
  const TextEncoder::Lender scratch(encoder);
  std::string text;
  while (text.size() < 100'000) text += "the quick unaffable fox, ";
  TextTokens all, some;
  encoder.encode(text, TextEncoder::Details::kNone, TextEncoder::kNoLimit, *scratch, all);
  encoder.encode(text, TextEncoder::Details::kNone, 100, *scratch, some);
  EXPECT_GE(some.size(), 100u);
  EXPECT_LT(some.size(), 2000u);
  all.ids.resize(some.size());
  EXPECT_EQ(some.ids, all.ids);
}

// Every byte beside every other, in windows that begin anywhere in a stretch.
TEST(Stretches, AreTheSameForEveryInstructionSet) {
  std::string bytes;
  std::mt19937 random(3);
  for (int i = 0; i < 64; ++i) {
    const bool dense = i % 2 == 0;
    for (std::size_t j = 0; j < kWindowBytes; ++j) {
      const uint64_t draw = random();
      bytes += dense ? " a.\té\v0Z"[draw % 10] : static_cast<char>(draw);
    }
  }
  for (const bool all_space : {false, true}) {
    const auto kind = [&](char byte) {  // 0 space, 1 punctuation, 2 word
      const auto c = static_cast<unsigned char>(byte);
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return 0;
      if (c == '\v' || c == '\f') return all_space ? 0 : 2;
      return c > ' ' && c < 0x7F && std::isalnum(c) == 0 ? 1 : 2;
    };
    std::vector<std::pair<uint32_t, uint32_t>> expected;
    for (uint32_t begin = 0, end; begin < bytes.size(); begin = end) {
      end = begin + 1;
      if (kind(bytes[begin]) == 2) {
        while (end < bytes.size() && kind(bytes[end]) == 2) ++end;
      }
      if (kind(bytes[begin]) != 0) expected.emplace_back(begin, end);
    }
    for (const auto& [name, find] : available_find_stretches()) {
      std::vector<uint32_t> begins, ends;
      auto found = std::make_unique<Stretches>();
      found->start();
      for (std::size_t at = 0; at < bytes.size(); at += kWindowBytes) {
        found->begins = found->ends = 0;
        find(bytes.data() + at, kWindowBytes / kClassBlock, static_cast<uint32_t>(at), all_space,
             *found);
        begins.insert(begins.end(), found->begin, found->begin + found->begins);
        ends.insert(ends.end(), found->end, found->end + found->ends);
      }
      if (begins.size() > ends.size()) ends.push_back(static_cast<uint32_t>(bytes.size()));
      ASSERT_EQ(begins.size(), expected.size()) << name;
      ASSERT_EQ(ends.size(), expected.size()) << name;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(std::pair(begins[i], ends[i]), expected[i]) << name << ", stretch " << i;
      }
    }
  }
}

}  // namespace
}  // namespace lathe
