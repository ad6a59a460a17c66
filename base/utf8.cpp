#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace lathe {

namespace {

constexpr std::size_t kBlock = 32;
constexpr uint64_t kHighBits = 0x8080808080808080;

// The first position at or after `position` that may hold a byte above 0x7F: whole blocks of ASCII
// are passed over.
std::size_t skip_ascii(std::string_view text, std::size_t position) {
  while (text.size() - position >= kBlock) {
    uint64_t words[kBlock / 8];
    std::memcpy(words, text.data() + position, kBlock);
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
    position += kBlock;
  }
  return position;
}

// Bytes in the sequence that begins `text`, which is not empty; 0 when it is not valid.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation byte, or the overlong form of an ASCII character
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;   // overlong
    if (lead == 0xED && byte(1) >= 0xA0) return 0;  // a surrogate
    return 3;
  }
  if (lead > 0xF4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;   // overlong
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;  // above U+10FFFF
  return 4;
}

// Bytes of `text`, which begins with no valid sequence, that are the beginning of one; 1 if none.
std::size_t broken_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned lead = byte(0);
  if (lead < 0xE0 || lead > 0xF4) return 1;
  const unsigned first = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned last = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < first || byte(1) > last) return 1;
  return lead >= 0xF0 && (byte(2) & 0xC0) == 0x80 ? 3 : 2;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t position = skip_ascii(text, 0);
  while (position < text.size()) {
    const std::size_t length = sequence_length(text.substr(position));
    if (length == 0) return position;
    position += length;
    // A block of ASCII can only begin where a sequence ended; looking after each multi-byte one is
    // enough.
    if (length > 1) position = skip_ascii(text, position);
  }
  return position;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string result;
  while (true) {
    const std::size_t valid = valid_utf8_prefix(text);
    result.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) return result;
    result.append("\xEF\xBF\xBD");
    text.remove_prefix(broken_length(text));
  }
}

}  // namespace lathe
