#include "tokenize/vocabulary.h"

#include <algorithm>
#include <bit>

namespace lathe {

namespace {

// A text's hash is the polynomial  seed p^n + b₁ p^(n-1) + … + bₙ  modulo 2^64. A byte is appended
// by h p + b and, p being odd, taken off again by (h - b) p⁻¹: a longest-match search hashes its
// text once and walks back.
constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;

constexpr uint64_t inverse(uint64_t odd) {
  uint64_t x = odd;                              // right modulo 2^3
  for (int i = 0; i < 5; ++i) x *= 2 - odd * x;  // Newton: each step doubles the right bits
  return x;
}
constexpr uint64_t kInverse = inverse(kMultiplier);
static_assert(kMultiplier * kInverse == 1);

uint64_t byte_of(char c) { return static_cast<unsigned char>(c); }

uint64_t hash_of(uint64_t seed, std::string_view text) {
  uint64_t hash = seed;
  for (const char c : text) hash = hash * kMultiplier + byte_of(c);
  return hash;
}

// The high bits of a product depend on all bits of its factor.
uint64_t mix(uint64_t hash) { return (hash ^ hash >> 32) * 0xD6E8FEB86659FD93; }

// The last bit tells the two kinds of keys apart, so that a slot is never read as the other kind.
uint32_t tag_of(uint64_t mixed, uint64_t kind) {
  return (static_cast<uint32_t>(mixed) & ~1u) | static_cast<uint32_t>(kind);
}

}  // namespace

Vocabulary::Vocabulary(const std::vector<std::string>& tokens, const std::string& continuing_prefix)
    : tokens_(&tokens),
      opening_{.kind = 0, .skip = 0},
      continuing_{.kind = 1, .skip = continuing_prefix.size()} {
  const std::size_t capacity = std::bit_ceil(std::max<std::size_t>(4 * tokens.size(), 2));
  slots_.assign(capacity, {0, -1});
  shift_ = 64 - std::countr_zero(capacity);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string& token = tokens[i];
    const auto id = static_cast<int32_t>(i);
    if (token.empty()) continue;
    opening_.longest = std::max(opening_.longest, token.size());
    insert(opening_, id);
    if (token.size() <= continuing_.skip || !token.starts_with(continuing_prefix)) continue;
    continuing_.longest = std::max(continuing_.longest, token.size() - continuing_.skip);
    insert(continuing_, id);
  }
}

std::string_view Vocabulary::key_of(const Keys& keys, int32_t id) const {
  return std::string_view((*tokens_)[static_cast<std::size_t>(id)]).substr(keys.skip);
}

std::size_t Vocabulary::slot_of(const Keys& keys, std::string_view key, uint64_t hash) const {
  const uint64_t mixed = mix(hash);
  const uint32_t tag = tag_of(mixed, keys.kind);
  std::size_t at = mixed >> shift_;
  while (slots_[at].id >= 0 && (slots_[at].tag != tag || key_of(keys, slots_[at].id) != key)) {
    at = (at + 1) & (slots_.size() - 1);
  }
  return at;
}

void Vocabulary::insert(const Keys& keys, int32_t id) {
  const std::string_view key = key_of(keys, id);
  const uint64_t hash = hash_of(keys.kind, key);
  slots_[slot_of(keys, key, hash)] = {tag_of(mix(hash), keys.kind), id};
}

std::optional<int32_t> Vocabulary::id(std::string_view token) const {
  const int32_t found = slots_[slot_of(opening_, token, hash_of(opening_.kind, token))].id;
  return found < 0 ? std::nullopt : std::optional(found);
}

Vocabulary::Match Vocabulary::longest_prefix(std::string_view text, bool continues_word) const {
  const Keys& keys = continues_word ? continuing_ : opening_;
  text = text.substr(0, keys.longest);
  uint64_t hash = hash_of(keys.kind, text);
  while (!text.empty()) {
    const int32_t id = slots_[slot_of(keys, text, hash)].id;
    if (id >= 0) return {id, text.size()};
    hash = (hash - byte_of(text.back())) * kInverse;
    text.remove_suffix(1);
  }
  return {};
}

}  // namespace lathe
