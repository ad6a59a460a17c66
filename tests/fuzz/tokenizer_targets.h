// What is fuzzed of tokenize/: text, whose fast encoding must be the plain one, and tokenizer.json.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "tokenize/text_encoder.h"
#include "tokenize/tokenizer.h"

namespace lathe::fuzz {

inline void must_hold(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// The first byte says which normalizer; text that is not UTF-8 is repaired, and must have been
// refused.
inline void text_target(std::string_view data) {
  struct Setting {
    explicit Setting(int rules) : definition(definition_with(rules)) {}
    static TokenizerDefinition definition_with(int rules) {
      TokenizerDefinition tiny = read_tokenizer("tests/golden/tokenizer_tiny");
      tiny.normalizer = {(rules & 1) != 0, (rules & 2) != 0, (rules & 4) != 0, (rules & 8) != 0};
      return tiny;
    }
    TokenizerDefinition definition;
    Vocabulary vocabulary{definition.tokens, definition.continuing_prefix};
    TextEncoder encoder{definition, vocabulary};
  };
  static std::unique_ptr<Setting> settings[16];
  if (data.empty()) return;
  const int rules = data[0] & 15;
  if (settings[rules] == nullptr) settings[rules] = std::make_unique<Setting>(rules);
  const TextEncoder& encoder = settings[rules]->encoder;
  const TextEncoder::Lender scratch(encoder);

  std::string text(data.substr(1));
  TextTokens found, expected;
  const auto encode = [&] {
    encoder.encode(text, TextEncoder::Details::kOffsetsAndWords, TextEncoder::kNoLimit, *scratch,
                   found);
  };
  if (!is_valid_utf8(text)) {
    bool refused = false;
    try {
      encode();
    } catch (const Error&) {
      refused = true;
    }
    must_hold(refused, "invalid UTF-8 is refused");
    text = replace_invalid_utf8(text);
    must_hold(is_valid_utf8(text), "repaired text is UTF-8");
  }
  encoder.plain().encode(text, expected);
  for (int pass = 0; pass < 2; ++pass) {
    found = {};
    encode();
    must_hold(found.ids == expected.ids, "the ids are those of the definition");
    must_hold(found.offsets == expected.offsets, "so are the offsets");
    must_hold(found.words == expected.words, "so are the words");
  }
}

// What loads must encode, and load again as it was saved.
inline void tokenizer_json_target(std::string_view data) {
  static const std::string directory = [] {
    const auto path = std::filesystem::temp_directory_path() /
                      ("lathe-fuzz-" + std::to_string(std::filesystem::hash_value("tokenizer")) +
                       "-" + std::to_string(::getpid()));
    std::filesystem::create_directories(path / "saved");
    return path.string();
  }();
  write_file(directory + "/tokenizer.json", std::string(data));
  try {
    const Tokenizer tokenizer = Tokenizer::load(directory);
    const std::string text = "The un[MASK]affable fox, h\u00e9! \u4e2d x\u0301\u0323";
    const Encoding encoding = tokenizer.encode(text, text, {.return_offsets = true});
    tokenizer.decode(encoding.input_ids, true);
    tokenizer.save(directory + "/saved");
    const Tokenizer again = Tokenizer::load(directory + "/saved");
    must_hold(again.encode(text, text, {}).input_ids == encoding.input_ids,
              "a saved tokenizer gives the same");
  } catch (const Error&) {  // refused
  }
}

}  // namespace lathe::fuzz
