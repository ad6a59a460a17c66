// The text of a file being parsed, and where in it a byte stands, for messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

class SourceText {
 public:
  // The bytes of the file at `path`, which must outlive this, without a byte order mark. Error when
  // there are none, and naming the place when they are not UTF-8.
  SourceText(std::string_view bytes, std::string path);

  std::string_view text() const { return text_; }
  const std::string& path() const { return path_; }

  // The text in pieces that end where lines end, each of at least so many bytes (at least one) but
  // for the last.
  std::vector<std::string_view> lines(int64_t piece_bytes) const;

  // `position` points into text(). Lines and columns count from 1, columns in bytes. Slow: for
  // messages only.
  std::string line_of(const char* position) const;   // "train.csv:17"
  std::string place_of(const char* position) const;  // "train.csv:17:4"

 private:
  std::string path_;
  std::string_view text_;
};

}  // namespace lathe
