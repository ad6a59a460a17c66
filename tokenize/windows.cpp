#include "tokenize/windows.h"

#include <algorithm>

#include "base/error.h"

namespace lathe {

std::vector<Window> windows(int64_t total, int64_t length, int64_t stride, bool from_right) {
  if (total <= length) return {{0, total}};
  if (length == 0) return {{0, 0}, {0, total}};
  if (stride < 0 || stride >= length) {
    fail("stride ", stride, " leaves nothing of a window of ", length,
         " tokens; it must be from 0 to ", length - 1);
  }
  std::vector<Window> found;
  for (int64_t done = 0;; done += length - stride) {
    const int64_t stop = std::min(done + length, total);
    found.push_back(from_right ? Window{total - stop, total - done} : Window{done, stop});
    if (stop == total) return found;
  }
}

}  // namespace lathe
