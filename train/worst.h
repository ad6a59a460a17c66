// The examples that a model is most confused about: where labels are often wrong, and where a model
// can learn most.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/predictions.h"

namespace lathe {

// The rows of the `count` highest losses, highest first, equals in their own order.
std::vector<int64_t> worst_examples(const Predictions& predictions, int64_t count);

// A line or two for one of them: loss, label and prediction, each by name, with the probability of
// the prediction.
std::string describe_mistake(const Predictions& predictions, const Targets& targets,
                             ProblemType type, const std::vector<std::string>& labels,
                             int64_t example);

}  // namespace lathe
