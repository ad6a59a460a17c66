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

// ---- files -----------------------------------------------------------------------------------

class TokenizerFiles : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) {
    write_file(directory_.file(name), content);
  }
  // The complaint about tokenizer_added's tokenizer.json with `from` replaced by `to`.
  std::string complaint(const std::string& from, const std::string& to) {
    std::string text = read_file(std::string(kAdded) + "/tokenizer.json");
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write("tokenizer.json", text.replace(at, from.size(), to));
    return load_error();
  }
  std::string load_error() {
    return error_of([&] { Tokenizer::load(directory_.path()); });
  }
  // Whether the message names the file and the key, and says the rest.
  void expect_message(const std::string& message, const std::string& file,
                      const std::string& rest) {
    EXPECT_TRUE(message.starts_with(directory_.file(file) + ": ")) << message;
    EXPECT_NE(message.find(rest), std::string::npos) << message;
  }

  TemporaryDirectory directory_;
};

TEST_F(TokenizerFiles, PartsThatAreNotBertsAreRefusedByName) {
  const std::string file = "tokenizer.json";
  expect_message(complaint("\"BertNormalizer\"", "\"NFKC\""), file, "normalizer.type: \"NFKC\"");
  expect_message(complaint("\"BertPreTokenizer\"", "\"Metaspace\""), file,
                 "pre_tokenizer.type: \"Metaspace\"");
  expect_message(complaint("\"type\":\"BertProcessing\"", "\"type\":\"RobertaProcessing\""), file,
                 "post_processor.type: \"RobertaProcessing\"");
  expect_message(complaint("\"model\":{\"type\":\"WordPiece\"", "\"model\":{\"type\":\"BPE\""),
                 file, "model.type: \"BPE\"");
  expect_message(complaint("{\"type\":\"BertPreTokenizer\"}", "null"), file,
                 "pre_tokenizer: is null");
  expect_message(complaint("\"lowercase\":false", "\"lowercase\":\"no\""), file,
                 "normalizer.lowercase: expected a boolean, found a string");
  expect_message(complaint(",\"lowercase\":false", ""), file, "normalizer.lowercase: is missing");
  expect_message(complaint("\"lowercase\":false", "\"lowercase\":false,\"fold\":1"), file,
                 "normalizer: \"fold\" is not supported");
  expect_message(complaint("\"version\":\"1.0\"", "\"version\":\"2.0\""), file,
                 "version: expected \"1.0\", found \"2.0\"");
  expect_message(complaint("\"truncation\":", "\"dropout\":0.1,\"truncation\":"), file,
                 "\"dropout\" is not supported");
  expect_message(complaint("\"LongestFirst\"", "\"Any\""), file,
                 "truncation.strategy: expected LongestFirst");
  expect_message(complaint("{\"Fixed\":12}", "\"Longest\""), file,
                 "padding.strategy: expected \"BatchLongest\" or {\"Fixed\": length}");
  expect_message(complaint("\"type\":\"WordPiece\",\"prefix\"", "\"type\":\"BPE\",\"prefix\""),
                 file, "decoder.type: \"BPE\"");
}

