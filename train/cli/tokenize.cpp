// lathe tokenize: texts in, token ids out, a JSON object a line.

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "tokenize/tokenizer.h"
#include "train/cli/commands.h"
#include "train/cli/interrupt.h"
#include "train/cli/options.h"

namespace lathe {

namespace {

constexpr std::size_t kBlock = 4096;  // lines that are encoded at a time, on all threads

struct TokenizeOptions {
  EncodeOptions encode;
  bool json = true;
  bool windows = false;  // what truncation cuts off follows in further lines
};

// The input's lines, and where they stand for messages.
struct Lines {
  std::string_view text;
  std::string name;
  std::vector<std::string_view> lines;
};

struct Input {
  std::string text;
  std::optional<std::string> pair;
};

Truncation truncation_named(const std::string& name) {
  if (name == "longest_first") return Truncation::kLongestFirst;
  if (name == "only_first") return Truncation::kOnlyFirst;
  if (name == "only_second") return Truncation::kOnlySecond;
  fail("--truncation ", name, ": must be longest_first, only_first or only_second");
}

// Of JSON Lines, those with something on them.
Lines split_lines(std::string_view text, const std::string& name, bool json) {
  Lines result{text, name, {}};
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!json || !line.empty()) result.lines.push_back(line);
    begin = end + 1;
  }
  return result;
}

const std::string& text_member(const Json& object, const char* key) {
  const Json* text = object.find(key);
  if (text == nullptr) fail("the key \"", key, "\" is missing");
  if (!text->is_string()) fail("\"", key, "\": expected a string, found ", text->kind());
  return text->as_string();
}

Input input_of(const Json& object) {
  if (!object.is_object()) fail("expected an object with the key \"text\", found ", object.kind());
  Input input{text_member(object, "text"), std::nullopt};
  const Json* pair = object.find("text_pair");
  if (pair != nullptr && !pair->is_null()) input.pair = text_member(object, "text_pair");
  return input;
}

std::vector<Encoding> encode(const Tokenizer& tokenizer, const Input& input,
                             const TokenizeOptions& options) {
  if (options.windows) {
    return input.pair ? tokenizer.encode_windows(input.text, *input.pair, options.encode)
                      : tokenizer.encode_windows(input.text, options.encode);
  }
  return {input.pair ? tokenizer.encode(input.text, *input.pair, options.encode)
                     : tokenizer.encode(input.text, options.encode)};
}

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
  append_list("input_ids", encoding.input_ids, out, write_number);
  append_list("token_type_ids", encoding.token_type_ids, out, write_number);
  append_list("attention_mask", encoding.input_ids, out, [&](int32_t) { out += '1'; });
  if (options.encode.return_offsets) {
    append_list("offset_mapping", encoding.offsets, out, [&](const TokenOffset& offset) {
      out += '[' + std::to_string(offset.begin) + ", " + std::to_string(offset.end) + ']';
    });
  }
  if (options.windows) out += ", \"overflow_to_sample_mapping\": " + std::to_string(sample);
  out += "}\n";
}

// The output of one line of input.
std::string encode_line(const Tokenizer& tokenizer, const Lines& lines, std::size_t index,
                        const TokenizeOptions& options) {
  const std::string_view line = lines.lines[index];
  Json object;
  if (options.json) object = parse_json_part(line, lines.text, lines.name);
  try {
    const Input input = options.json ? input_of(object) : Input{std::string(line), std::nullopt};
    std::string out;
    for (const Encoding& encoding : encode(tokenizer, input, options)) {
      append_encoding(encoding, options, index, out);
    }
    return out;
  } catch (const Error& error) {
    fail(lines.name, ":", 1 + std::count(lines.text.data(), line.data(), '\n'), ": ", error.what());
  }
}

// On all threads, in order. An exception may not leave a parallel region: the first one in the
// order of the lines is thrown behind it.
std::string encode_block(const Tokenizer& tokenizer, const Lines& lines, std::size_t begin,
                         std::size_t end, const TokenizeOptions& options) {
  std::vector<std::string> outputs(end - begin);
  std::vector<std::exception_ptr> errors(end - begin);
#pragma omp parallel for schedule(dynamic, 16)
  for (std::size_t i = begin; i < end; ++i) {
    try {
      outputs[i - begin] = encode_line(tokenizer, lines, i, options);
    } catch (...) {
      errors[i - begin] = std::current_exception();
    }
  }
  std::string text;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (errors[i]) std::rethrow_exception(errors[i]);
    text += outputs[i];
  }
  return text;
}

void encode_all(const Tokenizer& tokenizer, const Lines& lines, const TokenizeOptions& options) {
  for (std::size_t begin = 0; begin < lines.lines.size(); begin += kBlock) {
    throw_if_interrupted();
    const std::size_t end = std::min(begin + kBlock, lines.lines.size());
    const std::string text = encode_block(tokenizer, lines, begin, end, options);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      fail("the standard output cannot be written");
    }
  }
}

}  // namespace

void tokenize_command(const Arguments& arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--train") != arguments.end()) {
    return train_tokenizer_command(arguments);
  }
  std::string model, file, truncation = "longest_first", input_format = "json";
  TokenizeOptions chosen;
  std::optional<int64_t> max_length;
  Options options("tokenize",
                  "Turns text into token ids: a JSON object a line, in the order of the input. "
                  "With --train: makes a vocabulary (lathe tokenize --train --help).");
  options.required("model_name_or_path", model, "Directory with tokenizer.json or vocab.txt");
  options.positional("FILE", file, "Input, or - for the standard input");
  options.add("input_format", input_format,
              "json: lines {\"text\": ..., \"text_pair\": ...}; text: a line a text");
  options.add("max_length", max_length,
              "Truncate to so many tokens, special ones included [no limit]");
  options.add("truncation", truncation,
              "Which text of a pair gives way: longest_first, only_first, only_second");
  options.flag("return_overflowing_tokens", chosen.windows,
               "What truncation cuts off follows in further lines");
  options.add("stride", chosen.encode.stride, "Tokens that such a line repeats of the one before");
  options.flag("return_offsets_mapping", chosen.encode.return_offsets,
               "Where each token stands in its text, in code points");
  if (!options.parse(arguments)) return;

  if (input_format != "json" && input_format != "text") {
    fail("--input_format ", input_format, ": must be json or text");
  }
  if (max_length && *max_length < 1) fail("--max_length ", *max_length, ": must be at least 1");
  if (chosen.encode.stride < 0) fail("--stride ", chosen.encode.stride, ": must be 0 or more");
  if (options.given("stride") && !chosen.windows) {
    fail("--stride: has no meaning without --return_overflowing_tokens");
  }
  chosen.json = input_format == "json";
  chosen.encode.max_length = max_length.value_or(0);
  chosen.encode.truncation = truncation_named(truncation);
  const Tokenizer tokenizer = Tokenizer::load(model);
  if (file == "-") {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    return encode_all(tokenizer, split_lines(text, "standard input", chosen.json), chosen);
  }
  const MappedFile mapped(file);
  encode_all(tokenizer, split_lines(mapped.bytes(), file, chosen.json), chosen);
}

}  // namespace lathe
