#include "tokenize/text_encoder.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/stretch_encoder.h"
#include "tokenize/token_buffer.h"
#include "tokenize/utf8.h"
#include "tokenize/word_cache.h"

namespace lathe {

namespace {

using Details = TextEncoder::Details;

constexpr std::size_t kGroup =
    64;  // stretches whose cache entries are asked for before any is used

}  // namespace

class TextEncoder::Scratch {
 public:
  explicit Scratch(const TextEncoder& encoder) : stretch(encoder.rules_, encoder.matcher_) {}

  WordCache cache;
  StretchEncoder stretch;
  Stretches stretches;
  std::vector<AddedTokenFinder::Part> parts;
};

TextEncoder::TextEncoder(const TokenizerDefinition& definition, const Vocabulary& vocabulary)
    : rules_(definition.normalizer),
      plain_(definition, vocabulary),
      matcher_(definition.tokens, definition.continuing_prefix,
               vocabulary.id(definition.unknown_token).value(),
               definition.max_input_chars_per_word),
      find_stretches_(find_stretches()) {}

void TextEncoder::forget_caches() const {
  const std::lock_guard lock(mutex_);
  idle_.clear();
}

TextEncoder::~TextEncoder() = default;

TextEncoder::Lender::Lender(const TextEncoder& encoder) : encoder_(encoder) {
  {
    const std::lock_guard lock(encoder.mutex_);
    if (!encoder.idle_.empty()) {
      scratch_ = std::move(encoder.idle_.back());
      encoder.idle_.pop_back();
    }
  }
  if (scratch_ == nullptr) scratch_ = std::make_unique<Scratch>(encoder);
}

TextEncoder::Lender::~Lender() {
  scratch_->stretch.shrink();
  const std::lock_guard lock(encoder_.mutex_);
  encoder_.idle_.push_back(std::move(scratch_));
}

// The state of one call.
class TextEncoder::Run {
 public:
  Run(const TextEncoder& encoder, std::size_t limit, Scratch& scratch, TextTokens& out)
      : encoder_(encoder), scratch_(scratch), out_(out), limit_(limit), first_(out.ids.size()) {}

  template <Details kDetails>
  void encode(std::string_view text);

 private:
  template <Details kDetails>
  void encode_parts(std::string_view text);
  template <Details kDetails>
  void add_added(int32_t id, int32_t code_points);
  template <Details kDetails>
  void encode_part(std::string_view part);
  std::size_t next_window(std::string_view part, std::size_t begin);
  template <Details kDetails>
  void encode_stretches(std::string_view part);
  template <Details kDetails>
  void encode_group(std::string_view part, std::size_t first, std::size_t last);
  template <Details kDetails>
  void encode_rare(std::string_view part, std::size_t begin, std::size_t size, bool wide);
  template <Details kDetails, class Tokens>
  void append(const Tokens& tokens, std::size_t count, std::size_t begin, std::size_t size);

