// A stream that takes its rows from several by turns.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "data/stream_part.h"
#include "tensor/random.h"

namespace lathe {

namespace {

class InterleavePart : public RowStream::Part {
 public:
  InterleavePart(std::vector<RowStream> streams, Interleave options)
      : streams_(std::move(streams)), options_(std::move(options)), ended_(streams_.size()) {
    for (const RowStream& stream : streams_) starts_.push_back(stream.state());
    for (const double probability : options_.probabilities) sum_ += probability;
  }

  bool next(StreamRow& row) override {
    while (!done_) {
      const std::size_t i = drawn();
      ++draws_;
      if (streams_[i].next(row)) return true;
      ended_[i] = true;
      done_ = !options_.until_all_are_exhausted ||
              std::find(ended_.begin(), ended_.end(), false) == ended_.end();
      if (done_) return false;
      streams_[i].restore(starts_[i]);
      if (streams_[i].next(row)) return true;
    }
    return false;
  }

  Json state() const override {
    Json sources = Json::array(), ended = Json::array();
    for (const RowStream& stream : streams_) sources.push_back(stream.state());
    for (const bool end : ended_) ended.push_back(end);
    return Json::Object{{"draws", draws_}, {"done", done_}, {"ended", ended}, {"sources", sources}};
  }

  void restore(const Json& state) override {
    const Json::Array& sources = state_member(state, "sources").as_array();
    const Json::Array& ended = state_member(state, "ended").as_array();
    if (sources.size() != streams_.size() || ended.size() != streams_.size()) {
      fail("not the state of this stream: it has ", sources.size(), " sources");
    }
    draws_ = state_count(state, "draws");
    done_ = state_member(state, "done").as_bool();
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i].restore(sources[i]);
      ended_[i] = ended[i].as_bool();
    }
  }

 private:
  std::size_t drawn() const {
    if (options_.probabilities.empty()) {
      return static_cast<std::size_t>(draws_) % streams_.size();
    }
    // A stream of numbers for every draw, so that the draws so far need not be made again.
    double point =
        Random(options_.seed, kStreamDraws + static_cast<uint64_t>(draws_)).uniform() * sum_;
    for (std::size_t i = 0; i + 1 < streams_.size(); ++i) {
      if (point < options_.probabilities[i]) return i;
      point -= options_.probabilities[i];
    }
    return streams_.size() - 1;
  }

  std::vector<RowStream> streams_;
  Interleave options_;
  std::vector<Json> starts_;
  std::vector<bool> ended_;
  double sum_ = 0;
  int64_t draws_ = 0;
  bool done_ = false;
};

}  // namespace

StreamPart interleave_part(std::vector<RowStream> streams, const Interleave& options) {
  return std::make_unique<InterleavePart>(std::move(streams), options);
}

}  // namespace lathe
