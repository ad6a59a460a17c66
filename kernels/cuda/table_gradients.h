// The gradients of tables whose rows tokens looked up: each row's is the sum over its tokens. An
// atomic addition would make that sum depend on chance; so tokens are sorted by row, and no two
// warps ever write the same element.
#pragma once

#include "kernels/cuda/numbers.h"

namespace lathe::LATHE_CUDA {

struct TableGradient {
  const int32_t* ids;  // [tokens], below rows
  int64_t rows;
  float* gradient;   // [rows, hidden] +=
  uint8_t* touched;  // [rows], set to 1 for each id; may be null
};

// A token and the row that it looked up.
struct IdToken {
  int32_t id, token;
};

constexpr int kTables = 3;

struct Tables {
  TableGradient table[kTables];
  ConstNumbers dsum;  // [tokens, hidden]
  int32_t* found;     // [kTables][tokens]: scratch of sort_tokens
  IdToken* sorted;    // [kTables][tokens]: by id, equal ids in their own order
  // [kTables][chunks][2][hidden]: of each chunk of the sorted tokens, the sum of its first tokens
  // where their run began in an earlier chunk, and of its last tokens where their run goes on.
  float* partial;
  int tokens, hidden;
};

// Fills tables.sorted.
void sort_tokens(const Tables& tables, Stream stream, const char* op);

// Adds what the tokens of dsum give to the three tables. found, sorted and partial are its own.
void add_to_tables(Tables tables, Stream stream, const char* op);

}  // namespace lathe::LATHE_CUDA