  const TextEncoder& encoder_;
  Scratch& scratch_;
  TextTokens& out_;
  std::size_t limit_, first_;
  TextPlace place_;
  bool checked_ = false;  // whether the text is valid UTF-8
};

namespace {

void check_utf8(std::string_view text) {
  const std::size_t valid = valid_utf8_prefix(text);
  if (valid < text.size()) fail("not valid UTF-8 at byte ", valid);
}

}  // namespace

void TextEncoder::encode(std::string_view text, Details details, std::size_t limit,
                         Scratch& scratch, TextTokens& out) const {
  if (text.size() > INT32_MAX) fail("a text of ", text.size(), " bytes is too long to tokenize");
  if (!plain_.is_local()) {
    check_utf8(text);
    plain_.encode(text, out);
    if (details == Details::kNone) out.offsets.clear();
    if (details != Details::kOffsetsAndWords) out.words.clear();
    return;
  }
  Run run(*this, limit, scratch, out);
  if (details == Details::kNone) {
    run.encode<Details::kNone>(text);
  } else if (details == Details::kOffsets) {
    run.encode<Details::kOffsets>(text);
  } else {
    run.encode<Details::kOffsetsAndWords>(text);
  }
}

// The bytes of a text that holds no added token are looked at in windows, and what is not ASCII is
// found there.
template <Details kDetails>
void TextEncoder::Run::encode(std::string_view text) {
  if (!encoder_.plain_.raw_tokens().occur_in(text)) {
    encode_part<kDetails>(text);
  } else {
    check_utf8(text);
    checked_ = true;
    encode_parts<kDetails>(text);
  }
}

template <Details kDetails>
void TextEncoder::Run::encode_parts(std::string_view text) {
  encoder_.plain_.raw_tokens().split(text, scratch_.parts);
  for (const auto& part : scratch_.parts) {
    const std::string_view stretch = text.substr(part.begin, part.end - part.begin);
    if (part.id < 0) {
      encode_part<kDetails>(stretch);
    } else {
      const int32_t points = kDetails != Details::kNone ? count_code_points(stretch) : 0;
      add_added<kDetails>(part.id, points);
    }
  }
}

// While no part is being encoded, place_.shift is the number of code points before the next one.
template <Details kDetails>
void TextEncoder::Run::add_added(int32_t id, int32_t code_points) {
  out_.ids.push_back(id);
  if constexpr (kDetails != Details::kNone) {
    const auto place = static_cast<int32_t>(place_.shift);
    out_.offsets.push_back({place, place + code_points});
    if constexpr (kDetails == Details::kOffsetsAndWords) out_.words.push_back(place_.words++);
    place_.shift += code_points;
  }
}

template <Details kDetails>
void TextEncoder::Run::encode_part(std::string_view part) {
  Stretches& found = scratch_.stretches;
  found.start();
  std::size_t begin = 0;
  while (begin < part.size() && out_.size() - first_ < limit_) {
    begin = next_window(part, begin);
    if (!checked_ && found.beyond_ascii != 0) {
      check_utf8(part);  // which is the whole text
      checked_ = true;
    }
    encode_stretches<kDetails>(part);
  }
  if (!checked_ && begin < part.size()) check_utf8(part);
  if constexpr (kDetails != Details::kNone) place_.shift += static_cast<int64_t>(part.size());
}

// Of the window that begins at `begin`; the result is where the next one does. A stretch that goes
// on there has its begin, alone, in the list.
std::size_t TextEncoder::Run::next_window(std::string_view part, std::size_t begin) {
  Stretches& found = scratch_.stretches;
  if (found.begins > found.ends) {
    found.begin[0] = found.begin[found.ends];
    found.begins = 1;
  } else {
    found.begins = 0;
  }
  found.ends = 0;

  const bool all_space = !encoder_.rules_.clean_text;
  const std::size_t bytes = std::min(part.size() - begin, kWindowBytes);
  const std::size_t rest = bytes % kClassBlock, whole = bytes - rest;
  const auto first = static_cast<uint32_t>(begin);
  encoder_.find_stretches_(part.data() + begin, whole / kClassBlock, first, all_space, found);
  if (rest > 0) {
    char last[kClassBlock];
    std::memset(last, ' ', sizeof last);
    std::memcpy(last, part.data() + begin + whole, rest);
    encoder_.find_stretches_(last, 1, first + static_cast<uint32_t>(whole), all_space, found);
  }
  begin += bytes;
  if (begin == part.size() && found.begins > found.ends) {
    found.end[found.ends++] = static_cast<uint32_t>(begin);
  }
  return begin;
}

template <Details kDetails>
void TextEncoder::Run::encode_stretches(std::string_view part) {
  const std::size_t ends = scratch_.stretches.ends;
  for (std::size_t i = 0; i < ends; i += kGroup) {
    encode_group<kDetails>(part, i, std::min(i + kGroup, ends));
  }
}

template <Details kDetails>
void TextEncoder::Run::encode_group(std::string_view part, std::size_t first, std::size_t last) {
  WordCache& cache = scratch_.cache;
  const Stretches& found = scratch_.stretches;
  WordCache::Key keys[kGroup];
  uint32_t sets[kGroup];
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t begin = found.begin[i];
    const WordCache::Key key =
        WordCache::key_of(part.data() + begin, found.end[i] - begin, part.size() - begin);
    const std::size_t set = WordCache::set_of(key);
    cache.prefetch(set);
    keys[i - first] = key;
    sets[i - first] = static_cast<uint32_t>(set);
  }
  TokenBuffer<kGroup, kDetails != Details::kNone, kDetails == Details::kOffsetsAndWords> buffer(
      place_);
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t begin = found.begin[i], size = found.end[i] - begin;
    const WordCache::Entry* entry = cache.find(keys[i - first], sets[i - first]);
    if (entry == nullptr) [[unlikely]] {
      entry = cache.find_beside(keys[i - first], sets[i - first]);
    }
    if (entry != nullptr && entry->shape != WordCache::kElsewhere) [[likely]] {
      buffer.add(*entry, begin, size);
      continue;
    }
    buffer.flush(out_, place_);
    const bool wide = entry != nullptr || size > WordCache::kShortBytes;
    encode_rare<kDetails>(part, begin, size, wide);
    buffer.move_to(place_);
  }
  buffer.flush(out_, place_);
}

// A stretch that has no short entry in the cache; `wide` where it may have another.
template <Details kDetails>
void TextEncoder::Run::encode_rare(std::string_view part, std::size_t begin, std::size_t size,
                                   bool wide) {
  const std::string_view stretch = part.substr(begin, size);
  if (const auto* entry = wide ? scratch_.cache.find_long(stretch) : nullptr) {
    return append<kDetails>(*entry, entry->count, begin, size);
  }
  const StretchTokens& tokens = scratch_.stretch.encode(stretch, begin > 0);
  scratch_.cache.insert(stretch, tokens);
  append<kDetails>(tokens, tokens.ids.size(), begin, size);
}

// `count` tokens of a stretch that begins at byte `begin` of the part.
template <Details kDetails, class Tokens>
void TextEncoder::Run::append(const Tokens& tokens, std::size_t count, std::size_t begin,
                              std::size_t size) {
  out_.ids.insert(out_.ids.end(), tokens.ids.begin(),
                  tokens.ids.begin() + static_cast<std::ptrdiff_t>(count));
  if constexpr (kDetails == Details::kNone) return;
  const auto place = static_cast<int32_t>(place_.shift + static_cast<int64_t>(begin));
  for (std::size_t i = 0; i < count; ++i) {
    out_.offsets.push_back({place + tokens.offsets[i].begin, place + tokens.offsets[i].end});
    if constexpr (kDetails == Details::kOffsetsAndWords) {
      out_.words.push_back(place_.words + tokens.words_of[i]);
    }
  }
  place_.words += tokens.words;
  place_.shift += tokens.code_points - static_cast<int64_t>(size);
}

}  // namespace lathe