// As `tokenizers` does unasked, and as it is written again.
TEST_F(TokenizerFiles, SavedTruncationAndPadding) {
  std::string text = read_file(std::string(kAdded) + "/tokenizer.json");
  const auto put = [&](const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) FAIL() << from;
    text.replace(at, from.size(), to);
  };
  put(R"({"direction":"Right","max_length":7,"strategy":"LongestFirst","stride":0})",
      R"({"direction":"Left","max_length":5,"strategy":"OnlyFirst","stride":1})");
  put(R"({"Fixed":12},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0)",
      R"({"Fixed":6},"direction":"Left","pad_to_multiple_of":4,"pad_id":7,"pad_type_id":1)");
  write("tokenizer.json", text);
  const auto check = [](const Tokenizer& tokenizer) {
    const EncodeOptions saved = tokenizer.saved_options();
    EXPECT_EQ(saved.max_length, 5);
    EXPECT_EQ(saved.stride, 1);
    EXPECT_EQ(saved.truncation, Truncation::kOnlyFirst);
    const Encoding encoding = tokenizer.encode("the the a b c");
    EXPECT_EQ(encoding.input_ids,
              (std::vector<int32_t>{7, 7, 7, 2, *tokenizer.id("a"), *tokenizer.id("b"),
                                    *tokenizer.id("c"), 3}));
    EXPECT_EQ(encoding.attention_mask, (std::vector<uint8_t>{0, 0, 0, 1, 1, 1, 1, 1}));
    EXPECT_EQ(encoding.token_type_ids, (std::vector<int32_t>{1, 1, 1, 0, 0, 0, 0, 0}));
    EXPECT_EQ(tokenizer.encode("the the a b c", EncodeOptions{}).input_ids.size(), 7u);
  };
  const Tokenizer tokenizer = Tokenizer::load(directory_.path());
  check(tokenizer);
  const TemporaryDirectory second;
  tokenizer.save(second.path());
  check(Tokenizer::load(second.path()));
  const Json before = read_json_file(directory_.file("tokenizer.json"));
  const Json after = read_json_file(second.file("tokenizer.json"));
  EXPECT_EQ(after.find("truncation")->dump(), before.find("truncation")->dump());
  EXPECT_EQ(after.find("padding")->dump(), before.find("padding")->dump());
}

TEST_F(TokenizerFiles, NoNormalizerAndWordsByWhitespace) {
  const Json all = read_json_file(std::string(kAdded) + "/tokenizer.json");
  Json file = Json::object();
  for (const auto& [key, value] : all.as_object()) {
    if (key != "added_tokens") file[key] = value;
  }
  file["normalizer"] = Json();
  Json whitespace = Json::object();
  whitespace["type"] = "Whitespace";
  file["pre_tokenizer"] = whitespace;
  write("tokenizer.json", file.dump());
  const Tokenizer tokenizer = Tokenizer::load(directory_.path());
  // "fox" and "!!?": the second is one word, which no token begins with twice.
  const Encoding encoding = tokenizer.encode("The fox!!? ö", {.return_word_ids = true});
  EXPECT_EQ(encoding.word_ids, (std::vector<int32_t>{-1, 0, 1, 2, 3, -1}));
  EXPECT_EQ(encoding.input_ids[1], *tokenizer.id("The"));
  EXPECT_EQ(encoding.input_ids[3], *tokenizer.id("[UNK]"));
  EXPECT_EQ(encoding.input_ids[4], *tokenizer.id("ö"));
  const TemporaryDirectory second;
  tokenizer.save(second.path());
  EXPECT_EQ(Tokenizer::load(second.path()).encode("The fox!!? ö", {}).input_ids,
            encoding.input_ids);
}

TEST_F(TokenizerFiles, ContradictoryIdsAreRefused) {
  const std::string file = "tokenizer.json";
  expect_message(complaint("\"the\":5", "\"the\":6"), file, "expected an id below");
  expect_message(complaint("\"the\":5", "\"the\":-1"), file, "expected an id below");
  expect_message(complaint("\"the\":5", "\"the\":5.5"), file, "expected an id below");
  expect_message(complaint("\"id\":4,\"content\":\"[MASK]\"", "\"id\":4,\"content\":\"the\""), file,
                 "disagree on the id 4");
  expect_message(complaint("\"id\":4,", "\"id\":4000,"), file, "the id 4000");
  expect_message(complaint("\"unk_token\":\"[UNK]\"", "\"unk_token\":\"<unk>\""), file,
                 "no unk_token \"<unk>\"");
  expect_message(complaint("[\"[SEP]\",3]", "[\"[SEP]\",9999]"), file, "no id 9999");
}

