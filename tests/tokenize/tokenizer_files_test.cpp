// What tokenizer.json, vocab.txt and tokenizer_config.json may say: what is followed, what is
// refused by name, and what is written.
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/temporary_directory.h"
#include "tokenize/tokenizer.h"

namespace lathe {
namespace {

using testing::error_of;
using testing::TemporaryDirectory;

constexpr char kTiny[] = "tests/golden/tokenizer_tiny";
constexpr char kAdded[] = "tests/golden/tokenizer_added";

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
