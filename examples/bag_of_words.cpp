// What a fine-tuned BERT has to beat: the majority guess, and logistic regression on the words of a
// text without their order.
//   bag_of_words TRAIN_FILE VALIDATION_FILE
// Prints a line for each with its accuracy, and the F1 of class 1 where there are two classes.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/reader.h"
#include "train/metrics.h"
#include "train/task.h"

namespace lathe {
namespace {

// A text as the numbers of its words, ascending, and how much each of them counts.
struct Features {
  std::vector<std::size_t> words;
  std::vector<double> weights;
};

struct Dataset {
  std::vector<Features> texts;
  std::vector<int32_t> labels;
};

// Runs of letters, digits and bytes beyond ASCII, in lower case.
std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = std::isalnum(byte) != 0 || byte >= 0x80;
    if (letter && !inside) words.emplace_back();
    if (letter) words.back() += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    inside = letter;
  }
  return words;
}

// tf-idf (Salton & Buckley 1988): a word counts how often it stands in the text, times
// 1 + log((1 + texts) / (1 + training texts that have it)); each text is scaled to length 1.
class Vocabulary {
 public:
  explicit Vocabulary(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      for (const auto& [word, count] : count_words(text)) {
        Word& entry = words_.try_emplace(word, Word{words_.size(), 0.0}).first->second;
        entry.idf += 1.0;  // the number of texts, for now
      }
    }
    const auto total = static_cast<double>(texts.size());
    for (auto& [word, entry] : words_) entry.idf = 1.0 + std::log((1 + total) / (1 + entry.idf));
  }

  std::size_t size() const { return words_.size(); }

  Features features(const std::string& text) const {
    Features result;
    double square = 0.0;
    for (const auto& [word, count] : count_words(text)) {
      const auto found = words_.find(word);
      if (found == words_.end()) continue;
      result.words.push_back(found->second.number);
      result.weights.push_back(count * found->second.idf);
      square += result.weights.back() * result.weights.back();
    }
    for (double& weight : result.weights) weight /= std::sqrt(square);
    return result;
  }

 private:
  struct Word {
    std::size_t number;
    double idf;
  };
  static std::map<std::string, double> count_words(const std::string& text) {
    std::map<std::string, double> counts;
    for (const std::string& word : split_words(text)) counts[word] += 1.0;
    return counts;
  }

  std::map<std::string, Word> words_;
};

std::vector<std::string> texts_of(const Table& table, const Task& task) {
  std::vector<std::string> texts;
  for (int64_t row = 0; row < table.rows(); ++row) texts.push_back(text_of(table, task, row));
  return texts;
}

Dataset make_dataset(const Table& table, const Task& task, const Vocabulary& vocabulary) {
  Dataset dataset;
  for (const std::string& text : texts_of(table, task)) {
    dataset.texts.push_back(vocabulary.features(text));
  }
  dataset.labels = class_targets(table.column(task.label_column), task.labels).classes;
  return dataset;
}

// Multinomial logistic regression, P(c | x) = softmax(W x + b)_c, that minimises
// Σ -log P(label | x) + |W|² / 2 by Nesterov's accelerated gradient descent (Nesterov 1983).
class LogisticRegression {
 public:
  LogisticRegression(std::size_t words, std::size_t classes)
      : classes_(classes), weights_((words + 1) * classes) {}

  void fit(const Dataset& dataset) {
    // Texts have length 1 and a constant feature for b, so no curvature exceeds this.
    const double rate = 1.0 / (static_cast<double>(dataset.texts.size()) + 1.0);
    std::vector<double> previous = weights_;
    for (int iteration = 0; iteration < kIterations; ++iteration) {
      std::vector<double> next = weights_;
      const std::vector<double> slope = gradient(dataset);
      for (std::size_t i = 0; i < next.size(); ++i) next[i] -= rate * slope[i];
      const double momentum = iteration / (iteration + 3.0);
      for (std::size_t i = 0; i < next.size(); ++i) {
        weights_[i] = next[i] + momentum * (next[i] - previous[i]);
      }
      previous = std::move(next);
    }
  }

