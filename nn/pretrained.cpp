#include "nn/pretrained.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "base/error.h"
#include "nn/safetensors.h"
#include "tensor/host_copy.h"

namespace lathe {

namespace {

constexpr const char* kWeights = "model.safetensors";

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// TensorFlow's names for the parameters of LayerNorm, which old checkpoints kept.
std::string modern_name(const std::string& name) {
  if (ends_with(name, ".gamma")) return name.substr(0, name.size() - 5) + "weight";
  if (ends_with(name, ".beta")) return name.substr(0, name.size() - 4) + "bias";
  return name;
}

// The parameter that a file's tensor is meant for, under its own name or, from a bare encoder,
// without "bert.".
Parameter* parameter_for(const std::string& name, ParameterStore& parameters) {
  const std::string modern = modern_name(name);
  Parameter* parameter = parameters.find(modern);
  return parameter != nullptr ? parameter : parameters.find("bert." + modern);
}

bool same_shape(const Shape& shape, const std::vector<int64_t>& extents) {
  return std::equal(shape.begin(), shape.end(), extents.begin(), extents.end());
}

std::string describe_mismatch(const Parameter& parameter, const SafetensorsFile::Entry& entry) {
  std::string found = "[";
  for (const int64_t extent : entry.shape) {
    found += (found.size() > 1 ? ", " : "") + std::to_string(extent);
  }
  return concat(parameter.name, ": ", found, "] in the file, ", to_string(parameter.shape),
                " in the model");
}

std::string weights_path(const std::string& directory) {
  std::string path = directory + "/" + kWeights;
  if (file_exists(path)) return path;
  if (file_exists(path + ".index.json")) {
    fail(directory, ": the checkpoint is sharded (", kWeights,
         ".index.json); save it as one model.safetensors");
  }
  if (file_exists(directory + "/pytorch_model.bin")) {
    fail(directory, ": has pytorch_model.bin but no ", kWeights,
         "; save the checkpoint with safe_serialization=True");
  }
  fail(path, ": no such file; a checkpoint's directory holds config.json, ", kWeights,
       " and a tokenizer");
}

}  // namespace

LoadReport load_pretrained(const std::string& directory, BertForSequenceClassification& model,
                           uint64_t seed, bool ignore_mismatched_sizes) {
  const SafetensorsFile file(weights_path(directory));
  Device& device = model.parameters().device();
  LoadReport report;
  std::map<const Parameter*, const SafetensorsFile::Entry*> loaded;
  bool any_of_encoder = false;
  for (const auto& entry : file.entries()) {
    Parameter* parameter = parameter_for(entry.name, model.parameters());
    if (parameter == nullptr) {
      // A buffer that old versions saved: 0, 1, 2, …
      if (!ends_with(entry.name, "position_ids")) report.unexpected.push_back(entry.name);
      continue;
    }
    if (!same_shape(parameter->shape, entry.shape)) {
      report.mismatched.push_back(describe_mismatch(*parameter, entry));
      continue;
    }
    const auto [twin, is_new] = loaded.emplace(parameter, &entry);
    if (!is_new) {
      fail(file.path(), ": ", entry.name, " and ", twin->second->name, " are both ",
           parameter->name);
    }
    try {
      HostCopy value(device, parameter->value);
      read_as_f32(entry, value.f32());
      value.write_back();
    } catch (const Error& error) {
      fail(file.path(), ": ", error.what());
    }
    any_of_encoder |= parameter->name.starts_with("bert.");
  }
  if (!report.mismatched.empty() && !ignore_mismatched_sizes) {
    fail(file.path(), ": ", report.mismatched.front(),
         report.mismatched.size() > 1 ? concat(" (and ", report.mismatched.size() - 1, " more)")
                                      : "",
         "; check config.json, or pass --ignore_mismatched_sizes to start such weights anew");
  }
  if (!any_of_encoder) fail(file.path(), ": holds no parameter of a BERT encoder");
  for (Parameter& parameter : model.parameters().all()) {
    if (loaded.contains(&parameter)) continue;
    report.missing.push_back(parameter.name);
    initialize(parameter, model.config().initializer_range, seed, device);
  }
  return report;
}

std::string new_weights_warning(const LoadReport& report, const std::string& directory) {
  if (report.missing.empty()) return {};
  std::vector<std::string> names = report.missing;
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  return concat(
      "Some weights of BertForSequenceClassification were not initialized from the model "
      "checkpoint "
      "at ",
      directory, " and are newly initialized: [", list,
      "]\nYou should probably TRAIN this model on a down-stream task to be able to use it for "
      "predictions and inference.");
}

void save_pretrained(const BertForSequenceClassification& model, const std::string& directory) {
  std::deque<HostCopy> values;  // alive until they are written
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const Parameter& parameter : model.parameters().all()) {
    values.emplace_back(model.parameters().device(), parameter.value);
    tensors.emplace_back(parameter.name, values.back().tensor());
  }
  write_json_file(directory + "/config.json", to_json(model.config()));
  write_safetensors(directory + "/" + kWeights, std::move(tensors));
}

}  // namespace lathe
