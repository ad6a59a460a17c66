// lathe tokenize: texts in, token ids out, a JSON object a line.
#include <algorithm>
#include <atomic>

#include "base/error.h"
#include "base/json.h"
#include "tokenize/padding.h"
#include "tokenize/tokenizer.h"
#include "train/cli/commands.h"
#include "train/cli/options.h"
#include "train/cli/text_lines.h"

namespace lathe {

namespace {

struct TokenizeOptions {
  EncodeOptions encode;
  bool json = true;
  bool windows = false;  // what truncation cuts off follows in further lines
};

// A line of input. Owns what its EncodeInput views.
struct Input {
  Json object;
  std::string_view line;  // where it is not JSON

  static TextInput text_of(const Json& value, const char* key) {
    if (value.is_string()) return value.as_string();
    if (!value.is_array()) {
      fail("\"", key, "\": expected a string or a list of words, found ", value.kind());
    }
    std::vector<std::string_view> words;
    for (const Json& word : value.as_array()) {
      if (!word.is_string()) fail("\"", key, "\": expected a word, found ", word.kind());
      words.emplace_back(word.as_string());
    }
    return words;
  }

  EncodeInput input(bool json) const {
    if (!json) return {line};
    if (!object.is_object()) {
      fail("expected an object with the key \"text\", found ", object.kind());
    }
    const Json *text = object.find("text"), *pair = object.find("text_pair");
    if (text == nullptr) fail("the key \"text\" is missing");
    EncodeInput input{text_of(*text, "text")};
    if (pair != nullptr && !pair->is_null()) input.second = text_of(*pair, "text_pair");
    return input;
  }
};

template <class Values, class Write>
void append_list(const char* name, const Values& values, std::string& out, const Write& write) {
  out.append(out.empty() || out.back() == '\n' ? "{\"" : ", \"").append(name).append("\": [");
  bool first = true;
  for (const auto& value : values) {
    if (!first) out += ", ";
    first = false;
    write(value);
  }
  out += ']';
}

void append_encoding(const Encoding& encoding, const TokenizeOptions& options, std::size_t sample,
                     std::string& out) {
  const auto write_number = [&](int32_t value) { out += std::to_string(value); };
  const auto write_word = [&](int32_t value) {
    out += value == kNoWord ? "null" : std::to_string(value);
  };
  append_list("input_ids", encoding.input_ids, out, write_number);
  append_list("token_type_ids", encoding.token_type_ids, out, write_number);
  append_list("attention_mask", encoding.attention_mask, out, write_number);
  if (options.encode.return_special_tokens_mask) {
    append_list("special_tokens_mask", encoding.special_tokens_mask, out, write_number);
  }
  if (options.encode.return_offsets) {
    append_list("offset_mapping", encoding.offsets, out, [&](const TokenOffset& offset) {
      out += '[' + std::to_string(offset.begin) + ", " + std::to_string(offset.end) + ']';
    });
  }
  if (options.encode.return_word_ids) {
    append_list("word_ids", encoding.word_ids, out, write_word);
    append_list("sequence_ids", encoding.sequence_ids, out, write_word);
  }
  if (options.windows) out += ", \"overflow_to_sample_mapping\": " + std::to_string(sample);
  out += "}\n";
}

std::vector<Encoding> encode(const Tokenizer& tokenizer, const TextLines& lines, std::size_t index,
                             const TokenizeOptions& options) {
  Input line{Json(), lines.lines[index]};
  if (options.json) line.object = json_of(lines, index);
  if (options.windows) return tokenizer.encode_windows(line.input(options.json), options.encode);
  std::vector<Encoding> one;
  one.push_back(tokenizer.encode(line.input(options.json), options.encode));
  return one;
}

// The tokens of the longest line. Encoding twice costs less than keeping everything.
int64_t longest_line(const Tokenizer& tokenizer, const TextLines& lines,
                     const TokenizeOptions& options) {
  TokenizeOptions plain{.encode = options.encode, .json = options.json};
  plain.encode.padding.reset();
  std::atomic<int64_t> longest = 0;
  write_each_line(lines, [&](std::size_t index) {
    const auto length =
        static_cast<int64_t>(encode(tokenizer, lines, index, plain)[0].input_ids.size());
    int64_t known = longest;
    while (known < length && !longest.compare_exchange_weak(known, length)) {
    }
    return std::string();
  });
  return longest;
}

void tokenize_lines(const Tokenizer& tokenizer, const TextLines& lines, TokenizeOptions options) {
  if (auto& padding = options.encode.padding; padding && padding->length == 0) {
    padding->length =
        std::max<int64_t>(1, padded_length(longest_line(tokenizer, lines, options), *padding));
  }
  write_each_line(lines, [&](std::size_t index) {
    std::string out;
    for (const Encoding& encoding : encode(tokenizer, lines, index, options)) {
      append_encoding(encoding, options, index, out);
    }
    return out;
  });
}

// The options as they stand on the command line.
struct Stated {
  std::string truncation = "longest_first", padding = "none", input_format = "json",
              encoding_errors = "strict";
  std::optional<int64_t> max_length;
  int64_t pad_to_multiple_of = 0;
  bool no_special_tokens = false, as_saved = false;
};

int choice(const char* option, const std::string& given, const std::vector<std::string>& choices) {
  const auto at = std::find(choices.begin(), choices.end(), given);
  if (at == choices.end()) {
    std::string known;
    for (const std::string& name : choices) known += (known.empty() ? "" : ", ") + name;
    fail("--", option, " ", given, ": must be one of ", known);
  }
  return static_cast<int>(at - choices.begin());
}

void add_padding(const Stated& stated, const Tokenizer& tokenizer, EncodeOptions& options) {
  const int kind = choice("padding", stated.padding, {"none", "longest", "max_length"});
  if (kind == 0) return;
  options.padding = tokenizer.pad_options();
  options.padding->multiple_of = stated.pad_to_multiple_of;
  if (kind == 1) return;
  options.padding->length = stated.max_length.value_or(tokenizer.model_max_length());
  if (options.padding->length == 0) {
    fail("--padding max_length: the checkpoint states no maximum; give --max_length");
  }
}

void check(const Stated& stated, const TokenizeOptions& chosen, const Options& options) {
  if (stated.max_length.value_or(1) < 1) {
    fail("--max_length ", *stated.max_length, ": must be at least 1");
  }
  if (chosen.encode.stride < 0) fail("--stride ", chosen.encode.stride, ": must be 0 or more");
  if (options.given("stride") && !chosen.windows) {
    fail("--stride: has no meaning without --return_overflowing_tokens");
  }
  if (stated.pad_to_multiple_of < 0) {
    fail("--pad_to_multiple_of ", stated.pad_to_multiple_of, ": must be 0 or more");
  }
  if (options.given("pad_to_multiple_of") && stated.padding == "none") {
    fail("--pad_to_multiple_of: has no meaning without --padding");
  }
  for (const char* name : {"max_length", "truncation", "stride", "padding"}) {
    if (stated.as_saved && options.given(name)) {
      fail("--", name, ": --as_saved takes it from tokenizer.json; give one of them");
    }
  }
}

}  // namespace

void tokenize_command(const Arguments& arguments) {
  const auto given = [&](const char* name) {
    return std::find(arguments.begin(), arguments.end(), name) != arguments.end();
  };
  if (given("--train")) return train_tokenizer_command(arguments);
  if (given("--decode")) return decode_command(arguments);
  std::string model, file;
  TokenizeOptions chosen;
  Stated stated;
  Options options("tokenize",
                  "Turns text into token ids: a JSON object a line, in the order of the input. "
                  "With --decode: ids into text. With --train: makes a vocabulary. (lathe tokenize "
                  "--decode --help, lathe tokenize --train --help)");
  options.required("model_name_or_path", model, "Directory with tokenizer.json or vocab.txt");
  options.positional("FILE", file, "Input, or - for the standard input");
  options.add("input_format", stated.input_format,
              "json: lines {\"text\": ..., \"text_pair\": ...}, each a string or a list of words; "
              "text: a line a text");
  options.add("encoding_errors", stated.encoding_errors,
              "What is not valid UTF-8: strict refuses it, replace makes it U+FFFD");
  options.add("max_length", stated.max_length,
              "Truncate to so many tokens, special ones included [no limit]");
  options.add("truncation", stated.truncation,
              "Which text of a pair gives way: longest_first, only_first, only_second");
  options.flag("return_overflowing_tokens", chosen.windows,
               "What truncation cuts off follows in further lines");
  options.add("stride", chosen.encode.stride, "Tokens that such a line repeats of the one before");
  options.add("padding", stated.padding,
              "none; longest: to the longest line; max_length: to --max_length, or the model's");
  options.add("pad_to_multiple_of", stated.pad_to_multiple_of, "Rounds the padded length up");
  options.flag("as_saved", stated.as_saved,
               "Truncate and pad as tokenizer.json says, which `tokenizers` does unasked");
  options.flag("no_special_tokens", stated.no_special_tokens, "No [CLS] and [SEP]");
  options.flag("return_offsets_mapping", chosen.encode.return_offsets,
               "Where each token stands in its text, in code points");
  options.flag("return_special_tokens_mask", chosen.encode.return_special_tokens_mask,
               "Which tokens are not from the text");
  options.flag("return_word_ids", chosen.encode.return_word_ids,
               "The number of each token's word, and of its text (sequence_ids)");
  if (!options.parse(arguments)) return;

  check(stated, chosen, options);
  chosen.json = choice("input_format", stated.input_format, {"json", "text"}) == 0;
  const bool replace =
      choice("encoding_errors", stated.encoding_errors, {"strict", "replace"}) == 1;
  constexpr Truncation kStrategies[] = {Truncation::kLongestFirst, Truncation::kOnlyFirst,
                                        Truncation::kOnlySecond};
  chosen.encode.truncation = kStrategies[choice("truncation", stated.truncation,
                                                {"longest_first", "only_first", "only_second"})];
  chosen.encode.max_length = stated.max_length.value_or(0);
  chosen.encode.add_special_tokens = !stated.no_special_tokens;
  const Tokenizer tokenizer = Tokenizer::load(model);
  if (stated.as_saved) {
    const EncodeOptions saved = tokenizer.saved_options();
    chosen.encode.max_length = saved.max_length;
    chosen.encode.truncation = saved.truncation;
    chosen.encode.stride = saved.stride;
    chosen.encode.padding = saved.padding;
  } else {
    add_padding(stated, tokenizer, chosen.encode);
  }
  with_lines(file, chosen.json, replace,
             [&](const TextLines& lines) { tokenize_lines(tokenizer, lines, chosen); });
}

}  // namespace lathe
