#include "data/cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "data/arrow_reader.h"
#include "data/arrow_writer.h"

namespace lathe {

namespace {

namespace fs = std::filesystem;

constexpr const char* kLimitFile = "limit";
constexpr int64_t kDefaultLimit = int64_t{20} << 30;
constexpr std::size_t kNameSize = 32;       // hexadecimal digits
constexpr int64_t kRemainsAge = 24 * 3600;  // seconds after which a temporary file has no writer

bool is_entry_name(const std::string& file) {
  return file.size() == kNameSize + 6 && file.ends_with(".arrow") &&
         file.find_first_not_of("0123456789abcdef") == kNameSize;
}

// What AtomicFile calls a file before it has its own name: an entry, the limit, or the probe of
// make_writable_directory().
bool is_temporary_name(const std::string& file) {
  return file.find(".arrow.") == kNameSize || file.starts_with(std::string(kLimitFile) + ".") ||
         file.starts_with("probe.");
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string path_of(const std::string& directory, const std::string& name) {
  if (!is_entry_name(name + ".arrow")) fail(quoted(name), " is not a fingerprint");
  return directory + "/" + name + ".arrow";
}

// The file's status, nothing where it is gone: another process may have removed it.
std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

}  // namespace

std::string DatasetCache::default_directory() {
  std::string own = environment("LATHE_CACHE_DIR");
  if (!own.empty()) return own;
  const std::string shared = environment("XDG_CACHE_HOME");
  if (!shared.empty()) return shared + "/lathe";
  const std::string home = environment("HOME");
  return home.empty() ? "" : home + "/.cache/lathe";
}

DatasetCache::Result DatasetCache::get(const std::string& name, const std::function<Table()>& make,
                                       bool anew, bool verify) const {
  const std::string path = path_of(directory_, name);
  if (!anew) {
    if (std::optional<Table> found = open(path, verify)) return {std::move(*found), true, ""};
  }
  Result result{make(), false, ""};
  try {
    make_writable_directory(directory_);
    write_arrow(path, result.table);
    result.table = open_arrow(path).table;
    shrink(limit());
  } catch (const Error& error) {
    result.problem = error.what();
  }
  return result;
}

DatasetCache::Result DatasetCache::get_file(
    const std::string& name, const std::function<Table(const std::string& output)>& make) const {
  const std::string path = path_of(directory_, name);
  if (std::optional<Table> found = open(path, false)) return {std::move(*found), true, ""};
  Result result{{}, false, ""};
  try {
    make_writable_directory(directory_);
    std::error_code ignored;
    fs::remove(path, ignored);  // it is damaged where it is there
    result.table = make(path);
    if (!file_exists(path)) write_arrow(path, result.table);
    result.table = open_arrow(path).table;
    shrink(limit());
    return result;
  } catch (const Error& error) {
    result.problem = error.what();
  }
  result.table = make("");
  return result;
}

// Nothing where it is not there, or damaged: then it is made again.
std::optional<Table> DatasetCache::open(const std::string& path, bool verify) const {
  if (!file_exists(path)) return std::nullopt;
  try {
    std::optional<Table> table = open_arrow(path, {.verify_checksums = verify}).table;
    utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // used now
    return table;
  } catch (const Error&) {
    return std::nullopt;  // or removed in between
  }
}

std::vector<DatasetCache::Entry> DatasetCache::entries() const {
  std::vector<Entry> found;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(directory_, error)) {
    const std::string name = file.path().filename().string();
    if (!is_entry_name(name)) continue;
    const auto status = status_of(file.path().string());
    if (!status) continue;
    found.push_back(
        {name.substr(0, kNameSize), file.path().string(), status->st_size, status->st_mtime});
  }
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) {
    return std::pair(-a.last_used, a.name) < std::pair(-b.last_used, b.name);
  });
  return found;
}

int64_t DatasetCache::shrink(int64_t bytes) const {
  remove_remains();
  int64_t kept = 0, removed = 0;
  for (const Entry& entry : entries()) {
    if (kept + entry.bytes <= bytes) {
      kept += entry.bytes;
      continue;
    }
    std::error_code error;
    if (fs::remove(entry.path, error)) ++removed;
  }
  return removed;
}

// Temporary files that are so old that whoever wrote them was killed.
void DatasetCache::remove_remains() const {
  std::error_code error;
  const int64_t now = std::time(nullptr);
  for (const auto& file : fs::directory_iterator(directory_, error)) {
    const std::string name = file.path().filename().string();
    if (!is_temporary_name(name)) continue;
    const auto status = status_of(file.path().string());
    std::error_code ignored;
    if (status && now - status->st_mtime > kRemainsAge) fs::remove(file.path(), ignored);
  }
}

int64_t DatasetCache::limit() const {
  const std::string path = directory_ + "/" + kLimitFile;
  if (!file_exists(path)) return kDefaultLimit;
  const std::string text = read_file(path);
  int64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || bytes < 0) fail(path, ": must hold a number of bytes");
  return bytes;
}

void DatasetCache::set_limit(int64_t bytes) const {
  make_writable_directory(directory_);
  write_file(directory_ + "/" + kLimitFile, std::to_string(bytes) + "\n");
}

void add_content(Fingerprint& fingerprint, const Column& column) {
  Fingerprint lengths, values;  // apart, so that values are hashed in long runs
  fingerprint.add(column.type_name()).add(column.size());
  std::vector<int64_t> block;
  for (const Column::Chunk& chunk : column.chunks()) {
    if (chunk.size == 0) continue;
    const int64_t end = chunk.start + chunk.size;
    block.clear();
    for (int64_t row = chunk.start; row < end; ++row) {
      if (column.is_null(row)) {
        block.push_back(-1);
      } else if (is_text(column.type())) {
        block.push_back(static_cast<int64_t>(column.text(row).size()));
      } else if (is_list(column.type())) {
        block.push_back(column.list(row).size());
      } else {
        block.push_back(column.type() == ColumnType::kBool ? column.integer(row) : 0);
      }
    }
    lengths.append({reinterpret_cast<const char*>(block.data()), block.size() * 8});
    if (is_text(column.type())) {
      const char* first = column.text(chunk.start).data();
      const std::string_view last = column.text(end - 1);
      values.append({first, static_cast<std::size_t>(last.data() + last.size() - first)});
    } else if (const int64_t width = value_width(column.type()); width > 0) {
      values.append({chunk.values.as<char>() + chunk.skip * width,
                     static_cast<std::size_t>(chunk.size * width)});
    }
  }
  fingerprint.add(lengths.hex()).add(values.hex());
  if (!is_list(column.type()) || column.size() == 0) return;
  std::vector<Column> elements;  // those that the rows name, and none between
  for (const Column::Chunk& chunk : column.chunks()) {
    if (chunk.size == 0) continue;
    elements.push_back(column.elements().slice(column.list(chunk.start).begin,
                                               column.list(chunk.start + chunk.size - 1).end));
  }
  add_content(fingerprint, Column::chained(elements));
}

}  // namespace lathe
