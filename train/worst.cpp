#include "train/worst.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace lathe {

namespace {

std::string fixed(double value, int digits) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string names_where(const std::vector<std::string>& labels, const auto& is_set) {
  std::string names;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (is_set(i)) names += (names.empty() ? "" : ", ") + labels[i];
  }
  return names.empty() ? "none" : names;
}

std::string list(std::span<const float> values) {
  std::string text;
  for (const float value : values) text += (text.empty() ? "" : ", ") + fixed(value, 3);
  return text;
}

}  // namespace

std::vector<int64_t> worst_examples(const Predictions& predictions, int64_t count) {
  const auto& losses = predictions.losses;
  std::vector<int64_t> order(losses.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return losses[static_cast<std::size_t>(a)] > losses[static_cast<std::size_t>(b)];
  });
  order.resize(std::min(order.size(), static_cast<std::size_t>(count)));
  return order;
}

std::string describe_mistake(const Predictions& predictions, const Targets& targets,
                             ProblemType type, const std::vector<std::string>& labels,
                             int64_t example) {
  const auto row = static_cast<std::size_t>(example);
  const auto logits = predictions.row(example);
  std::string text = "loss " + fixed(predictions.losses[row], 3) + "  label ";
  if (type == ProblemType::kSingleLabel) {
    const auto best =
        static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    return text + labels[static_cast<std::size_t>(targets.classes[row])] + "  prediction " +
           labels[best] + " (" + fixed(probabilities(logits, type)[best], 3) + ")";
  }
  const auto truth = std::span(targets.values).subspan(row * logits.size(), logits.size());
  if (type == ProblemType::kRegression) return text + list(truth) + "  prediction " + list(logits);
  return text + names_where(labels, [&](std::size_t i) { return truth[i] != 0.0f; }) +
         "  prediction " + names_where(labels, [&](std::size_t i) { return logits[i] > 0.0f; });
}

}  // namespace lathe