  int32_t predict(const Features& text) const {
    const std::vector<double> scores = probabilities(text);
    return static_cast<int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }

 private:
  static constexpr int kIterations = 300;

  // Row 0 of the weights is b, row w + 1 belongs to word w.
  std::vector<double> probabilities(const Features& text) const {
    std::vector<double> scores(weights_.begin(),
                               weights_.begin() + static_cast<std::ptrdiff_t>(classes_));
    for (std::size_t k = 0; k < text.words.size(); ++k) {
      const double* row = &weights_[(text.words[k] + 1) * classes_];
      for (std::size_t c = 0; c < classes_; ++c) scores[c] += row[c] * text.weights[k];
    }
    const double largest = *std::max_element(scores.begin(), scores.end());
    double sum = 0.0;
    for (double& score : scores) sum += score = std::exp(score - largest);
    for (double& score : scores) score /= sum;
    return scores;
  }

  std::vector<double> gradient(const Dataset& dataset) const {
    std::vector<double> result = weights_;                    // of |W|² / 2
    std::fill_n(result.begin(), classes_, 0.0);               // which b has no part in
    for (std::size_t i = 0; i < dataset.texts.size(); ++i) {  // of each text's loss
      const Features& text = dataset.texts[i];
      std::vector<double> error = probabilities(text);
      error[static_cast<std::size_t>(dataset.labels[i])] -= 1.0;
      for (std::size_t c = 0; c < classes_; ++c) result[c] += error[c];
      for (std::size_t k = 0; k < text.words.size(); ++k) {
        double* row = &result[(text.words[k] + 1) * classes_];
        for (std::size_t c = 0; c < classes_; ++c) row[c] += error[c] * text.weights[k];
      }
    }
    return result;
  }

  std::size_t classes_;
  std::vector<double> weights_;
};

int32_t most_frequent(const std::vector<int32_t>& labels, int32_t classes) {
  std::vector<int64_t> counts(static_cast<std::size_t>(classes));
  for (const int32_t label : labels) ++counts[static_cast<std::size_t>(label)];
  return static_cast<int32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

void print_line(const char* name, const std::vector<int32_t>& answers,
                const std::vector<int32_t>& labels, int32_t classes) {
  std::printf("%-34s accuracy %.4f", name, accuracy(answers, labels));
  if (classes == 2) std::printf("  f1 %.4f", f1_score(answers, labels));
  std::printf("\n");
}

void compare(const std::string& train_file, const std::string& validation_file) {
  const Table train_table = read_table(train_file), validation_table = read_table(validation_file);
  const Task task = decide_task(train_table, {}, {});
  if (task.problem_type != ProblemType::kSingleLabel) {
    fail(train_file, ": has ", name_of(task.problem_type), "; this example needs one label a row");
  }
  const Vocabulary vocabulary(texts_of(train_table, task));
  const Dataset train = make_dataset(train_table, task, vocabulary);
  const Dataset validation = make_dataset(validation_table, task, vocabulary);
  const int32_t classes = task.labels.size();
  const int32_t majority = most_frequent(train.labels, classes);
  print_line("majority guess", std::vector<int32_t>(validation.labels.size(), majority),
             validation.labels, classes);
  LogisticRegression model(vocabulary.size(), static_cast<std::size_t>(classes));
  model.fit(train);
  std::vector<int32_t> answers;
  for (const Features& text : validation.texts) answers.push_back(model.predict(text));
  print_line("bag-of-words logistic regression", answers, validation.labels, classes);
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) {
  try {
    if (argc != 3) lathe::fail("usage: bag_of_words TRAIN_FILE VALIDATION_FILE");
    lathe::compare(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bag_of_words: %s\n", error.what());
    return 1;
  }
}
