#include "data/tokenized.h"

#include <algorithm>
#include <exception>
#include <string_view>

#include "base/error.h"

namespace lathe {

namespace {

// Small enough that threads finish together, large enough that taking a block costs nothing.
constexpr int64_t kRowsPerBlock = 128;

// The examples of one run of rows, or why its first bad row is bad.
struct Block {
  std::vector<int64_t> lengths;
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids;
  std::exception_ptr error;
};

class Encoder {
 public:
  Encoder(const Tokenizer& tokenizer, const Column& first, const Column* second,
          const EncodeOptions& options)
      : tokenizer_(tokenizer), first_(first), second_(second), options_(options) {
    check_is_text(first);
    if (second == nullptr) return;
    check_is_text(*second);
    if (second->size() != first.size()) {
      fail("columns ", quoted(first.name()), " and ", quoted(second->name()), " have ",
           first.size(), " and ", second->size(), " rows");
    }
  }

  // Throws nothing: an exception must not leave an OpenMP region.
  Block encode(int64_t begin, int64_t end) const noexcept {
    Block block;
    try {
      for (int64_t row = begin; row < end; ++row) append(encode_row(row), block);
    } catch (...) {
      block.error = std::current_exception();
    }
    return block;
  }

 private:
  static void check_is_text(const Column& column) {
    if (is_text(column.type())) return;
    fail(column.where(), " holds ", column.type_name(), ", a column of text is needed");
  }

  Encoding encode_row(int64_t row) const {
    if (first_.is_null(row)) fail(first_.where(row), ": the text is null");
    if (second_ != nullptr && second_->is_null(row))
      fail(second_->where(row), ": the text is null");
    try {
      if (second_ == nullptr) return tokenizer_.encode(first_.text(row), options_);
      return tokenizer_.encode(first_.text(row), second_->text(row), options_);
    } catch (const Error& error) {
      fail(first_.where(row), ": ", error.what());
    }
  }

  static void append(const Encoding& encoding, Block& block) {
    const auto& ids = encoding.input_ids;
    const auto& types = encoding.token_type_ids;
    block.lengths.push_back(static_cast<int64_t>(ids.size()));
    block.input_ids.insert(block.input_ids.end(), ids.begin(), ids.end());
    for (const int32_t type : types) block.token_type_ids.push_back(static_cast<uint8_t>(type));
  }

  const Tokenizer& tokenizer_;
  const Column& first_;
  const Column* second_;
  const EncodeOptions& options_;
};

// The blocks one after another. The first block's error is the first bad row's, whichever thread
// met it.
TokenizedDataset joined(const std::vector<Block>& blocks) {
  TokenizedDataset dataset;
  std::vector<int64_t> starts;  // of each block's tokens
  for (const Block& block : blocks) {
    if (block.error) std::rethrow_exception(block.error);
    starts.push_back(dataset.offsets.back());
    for (const int64_t length : block.lengths) {
      dataset.offsets.push_back(dataset.offsets.back() + length);
    }
  }
  dataset.input_ids.resize(static_cast<std::size_t>(dataset.tokens()));
  dataset.token_type_ids.resize(static_cast<std::size_t>(dataset.tokens()));
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    std::copy(block.input_ids.begin(), block.input_ids.end(),
              dataset.input_ids.begin() + starts[i]);
    std::copy(block.token_type_ids.begin(), block.token_type_ids.end(),
              dataset.token_type_ids.begin() + starts[i]);
  }
  return dataset;
}

}  // namespace

std::vector<int64_t> TokenizedDataset::lengths() const {
  std::vector<int64_t> result;
  result.reserve(static_cast<std::size_t>(size()));
  for (int64_t example = 0; example < size(); ++example) result.push_back(length(example));
  return result;
}

TokenizedDataset tokenize_columns(const Tokenizer& tokenizer, const Column& first,
                                  const Column* second, const EncodeOptions& options) {
  const Encoder encoder(tokenizer, first, second, options);
  const int64_t count = (first.size() + kRowsPerBlock - 1) / kRowsPerBlock;
  std::vector<Block> blocks(static_cast<std::size_t>(count));
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = i * kRowsPerBlock;
    const int64_t end = std::min(begin + kRowsPerBlock, first.size());
    blocks[static_cast<std::size_t>(i)] = encoder.encode(begin, end);
  }
  return joined(blocks);
}

}  // namespace lathe
