// Encodes the rows of the standard input, each with options of its own: Lathe's side of
// tokenizer_exact.py.
//
// Usage: tokenizer_rows DIR [COPY]   saves the tokenizer into the directory COPY first
// In, again and again: the number of a block's rows, a line, then a line of JSON each: {"text": …,
// "text_pair": …, "max_length": n, "truncation": "only_first", "stride": n}; texts are strings or
// lists of words, all but "text" may be left out.
// Out, for each block: the number of bytes that follow (int64), then int32s. For every row how many
// windows it has, -1 where it is refused; for every window its length n, then n ids, types,
// attention, special tokens, 2 n offsets, n words (-1: none), sequences (-1: none).
//
// Every row is encoded by encode() as well, with each amount of details, since those ways differ in
// the code; that they give the first window is checked here.
#include <cstdio>
#include <iostream>
#include <optional>
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
void append(const Column& column, std::vector<int32_t>& out) {
  for (const auto& value : column) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, lathe::TokenOffset>) {
      out.push_back(value.begin);
      out.push_back(value.end);
    } else {
      out.push_back(value);
    }
  }
}

void append(const lathe::Encoding& window, std::vector<int32_t>& out) {
  out.push_back(static_cast<int32_t>(window.input_ids.size()));
  append(window.input_ids, out);
  append(window.token_type_ids, out);
  append(window.attention_mask, out);
  append(window.special_tokens_mask, out);
  append(window.offsets, out);
  append(window.word_ids, out);
  append(window.sequence_ids, out);
}

void check_encode(const lathe::Tokenizer& tokenizer, const lathe::EncodeInput& input,
                  lathe::EncodeOptions options, const lathe::Encoding& window) {
  const lathe::Encoding all = tokenizer.encode(input, options);
  options.return_word_ids = false;
  const lathe::Encoding offsets = tokenizer.encode(input, options);
  options.return_offsets = false;
  const lathe::Encoding ids = tokenizer.encode(input, options);
  if (ids.input_ids != window.input_ids || offsets.input_ids != window.input_ids ||
      offsets.offsets != window.offsets || all.input_ids != window.input_ids ||
      all.offsets != window.offsets || all.word_ids != window.word_ids ||
      all.sequence_ids != window.sequence_ids || all.token_type_ids != window.token_type_ids ||
      all.special_tokens_mask != window.special_tokens_mask) {
    lathe::fail("encode and encode_windows differ");
  }
}

std::optional<std::vector<lathe::Encoding>> windows_of(const lathe::Tokenizer& tokenizer,
                                                       const lathe::EncodeInput& input,
                                                       const lathe::EncodeOptions& options) {
  try {
    return tokenizer.encode_windows(input, options);
  } catch (const lathe::Error&) {
    return std::nullopt;
  }
}

void encode(const lathe::Tokenizer& tokenizer, const Json& row, std::vector<int32_t>& out) {
  lathe::EncodeInput input{text_of(*row.find("text"))};
  if (const Json* pair = row.find("text_pair")) input.second = text_of(*pair);
  const lathe::EncodeOptions options = options_of(row);
  const auto windows = windows_of(tokenizer, input, options);
  if (!windows) return out.push_back(-1);
  check_encode(tokenizer, input, options, windows->front());
  out.push_back(static_cast<int32_t>(windows->size()));
  for (const lathe::Encoding& window : *windows) append(window, out);
}

void write(const std::vector<int32_t>& values) {
  const auto bytes = static_cast<int64_t>(values.size() * sizeof(int32_t));
  std::fwrite(&bytes, sizeof bytes, 1, stdout);
  std::fwrite(values.data(), sizeof(int32_t), values.size(), stdout);
  std::fflush(stdout);
}

// A block is read whole before any of it is written, so that the other side may write it whole.
void run(const lathe::Tokenizer& tokenizer) {
  std::vector<std::string> rows;
  std::vector<int32_t> values;
  for (std::string line; std::getline(std::cin, line);) {
    rows.resize(std::stoul(line));
    for (std::string& row : rows) std::getline(std::cin, row);
    values.clear();
    for (const std::string& row : rows) {
      const Json parsed = lathe::parse_json(row, "standard input");
      try {
        encode(tokenizer, parsed, values);
      } catch (const lathe::Error& error) {
        lathe::fail(row, ": ", error.what());
      }
    }
    write(values);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 && count != 3) {
    std::fprintf(stderr, "usage: tokenizer_rows DIR [COPY]\n");
    return 1;
  }
  std::ios::sync_with_stdio(false);
  try {
    const lathe::Tokenizer tokenizer = lathe::Tokenizer::load(arguments[1]);
    if (count == 3) tokenizer.save(arguments[2]);
    run(tokenizer);
  } catch (const lathe::Error& error) {
    std::fprintf(stderr, "tokenizer_rows: %s\n", error.what());
    return 1;
  }
  return 0;
}
