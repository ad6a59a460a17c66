// Files: read by memory mapping, written so that no reader ever sees half of one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lathe {

// A whole file mapped read-only. Unmapped on destruction; the views it gave die with it.
class MappedFile {
 public:
  // Error if the file is missing, unreadable or a directory: the message names the path and the
  // reason.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// A file being written under a temporary name beside its own. commit() makes it durable and gives
// it its name; without commit() (an exception, say) the temporary file is removed and an older file
// of that name stays as it was.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);  // Error if the directory cannot be written
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data,
             std::size_t size);  // Error when the disk is full; unbuffered: pass large blocks
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();  // fsync, rename, fsync of the directory

 private:
  [[noreturn]] void fail_with_errno(const char* action) const;

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

void write_file(const std::string& path, std::string_view content);  // through AtomicFile
std::string read_file(const std::string& path);
bool file_exists(const std::string& path);

// Makes `path` and its parents where they are missing, and proves by a probe file that it can be
// written to.
void make_writable_directory(const std::string& path);

}  // namespace lathe
