#include "train/feeder.h"

#include <cstring>

#include "base/error.h"

namespace lathe {

namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kWord = sizeof(int32_t);  // of a float too

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Ids, types and positions; offsets and counter; classes or values.
int64_t bytes_of(int64_t tokens, int64_t sequences, int64_t labels) {
  return 3 * aligned(tokens * kWord) + 2 * aligned((sequences + 1) * kWord) +
         aligned(sequences * kWord) + aligned(sequences * labels * kWord);
}

// Lays arrays one after the other into staging memory, and gives their places on the device.
class Packer {
 public:
  Packer(std::byte* staging, std::byte* device) : staging_(staging), device_(device) {}

  // Null stays null.
  template <class T>
  const T* add(const T* values, int64_t count) {
    if (values == nullptr) return nullptr;
    const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
    std::memcpy(staging_ + used_, values, static_cast<std::size_t>(bytes));
    const auto* place = reinterpret_cast<const T*>(device_ + used_);
    used_ += aligned(bytes);
    return place;
  }
  int64_t used() const { return used_; }

 private:
  std::byte *staging_, *device_;
  int64_t used_ = 0;
};

}  // namespace

Feeder::Feeder(Device& device, int64_t tokens, int64_t sequences, int64_t labels)
    : device_(device) {
  if (device.is_host()) return;
  const int64_t bytes = bytes_of(tokens, sequences, labels);
  memory_ = Buffer(bytes, "a batch", device);
  for (auto& slot : slots_) slot = std::make_unique<Slot>(device, bytes);
}

Feeder::Fed Feeder::put(const Batch& batch) {
  const BertInput input = batch.input();
  const LossTargets targets = batch.targets();
  if (device_.is_host()) return {input, targets};
  const int64_t columns = batch.target_columns();
  const int64_t bytes = bytes_of(input.tokens, input.sequences, columns);
  if (bytes > memory_.bytes()) {
    fail("a batch of ", input.tokens, " tokens in ", input.sequences, " sequences takes ", bytes,
         " bytes, and ", memory_.bytes(), " were planned");
  }
  Slot& slot = *slots_[next_];
  next_ = (next_ + 1) % slots_.size();
  slot.copied.wait();
  Packer packer(slot.memory.data(), memory_.data());
  Fed fed{.input = {.tokens = input.tokens,
                    .sequences = input.sequences,
                    .input_ids = packer.add(input.input_ids, input.tokens),
                    .token_type_ids = packer.add(input.token_type_ids, input.tokens),
                    .position_ids = packer.add(input.position_ids, input.tokens),
                    .offsets = packer.add(input.offsets, input.sequences + 1),
                    .counter = packer.add(input.counter, input.sequences + 1)},
          .targets = {.classes = packer.add(targets.classes, input.sequences),
                      .values = packer.add(targets.values, input.sequences * columns)}};
  device_.upload(memory_.data(), slot.memory.data(), packer.used());
  slot.copied.set();
  return fed;
}

}  // namespace lathe
