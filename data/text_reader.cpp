#include "data/text_reader.h"

#include "data/column_builder.h"

namespace lathe {

Column read_lines(const SourceText& source) {
  TextBuilder lines;
  std::string_view rest = source.text();
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.append(line);
  }
  return lines.finish("text");
}

}  // namespace lathe
