// Encodes the lines of a file again and again, when it is told to: Lathe's side of
// tokenizer_speed.py, which runs its passes between those of the other tokenizers.
//
// Usage: tokenizer_passes DIR FILE [pairs|single] MAX_LENGTH THREADS ids|offsets
// Reads commands from the standard input, a line each:
//   new   loads the tokenizer anew, so that its caches are empty
//   pass  encodes all lines (or pairs: the two columns of a line, tab between them) and prints the
//         nanoseconds that took by the clock and of the processor's time, a checksum of the ids,
//         and their number
#include <time.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "tokenize/tokenizer.h"

namespace {

using lathe::EncodedBatch;
using lathe::EncodeInput;
using lathe::Tokenizer;

std::vector<EncodeInput> read_inputs(std::string_view text, bool pairs) {
  std::vector<EncodeInput> inputs;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t tab = line.find('\t');
    if (!pairs) {
      inputs.push_back({line});
    } else if (tab != std::string_view::npos) {
      inputs.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    begin = end + 1;
  }
  return inputs;
}

uint64_t checksum(const EncodedBatch& batch) {
  uint64_t sum = 0;
  for (const int32_t id : batch.input_ids) sum = sum * 31 + static_cast<uint64_t>(id);
  return sum & 0xFFFFFFFF;
}

// Of all threads of this process.
int64_t processor_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return int64_t{1'000'000'000} * time.tv_sec + time.tv_nsec;
}

void run(const std::string& directory, const lathe::MappedFile& file, bool pairs, int threads,
         const lathe::EncodeOptions& options) {
  const std::vector<EncodeInput> inputs = read_inputs(file.bytes(), pairs);
  std::unique_ptr<Tokenizer> tokenizer;
  for (std::string command; std::getline(std::cin, command);) {
    if (command == "new") {
      tokenizer = std::make_unique<Tokenizer>(Tokenizer::load(directory));
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    const int64_t busy = processor_nanoseconds();
    const EncodedBatch batch = tokenizer->encode_batch(inputs, options, threads);
    const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - start;
    std::printf("%lld %lld %llu %zu\n", static_cast<long long>(taken.count()),
                static_cast<long long>(processor_nanoseconds() - busy),
                static_cast<unsigned long long>(checksum(batch)), batch.input_ids.size());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    std::fprintf(stderr,
                 "usage: tokenizer_passes DIR FILE pairs|single MAX_LENGTH THREADS "
                 "ids|offsets\n");
    return 1;
  }
  try {
    const lathe::EncodeOptions options{.max_length = std::stoll(arguments[4]),
                                       .return_offsets = std::string(arguments[6]) == "offsets"};
    run(arguments[1], lathe::MappedFile(arguments[2]), std::string(arguments[3]) == "pairs",
        std::stoi(arguments[5]), options);
  } catch (const lathe::Error& error) {
    std::fprintf(stderr, "tokenizer_passes: %s\n", error.what());
    return 1;
  }
  return 0;
}
