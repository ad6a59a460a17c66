#include "train/state.h"

#include "base/error.h"

namespace lathe {

namespace {

// Where Transformers lets callbacks keep what its own fields have no place for.
constexpr const char* kExtra = "LatheTrainer";

Json or_null(const auto& value) { return value ? Json(*value) : Json(); }

const Json& member(const Json& object, const std::string& path, const char* key) {
  const Json* found = object.find(key);
  if (found == nullptr) fail(path, ": the key \"", key, "\" is missing");
  return *found;
}

// Reads a member with one of Json's accessors and says where it stood when that fails.
template <class Value>
Value value_of(const Json& object, const std::string& path, const char* key,
               Value (Json::*read)() const) {
  const Json& value = member(object, path, key);
  try {
    return (value.*read)();
  } catch (const Error& error) {
    fail(path, ": \"", key, "\": ", error.what());
  }
}

}  // namespace

Json to_json(const TrainerState& state) {
  Json json;
  json["best_global_step"] = or_null(state.best_global_step);
  json["best_metric"] = or_null(state.best_metric);
  json["best_model_checkpoint"] = or_null(state.best_model_checkpoint);
  json["epoch"] = state.epoch;
  json["eval_steps"] = state.eval_steps;
  json["global_step"] = state.global_step;
  json["is_hyper_param_search"] = false;
  json["is_local_process_zero"] = true;
  json["is_world_process_zero"] = true;
  json["log_history"] = Json::array();
  for (const Json::Object& entry : state.log_history) json["log_history"].push_back(entry);
  json["logging_steps"] = state.logging_steps;
  json["max_steps"] = state.max_steps;
  json["num_input_tokens_seen"] = 0;
  json["num_train_epochs"] = state.num_train_epochs;
  json["save_steps"] = state.save_steps;
  Json& extra = json["stateful_callbacks"][kExtra];
  extra["args"]["gradient_accumulation_steps"] = state.gradient_accumulation_steps;
  extra["args"]["num_processes"] = state.num_processes;
  extra["attributes"]["loss_since_log"] = state.loss_since_log;
  extra["attributes"]["loss_logged"] = state.loss_logged;
  extra["attributes"]["last_logged_step"] = state.last_logged_step;
  json["total_flos"] = state.total_flos;
  json["train_batch_size"] = state.train_batch_size;
  json["trial_name"] = Json();
  json["trial_params"] = Json();
  return json;
}

TrainerState read_trainer_state(const std::string& path) {
  const Json json = read_json_file(path);
  if (!json.is_object()) fail(path, ": expected an object, found ", json.kind());
  const auto integer = [&](const Json& object, const char* key) {
    return value_of(object, path, key, &Json::as_integer);
  };
  const auto number = [&](const Json& object, const char* key) {
    return value_of(object, path, key, &Json::as_double);
  };
  TrainerState state;
  state.epoch = number(json, "epoch");
  state.global_step = integer(json, "global_step");
  state.max_steps = integer(json, "max_steps");
  state.num_train_epochs = integer(json, "num_train_epochs");
  state.train_batch_size = integer(json, "train_batch_size");
  state.logging_steps = integer(json, "logging_steps");
  state.eval_steps = integer(json, "eval_steps");
  state.save_steps = integer(json, "save_steps");
  state.total_flos = number(json, "total_flos");
  const Json& history = member(json, path, "log_history");
  if (!history.is_array())
    fail(path, ": \"log_history\": expected an array, found ", history.kind());
  for (const Json& entry : history.as_array()) {
    if (!entry.is_object()) fail(path, ": \"log_history\": expected objects, found ", entry.kind());
    state.log_history.push_back(entry.as_object());
  }
  if (!member(json, path, "best_metric").is_null()) state.best_metric = number(json, "best_metric");
  if (!member(json, path, "best_global_step").is_null())
    state.best_global_step = integer(json, "best_global_step");
  if (!member(json, path, "best_model_checkpoint").is_null()) {
    state.best_model_checkpoint = value_of(json, path, "best_model_checkpoint", &Json::as_string);
  }
  const Json& extra = member(member(json, path, "stateful_callbacks"), path, kExtra);
  const Json& args = member(extra, path, "args");
  state.gradient_accumulation_steps = integer(args, "gradient_accumulation_steps");
  state.num_processes = integer(args, "num_processes");
  const Json& sums = member(extra, path, "attributes");
  state.loss_since_log = number(sums, "loss_since_log");
  state.loss_logged = number(sums, "loss_logged");
  state.last_logged_step = integer(sums, "last_logged_step");
  return state;
}

}  // namespace lathe
