// What exists while Trainer::train() runs: for the sources of the trainer alone.
#pragma once

#include <chrono>

#include "train/adamw.h"
#include "train/feeder.h"
#include "train/gradient_buckets.h"
#include "train/schedule.h"
#include "train/step_results.h"
#include "train/trainer.h"

namespace lathe {

struct Trainer::Run {
  const Examples& train;
  const Examples* validation;
  TrainingPlan plan;
  Schedule schedule;
  AdamW optimizer;
  Context context;
  Feeder feeder;
  StepResults results;
  GradientBuckets buckets;
  double flos_per_token;
  std::chrono::steady_clock::time_point start;
  StepReport last_step{};
};

}  // namespace lathe
