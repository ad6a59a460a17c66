// What reading a dataset costs: bench/peers/datasets_speed.py runs it beside Hugging Face Datasets.
//
//   dataset_speed make DIRECTORY SHUFFLED ROWS      a dataset of texts and token ids, and shuffled
//   dataset_speed measure DIRECTORY SHUFFLED        a JSON object of times and rates
//   dataset_speed read FILE                         the same, of reading a file of text
//   dataset_speed tokenize FILE CHECKPOINT OUTPUT   the same, of a map that tokenizes its columns
//                                                   sentence1 and sentence2 into a file
//   dataset_speed memory DIRECTORY GIGABYTES        what memory it takes to write, shuffle and read
//   a
//                                                   dataset of that size, beside the page cache

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/dataset_directory.h"
#include "data/operations.h"
#include "data/reader.h"
#include "data/tokenized.h"
#include "tensor/random.h"

namespace lathe {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Texts of 20 words, and 53 tokens of each: as many as a pair of MRPC has.
Table made(int64_t rows) {
  constexpr int64_t kTokens = 53;
  Random random(1);
  std::string lines;
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> ids;
  for (int64_t row = 0; row < rows; ++row) {
    for (int word = 0; word < 20; ++word)
      lines += "word" + std::to_string(random.below(9000)) + " ";
    lines += "\n";
    for (int64_t i = 0; i < kTokens; ++i) ids.push_back(static_cast<int32_t>(random.below(30000)));
    offsets.push_back(offsets.back() + kTokens);
  }
  std::vector<uint8_t> types(ids.size());
  const TokenizedDataset tokens(std::move(offsets), std::move(ids), std::move(types));
  return concatenate_columns({parse_table(lines, "made.txt"), tokens.table()});
}

int64_t sum_of(const TokenizedDataset& tokens, int64_t row) {
  int64_t sum = 0;
  for (const int32_t id : tokens.input_ids(row)) sum += id;
  return sum;
}

// Rows per second of reading every id of all rows in order.
double ordered_rate(const TokenizedDataset& tokens, int64_t& sum) {
  const auto start = Clock::now();
  for (int64_t row = 0; row < tokens.size(); ++row) sum += sum_of(tokens, row);
  return static_cast<double>(tokens.size()) / seconds_since(start);
}

void measure(const std::string& path, const std::string& shuffled_path) {
  auto start = Clock::now();
  const auto cached = open_dataset(shuffled_path);  // record batches as the cache has them
  const double open_cached_ms = 1e3 * seconds_since(start);
  start = Clock::now();
  const TokenizedDataset tokens(open_dataset(path).table);
  const double open_ms = 1e3 * seconds_since(start);
  const TokenizedDataset shuffled(open_dataset(shuffled_path).table);
  int64_t sum = 0, other_sum = 0;
  ordered_rate(tokens, sum);  // the page cache is warm, as it is for the other program
  ordered_rate(shuffled, other_sum);
  const double ordered = ordered_rate(tokens, sum), after = ordered_rate(shuffled, other_sum);
  if (sum != other_sum) fail("a shuffle changed the data");
  Random random(1);
  std::vector<int64_t> rows(200000);
  for (int64_t& row : rows) {
    row = static_cast<int64_t>(random.below(static_cast<uint64_t>(tokens.size())));
  }
  const auto random_start = Clock::now();
  for (const int64_t row : rows) sum += sum_of(tokens, row);
  const double at_random = static_cast<double>(rows.size()) / seconds_since(random_start);
  std::printf(
      "{\"open_cached_ms\": %.4f, \"open_ms\": %.4f, \"random_rows_per_s\": %.0f, "
      "\"ordered_rows_per_s\": %.0f, "
      "\"shuffled_rows_per_s\": %.0f, \"sum\": %lld}\n",
      open_cached_ms, open_ms, at_random, ordered, after, static_cast<long long>(sum));
}

void measure_reading(const std::string& path) {
  constexpr int kRounds = 3;  // in one process, as the programs compared with do it
  double best = 1e9;
  int64_t rows = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    rows = read_table(path).rows();
    best = std::min(best, seconds_since(start));
  }
  std::printf("{\"seconds\": %.6f, \"rows\": %lld}\n", best, static_cast<long long>(rows));
}

