// The result files of a run: train_results.json, eval_results.json, all_results.json.
#pragma once

#include <string>

#include "base/json.h"

namespace lathe {

// Writes OUT/{split}_results.json and merges the same values into OUT/all_results.json, as
// Transformers' save_metrics.
void save_results(const std::string& output_dir, const std::string& split,
                  const Json::Object& metrics);

// The table that Transformers' log_metrics prints: "***** eval metrics *****" and a name = value
// line each, sorted, times as h:mm:ss.
std::string results_table(const std::string& split, const Json::Object& metrics);

}  // namespace lathe
