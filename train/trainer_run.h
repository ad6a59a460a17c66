// What exists while Trainer::train() runs: for the sources of the trainer alone.
#pragma once

#include <chrono>

#include "train/adamw.h"
#include "train/feeder.h"
#include "train/gradient_buckets.h"
#include "train/schedule.h"
#include "train/step_graphs.h"
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
  StepGraphs graphs;
  double flos_per_token;
  std::chrono::steady_clock::time_point start;
  StepNumbers numbers{};  // of the step, and of its first micro-batch
  StepReport last_step{};
};

// A micro-batch on the device, and what its work follows from.
struct Trainer::MicroBatch {
  Feeder::Fed fed;
  StepGraphs::Key key{};
};

}  // namespace lathe
