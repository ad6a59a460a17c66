#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "train/checkpoint.h"
#include "train/memory_plan.h"
#include "train/replicas.h"
#include "train/trainer_run.h"

namespace lathe {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Transformers' speed_metrics rounds its figures.
Json decimals(double value, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::round(value * scale) / scale;
}

void add_speed(Json::Object& metrics, const std::string& prefix, double seconds, double samples,
               double steps) {
  metrics.emplace_back(prefix + "_runtime", decimals(seconds, 4));
  metrics.emplace_back(prefix + "_samples_per_second", decimals(samples / seconds, 3));
  metrics.emplace_back(prefix + "_steps_per_second", decimals(steps / seconds, 3));
}

int64_t parameters_outside_embeddings(const ParameterStore& parameters) {
  int64_t count = 0;
  for (const Parameter& parameter : parameters.all()) {
    if (parameter.name.find("_embeddings.weight") == std::string::npos)
      count += parameter.shape.count();
  }
  return count;
}

}  // namespace

Trainer::Trainer(BertForSequenceClassification& model, const Tokenizer* tokenizer,
                 TrainingArguments arguments, ComputeMetrics compute_metrics,
                 Communicator& communicator)
    : model_(model),
      tokenizer_(tokenizer),
      arguments_(std::move(arguments)),
      compute_metrics_(std::move(compute_metrics)),
      communicator_(communicator),
      problem_type_(model.config().problem_type.value_or(ProblemType::kSingleLabel)) {
  check_arguments(arguments_);
  if (communicator_.size() != arguments_.num_processes) {
    fail("--num_processes ", arguments_.num_processes, ": ", communicator_.size(), " ranks run");
  }
  check_device(arguments_, device());
}

void Trainer::add_callback(std::unique_ptr<TrainerCallback> callback) {
  callbacks_.push_back(std::move(callback));
}

void Trainer::reserve_arena(int64_t bytes) {
  if (arena_ != nullptr && arena_->capacity() >= bytes) return;
  arena_.reset();  // before the new one is made: never two of them
  arena_ = std::make_unique<Arena>(bytes, device());
}

Json::Object Trainer::train(const Examples& train, const Examples* validation) {
  const TrainingPlan plan = plan_training(arguments_, train.size());
  if (validation == nullptr && arguments_.eval_strategy != IntervalStrategy::kNo) {
    fail("--eval_strategy ", name_of(arguments_.eval_strategy),
         ": there is nothing to evaluate on; give --validation_file");
  }
  const int64_t batch_size = std::min(arguments_.per_device_train_batch_size, train.size());
  const bool captures = captures_steps(arguments_, device());
  const int64_t tokens = largest_step_tokens(arguments_, device(), train.tokens);
  const Precision precision = precision_of(arguments_);
  int64_t bytes = model_.activation_bytes(tokens, batch_size, true, precision);
  if (validation != nullptr) {
    bytes = std::max(bytes, prediction_bytes(model_, *validation,
                                             arguments_.per_device_eval_batch_size, precision));
  }
  reserve_arena(bytes);
  model_.parameters().allocate_gradients();
  round_parameters();  // before there is an AdamW, which keeps them so
  Run run{
      .train = train,
      .validation = validation,
      .plan = plan,
      .schedule = Schedule(arguments_.lr_scheduler_type, arguments_.learning_rate,
                           plan.warmup_steps, plan.max_steps),
      .optimizer = AdamW(model_.parameters(), {arguments_.adam_beta1, arguments_.adam_beta2,
                                               arguments_.adam_epsilon, arguments_.weight_decay}),
      .context = context(),
      .feeder = Feeder(device(), tokens, batch_size, model_.config().num_labels(),
                       captures ? std::optional(filler_of(model_.config())) : std::nullopt),
      .results = StepResults(device()),
      .buckets = GradientBuckets(model_.parameters(), communicator_),
      .graphs = StepGraphs(captures ? &device() : nullptr),
      .flos_per_token =
          6.0 * static_cast<double>(parameters_outside_embeddings(model_.parameters())),
      .start = std::chrono::steady_clock::now()};
  run.context.seed = arguments_.seed;
  state_ = {};
  state_.max_steps = plan.max_steps;
  state_.num_train_epochs = plan.epochs;
  state_.train_batch_size = arguments_.per_device_train_batch_size;
  state_.gradient_accumulation_steps = arguments_.gradient_accumulation_steps;
  state_.num_processes = arguments_.num_processes;
  state_.logging_steps = plan.logging_steps;
  state_.eval_steps = plan.eval_steps;
  state_.save_steps = plan.save_steps;
  const int64_t done = resume(run);
  require_equal_replicas(model_.parameters(), communicator_);
  for (auto& callback : callbacks_) callback->on_train_begin(plan, state_);
  for (int64_t epoch = done / plan.updates_per_epoch;
       epoch < plan.epochs && state_.global_step < plan.max_steps; ++epoch) {
    run_epoch(run, epoch,
              epoch == done / plan.updates_per_epoch ? done % plan.updates_per_epoch : 0);
  }
  return finish(run);
}

