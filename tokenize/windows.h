// A text that is cut into stretches of a limited length which overlap.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

struct Window {
  int64_t begin, end;  // tokens [begin, end)
};

// The stretches of `length` tokens, each but the first beginning `stride` tokens before the end of
// the one before it, until all of `total` tokens are covered. From the right end backwards where
// `from_right`. The first is what a truncation keeps; it is the whole text when that is short
// enough, and empty, with the whole text behind it, when `length` is 0.
// Error unless stride < length, where there is more than one.
std::vector<Window> windows(int64_t total, int64_t length, int64_t stride, bool from_right);

}  // namespace lathe