TEST_F(TokenizerFiles, ConfigurationThatContradictsTheNormalizerIsRefused) {
  write("tokenizer.json", read_file(std::string(kAdded) + "/tokenizer.json"));
  write("tokenizer_config.json", R"({"do_lower_case": true})");
  expect_message(load_error(), "tokenizer_config.json", "do_lower_case: true contradicts");
  write("tokenizer_config.json", R"({"model_max_length": 1e30, "strip_accents": true})");
  EXPECT_EQ(Tokenizer::load(directory_.path()).model_max_length(), 0);
}

TEST_F(TokenizerFiles, VocabularyFiles) {
  EXPECT_EQ(load_error(), directory_.path() + ": has neither tokenizer.json nor vocab.txt");
  write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\na\n");
  expect_message(load_error(), "vocab.txt",
                 "the token of id 4 is also that of a smaller id: \"a\"");
  write("vocab.txt", "[CLS]\n[SEP]\na\n");
  expect_message(load_error(), "vocab.txt", "no unk_token \"[UNK]\"");
  write("vocab.txt", "[UNK]\n[SEP]\na\n");
  expect_message(load_error(), "vocab.txt", "has no cls_token");
  write("vocab.txt", "[UNK]\n\xFF\n");
  expect_message(load_error(), "vocab.txt", "not valid UTF-8 at byte 6");
  write("vocab.txt", "");
  load_error();
  // CRLF, trailing spaces, an empty line and no line end at the end of the file.
  write("vocab.txt", "[UNK]\r\n[CLS]  \n[SEP]\u3000\n\na");
  const Tokenizer tokenizer = Tokenizer::load(directory_.path());
  EXPECT_EQ(tokenizer.encode("A", {}).input_ids, (std::vector<int32_t>{1, 4, 2}));
}

TEST_F(TokenizerFiles, SpecialTokensOfTheConfiguration) {
  write("vocab.txt", "<unk>\n<s>\n</s>\na\n<ent>\n");
  write("tokenizer_config.json", R"({"unk_token": "<unk>", "cls_token": {"content": "<s>"},
                                     "sep_token": "</x>",
                                     "additional_special_tokens": ["<ent>"]})");
  expect_message(load_error(), "tokenizer_config.json",
                 "sep_token: \"</x>\" is not in the vocabulary");
  write("special_tokens_map.json", R"({"sep_token": "</s>"})");
  const Tokenizer tokenizer = Tokenizer::load(directory_.path());
  EXPECT_EQ(tokenizer.encode("a<ent>b", {}).input_ids, (std::vector<int32_t>{1, 3, 4, 0, 2}));
}

TEST_F(TokenizerFiles, OptionsWithoutAPlaceAreRefused) {
  write("vocab.txt", read_file(std::string(kTiny) + "/vocab.txt"));
  for (const std::string option :
       {R"({"do_basic_tokenize": false})", R"({"never_split": ["a"]})",
        R"({"tokenizer_class": "BertJapaneseTokenizer"})", R"({"split_special_tokens": true})",
        R"({"truncation_side": "middle"})", R"({"do_lower_case": 1})", "[]"}) {
    write("tokenizer_config.json", option);
    EXPECT_NE(load_error().find("tokenizer_config.json: "), std::string::npos) << option;
  }
}

// What was saved is what is saved again: nothing is lost or added on the way.
TEST_F(TokenizerFiles, SavingTwiceWritesTheSame) {
  const TemporaryDirectory second;
  for (const char* folder : {kTiny, kAdded}) {
    Tokenizer::load(folder).save(directory_.path());
    Tokenizer::load(directory_.path()).save(second.path());
    for (const char* file :
         {"tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"}) {
      EXPECT_EQ(read_file(directory_.file(file)), read_file(second.file(file))) << file;
    }
  }
  EXPECT_EQ(
      read_json_file(second.file("tokenizer.json")).find("truncation")->find("max_length")->dump(),
      "7");
}

}  // namespace
}  // namespace lathe
