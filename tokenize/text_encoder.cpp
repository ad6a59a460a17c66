#include "tokenize/text_encoder.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/stretch_encoder.h"
#include "tokenize/utf8.h"
#include "tokenize/word_cache.h"

namespace lathe {

namespace {

using Details = TextEncoder::Details;

constexpr std::size_t kGroup =
    32;  // stretches whose cache entries are asked for before any is used

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
  const std::lock_guard lock(encoder_.mutex_);
  encoder_.idle_.push_back(std::move(scratch_));
}

// The state of one call.
class TextEncoder::Run {
 public:
  Run(const TextEncoder& encoder, std::size_t limit, Scratch& scratch, TextTokens& out)
      : encoder_(encoder),
        scratch_(scratch),
        out_(out),
        limit_(limit),
        first_(out.ids.size()),
        used_(first_) {}

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
  template <Details kDetails>
  void make_room(std::size_t tokens);
  template <Details kDetails>
  void add_details(WordCache::Shape shape, std::size_t begin, std::size_t size);
  template <Details kDetails>
  void add_details(const WordCache::LongEntry& entry, std::size_t begin, std::size_t size);

  const TextEncoder& encoder_;
  Scratch& scratch_;
  TextTokens& out_;  // longer than what is used of it, while this runs
  std::size_t limit_, first_, used_;
  int64_t shift_ = 0;  // what to add to a byte's place in the part for its place in code points
  int32_t words_ = 0;
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
  out_.ids.resize(used_);
  if constexpr (kDetails != Details::kNone) {
    out_.offsets.resize(used_);
    if constexpr (kDetails == Details::kOffsetsAndWords) out_.words.resize(used_);
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
      make_room<kDetails>(1);
      const int32_t points = kDetails != Details::kNone ? count_code_points(stretch) : 0;
      add_added<kDetails>(part.id, points);
    }
  }
}

// While no part is being encoded, shift_ is the number of code points before the next one.
template <Details kDetails>
void TextEncoder::Run::add_added(int32_t id, int32_t code_points) {
  out_.ids[used_] = id;
  if constexpr (kDetails != Details::kNone) {
    const auto place = static_cast<int32_t>(shift_);
    out_.offsets[used_] = {place, place + code_points};
    if constexpr (kDetails == Details::kOffsetsAndWords) out_.words[used_] = words_++;
    shift_ += code_points;
  }
  ++used_;
}

