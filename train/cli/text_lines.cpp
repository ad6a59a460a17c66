#include "train/cli/text_lines.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "train/cli/interrupt.h"

namespace lathe {

namespace {

constexpr std::size_t kBlock = 4096;  // lines that are worked on at a time

// A line's number in its file, from 1.
int64_t number_of(const TextLines& lines, std::size_t index) {
  return 1 + std::count(lines.text.data(), lines.lines[index].data(), '\n');
}

// An exception may not leave a parallel region: the first one in the order of the lines is thrown
// behind it.
std::string visit_block(const TextLines& lines, std::size_t begin, std::size_t end,
                        const std::function<std::string(std::size_t)>& visit) {
  std::vector<std::string> outputs(end - begin);
  std::vector<std::exception_ptr> errors(end - begin);
#pragma omp parallel for schedule(dynamic, 16)
  for (std::size_t i = begin; i < end; ++i) {
    try {
      outputs[i - begin] = visit(i);
    } catch (...) {
      errors[i - begin] = std::current_exception();
    }
  }
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    if (errors[i - begin]) {
      try {
        std::rethrow_exception(errors[i - begin]);
      } catch (const Error& error) {
        const std::string what =
            error.what();  // where JSON is torn, the place stands there already
        if (what.starts_with(lines.name + ":")) throw;
        fail(lines.name, ":", number_of(lines, i), ": ", what);
      }
    }
    text += outputs[i - begin];
  }
  return text;
}

}  // namespace

TextLines split_lines(std::string_view text, const std::string& name, bool json) {
  TextLines result{text, name, {}};
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!json || !line.empty()) result.lines.push_back(line);
    begin = end + 1;
  }
  return result;
}

void with_lines(const std::string& file, bool json, bool replace_invalid,
                const std::function<void(const TextLines&)>& action) {
  const auto split = [&](std::string_view text, const std::string& name) {
    if (!replace_invalid || is_valid_utf8(text)) return action(split_lines(text, name, json));
    const std::string repaired = replace_invalid_utf8(text);
    action(split_lines(repaired, name, json));
  };
  if (file == "-") {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    return split(text, "standard input");
  }
  const MappedFile mapped(file);
  split(mapped.bytes(), file);
}

Json json_of(const TextLines& lines, std::size_t index) {
  return parse_json_part(lines.lines[index], lines.text, lines.name);
}

void write_each_line(const TextLines& lines, const std::function<std::string(std::size_t)>& visit) {
  for (std::size_t begin = 0; begin < lines.lines.size(); begin += kBlock) {
    throw_if_interrupted();
    const std::size_t end = std::min(begin + kBlock, lines.lines.size());
    const std::string text = visit_block(lines, begin, end, visit);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      fail("the standard output cannot be written");
    }
  }
}

}  // namespace lathe