void measure_tokenizing(const std::string& path, const std::string& checkpoint,
                        const std::string& output) {
  const Table table = read_table(path);
  const Tokenizer tokenizer = Tokenizer::load(checkpoint);
  const auto start = Clock::now();
  const TokenizedDataset tokens = tokenize_columns(tokenizer, table.column("sentence1"),
                                                   &table.column("sentence2"), {.max_length = 128});
  write_arrow(output, tokens.table());
  std::printf("{\"rows_per_s\": %.0f}\n", static_cast<double>(table.rows()) / seconds_since(start));
}

// The largest memory of this process that no file backs, in MB, looked at every few milliseconds.
class MemoryWatch {
 public:
  MemoryWatch() : thread_([this] { watch(); }) {}
  ~MemoryWatch() {
    stopped_ = true;
    thread_.join();
  }
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;
  double take() { return static_cast<double>(most_kb_.exchange(0)) / 1024.0; }

 private:
  void watch() {
    while (!stopped_) {
      std::ifstream status("/proc/self/status");
      int64_t kb = 0;
      for (std::string word; status >> word && word != "RssAnon:";) {
      }
      status >> kb;
      most_kb_ = std::max<int64_t>(most_kb_, kb);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::atomic<int64_t> most_kb_ = 0;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;  // the last member: it uses the others
};

int64_t token_sum(const Table& table) {
  const TokenizedDataset tokens(table);
  int64_t sum = 0;
  for (int64_t row = 0; row < tokens.size(); ++row) sum += sum_of(tokens, row);
  return sum;
}

void measure_memory(const std::string& directory, double gigabytes) {
  constexpr int64_t kBlockRows = 8192;
  make_writable_directory(directory);
  const std::string plain = directory + "/plain.arrow", mixed = directory + "/mixed.arrow";
  MemoryWatch memory;
  const Table block = made(kBlockRows);
  ArrowWriter writer(plain, block);
  constexpr double kRowBytes = 5.0 * 53 + 3 * 4 + 190;  // ids, types, offsets and text of a row
  while (static_cast<double>(writer.rows()) * kRowBytes < gigabytes * 1e9) writer.write(block);
  writer.commit();
  std::printf("{\"written_mb\": %.0f", memory.take());
  const Table table = open_arrow(plain).table;
  shuffle(table, 1, mixed);
  std::printf(", \"shuffled_mb\": %.0f", memory.take());
  if (token_sum(table) != token_sum(open_arrow(mixed).table)) fail("a shuffle changed the data");
  std::printf(", \"iterated_mb\": %.0f, \"rows\": %lld}\n", memory.take(),
              static_cast<long long>(table.rows()));
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 4 && arguments[0] == "make") {
      const lathe::Table table = lathe::made(std::stoll(arguments[3]));
      lathe::save_dataset(arguments[1], table, {.rows_per_batch = 1000});  // as Datasets writes
      lathe::shuffle(table, 1, arguments[2]);
      return 0;
    }
    if (arguments.size() == 3 && arguments[0] == "measure") {
      lathe::measure(arguments[1], arguments[2]);
      return 0;
    }
    if (arguments.size() == 2 && arguments[0] == "read") {
      lathe::measure_reading(arguments[1]);
      return 0;
    }
    if (arguments.size() == 4 && arguments[0] == "tokenize") {
      lathe::measure_tokenizing(arguments[1], arguments[2], arguments[3]);
      return 0;
    }
    if (arguments.size() == 3 && arguments[0] == "memory") {
      lathe::measure_memory(arguments[1], std::stod(arguments[2]));
      return 0;
    }
    std::fprintf(stderr,
                 "usage: dataset_speed make DIRECTORY SHUFFLED ROWS | measure DIRECTORY SHUFFLED | "
                 "read FILE | tokenize FILE CHECKPOINT OUTPUT | memory DIRECTORY GIGABYTES\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dataset_speed: %s\n", error.what());
  }
  return 1;
}
