// lathe tokenize: texts in, token ids out, a JSON object a line.

#include <cstdio>
#include <fstream>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "tokenize/tokenizer.h"
#include "train/cli/commands.h"
#include "train/cli/interrupt.h"
#include "train/cli/options.h"

namespace lathe {

namespace {

Truncation truncation_named(const std::string& name) {
  if (name == "longest_first") return Truncation::kLongestFirst;
  if (name == "only_first") return Truncation::kOnlyFirst;
  if (name == "only_second") return Truncation::kOnlySecond;
  fail("--truncation ", name, ": must be longest_first, only_first or only_second");
}

template <class Values, class Write>
void append_list(const char* name, const Values& values, std::string& out, const Write& write) {
  out += out.empty() ? "{\"" : ", \"";
  out += name;
  out += "\": [";
  bool first = true;
  for (const auto& value : values) {
    if (!first) out += ", ";
    first = false;
    write(value);
  }
  out += ']';
}

std::string to_line(const Encoding& encoding, bool with_offsets) {
  std::string out;
  const auto write_number = [&](int32_t value) { out += std::to_string(value); };
  append_list("input_ids", encoding.input_ids, out, write_number);
  append_list("token_type_ids", encoding.token_type_ids, out, write_number);
  append_list("attention_mask", encoding.input_ids, out, [&](int32_t) { out += '1'; });
  if (with_offsets) {
    append_list("offset_mapping", encoding.offsets, out, [&](const TokenOffset& offset) {
      out += '[' + std::to_string(offset.begin) + ", " + std::to_string(offset.end) + ']';
    });
  }
  return out + "}\n";
}

const std::string& text_member(const Json& object, const char* key, const std::string& where) {
  const Json* text = object.find(key);
  if (text == nullptr) fail(where, ": the key \"", key, "\" is missing");
  if (!text->is_string()) fail(where, ": \"", key, "\": expected a string, found ", text->kind());
  return text->as_string();
}

class LineEncoder {
 public:
  LineEncoder(const Tokenizer& tokenizer, const EncodeOptions& options, bool json)
      : tokenizer_(tokenizer), options_(options), json_(json) {}

  std::string operator()(const std::string& line, const std::string& where) const {
    try {
      return to_line(json_ ? encode_json(line, where) : tokenizer_.encode(line, options_),
                     options_.return_offsets);
    } catch (const Error& error) {
      const std::string message = error.what();
      if (message.starts_with(where)) throw;
      fail(where, ": ", message);
    }
  }

 private:
  Encoding encode_json(const std::string& line, const std::string& where) const {
    const Json object = parse_json(line, where);
    if (!object.is_object())
      fail(where, ": expected an object with the key \"text\", found ", object.kind());
    const std::string& text = text_member(object, "text", where);
    const Json* pair = object.find("text_pair");
    if (pair == nullptr || pair->is_null()) return tokenizer_.encode(text, options_);
    return tokenizer_.encode(text, text_member(object, "text_pair", where), options_);
  }

  const Tokenizer& tokenizer_;
  const EncodeOptions& options_;
  bool json_;
};

void encode_lines(std::istream& in, const std::string& name, const LineEncoder& encode,
                  bool skip_empty) {
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    throw_if_interrupted();
    if (line.ends_with('\r')) line.pop_back();
    if (skip_empty && line.empty()) continue;
    const std::string encoded = encode(line, concat(name, ":", number));
    if (std::fwrite(encoded.data(), 1, encoded.size(), stdout) != encoded.size()) {
      fail("the standard output cannot be written");
    }
  }
}

}  // namespace

void tokenize_command(const Arguments& arguments) {
  std::string model, file, truncation = "longest_first", input_format = "json";
  EncodeOptions encode_options;
  std::optional<int64_t> max_length;
  Options options("tokenize",
                  "Turns text into token ids: a JSON object a line, in the order of the input.");
  options.required("model_name_or_path", model, "Directory with tokenizer.json or vocab.txt");
  options.positional("FILE", file, "Input, or - for the standard input");
  options.add("input_format", input_format,
              "json: lines {\"text\": ..., \"text_pair\": ...}; text: a line a text");
  options.add("max_length", max_length,
              "Truncate to so many tokens, special ones included [no limit]");
  options.add("truncation", truncation,
              "Which text of a pair gives way: longest_first, only_first, only_second");
  options.flag("return_offsets_mapping", encode_options.return_offsets,
               "Where each token stands in its text, in code points");
  if (!options.parse(arguments)) return;

  if (input_format != "json" && input_format != "text")
    fail("--input_format ", input_format, ": must be json or text");
  if (max_length && *max_length < 1) fail("--max_length ", *max_length, ": must be at least 1");
  encode_options.max_length = max_length.value_or(0);
  encode_options.truncation = truncation_named(truncation);
  const Tokenizer tokenizer = Tokenizer::load(model);
  const bool json = input_format == "json";
  const LineEncoder encode(tokenizer, encode_options, json);
  if (file == "-") return encode_lines(std::cin, "standard input", encode, json);
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(file, ": cannot be read");
  encode_lines(in, file, encode, json);
}

}  // namespace lathe