// Takes the run to where its checkpoint was written. Returns the number of updates that are done.
int64_t Trainer::resume(Run& run) {
  const std::string& checkpoint = arguments_.resume_from_checkpoint;
  if (checkpoint.empty()) return 0;
  const std::string path = checkpoint + "/trainer_state.json";
  const TrainerState saved = read_trainer_state(path);
  const auto require_same = [&](const char* option, int64_t there, int64_t here) {
    if (there != here) {
      fail(path, ": --", option, " was ", there, " and is now ", here,
           "; a run continues with the batches it began with");
    }
  };
  require_same("per_device_train_batch_size", saved.train_batch_size, state_.train_batch_size);
  require_same("gradient_accumulation_steps", saved.gradient_accumulation_steps,
               state_.gradient_accumulation_steps);
  require_same("num_processes", saved.num_processes, state_.num_processes);
  load_checkpoint_model(checkpoint, model_);
  load_checkpoint_optimizer(checkpoint, run.optimizer, saved.global_step);
  const TrainerState fresh = std::exchange(state_, saved);
  state_.max_steps = fresh.max_steps;
  state_.num_train_epochs = fresh.num_train_epochs;
  state_.logging_steps = fresh.logging_steps;
  state_.eval_steps = fresh.eval_steps;
  state_.save_steps = fresh.save_steps;
  round_parameters();
  return saved.global_step;
}

void Trainer::run_epoch(Run& run, int64_t epoch, int64_t first_update) {
  const Epoch batches =
      training_epoch(run.train, arguments_.train_sampling_strategy,
                     arguments_.per_device_train_batch_size, arguments_.order_seed(), epoch);
  const auto due = [&](IntervalStrategy strategy, int64_t interval) {
    return strategy == IntervalStrategy::kSteps && state_.global_step % interval == 0;
  };
  Prefetcher packed(batches, first_update * arguments_.batches_per_update() + communicator_.rank(),
                    communicator_.size());
  for (int64_t index = first_update; index < run.plan.updates_per_epoch; ++index) {
    update(run, batches, packed, epoch, index);
    while (run.results.due()) take_result(run);
    const bool last = state_.global_step >= run.plan.max_steps;
    const bool first_log = state_.global_step == 1 && arguments_.logging_first_step;
    log_evaluate_save(run, first_log || due(arguments_.logging_strategy, run.plan.logging_steps),
                      due(arguments_.eval_strategy, run.plan.eval_steps) ||
                          (last && arguments_.eval_strategy == IntervalStrategy::kSteps),
                      due(arguments_.save_strategy, run.plan.save_steps) ||
                          (last && arguments_.save_strategy == IntervalStrategy::kSteps));
    if (last) break;
  }
  log_evaluate_save(run, arguments_.logging_strategy == IntervalStrategy::kEpoch,
                    arguments_.eval_strategy == IntervalStrategy::kEpoch,
                    arguments_.save_strategy == IntervalStrategy::kEpoch);
}

void Trainer::log_evaluate_save(Run& run, bool log_now, bool evaluate_now, bool save_now) {
  // Whoever looks at the run sees every step's result in it.
  while ((log_now || evaluate_now || save_now) && !run.results.empty()) take_result(run);
  if (log_now && state_.global_step > state_.last_logged_step) log_losses(run);
  if (evaluate_now) {
    const Json::Object metrics = evaluate(*run.validation);
    for (auto& callback : callbacks_) callback->on_evaluate(state_, metrics);
    // The best model is the best of those that are kept.
    if (save_now || arguments_.save_strategy == IntervalStrategy::kNo) note_best(metrics);
  }
  if (save_now) save(run);
}

void Trainer::log_losses(const Run& run) {
  const auto steps = static_cast<double>(state_.global_step - state_.last_logged_step);
  Json::Object entry{{"loss", state_.loss_since_log / steps},
                     {"grad_norm", run.last_step.grad_norm},
                     {"learning_rate", run.last_step.learning_rate}};
  state_.loss_logged += std::exchange(state_.loss_since_log, 0.0);
  state_.last_logged_step = state_.global_step;
  log(std::move(entry));
}

