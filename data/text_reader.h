// Plain text: an example a line.
#pragma once

#include "data/column.h"
#include "data/source_text.h"

namespace lathe {

enum class SampleBy { kLine, kParagraph, kDocument };

// Column "text": the lines without their \n or \r\n, empty ones included. A last line without an
// end is a line.
// Read in pieces of at least `piece_bytes`, on all threads.
Column read_lines(const SourceText& source, int64_t piece_bytes = 1 << 20);

// The same with one row a paragraph, its lines joined by \n: paragraphs are separated by lines with
// nothing on them.
Column read_paragraphs(const SourceText& source);

// The same with the whole text, as it is, in one row.
Column read_document(const SourceText& source);

}  // namespace lathe
