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
  // The same of a file that is read part by part: each is checked before its values are used.
  static SourceText unchecked(std::string_view bytes, std::string path);
  // A part of text(), checked. Its places in messages are places in the file.
  SourceText part(std::string_view part) const;

  std::string_view text() const { return text_; }
  std::string_view document() const { return document_; }  // text(), or that which it is a part of
  const std::string& path() const { return path_; }

  // The text in pieces that end where lines end, each of at least so many bytes (at least one) but
  // for the last.
  std::vector<std::string_view> lines(int64_t piece_bytes) const;

  // `position` points into text(). Lines and columns count from 1, columns in bytes. Slow: for
  // messages only.
  std::string line_of(const char* position) const;   // "train.csv:17"
  std::string place_of(const char* position) const;  // "train.csv:17:4"

 private:
  SourceText() = default;
  void check() const;

  std::string path_;
  std::string_view bytes_, document_, text_;
};

}  // namespace lathe
