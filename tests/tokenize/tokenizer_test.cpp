#include "tokenize/tokenizer.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::TemporaryDirectory;

constexpr char kTiny[] = "tests/golden/tokenizer_tiny";
constexpr char kAdded[] = "tests/golden/tokenizer_added";

TEST(TokenizerTest, NamesTokensAndIds) {
  const Tokenizer tokenizer = Tokenizer::load(kAdded);
  for (int32_t id = 0; id < tokenizer.vocabulary_size(); ++id) {
    EXPECT_EQ(tokenizer.id(tokenizer.token(id)), id) << tokenizer.token(id);
  }
  EXPECT_EQ(tokenizer.token(2), "[CLS]");
  EXPECT_GT(tokenizer.id("<ent>"), tokenizer.id("naive"));
  EXPECT_FALSE(tokenizer.id("no such token"));
  error_of([&] { tokenizer.token(-1); });
  error_of([&] { tokenizer.token(static_cast<int32_t>(tokenizer.vocabulary_size())); });
}

TEST(TokenizerTest, KnowsTheModelsMaximumLength) {
  EXPECT_EQ(Tokenizer::load(kTiny).model_max_length(), 64);
  EXPECT_EQ(Tokenizer::load(kAdded).model_max_length(), 0);
}

TEST(TokenizerTest, OffsetsOnlyWhenAskedFor) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  const Encoding encoding = tokenizer.encode("the fox", "jumps", {});
  EXPECT_TRUE(encoding.offsets.empty());
  EXPECT_EQ(encoding.input_ids.size(), 7u);
  EXPECT_EQ(encoding.token_type_ids, (std::vector<int32_t>{0, 0, 0, 0, 1, 1, 1}));
}

TEST(TokenizerTest, InvalidUtf8IsNamedByItsPlace) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  for (const std::string bad : {"\x80", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) {
    EXPECT_EQ(error_of([&] { tokenizer.encode("ab " + bad, {}); }), "not valid UTF-8 at byte 3");
    EXPECT_EQ(error_of([&] { tokenizer.encode("a", bad, {}); }), "not valid UTF-8 at byte 0");
  }
}

TEST(TokenizerTest, InvalidUtf8IsReplacedWhereAsked) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  const EncodeOptions options{.return_offsets = true, .replace_invalid = true};
  const Encoding encoding = tokenizer.encode("a \xE2\x82 \xFF\xFE b", options);
  EXPECT_EQ(encoding.input_ids, tokenizer.encode("a b", {}).input_ids);  // U+FFFD is dropped
  EXPECT_EQ(encoding.offsets[2], (TokenOffset{7, 8}));
  const EncodedBatch batch = tokenizer.encode_batch({{"\xC3 a"}, {"a", "b\xC3"}}, options);
  EXPECT_EQ(batch.rows(), 2);
  EXPECT_EQ(batch.offsets[1], (TokenOffset{2, 3}));
}

TEST(TokenizerTest, SpecialTokensMaskAndNoSpecialTokens) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  EncodeOptions options{.return_special_tokens_mask = true};
  // A special token that the text itself has is none of the template's.
  const Encoding pair = tokenizer.encode("the [SEP] fox", "over", options);
  EXPECT_EQ(pair.special_tokens_mask, (std::vector<uint8_t>{1, 0, 0, 0, 1, 0, 1}));
  options.max_length = 4;
  const std::vector<Encoding> windows = tokenizer.encode_windows("the quick fox", options);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[1].special_tokens_mask, (std::vector<uint8_t>{1, 0, 1}));
  options.add_special_tokens = false;
  options.padding = PadOptions{.length = 6};
  const Encoding bare = tokenizer.encode("the fox", "over", options);
  EXPECT_EQ(bare.input_ids, (std::vector<int32_t>{*tokenizer.id("the"), *tokenizer.id("fox"),
                                                  *tokenizer.id("over"), 0, 0, 0}));
  EXPECT_EQ(bare.special_tokens_mask, (std::vector<uint8_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(bare.token_type_ids, (std::vector<int32_t>{0, 0, 1, 0, 0, 0}));
}

TEST(TokenizerTest, MaxLengthMustHoldTheSpecialTokens) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  EXPECT_EQ(tokenizer.encode("the fox", {.max_length = 2}).input_ids.size(), 2u);
  error_of([&] { tokenizer.encode("the fox", {.max_length = 1}); });
  error_of([&] { tokenizer.encode("the", "fox", {.max_length = 2}); });
}

