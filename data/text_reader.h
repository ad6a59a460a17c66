// Plain text: an example a line.
#pragma once

#include "data/column.h"
#include "data/source_text.h"

namespace lathe {

// Column "text": the lines without their \n or \r\n, empty ones included. A last line without an
// end is a line.
// Read in pieces of at least `piece_bytes`, on all threads.
Column read_lines(const SourceText& source, int64_t piece_bytes = 1 << 20);

}  // namespace lathe
