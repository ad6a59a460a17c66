// A file of lines and what becomes of each: the frame of `lathe tokenize`.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lathe {

// Views the text that it is made of.
struct TextLines {
  std::string_view text;
  std::string name;  // of the file, for messages
  std::vector<std::string_view> lines;
};

// Of JSON Lines, those with something on them.
TextLines split_lines(std::string_view text, const std::string& name, bool json);

// Calls `action` with the lines of a file, or of the standard input where `file` is "-". What is
// not valid UTF-8 is replaced by U+FFFD where `replace_invalid`.
void with_lines(const std::string& file, bool json, bool replace_invalid,
                const std::function<void(const TextLines&)>& action);

// The JSON on a line. Error with its place in the file.
Json json_of(const TextLines& lines, std::size_t index);

// Calls `visit` for the number of each line, on all threads, and writes what it returns to the
// standard output in the order of the lines. An Error gets the line's place before it.
void write_each_line(const TextLines& lines, const std::function<std::string(std::size_t)>& visit);

}  // namespace lathe
