// How many tokens each text of an encoding keeps. The rules are those of tokenizers'
// truncate_encodings, which differ from the original BERT's on ties and odd budgets.
#pragma once

#include <cstdint>

#include "tokenize/encoding.h"

namespace lathe {

struct TextLengths {
  int64_t first = 0;
  int64_t second = 0;  // 0 where there is no second text
};

// The lengths that `lengths` (tokens, without special ones) are cut to so that both together have
// at most `room`. Error where `truncation` names a text that cannot give up so many: it must keep
// at least one token, unless room is 0, which empties both.
TextLengths truncated(const TextLengths& lengths, bool pair, int64_t room, Truncation truncation);

const char* truncation_name(Truncation truncation);  // "longest_first", …

}  // namespace lathe
