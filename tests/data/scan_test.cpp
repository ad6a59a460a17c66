#include "data/scan.h"

#include <gtest/gtest.h>

#include <string>

#include "tensor/random.h"

namespace lathe {
namespace {

bool is_marked(char c, MarkedBytes set) {
  return c == set.first || c == set.second || static_cast<unsigned char>(c) < set.below;
}

TEST(Scan, EveryInstructionSetFindsEveryByte) {
  Random random(3);
  for (const MarkedBytes set : {MarkedBytes{',', '\n'},
                                {'"', '"'},
                                {'"', '\\', 0x20},
                                {'\xFF', '\x80', 1},
                                {'a', 'a', 255}}) {
    for (const NamedMarkBytes& named : available_mark_bytes()) {
      for (const std::size_t size : {0, 1, 63, 64, 65, 500, 2048, 2049, 5000}) {
        for (const uint64_t values : {4, 256}) {
          std::string text(size, 'x');
          for (char& c : text) {
            if (random.below(8) == 0) c = static_cast<char>(random.below(values) + 256 - values);
            if (random.below(40) == 0) c = set.first;
          }
          ByteFinder finder(text, set, named.mark);
          const char* expected = text.data();
          const char* const end = text.data() + size;
          for (const char* at = text.data(); at != end; ++at) {
            while (expected < at || (expected != end && !is_marked(*expected, set))) ++expected;
            ASSERT_EQ(finder.next(at) - text.data(), expected - text.data()) << named.name;
          }
          EXPECT_EQ(finder.next(end), end);
        }
      }
    }
  }
}

TEST(Scan, FinderMayGoBack) {
  std::string text(5000, 'x');
  text[10] = text[4999] = ',';
  ByteFinder finder(text, {',', ','});
  EXPECT_EQ(finder.next(text.data() + 11) - text.data(), 4999);
  EXPECT_EQ(finder.next(text.data() + 3) - text.data(), 10);
}

TEST(Scan, CountsBytes) {
  for (const std::size_t size : {0, 5, 64, 10000}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 3) text[i] = '"';
    EXPECT_EQ(count_bytes(text, '"'), static_cast<int64_t>((size + 2) / 3));
  }
}

}  // namespace
}  // namespace lathe
