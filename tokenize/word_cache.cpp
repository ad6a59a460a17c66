#include "tokenize/word_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace lathe {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

uint64_t hash_of(std::string_view word) {
  uint64_t hash = word.size();
  while (!word.empty()) {
    uint64_t part = 0;
    const std::size_t size = std::min<std::size_t>(word.size(), sizeof part);
    std::memcpy(&part, word.data(), size);
    hash = (hash ^ part) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
    word.remove_prefix(size);
  }
  return hash * 0xBF58476D1CE4E5B9;
}

// kElsewhere where there is no shape for it.
WordCache::Shape shape_of(const StretchTokens& tokens) {
  const std::size_t count = tokens.ids.size();
  if (count > WordCache::kShortTokens) return WordCache::kElsewhere;
  bool one = true, each = true;  // are they of one word, or each of its own
  auto shape =
      static_cast<WordCache::Shape>(count | static_cast<uint32_t>(tokens.code_points) << 3);
  for (std::size_t i = 0; i < count; ++i) {
    shape |= static_cast<uint32_t>(tokens.offsets[i].begin) << (7 + 8 * i);
    shape |= static_cast<uint32_t>(tokens.offsets[i].end) << (11 + 8 * i);
    one = one && tokens.words_of[i] == 0;
    each = each && tokens.words_of[i] == static_cast<int32_t>(i);
  }
  const auto words = static_cast<std::size_t>(tokens.words);
  if (count == 0) return words == 0 ? shape : WordCache::kElsewhere;
  if (one && words == 1) return shape;
  return each && words == count ? shape | 1u << 31 : WordCache::kElsewhere;
}

}  // namespace

WordCache::WordCache() {
  constexpr std::size_t kShort = std::size_t{1} << kShortBits, kLong = std::size_t{1} << kLongBits;
  constexpr std::size_t kBytes = kShort * sizeof(Entry) + kLong * sizeof(LongEntry);
  memory_ = map_zeroed(kBytes);
  entries_ = reinterpret_cast<Entry*>(memory_.aligned);
  long_ = reinterpret_cast<LongEntry*>(entries_ + kShort);
}

WordCache::~WordCache() { munmap(memory_.begin, memory_.size); }

// Words are all over the tables: with small pages, each would have to be faulted in and looked up
// by itself. Where the system grants no large ones, it is only slower.
WordCache::Memory WordCache::map_zeroed(std::size_t bytes) {
  const std::size_t pages = (bytes + kHugePage - 1) / kHugePage * kHugePage;
  const std::size_t size = pages + kHugePage;  // room to begin where a page does
  void* const begin =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (begin == MAP_FAILED) throw std::bad_alloc();
  const std::size_t past = reinterpret_cast<uintptr_t>(begin) % kHugePage;
  char* const aligned = static_cast<char*>(begin) + (kHugePage - past) % kHugePage;
  madvise(aligned, pages, MADV_HUGEPAGE);
  return {begin, aligned, size};
}

std::size_t WordCache::long_index(std::string_view word) {
  return hash_of(word) >> (64 - kLongBits);
}

const WordCache::LongEntry* WordCache::find_long(std::string_view word) const {
  if (word.size() > kLongBytes) return nullptr;
  const LongEntry& entry = long_[long_index(word)];
  const bool is =
      entry.size == word.size() && std::memcmp(entry.text.data(), word.data(), word.size()) == 0;
  return is ? &entry : nullptr;
}

// A free one of the set or of the one beside it; else the one of the set that has been there
// longer.
WordCache::Entry& WordCache::place_for(std::size_t set) {
  for (const std::size_t at : {set, set + 1, set ^ 2, (set ^ 2) + 1}) {
    if (is_free(entries_[at])) return entries_[at];
  }
  entries_[set + 1] = entries_[set];
  return entries_[set];
}

void WordCache::insert(std::string_view word, const StretchTokens& tokens) {
  if (tokens.reaches_back) return;
  const std::size_t count = tokens.ids.size();
  if (word.size() > kLongBytes || count > kLongTokens) return;
  if (word.size() <= kShortBytes) {
    const Key key = key_of(word.data(), word.size(), word.size());
    const std::size_t set = set_of(key);
    const Shape shape = shape_of(tokens);
    if (shape != kElsewhere) {
      Entry& entry = place_for(set);
      entry = {key, {}, shape};
      std::copy(tokens.ids.begin(), tokens.ids.end(), entry.ids.begin());
      return;
    }
    // It may be there already, and have lost its wider entry to another word.
    if (find(key, set) == nullptr && find_beside(key, set) == nullptr) {
      place_for(set) = {key, {}, shape};
    }
  }
  LongEntry& entry = long_[long_index(word)];
  entry.size = static_cast<uint8_t>(word.size());
  entry.count = static_cast<uint8_t>(count);
  std::copy(word.begin(), word.end(), entry.text.begin());
  for (std::size_t i = 0; i < count; ++i) {
    entry.ids[i] = tokens.ids[i];
    entry.offsets[i] = {static_cast<uint8_t>(tokens.offsets[i].begin),
                        static_cast<uint8_t>(tokens.offsets[i].end)};
    entry.words_of[i] = static_cast<uint8_t>(tokens.words_of[i]);
  }
  entry.words = static_cast<uint8_t>(tokens.words);
  entry.code_points = static_cast<uint8_t>(tokens.code_points);
}

}  // namespace lathe