void Trainer::log(Json::Object entry) {
  entry.emplace_back("epoch", state_.epoch);
  entry.emplace_back("step", state_.global_step);
  state_.log_history.push_back(std::move(entry));
  for (auto& callback : callbacks_) callback->on_log(state_, state_.log_history.back());
}

void Trainer::note_best(const Json& metrics) {
  const std::string name = arguments_.best_metric_name();
  if (name.empty()) return;
  const Json* value = metrics.find(name);
  if (value == nullptr) {
    std::string known;
    for (const auto& [key, unused] : metrics.as_object())
      known += (known.empty() ? "" : ", ") + key;
    fail("--metric_for_best_model ", name, ": must be one of ", known);
  }
  const double metric = value->as_double();
  const bool greatest = arguments_.best_metric_is_greatest();
  if (state_.best_metric &&
      !(greatest ? metric > *state_.best_metric : metric < *state_.best_metric))
    return;
  state_.best_metric = metric;
  if (arguments_.save_strategy == IntervalStrategy::kNo) return;
  state_.best_global_step = state_.global_step;
  state_.best_model_checkpoint = checkpoint_path(arguments_.output_dir, state_.global_step);
}

void Trainer::save(const Run& run) {
  const std::string path = checkpoint_path(arguments_.output_dir, state_.global_step);
  if (communicator_.rank() == 0) {
    save_checkpoint(arguments_.output_dir, model_, tokenizer_, run.optimizer, state_);
  }
  if (communicator_.rank() == 0 && arguments_.save_total_limit) {
    rotate_checkpoints(arguments_.output_dir, *arguments_.save_total_limit,
                       state_.best_model_checkpoint);
  }
  communicator_.barrier();  // no rank goes on, and may fail, before the checkpoint is there
  for (auto& callback : callbacks_) callback->on_save(state_, path);
}

Json::Object Trainer::finish(Run& run) {
  while (!run.results.empty()) take_result(run);
  Json::Object metrics;
  add_speed(metrics, "train", seconds_since(run.start), run.plan.samples,
            static_cast<double>(run.plan.max_steps));
  metrics.emplace_back("total_flos", state_.total_flos);
  metrics.emplace_back("train_loss", (state_.loss_logged + state_.loss_since_log) /
                                         static_cast<double>(state_.global_step));
  log(metrics);
  metrics.emplace_back("epoch", state_.epoch);
  if (arguments_.load_best_model_at_end && state_.best_model_checkpoint) {
    load_checkpoint_model(*state_.best_model_checkpoint, model_);
  }
  for (auto& callback : callbacks_) callback->on_train_end(state_);
  return metrics;
}

Context Trainer::context() {
  return {.kernels = device().kernels(arguments_.gemm_kind()),
          .arena = *arena_,
          .stream = device().stream(),
          .precision = precision_of(arguments_),
          .device = device()};
}

void Trainer::round_parameters() {
  if (!arguments_.bf16) return;
  model_.parameters().round_values(device().kernels(), device().stream());
}

Predictions Trainer::predict(const Examples& examples) {
  reserve_arena(prediction_bytes(model_, examples, arguments_.per_device_eval_batch_size,
                                 precision_of(arguments_)));
  round_parameters();  // whatever was loaded into them since
  Context inference = context();
  return lathe::predict(
      inference, model_, problem_type_, examples, arguments_.per_device_eval_batch_size,
      [this](int64_t done, int64_t batches) {
        for (auto& callback : callbacks_) callback->on_prediction_step(done, batches);
      },
      communicator_);
}

Json::Object Trainer::score(const Predictions& predictions, const Examples& examples,
                            const std::string& prefix) {
  if (!examples.labelled()) fail("an evaluation needs labels, and these examples have none");
  const std::string start = prefix + "_";
  Json::Object metrics{{start + "loss", predictions.mean_loss()}};
  for (const auto& [name, value] : compute_metrics_(predictions, examples.targets)) {
    metrics.emplace_back(start + name, value);
  }
  add_speed(metrics, prefix, predictions.seconds, static_cast<double>(predictions.size()),
            static_cast<double>(predictions.batches));
  log(metrics);
  if (state_.global_step > 0) metrics.emplace_back("epoch", state_.epoch);
  return metrics;
}

}  // namespace lathe
