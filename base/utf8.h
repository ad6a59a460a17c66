// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lathe {

// How many bytes of `text` come before the first sequence that is not valid; text.size() when all
// are.
std::size_t valid_utf8_prefix(std::string_view text);

// `text` with U+FFFD for what is not valid: one for each sequence that breaks off, however many
// bytes of it there are, and one for each other byte. As Python's errors="replace" and Unicode 15
// §3.9
// ("substitution of maximal subparts") have it.
std::string replace_invalid_utf8(std::string_view text);

inline bool is_valid_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

}  // namespace lathe
