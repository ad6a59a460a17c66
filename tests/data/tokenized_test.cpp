#include "data/tokenized.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "base/file.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/operations.h"
#include "tests/data/table_testing.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;

using Ints = std::vector<int32_t>;

// [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, a 4, b 5, c 6.
Tokenizer tiny_tokenizer() {
  const testing::TemporaryDirectory directory;
  write_file(directory.file("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\n");
  return Tokenizer::load(directory.path());
}

Column texts(const std::string& lines) { return parse_table(lines, "t.txt").column("text"); }

// "a", "b a", "c b a", … : row i has 1 + i % 7 words.
Column many_texts(int64_t rows) {
  std::string lines;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t word = row % 7; word >= 0; --word) lines += std::string(1, "abc"[word % 3]) + " ";
    lines += "\n";
  }
  return texts(lines);
}

Ints all_input_ids(const TokenizedDataset& dataset) {
  Ints all;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    for (const int32_t id : dataset.input_ids(i)) all.push_back(id);
  }
  return all;
}

Ints all_token_type_ids(const TokenizedDataset& dataset) {
  Ints all;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    for (const uint8_t type : dataset.token_type_ids(i)) all.push_back(type);
  }
  return all;
}

TEST(TokenizedDataset, HoldsOneExampleAfterAnother) {
  const TokenizedDataset dataset =
      tokenize_columns(tiny_tokenizer(), texts("a b\n\nc\n"), nullptr, {});
  EXPECT_EQ(dataset.size(), 3);
  EXPECT_EQ(dataset.tokens(), 9);
  EXPECT_EQ(all_input_ids(dataset), (Ints{2, 4, 5, 3, 2, 3, 2, 6, 3}));
  EXPECT_EQ(all_token_type_ids(dataset), Ints(9, 0));
  EXPECT_EQ(dataset.lengths(), (std::vector<int64_t>{4, 2, 3}));
}

TEST(TokenizedDataset, PairsRows) {
  const Column second = texts("c\nb c\n");
  EncodeOptions options;
  options.max_length = 5;
  const TokenizedDataset dataset =
      tokenize_columns(tiny_tokenizer(), texts("a\na b\n"), &second, options);
  EXPECT_EQ(all_input_ids(dataset), (Ints{2, 4, 3, 6, 3, 2, 4, 3, 5, 3}));
  EXPECT_EQ(all_token_type_ids(dataset), (Ints{0, 0, 0, 1, 1, 0, 0, 0, 1, 1}));
}

TEST(TokenizedDataset, IsTheSameForAnyNumberOfThreads) {
  const Tokenizer tokenizer = tiny_tokenizer();
  const Column column = many_texts(1000);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const TokenizedDataset alone = tokenize_columns(tokenizer, column, &column, {});
  EXPECT_EQ(alone.size(), 1000);
  for (const int count : {2, 3, 8}) {
    omp_set_num_threads(count);
    const TokenizedDataset together = tokenize_columns(tokenizer, column, &column, {});
    EXPECT_EQ(together.lengths(), alone.lengths());
    EXPECT_EQ(all_input_ids(together), all_input_ids(alone));
    EXPECT_EQ(all_token_type_ids(together), all_token_type_ids(alone));
  }
  omp_set_num_threads(threads);
}

TEST(TokenizedDataset, IsReadBackFromItsColumns) {
  const testing::TemporaryDirectory directory;
  const Column column = many_texts(1000);
  const TokenizedDataset made = tokenize_columns(tiny_tokenizer(), column, &column, {});
  write_arrow(directory.file("t.arrow"), made.table(), {.rows_per_batch = 300});
  const TokenizedDataset read(open_arrow(directory.file("t.arrow")).table);
  EXPECT_EQ(read.tokens(), made.tokens());
  EXPECT_EQ(read.lengths(), made.lengths());
  EXPECT_EQ(all_input_ids(read), all_input_ids(made));
  EXPECT_EQ(all_token_type_ids(read), all_token_type_ids(made));
  const Table longer({slice(made.table(), 0, 2).column("input_ids"),
                      gather(made.table().column("token_type_ids"), {1, 0})});
  EXPECT_EQ(error_of([&] { TokenizedDataset{longer}; }),
            "column \"token_type_ids\": its lists are not as long as those of \"input_ids\"");
}

TEST(TokenizedDataset, NamesTheFirstBadRow) {
  const Tokenizer tokenizer = tiny_tokenizer();
  std::string lines;
  for (int row = 0; row < 1000; ++row) {
    lines += row == 700 || row == 950 ? "{\"x\": null}\n" : "{\"x\": \"a\"}\n";
  }
  const Table table = parse_table(lines, "t.jsonl");
  const Column good = many_texts(1000);
  const std::string message = "t.jsonl: row 701, column \"x\": the text is null";
  EXPECT_EQ(error_of([&] { tokenize_columns(tokenizer, table.column("x"), nullptr, {}); }),
            message);
  EXPECT_EQ(error_of([&] { tokenize_columns(tokenizer, good, &table.column("x"), {}); }), message);
}

TEST(TokenizedDataset, SaysWhereTheTokenizerRefuses) {
  EncodeOptions options;
  options.max_length = 1;
  const std::string message =
      error_of([&] { tokenize_columns(tiny_tokenizer(), texts("a\n"), nullptr, options); });
  EXPECT_EQ(message.substr(0, 30), "t.txt: row 1, column \"text\": m") << message;
}

TEST(TokenizedDataset, RefusesColumnsThatDoNotFit) {
  const Tokenizer tokenizer = tiny_tokenizer();
  const Column integers = parse_table("x\n1\n", "t.csv").column("x");
  EXPECT_EQ(error_of([&] { tokenize_columns(tokenizer, integers, nullptr, {}); }),
            "t.csv: column \"x\" holds int64, a column of text is needed");
  const Column two = texts("a\nb\n");
  EXPECT_EQ(error_of([&] { tokenize_columns(tokenizer, texts("a\n"), &two, {}); }),
            "columns \"text\" and \"text\" have 1 and 2 rows");
}

}  // namespace
}  // namespace lathe
