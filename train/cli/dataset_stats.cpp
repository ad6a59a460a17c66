// lathe dataset stats: what a person looks at before training.

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/error.h"
#include "data/cast.h"
#include "data/labels.h"
#include "data/tokenized.h"
#include "tokenize/tokenizer.h"
#include "train/cli/dataset.h"
#include "train/cli/options.h"
#include "train/cli/reading_options.h"

namespace lathe {

namespace {

constexpr int kBarWidth = 40;
constexpr std::size_t kMostValues = 30;  // of a column whose values are counted

std::string bar(int64_t count, int64_t most) {
  std::string out;
  const int64_t length = most == 0 ? 0 : (count * kBarWidth + most - 1) / most;
  for (int64_t i = 0; i < length; ++i) out += "█";
  return out;
}

double percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// How often each value stands in a column; nothing where there are too many different ones.
void print_balance(const Column& column) {
  const bool named = column.labels() != nullptr;
  const Column texts = named ? column : cast(column, ColumnType::kUtf8);
  std::map<std::string, int64_t> counts;
  for (int64_t row = 0; row < texts.size(); ++row) {
    std::string value = "(null)";
    if (!texts.is_null(row)) {
      if (!named) {
        value = texts.text(row);
      } else if (column.integer(row) == kMissingLabel) {
        value = "(missing)";
      } else {
        value = column.labels()->name(
            static_cast<int32_t>(std::clamp<int64_t>(column.integer(row), INT32_MIN, INT32_MAX)));
      }
    }
    ++counts[value];
    if (counts.size() > kMostValues) {
      std::printf("%s: more than %zu different values\n", column.name().c_str(), kMostValues);
      return;
    }
  }
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::printf("%s\n", column.name().c_str());
  for (const auto& [value, count] : sorted) {
    std::printf("  %-24s %9lld %5.1f %%  %s\n", value.c_str(), static_cast<long long>(count),
                percent(count, column.size()), bar(count, sorted[0].second).c_str());
  }
}

int64_t words_in(std::string_view text) {
  int64_t words = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space && !in_word) ++words;
    in_word = !space;
  }
  return words;
}

// Mean, quantiles and a histogram whose classes are powers of two.
void print_lengths(const std::string& what, std::vector<int64_t> lengths) {
  if (lengths.empty()) return;
  std::sort(lengths.begin(), lengths.end());
  const auto quantile = [&](double share) {
    return static_cast<long long>(
        lengths[static_cast<std::size_t>(share * static_cast<double>(lengths.size() - 1))]);
  };
  double sum = 0;
  for (const int64_t length : lengths) sum += static_cast<double>(length);
  std::printf("%s: mean %.1f, half have at most %lld, 95 %% %lld, 99 %% %lld, all %lld\n",
              what.c_str(), sum / static_cast<double>(lengths.size()), quantile(0.5),
              quantile(0.95), quantile(0.99), static_cast<long long>(lengths.back()));
  std::vector<std::pair<int64_t, int64_t>> classes;  // the length below which, and how many
  auto begin = lengths.begin();
  for (int64_t limit = 1; begin != lengths.end(); limit *= 2) {
    const auto end = std::lower_bound(begin, lengths.end(), limit);
    if (end != begin || !classes.empty()) classes.emplace_back(limit, end - begin);
    begin = end;
  }
  int64_t most = 0;
  for (const auto& [limit, count] : classes) most = std::max(most, count);
  for (const auto& [limit, count] : classes) {
    std::printf("  %6lld … %-6lld %9lld %5.1f %%  %s\n", static_cast<long long>(limit / 2),
                static_cast<long long>(limit - 1), static_cast<long long>(count),
                percent(count, static_cast<int64_t>(lengths.size())), bar(count, most).c_str());
  }
}

std::vector<int64_t> word_lengths(const Column& column) {
  std::vector<int64_t> lengths;
  for (int64_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) lengths.push_back(words_in(column.text(row)));
  }
  return lengths;
}

}  // namespace

void dataset_stats_command(const Arguments& arguments) {
  std::string input, model, label = "label";
  Options options("dataset stats", "Shows how balanced the labels are and how long the texts.");
  options.positional("INPUT", input, "As of lathe dataset convert");
  options.add("label_column_name", label, "Column of the labels");
  options.add("model_name_or_path", model,
              "Count the tokens of this checkpoint's tokenizer instead of words");
  ReadingOptions reading;
  add_reading_options(options, reading);
  if (!options.parse(arguments)) return;
  const Table table = open_any(input, read_options(reading));
  std::printf("%lld rows\n", static_cast<long long>(table.rows()));
  if (options.given("label_column_name")) table.column(label);  // Error when it is missing
  const Column* labels = table.find(label);
  if (labels != nullptr && !is_list(labels->type())) print_balance(*labels);
  for (const Column& column : table.columns()) {
    if (!is_text(column.type()) || &column == labels) continue;
    if (model.empty()) {
      print_lengths(column.name() + ", words", word_lengths(column));
    } else {
      print_lengths(column.name() + ", tokens",
                    tokenize_columns(Tokenizer::load(model), column, nullptr, {}).lengths());
    }
    if (column.null_count() > 0) {
      std::printf("  %lld are null\n", static_cast<long long>(column.null_count()));
    }
  }
}

}  // namespace lathe
