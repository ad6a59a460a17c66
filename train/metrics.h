// Metrics of classification and regression, as scikit-learn and SciPy define them.
//
// Binary counts: tp, fp, fn, tn with class 1 as the positive one. Where a denominator is 0 the
// metric is 0 (the value scikit-learn warns about), except the correlations of a constant, which
// are NaN, as in SciPy.
#pragma once

#include <cstdint>
#include <span>

namespace lathe {

// Share of predictions that equal their label. Every span of this header is non-empty and as long
// as its partner.
double accuracy(std::span<const int32_t> predictions, std::span<const int32_t> labels);

// F1 = 2 tp / (2 tp + fp + fn) of class 1.
double f1_score(std::span<const int32_t> predictions, std::span<const int32_t> labels);

// Matthews' correlation coefficient, for any number of classes (Gorodkin 2004):
//   (c s - Σ_k p_k t_k) / sqrt((s² - Σ_k p_k²) (s² - Σ_k t_k²))
// with s examples, c correct ones, class k predicted p_k times and true t_k times.
double matthews_correlation(std::span<const int32_t> predictions, std::span<const int32_t> labels);

// Pearson's r = Σ (x - x̄)(y - ȳ) / sqrt(Σ (x - x̄)² Σ (y - ȳ)²).
double pearson_correlation(std::span<const float> x, std::span<const float> y);

// Spearman's ρ: Pearson's r of the ranks, equal values sharing the mean of their ranks.
double spearman_correlation(std::span<const float> x, std::span<const float> y);

// Mean of (x - y)².
double mean_squared_error(std::span<const float> x, std::span<const float> y);

// Multi-label, [examples, columns] of 0 and 1.
double micro_f1(std::span<const uint8_t> predictions,
                std::span<const uint8_t> labels);  // F1 over all cells together
double subset_accuracy(std::span<const uint8_t> predictions, std::span<const uint8_t> labels,
                       int64_t columns);  // share of examples with every column right

}  // namespace lathe
