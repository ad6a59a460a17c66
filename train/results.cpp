#include "train/results.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"

namespace lathe {

namespace {

std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(seconds);
  const long long minutes = whole / 60;
  char text[48];
  std::snprintf(text, sizeof text, "%lld:%02lld:%05.2f", minutes / 60, minutes % 60,
                seconds - static_cast<double>(minutes * 60));
  return text;
}

std::string value_text(const std::string& name, const Json& value) {
  if (!value.is_number() || value.is_integer()) return value.dump();
  if (name.ends_with("_runtime")) return clock_text(value.as_double());
  char text[48];
  if (name == "total_flos") {
    std::snprintf(text, sizeof text, "%.0fGF", value.as_double() / 1e9);
  } else {
    std::snprintf(text, sizeof text, "%.4f", value.as_double());
  }
  return text;
}

Json::Object sorted(Json::Object metrics) {
  std::sort(metrics.begin(), metrics.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return metrics;
}

}  // namespace

void save_results(const std::string& output_dir, const std::string& split,
                  const Json::Object& metrics) {
  write_json_file(output_dir + "/" + split + "_results.json", sorted(metrics));
  const std::string path = output_dir + "/all_results.json";
  Json all = file_exists(path) ? read_json_file(path) : Json::object();
  for (const auto& [name, value] : metrics) all[name] = value;
  write_json_file(path, sorted(all.as_object()));
}

std::string results_table(const std::string& split, const Json::Object& metrics) {
  std::vector<std::pair<std::string, std::string>> rows;
  std::size_t name_width = 0, value_width = 0;
  for (const auto& [name, value] : sorted(metrics)) {
    rows.emplace_back(name, value_text(name, value));
    name_width = std::max(name_width, name.size());
    value_width = std::max(value_width, rows.back().second.size());
  }
  std::string table = "***** " + split + " metrics *****\n";
  for (const auto& [name, value] : rows) {
    table += concat("  ", name, std::string(name_width - name.size(), ' '), " = ",
                    std::string(value_width - value.size(), ' '), value, "\n");
  }
  return table;
}

}  // namespace lathe
