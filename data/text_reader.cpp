#include "data/text_reader.h"

#include "base/error.h"
#include "data/column_builder.h"
#include "data/parallel.h"
#include "data/scan.h"

namespace lathe {

namespace {

Column lines_of(std::string_view text) {
  TextBuilder lines;
  ByteFinder newlines(text, {'\n', '\n'});
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* stop = newlines.next(at);
    const char* line_end = stop != at && stop[-1] == '\r' ? stop - 1 : stop;
    lines.append({at, static_cast<std::size_t>(line_end - at)});
    at = stop == end ? end : stop + 1;
  }
  return lines.finish("text");
}

}  // namespace

Column read_lines(const SourceText& source, int64_t piece_bytes) {
  const std::vector<std::string_view> texts = source.lines(piece_bytes);
  return Column::chained(made_in_parallel(
      std::ssize(texts), [&](int64_t i) { return lines_of(texts[static_cast<std::size_t>(i)]); }));
}

Column read_paragraphs(const SourceText& source) {
  const Column lines = read_lines(source);
  TextBuilder paragraphs;
  bool open = false;
  for (int64_t row = 0; row < lines.size(); ++row) {
    const std::string_view line = lines.text(row);
    if (line.empty()) {
      if (open) paragraphs.end_value();
    } else {
      if (open) paragraphs.append_piece("\n");
      paragraphs.append_piece(line);
    }
    open = !line.empty();
  }
  if (open) paragraphs.end_value();
  if (paragraphs.size() == 0) fail(source.path(), ": has no paragraph");
  return paragraphs.finish("text");
}

Column read_document(const SourceText& source) {
  TextBuilder document;
  document.append(source.text());
  return document.finish("text");
}

}  // namespace lathe
