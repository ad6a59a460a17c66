// Walking over all parameters in pieces of a fixed size, dealt out to the threads in turn.
#pragma once

#include "kernels/cpu/vector.h"
#include "kernels/kernels.h"

namespace lathe::cpu::LATHE_ISA {

// Elements in a chunk: large enough that dealing it out costs nothing, small enough that the last
// ones even out.
constexpr int64_t kChunk = 16384;

// A chunk of a slice with rows holds whole rows.
static inline int64_t chunk_size(const ParameterSlice& slice) {
  if (slice.active_rows == nullptr || slice.row_size >= kChunk) {
    return slice.active_rows == nullptr ? kChunk : slice.row_size;
  }
  return kChunk / slice.row_size * slice.row_size;
}

static inline int64_t chunk_count(const ParameterSlice& slice) {
  return (slice.count + chunk_size(slice) - 1) / chunk_size(slice);
}

static inline int64_t chunk_count(const ParameterSlice* slices, int64_t slice_count) {
  int64_t chunks = 0;
  for (int64_t s = 0; s < slice_count; ++s) chunks += chunk_count(slices[s]);
  return chunks;
}

// Calls run(first, count) for every run of active rows in elements first … last - 1 of the slice;
// once for all of them when the slice has no such marks.
template <class Run>
static inline void for_each_active_run(const ParameterSlice& slice, int64_t first, int64_t last,
                                       const Run& run) {
  if (slice.active_rows == nullptr) return run(first, last - first);
  int64_t start = first;
  for (int64_t at = first; at < last; at += slice.row_size) {
    if (slice.active_rows[at / slice.row_size] != 0) continue;
    if (at > start) run(start, at - start);
    start = at + slice.row_size;
  }
  if (last > start) run(start, last - start);
}

// Calls chunk(number, slice, first, last) for every `threads`th chunk of all slices, from number
// `thread` on.
template <class Chunk>
static inline void for_each_chunk(const ParameterSlice* slices, int64_t slice_count, int64_t thread,
                                  int64_t threads, const Chunk& chunk) {
  int64_t slice_first = 0, number = thread;
  for (int64_t s = 0; s < slice_count; ++s) {
    const ParameterSlice& slice = slices[s];
    const int64_t size = chunk_size(slice), slice_end = slice_first + chunk_count(slice);
    for (; number < slice_end; number += threads) {
      const int64_t first = (number - slice_first) * size;
      chunk(number, slice, first, minimum(first + size, slice.count));
    }
    slice_first = slice_end;
  }
}

}  // namespace lathe::cpu::LATHE_ISA
