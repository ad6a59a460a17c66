// Encodings of different lengths as rectangles, for whoever needs them so. Lathe's own models take
// packed batches, in which no pad token is ever computed.
//
// A pad token has attention 0, offset {0, 0}, no word, no sequence, and is a special one.
#pragma once

#include <cstdint>

#include "tokenize/encoding.h"

namespace lathe {

// To how many tokens rows are padded of which the longest has so many. Error for a negative length.
int64_t padded_length(int64_t longest, const PadOptions& options);

// Fills `encoding`, which was made with `options`, up to `length` tokens as options.padding says.
void pad(Encoding& encoding, int64_t length, const EncodeOptions& options);

// Every row of `batch`, which was made with `options`, filled up to the same length.
EncodedBatch padded(const EncodedBatch& batch, const EncodeOptions& options);

}  // namespace lathe
