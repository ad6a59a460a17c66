// One optimizer step of the trainer: from micro-batches to parameters that have moved.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "train/batch_loss.h"
#include "train/trainer_run.h"

namespace lathe {

// Asks for one optimizer step over the micro-batches of update `index` of the epoch.
void Trainer::update(Run& run, const Epoch& batches, Prefetcher& packed, int64_t epoch,
                     int64_t index) {
  const int64_t first = index * arguments_.batches_per_update();
  const int64_t last = std::min(first + arguments_.batches_per_update(), batches.size());
  int64_t examples = 0;
  for (int64_t i = first; i < last; ++i) examples += std::ssize(batches.rows(i));
  const double rate = run.schedule.rate(state_.global_step);
  run.numbers.adamw = run.optimizer.begin_step(rate);
  // Dropout draws by the number of the micro-batch, which a run that was resumed, and every rank,
  // must count from the same start.
  run.numbers.micro_batch = static_cast<uint32_t>(epoch * run.plan.batches_per_epoch + first);
  const double flos = run_micro_batches(run, packed, first, last, examples);
  ++state_.global_step;
  state_.epoch =
      static_cast<double>(epoch) + static_cast<double>(last) / static_cast<double>(batches.size());
  run.results.push({state_.global_step, examples, rate, flos},
                   run.optimizer.squared_gradient_norm());
}

// What the oldest step whose result is not known yet has found.
void Trainer::take_result(Run& run) {
  const StepResults::Result result = run.results.pop();
  double sums[2] = {result.loss_sum, result.plan.flos};
  communicator_.all_reduce(sums);
  const double loss = sums[0] / static_cast<double>(result.plan.examples);
  const double norm = std::sqrt(result.squared_gradient_norm);
  if (!std::isfinite(loss)) stop_at_non_finite(result.plan.step, "loss", loss);
  if (!std::isfinite(norm)) stop_at_non_finite(result.plan.step, "gradient norm", norm);
  state_.loss_since_log += loss;
  state_.total_flos += sums[1];
  run.last_step = {loss, norm, result.plan.learning_rate, result.plan.examples};
  for (auto& callback : callbacks_) callback->on_step_end(state_, run.last_step);
}

// Moves the parameters by the gradient of the mean loss over `examples` examples, batch by batch,
// each rank its share of the batches. The mean is over the examples, so it does not matter how many
// a rank had. Leaves the sum of the losses in run.results; returns the floating-point operations.
double Trainer::run_micro_batches(Run& run, Prefetcher& packed, int64_t first, int64_t last,
                                  int64_t examples) {
  double flos = 0.0;
  bool accumulates = false;
  StepNumbers numbers = run.numbers;
  for (int64_t i = first + communicator_.rank(); i < last; i += communicator_.size()) {
    numbers.micro_batch = run.numbers.micro_batch + static_cast<uint32_t>(i - first);
    const Batch packed_batch = packed.next();
    require_within(model_.config(), packed_batch.input());
    MicroBatch batch{.fed = run.feeder.put(packed_batch, numbers)};
    batch.key = {.tokens = batch.fed.input.tokens,
                 .longest = batch.fed.input.longest,
                 .sequences = batch.fed.input.sequences,
                 .examples = examples,
                 .accumulates = accumulates,
                 .updates = i + communicator_.size() >= last};
    run.graphs.run(batch.key, [&] { compute(run, batch); });
    accumulates = true;
    flos += run.flos_per_token * static_cast<double>(packed_batch.tokens());
  }
  if (!accumulates) {  // fewer batches than ranks
    add_losses(run, {}, false);
    move_parameters(run, &run.feeder.put(numbers)->adamw);
  }
  return flos;
}

// Asks for the work of a micro-batch, with the update after a rank's last one, where the sums over
// the ranks begin during backward. It may be captured as a graph: whatever it asks for must follow
// from the key, addresses that stay, and what lies there.
void Trainer::compute(Run& run, const MicroBatch& batch) {
  const auto& [input, targets, numbers] = batch.fed;
  run.context.step_at = &numbers->micro_batch;
  const Arena::Scope memory(run.context.arena);
  BertForSequenceClassification::Saved saved;
  const Tensor logits = model_.forward(run.context, input, &saved);
  const BatchLoss loss = batch_loss(run.context, problem_type_, logits, targets,
                                    1.0 / static_cast<double>(batch.key.examples));
  const GradientsFinal begin_sums = [&](std::size_t first_parameter) {
    run.buckets.begin_from(first_parameter);
  };
  model_.backward(run.context, input, loss.dlogits, saved,
                  batch.key.updates ? begin_sums : GradientsFinal());
  add_losses(run, loss.losses, batch.key.accumulates);
  if (batch.key.updates) move_parameters(run, &numbers->adamw);
}

// Asks for the optimizer's update by the gradients of all ranks, with the numbers of that step.
void Trainer::move_parameters(Run& run, const AdamWStep* step) {
  run.buckets.finish();
  run.optimizer.update(run.context, step, arguments_.max_grad_norm);
}

void Trainer::add_losses(Run& run, const Tensor& losses, bool accumulates) {
  run.context.kernels.sum({losses.f32(), losses.count(), run.results.loss_sum(), accumulates},
                          run.context.stream);
}

void Trainer::stop_at_non_finite(int64_t step, const char* what, double value) const {
  const std::string parameter = first_non_finite_gradient(model_.parameters());
  fail(
      "step ", step, ": the ", what, " is ", value,
      parameter.empty() ? "" : "; the first parameter whose gradient is not finite is " + parameter,
      "; a lower --learning_rate than ", arguments_.learning_rate, " or other data may be needed");
}

}  // namespace lathe
