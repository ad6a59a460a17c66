#include "train/feeder.h"

#include <algorithm>

#include "base/error.h"

namespace lathe {

namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kWord = sizeof(int32_t);  // of a float too

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Numbers of the step; ids, types and positions; offsets and counter; classes or values.
int64_t bytes_of(int64_t tokens, int64_t sequences, int64_t fillers, int64_t labels) {
  return aligned(sizeof(StepNumbers)) + 3 * aligned(tokens * kWord) +
         2 * aligned((sequences + fillers + 1) * kWord) + aligned(sequences * kWord) +
         aligned(sequences * labels * kWord);
}

// Lays arrays one after the other into staging memory, and gives their places on the device.
class Packer {
 public:
  Packer(std::byte* staging, std::byte* device) : staging_(staging), device_(device) {}

  // The values, and after them `fill` up to `count`. Null stays null.
  template <class T>
  const T* add(const T* values, int64_t given, int64_t count, T fill) {
    if (values == nullptr) return nullptr;
    T* const to = reinterpret_cast<T*>(staging_ + used_);
    std::copy_n(values, given, to);
    std::fill(to + given, to + count, fill);
    const auto* place = reinterpret_cast<const T*>(device_ + used_);
    used_ += aligned(count * static_cast<int64_t>(sizeof(T)));
    return place;
  }
  template <class T>
  const T* add(const T* values, int64_t count) {
    return add(values, count, count, T{});
  }
  int64_t used() const { return used_; }

 private:
  std::byte *staging_, *device_;
  int64_t used_ = 0;
};

// What kernels are told of the lengths: few bounds, so that few kinds of batches differ in them.
int64_t bound_of_lengths(const int32_t* offsets, int64_t sequences) {
  int64_t longest = 0;
  for (int64_t s = 0; s < sequences; ++s) {
    longest = std::max<int64_t>(longest, offsets[s + 1] - offsets[s]);
  }
  for (const int64_t bound : {64, 128}) {
    if (longest <= bound) return bound;
  }
  return 0;
}

}  // namespace

Filler filler_of(const BertConfig& config) {
  return {static_cast<int32_t>(config.vocab_size - 1),
          static_cast<int32_t>(config.type_vocab_size - 1),
          static_cast<int32_t>(config.max_position_embeddings - 1)};
}

Feeder::Feeder(Device& device, int64_t tokens, int64_t sequences, int64_t labels,
               const std::optional<Filler>& filler)
    : device_(device), filler_(filler) {
  if (device.is_host()) return;
  const int64_t bytes =
      bytes_of(filler ? filled(tokens) : tokens, sequences, filler ? 1 : 0, labels);
  memory_ = Buffer(bytes, "a batch", device);
  for (auto& slot : slots_) slot = std::make_unique<Slot>(device, bytes);
}

// Copies what `pack` lays into a slot to the device.
template <class Pack>
void Feeder::upload(const Pack& pack) {
  Slot& slot = *slots_[next_];
  next_ = (next_ + 1) % slots_.size();
  slot.copied.wait();
  Packer packer(slot.memory.data(), memory_.data());
  pack(packer);
  device_.upload(memory_.data(), slot.memory.data(), packer.used());
  slot.copied.set();
}

const StepNumbers* Feeder::put(const StepNumbers& numbers) {
  if (device_.is_host()) return &(numbers_ = numbers);
  const StepNumbers* place = nullptr;
  upload([&](Packer& packer) { place = packer.add(&numbers, 1); });
  return place;
}

Feeder::Fed Feeder::put(const Batch& batch, const StepNumbers& numbers) {
  const BertInput input = batch.input();
  const LossTargets targets = batch.targets();
  if (device_.is_host()) return {input, targets, put(numbers)};
  const int64_t columns = batch.target_columns(), sequences = input.sequences;
  const int64_t fillers = filler_ ? 1 : 0, tokens = filler_ ? filled(input.tokens) : input.tokens;
  const int64_t bytes = bytes_of(tokens, sequences, fillers, columns);
  if (bytes > memory_.bytes()) {
    fail("a batch of ", tokens, " tokens in ", sequences, " sequences takes ", bytes,
         " bytes, and ", memory_.bytes(), " were planned");
  }
  const Filler filler = filler_.value_or(Filler{});
  const int64_t bounds = sequences + 1;
  Fed fed{};
  upload([&](Packer& packer) {
    fed.numbers = packer.add(&numbers, 1);
    fed.input = {
        .tokens = tokens,
        .sequences = sequences,
        .fillers = fillers,
        // A filler is shorter than the least bound.
        .longest = bound_of_lengths(input.offsets, sequences),
        .input_ids = packer.add(input.input_ids, input.tokens, tokens, filler.id),
        .token_type_ids = packer.add(input.token_type_ids, input.tokens, tokens, filler.type),
        .position_ids = packer.add(input.position_ids, input.tokens, tokens, filler.position),
        .offsets =
            packer.add(input.offsets, bounds, bounds + fillers, static_cast<int32_t>(tokens)),
        .counter =
            packer.add(input.counter, bounds, bounds + fillers, static_cast<int32_t>(sequences))};
    fed.targets = {.classes = packer.add(targets.classes, sequences),
                   .values = packer.add(targets.values, sequences * columns)};
  });
  return fed;
}

}  // namespace lathe
