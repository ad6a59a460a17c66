// A few thousand inputs that are almost right, the same ones on every machine: what fuzzing is to a
// test that must be short and repeatable.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/random.h"

namespace lathe::fuzz {

// `text` with one to four small damages: a byte changed, a piece cut, doubled or moved, a word of
// `words` put in.
inline std::string mutated(std::string text, const std::vector<std::string>& words,
                           Random& random) {
  for (uint64_t damages = 1 + random.below(4); damages > 0; --damages) {
    const std::size_t place = random.below(text.size() + 1);
    const std::size_t length = std::min<std::size_t>(random.below(16), text.size() - place);
    switch (random.below(6)) {
      case 0:
        if (place < text.size()) text[place] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(place, length);
        break;
      case 2:
        text.insert(place, text.substr(place, length));
        break;
      case 3:
        text.insert(random.below(text.size() + 1), text.substr(place, length));
        break;
      case 4:
        text.resize(place);
        break;
      default:
        text.insert(place, words[random.below(words.size())]);
        break;
    }
  }
  return text;
}

// Runs `target` over each seed and `count` inputs made from it.
template <class Target>
void run_mutated(const std::vector<std::string>& seeds, const std::vector<std::string>& words,
                 int count, Target target) {
  Random random(1);
  for (const std::string& seed : seeds) {
    target(seed);
    for (int i = 0; i < count; ++i) target(mutated(seed, words, random));
  }
}

}  // namespace lathe::fuzz
