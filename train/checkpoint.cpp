#include "train/checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "nn/pretrained.h"
#include "nn/safetensors.h"
#include "tensor/host_copy.h"

namespace lathe {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "checkpoint-";

// The step in "checkpoint-120"; nothing for any other name.
std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return step;
}

// A directory that is removed again unless it is published under its name.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& target)
      : target_(target), path_(concat(target, ".tmp-", getpid())) {
    fs::remove_all(path_);
    make_writable_directory(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

  void publish() {
    std::error_code error;
    fs::remove_all(target_, error);
    fs::rename(path_, target_, error);
    if (error) fail(target_, ": cannot be published: ", error.message());
  }

 private:
  std::string target_, path_;
};

void save_optimizer(const std::string& path, const AdamW& optimizer) {
  std::deque<HostCopy> values;  // alive until they are written
  std::vector<std::pair<std::string, Tensor>> tensors;
  const auto add = [&](const std::string& name, const Tensor& moment) {
    values.emplace_back(optimizer.device(), moment);
    tensors.emplace_back(name, values.back().tensor());
  };
  for (const AdamW::Moments& moments : optimizer.moments()) {
    add("exp_avg." + moments.parameter->name, moments.first);
    add("exp_avg_sq." + moments.parameter->name, moments.second);
  }
  write_safetensors(path, std::move(tensors));
}

void read_moment(const SafetensorsFile& file, const std::string& name, Device& device,
                 const Tensor& moment) {
  const SafetensorsFile::Entry* entry = file.find(name);
  if (entry == nullptr) fail(file.path(), ": the tensor ", name, " is missing");
  if (!std::equal(entry->shape.begin(), entry->shape.end(), moment.shape().begin(),
                  moment.shape().end())) {
    fail(file.path(), ": ", name, " has another shape than the model's ",
         to_string(moment.shape()));
  }
  HostCopy copy(device, moment);
  read_as_f32(*entry, copy.f32());
  copy.write_back();
}

}  // namespace

std::string checkpoint_path(const std::string& output_dir, int64_t step) {
  return (fs::path(output_dir) / concat(kPrefix, step)).string();
}

std::vector<std::string> checkpoints_in(const std::string& output_dir) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(output_dir, error)) {
    const auto step = step_of(entry.path().filename().string());
    if (step && entry.is_directory(error)) found.emplace_back(*step, entry.path().string());
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> paths;
  paths.reserve(found.size());
  for (auto& [step, path] : found) paths.push_back(std::move(path));
  return paths;
}

void save_checkpoint(const std::string& output_dir, const BertForSequenceClassification& model,
                     const Tokenizer* tokenizer, const AdamW& optimizer,
                     const TrainerState& state) {
  TemporaryDirectory directory(checkpoint_path(output_dir, state.global_step));
  save_pretrained(model, directory.path());
  if (tokenizer != nullptr) tokenizer->save(directory.path());
  save_optimizer(directory.path() + "/optimizer.safetensors", optimizer);
  write_json_file(directory.path() + "/trainer_state.json", to_json(state));
  directory.publish();
}

void load_checkpoint_model(const std::string& checkpoint, BertForSequenceClassification& model) {
  const LoadReport report =
      load_pretrained(checkpoint, model, /*seed=*/0, /*ignore_mismatched_sizes=*/false);
  if (!report.missing.empty()) {
    fail(checkpoint, "/model.safetensors: the parameter ", report.missing.front(), " is missing");
  }
}

void load_checkpoint_optimizer(const std::string& checkpoint, AdamW& optimizer, int64_t steps) {
  const SafetensorsFile file(checkpoint + "/optimizer.safetensors");
  for (const AdamW::Moments& moments : optimizer.moments()) {
    const std::string& name = moments.parameter->name;
    read_moment(file, "exp_avg." + name, optimizer.device(), moments.first);
    read_moment(file, "exp_avg_sq." + name, optimizer.device(), moments.second);
  }
  optimizer.restore(steps);
}

void rotate_checkpoints(const std::string& output_dir, int64_t limit,
                        const std::optional<std::string>& best) {
  const std::vector<std::string> checkpoints = checkpoints_in(output_dir);
  auto remaining = std::ssize(checkpoints);
  for (const std::string& checkpoint : checkpoints) {
    if (remaining <= limit) return;
    if (checkpoint == checkpoints.back() || checkpoint == best) continue;
    std::error_code ignored;  // a checkpoint that cannot be removed costs disk space, not the run
    fs::remove_all(checkpoint, ignored);
    --remaining;
  }
}

}  // namespace lathe