template <Details kDetails>
void TextEncoder::Run::encode_part(std::string_view part) {
  Stretches& found = scratch_.stretches;
  found.start();
  std::size_t begin = 0;
  while (begin < part.size() && used_ - first_ < limit_) {
    begin = next_window(part, begin);
    if (!checked_ && found.beyond_ascii != 0) {
      check_utf8(part);  // which is the whole text
      checked_ = true;
    }
    encode_stretches<kDetails>(part);
  }
  if (!checked_ && begin < part.size()) check_utf8(part);
  if constexpr (kDetails != Details::kNone) shift_ += static_cast<int64_t>(part.size());
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
void TextEncoder::Run::make_room(std::size_t tokens) {
  if (out_.ids.size() >= used_ + tokens) return;
  const std::size_t size = used_ + tokens;
  out_.ids.resize(size);
  if constexpr (kDetails != Details::kNone) {
    out_.offsets.resize(size);
    if constexpr (kDetails == Details::kOffsetsAndWords) out_.words.resize(size);
  }
}

// The offsets and words of a stretch that begins at byte `begin` of the part, from its shape. All
// that a shape has room for are written.
template <Details kDetails>
inline void TextEncoder::Run::add_details(WordCache::Shape shape, std::size_t begin,
                                          std::size_t size) {
  const auto place = static_cast<int32_t>(shift_ + static_cast<int64_t>(begin));
  TokenOffset* const offsets = out_.offsets.data() + used_;
  for (std::size_t i = 0; i < WordCache::kShortTokens; ++i) {
    offsets[i] = {place + WordCache::begin(shape, i), place + WordCache::end(shape, i)};
  }
  shift_ += WordCache::code_points(shape) - static_cast<int64_t>(size);
  if constexpr (kDetails == Details::kOffsetsAndWords) {
    int32_t* const words = out_.words.data() + used_;
    for (std::size_t i = 0; i < WordCache::kShortTokens; ++i) {
      words[i] = words_ + WordCache::word(shape, i);
    }
    words_ += WordCache::words(shape);
  }
}

template <Details kDetails>
void TextEncoder::Run::add_details(const WordCache::LongEntry& entry, std::size_t begin,
                                   std::size_t size) {
  const auto place = static_cast<int32_t>(shift_ + static_cast<int64_t>(begin));
  for (std::size_t i = 0; i < entry.count; ++i) {
    out_.offsets[used_ + i] = {place + entry.begin[i], place + entry.end[i]};
    if constexpr (kDetails == Details::kOffsetsAndWords) {
      out_.words[used_ + i] = words_ + entry.word[i];
    }
  }
  shift_ += entry.code_points - static_cast<int64_t>(size);
  words_ += entry.words;
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
  using Entry = WordCache::Entry;
  // An entry's ids are copied together with its shape, whatever their number.
  constexpr std::size_t kStep = WordCache::kShortTokens,
                        kCopied = sizeof(Entry) - sizeof(Entry::key);
  constexpr std::size_t kSpareIds = kCopied / sizeof(int32_t);
  WordCache& cache = scratch_.cache;
  const Stretches& found = scratch_.stretches;
  WordCache::Key keys[kGroup];
  uint32_t sets[kGroup];
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t begin = found.begin[i];
    const std::size_t size = std::min<std::size_t>(found.end[i] - begin, WordCache::kShortBytes);
    keys[i - first] = WordCache::key_of(part.data() + begin, size, part.size() - begin);
    sets[i - first] = static_cast<uint32_t>(WordCache::set_of(keys[i - first]));
    cache.prefetch(sets[i - first]);
  }
  make_room<kDetails>(kStep * (last - first) + kSpareIds);
  int32_t* id = out_.ids.data() + used_;  // where the next one goes
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t begin = found.begin[i], size = found.end[i] - begin;
    const Entry* entry = cache.find(keys[i - first], sets[i - first]);
    const bool is_short = size <= WordCache::kShortBytes;
    if (entry == nullptr && is_short) [[unlikely]] {
      entry = cache.find_beside(keys[i - first], sets[i - first]);
    }
    if (entry != nullptr && is_short && entry->shape != WordCache::kElsewhere) [[likely]] {
      std::memcpy(id, reinterpret_cast<const char*>(entry) + sizeof entry->key, kCopied);
      const std::size_t count = WordCache::count(entry->shape);
      id += count;
      if constexpr (kDetails != Details::kNone) {
        add_details<kDetails>(entry->shape, begin, size);
        used_ += count;
      }
      continue;
    }
    used_ = static_cast<std::size_t>(id - out_.ids.data());
    encode_rare<kDetails>(part, begin, size, entry != nullptr || !is_short);
    make_room<kDetails>(kStep * (last - i) + kSpareIds);
    id = out_.ids.data() + used_;
  }
  used_ = static_cast<std::size_t>(id - out_.ids.data());
}

// A stretch that has no short entry in the cache; `wide` where it may have another.
template <Details kDetails>
void TextEncoder::Run::encode_rare(std::string_view part, std::size_t begin, std::size_t size,
                                   bool wide) {
  const std::string_view stretch = part.substr(begin, size);
  const auto place = static_cast<int32_t>(shift_ + static_cast<int64_t>(begin));
  if (const auto* entry = wide ? scratch_.cache.find_long(stretch) : nullptr) {
    make_room<kDetails>(entry->count);
    std::copy_n(entry->ids.begin(), entry->count,
                out_.ids.begin() + static_cast<std::ptrdiff_t>(used_));
    if constexpr (kDetails != Details::kNone) {
      add_details<kDetails>(*entry, begin, size);
    }
    used_ += entry->count;
    return;
  }
  const StretchTokens& tokens = scratch_.stretch.encode(stretch, begin > 0);
  scratch_.cache.insert(stretch, tokens);
  make_room<kDetails>(tokens.ids.size());
  std::copy(tokens.ids.begin(), tokens.ids.end(),
            out_.ids.begin() + static_cast<std::ptrdiff_t>(used_));
  if constexpr (kDetails != Details::kNone) {
    for (std::size_t i = 0; i < tokens.ids.size(); ++i) {
      const TokenOffset& found = tokens.offsets[i];
      out_.offsets[used_ + i] = {place + found.begin, place + found.end};
      if constexpr (kDetails == Details::kOffsetsAndWords) {
        out_.words[used_ + i] = words_ + tokens.words_of[i];
      }
    }
    words_ += tokens.words;
    shift_ += tokens.code_points - static_cast<int64_t>(size);
  }
  used_ += tokens.ids.size();
}

}  // namespace lathe
