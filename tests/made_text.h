// Text that is made, not read: for what counts and measures work on text, and may fetch nothing.
// The same on every machine for the same seed. Words are as frequent as Zipf's law says, and the
// vocabulary has most of them whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/random.h"

namespace lathe::testing {

class MadeText {
 public:
  explicit MadeText(uint64_t seed);

  // So many words, some in capitals, some before a comma, with a full stop behind the last.
  std::string sentence(int64_t words);
  // The lines of a vocab.txt, 30522 as BERT's has.
  static std::string vocabulary();

 private:
  const std::string& draw();

  Random random_;
};

// Rows with a value of every kind that the formats write differently.
struct MadeRows {
  std::vector<std::string> first, second;  // sentences of 10 to 30 words
  std::vector<int64_t> labels;             // 0 or 1
  std::vector<double> scores;              // quarters

  int64_t size() const { return static_cast<int64_t>(first.size()); }
};

// With `quotes` every eighth second sentence has a word in quotes and a newline in it, which TSV
// has no way to write.
MadeRows made_rows(int64_t count, uint64_t seed, bool quotes);

// With the columns sentence1, sentence2, label and score.
std::string as_csv(const MadeRows& rows);
std::string as_tsv(const MadeRows& rows);
std::string as_json_lines(const MadeRows& rows);

}  // namespace lathe::testing
