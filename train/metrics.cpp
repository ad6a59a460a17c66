#include "train/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace lathe {

namespace {

double f1_of(int64_t true_positives, int64_t predicted, int64_t positives) {
  const int64_t denominator = predicted + positives;  // 2 tp + fp + fn
  return denominator == 0
             ? 0.0
             : 2.0 * static_cast<double>(true_positives) / static_cast<double>(denominator);
}

// 1-based ranks; equal values share the mean of the ranks they cover.
std::vector<double> ranks(std::span<const float> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double rank = 0.5 * static_cast<double>(begin + 1 + end);
    for (std::size_t i = begin; i < end; ++i) result[order[i]] = rank;
    begin = end;
  }
  return result;
}

double correlation(std::span<const double> x, std::span<const double> y) {
  const auto count = static_cast<double>(x.size());
  const double x_mean = std::accumulate(x.begin(), x.end(), 0.0) / count;
  const double y_mean = std::accumulate(y.begin(), y.end(), 0.0) / count;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - x_mean) * (y[i] - y_mean);
    xx += (x[i] - x_mean) * (x[i] - x_mean);
    yy += (y[i] - y_mean) * (y[i] - y_mean);
  }
  if (xx == 0.0 || yy == 0.0) return std::nan("");
  return std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0);
}

}  // namespace

double accuracy(std::span<const int32_t> predictions, std::span<const int32_t> labels) {
  int64_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) correct += predictions[i] == labels[i] ? 1 : 0;
  return static_cast<double>(correct) / static_cast<double>(labels.size());
}

double f1_score(std::span<const int32_t> predictions, std::span<const int32_t> labels) {
  int64_t both = 0, predicted = 0, positives = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    both += predictions[i] == 1 && labels[i] == 1 ? 1 : 0;
    predicted += predictions[i] == 1 ? 1 : 0;
    positives += labels[i] == 1 ? 1 : 0;
  }
  return f1_of(both, predicted, positives);
}

double matthews_correlation(std::span<const int32_t> predictions, std::span<const int32_t> labels) {
  const int32_t classes = 1 + std::max(*std::max_element(predictions.begin(), predictions.end()),
                                       *std::max_element(labels.begin(), labels.end()));
  std::vector<double> predicted(static_cast<std::size_t>(classes)), truth(predicted);
  double correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    predicted[static_cast<std::size_t>(predictions[i])] += 1;
    truth[static_cast<std::size_t>(labels[i])] += 1;
    correct += predictions[i] == labels[i] ? 1 : 0;
  }
  const auto dot = [](const auto& a, const auto& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto count = static_cast<double>(labels.size());
  const double denominator =
      (count * count - dot(predicted, predicted)) * (count * count - dot(truth, truth));
  return denominator == 0.0 ? 0.0
                            : (correct * count - dot(predicted, truth)) / std::sqrt(denominator);
}

double pearson_correlation(std::span<const float> x, std::span<const float> y) {
  return correlation(std::vector<double>(x.begin(), x.end()),
                     std::vector<double>(y.begin(), y.end()));
}

double spearman_correlation(std::span<const float> x, std::span<const float> y) {
  return correlation(ranks(x), ranks(y));
}

double mean_squared_error(std::span<const float> x, std::span<const float> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    sum += difference * difference;
  }
  return sum / static_cast<double>(x.size());
}

double micro_f1(std::span<const uint8_t> predictions, std::span<const uint8_t> labels) {
  int64_t both = 0, predicted = 0, positives = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    both += predictions[i] & labels[i];
    predicted += predictions[i];
    positives += labels[i];
  }
  return f1_of(both, predicted, positives);
}

double subset_accuracy(std::span<const uint8_t> predictions, std::span<const uint8_t> labels,
                       int64_t columns) {
  const auto width = static_cast<std::size_t>(columns);
  int64_t correct = 0;
  for (std::size_t row = 0; row < labels.size(); row += width) {
    const auto truth = labels.subspan(row, width);
    correct += std::equal(truth.begin(), truth.end(),
                          predictions.begin() + static_cast<std::ptrdiff_t>(row))
                   ? 1
                   : 0;
  }
  const std::size_t rows = labels.size() / width;
  return static_cast<double>(correct) / static_cast<double>(rows);
}

}  // namespace lathe
