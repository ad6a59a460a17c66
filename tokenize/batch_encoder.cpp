#include "tokenize/batch_encoder.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "tokenize/rows.h"

namespace lathe {

namespace {

// Small enough that threads finish together and that a block's columns stay in a processor's cache
// until they are copied, large enough that taking a block costs nothing.
constexpr std::size_t kBlock = 128;

// Threads take blocks of inputs in order. The first thread also puts what the others have finished
// behind what is there, in the blocks' order, so that the batch is complete soon after the last of
// them: nothing is cleared, measured or copied by one thread while the others wait.
class BatchEncoder {
 public:
  BatchEncoder(const RowEncoder& encoder, const std::vector<EncodeInput>& inputs,
               const EncodeOptions& options)
      : encoder_(encoder),
        inputs_(inputs),
        options_(options),
        blocks_((inputs.size() + kBlock - 1) / kBlock) {}

  EncodedBatch encode(int threads) {
    std::exception_ptr error;
#pragma omp parallel num_threads(threads)
    try {  // an exception must not leave a parallel region
      if (omp_get_thread_num() == 0) {
        lead();
      } else {
        help();
      }
    } catch (...) {
      next_ = blocks_.size();  // nobody goes on
#pragma omp critical(lathe_batch_encoder)
      if (omp_get_thread_num() == 0 || !error) error = std::current_exception();
    }
    if (error) std::rethrow_exception(error);
    return rows_.take(options_);
  }

 private:
  struct Block {
    Rows rows;
    std::exception_ptr error;  // why its first bad input is bad
    std::atomic<bool> done = false;
  };

  void lead() {
    const TextEncoder::Lender scratch = encoder_.lend();
    rows_.reserve(inputs_, 0, inputs_.size(), options_);
    std::size_t written = 0;
    for (std::size_t i = next_++; i < blocks_.size(); i = next_++) {
      if (i == written) {
        encode(i, scratch, rows_);
        ++written;
      } else {
        fill(i, scratch);
      }
      while (written < blocks_.size() && blocks_[written].done) write(written++);
    }
    for (; written < blocks_.size(); ++written) {
      blocks_[written].done.wait(false);
      write(written);
    }
  }

  void help() {
    const TextEncoder::Lender scratch = encoder_.lend();
    for (std::size_t i = next_++; i < blocks_.size(); i = next_++) fill(i, scratch);
  }

  void fill(std::size_t i, const TextEncoder::Lender& scratch) {
    Block& block = blocks_[i];
    try {
      const auto [begin, end] = inputs_of(i);
      block.rows.reserve(inputs_, begin, end, options_);
      encode(i, scratch, block.rows);
    } catch (...) {
      block.error = std::current_exception();
    }
    block.done = true;
    block.done.notify_one();
  }

  std::pair<std::size_t, std::size_t> inputs_of(std::size_t block) const {
    return {block * kBlock, std::min((block + 1) * kBlock, inputs_.size())};
  }

  void encode(std::size_t block, const TextEncoder::Lender& scratch, Rows& rows) {
    const auto [begin, end] = inputs_of(block);
    encoder_.encode(inputs_, begin, end, options_, scratch, rows);
  }

  // In order: the first block's error is the first bad input's, whichever thread met it.
  void write(std::size_t i) {
    if (blocks_[i].error) std::rethrow_exception(blocks_[i].error);
    rows_.append(blocks_[i].rows);
    blocks_[i].rows = {};
  }

  const RowEncoder& encoder_;
  const std::vector<EncodeInput>& inputs_;
  const EncodeOptions& options_;
  std::vector<Block> blocks_;
  std::atomic<std::size_t> next_ = 0;  // block that nobody has taken
  Rows rows_;
};

}  // namespace

EncodedBatch encode_on_threads(const RowEncoder& encoder, const std::vector<EncodeInput>& inputs,
                               const EncodeOptions& options, int threads) {
  if (threads <= 0) threads = omp_get_max_threads();
  if (threads > 1 && inputs.size() > kBlock) {
    return BatchEncoder(encoder, inputs, options).encode(threads);
  }
  Rows rows;
  rows.reserve(inputs, 0, inputs.size(), options);
  encoder.encode(inputs, 0, inputs.size(), options, encoder.lend(), rows);
  return rows.take(options);
}

}  // namespace lathe
