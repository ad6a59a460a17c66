// Many inputs into one batch, on several threads.
#pragma once

#include <vector>

#include "tokenize/encoding.h"
#include "tokenize/row_encoder.h"

namespace lathe {

// On `threads` threads (0: as many as OpenMP has), not padded. The result does not depend on their
// number. RowError for the first bad input.
EncodedBatch encode_on_threads(const RowEncoder& encoder, const std::vector<EncodeInput>& inputs,
                               const EncodeOptions& options, int threads);

}  // namespace lathe
