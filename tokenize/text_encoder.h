// One text into tokens, fast. What it gives is what plain_encoder.h gives.
//
// Normalization never reaches over an ASCII space or punctuation mark, which nothing combines with
// or moves across: the stretches between them can be encoded one by one, and what a stretch becomes
// can be remembered. So a text is classified 64 bytes at a time (stretches.h), every stretch is
// looked up as it stands, capitals and all, in a cache (word_cache.h), and only the ones that are
// not there are normalized and matched (longest_match.h).
//
// Tokens that are looked for in the normalized text may contain spaces: where a tokenizer has any,
// or a pre-tokenizer other than BERT's, every text goes the plain way.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "tokenize/longest_match.h"
#include "tokenize/plain_encoder.h"
#include "tokenize/stretches.h"

namespace lathe {

class TextEncoder {
 public:
  // `vocabulary` is that of definition.tokens and must outlive this.
  TextEncoder(const TokenizerDefinition& definition, const Vocabulary& vocabulary);
  ~TextEncoder();

  static constexpr std::size_t kNoLimit = ~std::size_t{0};

  // A cache and buffers, which one thread works with at a time.
  class Scratch;
  // Lends one out, made or given back before; it returns here with the lender's destructor.
  class Lender {
   public:
    explicit Lender(const TextEncoder& encoder);
    ~Lender();
    Lender(const Lender&) = delete;
    Lender& operator=(const Lender&) = delete;
    Scratch& operator*() const { return *scratch_; }

   private:
    const TextEncoder& encoder_;
    std::unique_ptr<Scratch> scratch_;
  };

  enum class Details { kNone, kOffsets, kOffsetsAndWords };
  // Appends the tokens of `text`, and what `details` says of each. May stop when it has appended
  // `limit` of them. Error "not valid UTF-8 at byte …", counted from 0.
  void encode(std::string_view text, Details details, std::size_t limit, Scratch& scratch,
              TextTokens& out) const;

  // Frees the caches that nobody works with. They are made again when they are needed.
  void forget_caches() const;

  // The same by definition.
  const PlainEncoder& plain() const { return plain_; }

 private:
  class Run;

  NormalizerRules rules_;
  PlainEncoder plain_;
  LongestMatch matcher_;
  FindStretches find_stretches_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Scratch>> idle_;
};

}  // namespace lathe
