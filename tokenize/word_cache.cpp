#include "tokenize/word_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

namespace lathe {

static_assert(std::endian::native == std::endian::little, "the masks are for this byte order");

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

// Into an entry's arrays, which are long enough; the places too, which may be elsewhere.
template <class Entry, class Places>
void copy(const StretchTokens& tokens, Entry& entry, Places& places) {
  for (std::size_t i = 0; i < tokens.ids.size(); ++i) {
    entry.ids[i] = tokens.ids[i];
    places.begin[i] = static_cast<uint8_t>(tokens.offsets[i].begin);
    places.end[i] = static_cast<uint8_t>(tokens.offsets[i].end);
    places.word[i] = static_cast<uint8_t>(tokens.words_of[i]);
  }
  places.words = static_cast<uint8_t>(tokens.words);
  places.code_points = static_cast<uint8_t>(tokens.code_points);
}

}  // namespace

WordCache::WordCache() {
  constexpr std::size_t kShort = std::size_t{1} << kShortBits, kLong = std::size_t{1} << kLongBits;
  constexpr std::size_t kBytes =
      kShort * (sizeof(Entry) + sizeof(Places)) + kLong * sizeof(LongEntry);
  memory_ = map_zeroed(kBytes);
  entries_ = reinterpret_cast<Entry*>(memory_.aligned);
  long_ = reinterpret_cast<LongEntry*>(entries_ + kShort);
  places_ = reinterpret_cast<Places*>(long_ + kLong);
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

void WordCache::insert(std::string_view word, const StretchTokens& tokens) {
  if (tokens.reaches_back) return;
  const std::size_t count = tokens.ids.size();
  if (word.size() > kLongBytes || count > kLongTokens) return;
  const bool is_short = count <= kShortTokens;
  if (word.size() <= kShortBytes) {
    const Key key = key_of(word.data(), word.size(), word.size());
    const std::size_t first = set_of(key);
    const std::size_t at = first + (entries_[first].key.high != 0 ? 1 : 0);
    entries_[at] = {key, {}, is_short ? static_cast<uint32_t>(count) : kElsewhere};
    if (is_short) return copy(tokens, entries_[at], places_[at]);
  }
  LongEntry& entry = long_[long_index(word)];
  entry.size = static_cast<uint8_t>(word.size());
  entry.count = static_cast<uint8_t>(count);
  std::copy(word.begin(), word.end(), entry.text.begin());
  copy(tokens, entry, entry);
}

}  // namespace lathe
