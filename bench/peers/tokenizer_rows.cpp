// Encodes the rows of the standard input, each with options of its own: Lathe's side of
// tokenizer_exact.py.
//
// Usage: tokenizer_rows DIR
// In, a line each: {"text": …, "text_pair": …, "max_length": n, "truncation": "only_first",
// "stride": n}; texts are strings or lists of words, all but "text" may be left out.
// Out, a line each: for every window [ids, types, attention, special, offsets (flat), words,
// sequences], or null where the row is refused.
#include <cstdio>
#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tokenize/tokenizer.h"
#include "tokenize/truncation.h"

namespace {

using lathe::Json;

lathe::TextInput text_of(const Json& value) {
  if (value.is_string()) return value.as_string();
  std::vector<std::string_view> words;
  for (const Json& word : value.as_array()) words.emplace_back(word.as_string());
  return words;
}

lathe::EncodeOptions options_of(const Json& row) {
  lathe::EncodeOptions options{.return_offsets = true, .return_word_ids = true};
  options.return_special_tokens_mask = true;
  if (const Json* length = row.find("max_length")) options.max_length = length->as_integer();
  if (const Json* stride = row.find("stride")) options.stride = stride->as_integer();
  if (const Json* name = row.find("truncation")) {
    for (const auto strategy : {lathe::Truncation::kOnlyFirst, lathe::Truncation::kOnlySecond}) {
      if (name->as_string() == truncation_name(strategy)) options.truncation = strategy;
    }
  }
  return options;
}

template <class Column>
void append(const Column& column, std::string& out) {
  out += out.ends_with('[') ? "[" : ",[";
  for (const auto& value : column) {
    if (!out.ends_with('[')) out += ',';
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, lathe::TokenOffset>) {
      out += std::to_string(value.begin) + ',' + std::to_string(value.end);
    } else {
      out += value == lathe::kNoWord ? "null" : std::to_string(value);
    }
  }
  out += ']';
}

std::string encode(const lathe::Tokenizer& tokenizer, const Json& row) {
  lathe::EncodeInput input{text_of(*row.find("text"))};
  if (const Json* pair = row.find("text_pair")) input.second = text_of(*pair);
  std::string out = "[";
  try {
    for (const lathe::Encoding& window : tokenizer.encode_windows(input, options_of(row))) {
      out += out.size() > 1 ? ",[" : "[";
      append(window.input_ids, out);
      append(window.token_type_ids, out);
      append(window.attention_mask, out);
      append(window.special_tokens_mask, out);
      append(window.offsets, out);
      append(window.word_ids, out);
      append(window.sequence_ids, out);
      out += ']';
    }
  } catch (const lathe::Error&) {
    return "null";
  }
  return out + "]";
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: tokenizer_rows DIR\n");
    return 1;
  }
  try {
    const lathe::Tokenizer tokenizer = lathe::Tokenizer::load(arguments[1]);
    for (std::string line; std::getline(std::cin, line);) {
      std::puts(encode(tokenizer, lathe::parse_json(line, "standard input")).c_str());
    }
  } catch (const lathe::Error& error) {
    std::fprintf(stderr, "tokenizer_rows: %s\n", error.what());
    return 1;
  }
  return 0;
}
