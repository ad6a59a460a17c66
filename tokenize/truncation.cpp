#include "tokenize/truncation.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace lathe {

namespace {

// The longer text gives up tokens until it is as long as the shorter; then both share the room,
// and the odd token goes to the longer one, or to the second where they were equally long.
TextLengths longest_first(const TextLengths& lengths, int64_t room) {
  int64_t shorter = lengths.first, longer = lengths.second;
  const bool swapped = shorter > longer;
  if (swapped) std::swap(shorter, longer);
  longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return swapped ? TextLengths{longer, shorter} : TextLengths{shorter, longer};
}

}  // namespace

TextLengths truncated(const TextLengths& lengths, bool pair, int64_t room, Truncation truncation) {
  const int64_t excess = lengths.first + lengths.second - room;
  if (excess <= 0) return lengths;
  if (room == 0) return {};
  if (truncation == Truncation::kLongestFirst) {
    return pair ? longest_first(lengths, room) : TextLengths{room, 0};
  }
  if (truncation == Truncation::kOnlySecond && !pair) {
    fail("truncation only_second of a single text: the text has ", lengths.first,
         " tokens, room is ", room);
  }
  TextLengths kept = lengths;
  int64_t& target = truncation == Truncation::kOnlyFirst ? kept.first : kept.second;
  if (target <= excess) {
    fail("truncation ", truncation_name(truncation), " cannot give up ", excess, " of ", target,
         " tokens; a larger max_length or longest_first would do");
  }
  target -= excess;
  return kept;
}

const char* truncation_name(Truncation truncation) {
  if (truncation == Truncation::kLongestFirst) return "longest_first";
  return truncation == Truncation::kOnlyFirst ? "only_first" : "only_second";
}

}  // namespace lathe
