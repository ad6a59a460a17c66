// What somebody might send to do harm: texts of 100 MB without an end of a line, of marks alone, of
// words that no cache has met. The time must be that of their length, and the memory that of the
// encoding. Prints a table and exits with 1 where one of the limits is broken.
//
// Usage: tokenizer_hostile DIR
#include <malloc.h>
#include <time.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "base/error.h"
#include "tokenize/tokenizer.h"

namespace {

using lathe::EncodeInput;
using lathe::Tokenizer;

constexpr std::size_t kBytes = 100'000'000, kWords = 10'000'000;
constexpr std::size_t kTimes = 10;  // by which the long text is longer than the short one
// Of the time a byte of the long text takes to the short one's, which a busy machine disturbs.
constexpr double kMostSlower = 2;
// Beside the text: what a thread keeps from one call to the next (its cache, the table of
// characters); a stretch without a space, normalized as a whole; for each of its tokens 4 bytes of
// id, 8 of offset, 4 of word; and 5 bytes of each token in the columns. What grows may be twice as
// large as it need be.
constexpr double kKeptMegabytes = 24, kBytesOfToken = 24;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Of /proc/self/status, in MB: VmRSS what is resident, VmHWM the most since forget_peak().
double memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1e3;
  }
  lathe::fail("/proc/self/status has no ", key);
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

struct Cost {
  double seconds, megabytes, kept;  // kept: when the encoding is gone
  std::size_t tokens;
};

Cost cost_of(const std::string& directory, const std::string& text) {
  const Tokenizer tokenizer = Tokenizer::load(directory);
  malloc_trim(0);
  forget_peak();
  const double before = memory("VmRSS"), start = processor_seconds();
  const std::size_t tokens = tokenizer.encode_batch({EncodeInput{text}}, {}, 1).input_ids.size();
  const double seconds = processor_seconds() - start, peak = memory("VmHWM");
  malloc_trim(0);
  return {seconds, peak - before, memory("VmRSS") - before, tokens};
}

// Whether the limits hold for the text that make(n) gives.
template <class Make>
bool check(const std::string& directory, const char* name, std::size_t size, const Make& make) {
  const std::string text = make(size), part = make(size / kTimes);
  const Cost shorter = cost_of(directory, part), longer = cost_of(directory, text);
  const double ratio = longer.seconds / static_cast<double>(text.size()) /
                       (shorter.seconds / static_cast<double>(part.size()));
  const double most = kKeptMegabytes + static_cast<double>(text.size()) / 1e6 +
                      kBytesOfToken * static_cast<double>(longer.tokens) / 1e6;
  std::printf("%-30s %6.1f MB %9zu tokens %6.2f s %5.2f x a byte %6.0f MB, kept %.0f\n", name,
              static_cast<double>(text.size()) / 1e6, longer.tokens, longer.seconds, ratio,
              longer.megabytes, longer.kept);
  std::fflush(stdout);
  return ratio <= kMostSlower && longer.megabytes <= most && longer.kept <= kKeptMegabytes;
}

std::string repeated(const std::string& part, std::size_t size) {
  std::string text;
  text.reserve(size + part.size());
  while (text.size() < size) text += part;
  return text;
}

// Words of letters alone that are all different.
std::string distinct_words(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t rest = i + 1; rest > 0; rest /= 26) {
      text += static_cast<char>('a' + rest % 26);
    }
    text += ' ';
  }
  return text;
}

bool check_invalid(const std::string& directory) {
  const Tokenizer tokenizer = Tokenizer::load(directory);
  std::string text = repeated("fox ", kBytes);
  text[kBytes / 2] = '\xFF';
  const std::string place = "not valid UTF-8 at byte " + std::to_string(kBytes / 2);
  bool refused = false;
  try {
    tokenizer.encode(text, {});
  } catch (const lathe::Error& error) {
    refused = error.what() == place;
  }
  const bool replaced =
      tokenizer.encode(text, {.replace_invalid = true}).input_ids.size() >= kBytes / 4;
  std::printf("%-30s %s, %s\n", "one byte that is not UTF-8",
              refused ? "refused with its place" : "NOT REFUSED WITH ITS PLACE",
              replaced ? "replaced when asked" : "NOT REPLACED");
  return refused && replaced;
}

bool check_all(const std::string& directory) {
  const auto repeat = [](const char* part) {
    return [part](std::size_t size) { return repeated(part, size); };
  };
  bool good = true;
  good &= check(directory, "a line without a space", kBytes, repeat("x"));
  good &= check(directory, "a line of words", kBytes, repeat("The unaffable fox's 12,500 dogs; "));
  good &= check(directory, "combining marks alone", kBytes, repeat("\u0301"));
  good &= check(directory, "marks that change places", kBytes, repeat("\u0345\u0301\u0323"));
  good &= check(directory, "punctuation alone", kBytes, repeat("#"));
  good &= check(directory, "brackets, as of added tokens", kBytes, repeat("[CLS"));
  good &= check(directory, "ideographs", kBytes, repeat("\u4e00\u9fff"));
  good &= check(directory, "10 million distinct words", kWords, distinct_words);
  good &= check_invalid(directory);
  return good;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: tokenizer_hostile DIR\n");
    return 1;
  }
  try {
    if (check_all(arguments[1])) return 0;
    std::fprintf(stderr, "tokenizer_hostile: a limit is broken\n");
  } catch (const lathe::Error& error) {
    std::fprintf(stderr, "tokenizer_hostile: %s\n", error.what());
  }
  return 1;
}
