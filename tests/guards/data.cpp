#include <span>

#include "base/file.h"
#include "data/batch.h"
#include "data/reader.h"
#include "data/tokenized.h"
#include "tests/guards/guards.h"
#include "tests/made_text.h"
#include "tests/temporary_directory.h"
#include "tokenize/tokenizer.h"

namespace lathe::testing {

namespace {

constexpr int64_t kRows = 800;

const MadeRows& rows() {
  static const MadeRows made = made_rows(kRows, 1, /*quotes=*/false);
  return made;
}

const MadeRows& rows_with_quotes() {
  static const MadeRows made = made_rows(kRows, 1, /*quotes=*/true);
  return made;
}

// With empty caches.
const Tokenizer& made_tokenizer() {
  static const Tokenizer made = [] {
    const TemporaryDirectory directory;
    write_file(directory.file("vocab.txt"), MadeText::vocabulary());
    return Tokenizer::load(directory.path());
  }();
  made.forget_caches();
  return made;
}

std::function<void()> encode(bool pairs, const EncodeOptions& options) {
  std::vector<EncodeInput> inputs;
  for (std::size_t i = 0; i < rows().first.size(); ++i) {
    inputs.push_back({.first = rows().first[i]});
    if (pairs) inputs.back().second = rows().second[i];
  }
  return [inputs, options, &tokenizer = made_tokenizer()] {
    tokenizer.encode_batch(inputs, options, 1);
  };
}

std::function<void()> read(const std::string& text, const std::string& name) {
  return [text, name] { parse_table(text, name); };
}

TokenizedDataset made_tokens() {
  const Table table = parse_table(as_tsv(rows()), "made.tsv");
  return tokenize_columns(made_tokenizer(), table.column("sentence1"), &table.column("sentence2"),
                          {});
}

// Every seventh row, then the second of each seven …: not in order, and always the same.
std::vector<int64_t> mixed_rows() {
  std::vector<int64_t> order;
  for (int64_t first = 0; first < 7; ++first) {
    for (int64_t row = first; row < kRows; row += 7) order.push_back(row);
  }
  return order;
}

std::function<void()> select_rows() {
  return [table = parse_table(as_csv(rows_with_quotes()), "made.csv"), order = mixed_rows()] {
    table.select(order);
  };
}

std::function<void()> pack_batches() {
  constexpr std::size_t kBatch = 64;
  return [tokens = made_tokens(), order = mixed_rows()] {
    for (std::size_t i = 0; i + kBatch <= order.size(); i += kBatch) {
      pack(tokens, nullptr, std::span(order).subspan(i, kBatch));
    }
  };
}

}  // namespace

std::vector<Guard> data_guards() {
  const EncodeOptions ids{.max_length = 128};
  const EncodeOptions offsets{.max_length = 128, .return_offsets = true};
  return {
      {"tokenize_first_pass", [=] { return encode(false, ids); }, false},
      {"tokenize_ids", [=] { return encode(false, ids); }},
      {"tokenize_pairs_with_offsets", [=] { return encode(true, offsets); }},
      {"read_csv", [] { return read(as_csv(rows_with_quotes()), "made.csv"); }},
      {"read_tsv", [] { return read(as_tsv(rows()), "made.tsv"); }},
      {"read_json_lines", [] { return read(as_json_lines(rows_with_quotes()), "made.jsonl"); }},
      {"select_rows", select_rows},
      {"pack_batches", pack_batches},
  };
}

}  // namespace lathe::testing
