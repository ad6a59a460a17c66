// lathe inspect: what a checkpoint holds and what training it would take.

#include <cstdio>
#include <memory>

#include "nn/safetensors.h"
#include "train/cli/commands.h"
#include "train/cli/common.h"
#include "train/memory_plan.h"

namespace lathe {

namespace {

void print_config(const BertConfig& config) {
  std::printf("config.json\n");
  const std::pair<const char*, int64_t> sizes[] = {
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.hidden_size},
      {"num_hidden_layers", config.num_hidden_layers},
      {"num_attention_heads", config.num_attention_heads},
      {"intermediate_size", config.intermediate_size},
      {"max_position_embeddings", config.max_position_embeddings},
      {"type_vocab_size", config.type_vocab_size},
      {"num_labels", config.num_labels()},
  };
  for (const auto& [name, value] : sizes)
    std::printf("  %-24s %lld\n", name, static_cast<long long>(value));
}

void print_tensors(const SafetensorsFile& file) {
  std::printf("model.safetensors\n");
  for (const SafetensorsFile::Entry& entry : file.entries()) {
    std::string shape;
    for (const int64_t extent : entry.shape)
      shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
    std::printf("  %-72s %-5s [%s]\n", entry.name.c_str(), entry.dtype.c_str(), shape.c_str());
  }
}

}  // namespace

void inspect_command(const Arguments& arguments) {
  CommonOptions common;
  int64_t batch_size = 8;
  Options options("inspect",
                  "Shows a checkpoint's shapes, its memory plan and the instruction set in use.");
  add_model_option(options, common);
  options.add("max_seq_length", common.max_seq_length,
              "Tokens of an example in the memory plan [128]");
  options.add("per_device_train_batch_size", batch_size, "Examples of a batch in the memory plan");
  add_device_options(options, common);
  if (!options.parse(arguments)) return;

  const Device& device = choose_device(common);
  const BertConfig config = load_config(common.model_name_or_path);
  const int64_t length = sequence_length(common, config);
  const SafetensorsFile file(common.model_name_or_path + "/model.safetensors");
  print_config(config);
  print_tensors(file);
  BertForSequenceClassification model(config);
  std::printf("parameters: %lld with the classification head\n",
              static_cast<long long>(model.parameters().count()));
  std::printf("training a batch of %lld x %lld tokens\n%s%s\n", static_cast<long long>(batch_size),
              static_cast<long long>(length),
              memory_table(plan_memory(model, batch_size * length, batch_size)).c_str(),
              device_line(device, false).c_str());
}

}  // namespace lathe