TEST(TokenizerTest, ThreadsShareIt) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  const std::string text = "The quick brown fox jümps over the lazy dog; unaffable.";
  const Encoding expected = tokenizer.encode(text, {});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  threads.reserve(wrong.size());
  for (int& count : wrong) {
    threads.emplace_back([&tokenizer, &text, &expected, &count] {
      for (int i = 0; i < 200; ++i) {
        count += tokenizer.encode(text, {}).input_ids != expected.input_ids;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(TokenizerTest, TruncationSideLeftKeepsTheEnd) {
  const TemporaryDirectory directory;
  write_file(directory.file("vocab.txt"), read_file(std::string(kTiny) + "/vocab.txt"));
  write_file(directory.file("tokenizer_config.json"), R"({"truncation_side": "left"})");
  const Tokenizer tokenizer = Tokenizer::load(directory.path());
  EXPECT_EQ(tokenizer.encode("the quick brown fox", {.max_length = 4}).input_ids,
            tokenizer.encode("brown fox", {}).input_ids);
}

TEST(TokenizerTest, WordIdsAndSequenceIds) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  const Encoding encoding = tokenizer.encode("unaffable fox,", "the", {.return_word_ids = true});
  EXPECT_EQ(encoding.word_ids, (std::vector<int32_t>{-1, 0, 0, 0, 1, 2, -1, 0, -1}));
  EXPECT_EQ(encoding.sequence_ids, (std::vector<int32_t>{-1, 0, 0, 0, 0, 0, -1, 1, -1}));
  EXPECT_TRUE(encoding.offsets.empty());
}

TEST(TokenizerTest, WordsThatAreCutAlready) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  const EncodeInput input{std::vector<std::string_view>{"the", "unaffable,", "", "fox"}};
  const Encoding encoding =
      tokenizer.encode(input, {.return_offsets = true, .return_word_ids = true});
  EXPECT_EQ(encoding.input_ids, tokenizer.encode("the unaffable, fox", {}).input_ids);
  EXPECT_EQ(encoding.word_ids, (std::vector<int32_t>{-1, 0, 1, 1, 1, 1, 3, -1}));
  EXPECT_EQ(encoding.offsets[2], (TokenOffset{0, 2}));  // from the word's own beginning
  EXPECT_EQ(encoding.offsets[6], (TokenOffset{0, 3}));
}

TEST(TokenizerTest, ABatchIsItsRowsForAnyNumberOfThreads) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  std::vector<std::string> texts;
  texts.reserve(2000);
  for (int i = 0; i < 2000; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i % 50), 'a') + " the fox, " +
                    std::to_string(i));
  }
  std::vector<EncodeInput> inputs;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    inputs.push_back({texts[i]});
    if (i % 3 == 0) inputs.back().second = texts[texts.size() - 1 - i];
  }
  EncodeOptions options{.max_length = 12, .return_offsets = true, .return_word_ids = true};
  options.return_special_tokens_mask = true;
  for (const int threads : {1, 2, 5, 2}) {
    if (threads == 5) options.padding = PadOptions{.length = 12};

    const EncodedBatch batch = tokenizer.encode_batch(inputs, options, threads);
    ASSERT_EQ(batch.rows(), 2000);
    for (std::size_t i = 0; i < inputs.size(); i += 37) {
      const Encoding row = tokenizer.encode(inputs[i], options);
      const auto begin = static_cast<std::size_t>(batch.row_begins[i]);
      ASSERT_EQ(static_cast<std::size_t>(batch.row_begins[i + 1]) - begin, row.input_ids.size());
      for (std::size_t j = 0; j < row.input_ids.size(); ++j) {
        ASSERT_EQ(batch.input_ids[begin + j], row.input_ids[j]);
        ASSERT_EQ(batch.token_type_ids[begin + j], row.token_type_ids[j]);
        ASSERT_EQ(batch.offsets[begin + j], row.offsets[j]);
        ASSERT_EQ(batch.word_ids[begin + j], row.word_ids[j]);
        ASSERT_EQ(batch.sequence_ids[begin + j], row.sequence_ids[j]);
        ASSERT_EQ(batch.special_tokens_mask[begin + j], row.special_tokens_mask[j]);
        ASSERT_EQ(options.padding ? batch.attention_mask[begin + j] : 1, row.attention_mask[j]);
      }
    }
  }
  inputs[1500].first = "\xFF";
  inputs[700].first = "a\xFF";
  for (const int threads : {1, 3}) {
    try {
      tokenizer.encode_batch(inputs, options, threads);
      ADD_FAILURE() << "not refused";
    } catch (const RowError& error) {
      EXPECT_EQ(error.row, 700);
      EXPECT_EQ(error.reason, "not valid UTF-8 at byte 1");
    }
  }
}

TEST(TokenizerTest, DecodesAsTokenizersDoes) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  const auto ids = tokenizer.encode("The unaffable fox, jumps!", {}).input_ids;
  EXPECT_EQ(tokenizer.decode(ids, true), "the unaffable fox, jumps!");
  EXPECT_EQ(tokenizer.decode(ids, false), "[CLS] the unaffable fox, jumps! [SEP]");
  EXPECT_EQ(tokenizer.decode({*tokenizer.id("##able")}, true), "##able");
  EXPECT_EQ(tokenizer.decode({}, true), "");
  error_of([&] { tokenizer.decode({-1}, true); });
  const std::vector<std::vector<int32_t>> rows(100, ids);
  EXPECT_EQ(tokenizer.decode_batch(rows, true),
            std::vector<std::string>(100, "the unaffable fox, jumps!"));
  EXPECT_EQ(error_of([&] {
              tokenizer.decode_batch({ids, {5, -1}, {-1}}, true);
            }),
            "input 1: no token has the id -1; ids go from 0 to " +
                std::to_string(tokenizer.vocabulary_size() - 1));
}

// A line without an end, in one and in many words: the time is that of its length.
TEST(TokenizerTest, LongLines) {
  const Tokenizer tokenizer = Tokenizer::load(kTiny);
  const int32_t unknown = *tokenizer.id("[UNK]");
  std::string letters;
  letters.resize(20'000'000, 'x');
  EXPECT_EQ(tokenizer.encode(letters, {}).input_ids, (std::vector<int32_t>{2, unknown, 3}));
  std::string marks;
  while (marks.size() < 5'000'000) marks += "\u0301";
  EXPECT_EQ(tokenizer.encode(marks, {}).input_ids.size(), 2u);  // accents go
  EXPECT_EQ(tokenizer.encode("a" + marks, {.max_length = 2}).input_ids.size(), 2u);
}

}  // namespace
}  // namespace lathe
