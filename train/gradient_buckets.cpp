#include "train/gradient_buckets.h"

namespace lathe {

GradientBuckets::GradientBuckets(const ParameterStore& parameters, Communicator& communicator,
                                 int64_t bytes) {
  if (communicator.size() == 1) return;
  sums_ = communicator.background_sums(parameters.device());
  const auto& all = parameters.all();
  std::size_t end = all.size();  // of the bucket that is being filled
  for (std::size_t first = all.size(); first-- > 0;) {
    if (all[first].sparse_rows) {
      if (first + 1 < end)
        buckets_.push_back({first + 1, parameters.gradients(first + 1, end), {}});
      buckets_.push_back({first, all[first].gradient, all[first].active_rows});
      end = first;
    } else if (const Tensor filled = parameters.gradients(first, end);
               filled.bytes() >= bytes || first == 0) {
      buckets_.push_back({first, filled, {}});
      end = first;
    }
  }
}

void GradientBuckets::begin_from(std::size_t first_final_parameter) {
  for (; begun_ < buckets_.size() && buckets_[begun_].first >= first_final_parameter; ++begun_) {
    const Bucket& bucket = buckets_[begun_];
    if (bucket.active_rows.empty()) {
      sums_->sum(bucket.gradients);
    } else {
      sums_->sum_table(bucket.gradients, bucket.active_rows);
    }
  }
}

void GradientBuckets::finish() {
  if (sums_ == nullptr) return;
  begin_from(0);
  sums_->wait();
  begun_ = 0;
}

}  // namespace lathe
