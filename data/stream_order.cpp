// Streams that take the rows of one other: shuffled, or some of them.
#include <utility>

#include "base/error.h"
#include "data/stream_part.h"
#include "tensor/random.h"

namespace lathe {

namespace {

class ShufflePart : public RowStream::Part {
 public:
  ShufflePart(StreamPart source, int64_t size, uint64_t seed)
      : source_(std::move(source)), size_(size), seed_(seed), start_(source_->state()) {}

  bool next(StreamRow& row) override {
    if (given_ == std::ssize(buffer_)) {
      if (!buffer_.empty()) ++fills_;
      fill();
      given_ = 0;
    }
    if (buffer_.empty()) return false;
    row = std::move(buffer_[static_cast<std::size_t>(given_++)]);
    return true;
  }

  Json state() const override {
    return Json::Object{{"fills", fills_}, {"given", given_}, {"source", start_}};
  }

  void restore(const Json& state) override {
    fills_ = state_count(state, "fills");
    const int64_t given = state_count(state, "given");
    source_->restore(state_member(state, "source"));
    buffer_.clear();
    given_ = 0;
    start_ = source_->state();
    if (given == 0) return;
    fill();
    if (given > std::ssize(buffer_)) fail("not the state of this stream: there are fewer rows");
    given_ = given;
  }

 private:
  void fill() {
    start_ = source_->state();
    std::vector<StreamRow> rows;
    StreamRow row;
    while (std::ssize(rows) < size_ && source_->next(row)) rows.push_back(row);
    Random random(seed_, kStreamDraws + static_cast<uint64_t>(fills_));
    buffer_.clear();
    for (const int64_t i : random_permutation(std::ssize(rows), random)) {
      buffer_.push_back(std::move(rows[static_cast<std::size_t>(i)]));
    }
  }

  StreamPart source_;
  int64_t size_;
  uint64_t seed_;
  Json start_;  // the source's state before the buffer was filled
  int64_t fills_ = 0, given_ = 0;
  std::vector<StreamRow> buffer_;
};

// The rows whose number is `first` + k `step`, below `end`.
class EveryPart : public RowStream::Part {
 public:
  EveryPart(StreamPart source, int64_t first, int64_t step, int64_t end)
      : source_(std::move(source)), first_(first), step_(step), end_(end) {}

  bool next(StreamRow& row) override {
    while (seen_ < end_ && source_->next(row)) {
      const int64_t number = seen_++;
      if (number >= first_ && (number - first_) % step_ == 0) return true;
    }
    return false;
  }

  Json state() const override {
    return Json::Object{{"seen", seen_}, {"source", source_->state()}};
  }

  void restore(const Json& state) override {
    seen_ = state_count(state, "seen");
    source_->restore(state_member(state, "source"));
  }

 private:
  StreamPart source_;
  int64_t first_, step_, end_;
  int64_t seen_ = 0;
};

}  // namespace

StreamPart shuffle_part(StreamPart source, int64_t size, uint64_t seed) {
  return std::make_unique<ShufflePart>(std::move(source), size, seed);
}

StreamPart every_part(StreamPart source, int64_t first, int64_t step, int64_t end) {
  return std::make_unique<EveryPart>(std::move(source), first, step, end);
}

}  // namespace lathe
