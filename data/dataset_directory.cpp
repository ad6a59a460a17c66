#include "data/dataset_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/hash.h"
#include "data/arrow_schema.h"

namespace lathe {

namespace {

namespace fs = std::filesystem;

constexpr const char* kState = "state.json";
constexpr const char* kInfo = "dataset_info.json";
constexpr const char* kDict = "dataset_dict.json";
constexpr const char* kData = "data-00000-of-00001.arrow";

std::string joined(const std::string& directory, const std::string& name) {
  return (fs::path(directory) / name).string();
}

// A directory being written beside its place. Removed again unless it is published.
class AtomicDirectory {
 public:
  explicit AtomicDirectory(const std::string& path) : path_(fs::path(path).lexically_normal()) {
    if (!path_.has_filename()) path_ = path_.parent_path();
    check_replaceable();
    const fs::path parent = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
    std::error_code error;
    fs::create_directories(parent, error);
    temporary_ = path_.string() + ".XXXXXX";
    if (mkdtemp(temporary_.data()) == nullptr) {
      fail(path_.string(), ": cannot be written: ", std::strerror(errno));
    }
  }
  ~AtomicDirectory() {
    std::error_code ignored;
    if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
  }
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;

  const std::string& temporary() const { return temporary_; }

  void publish() {
    const mode_t mask = umask(0);
    umask(mask);
    chmod(temporary_.c_str(), 0777 & ~mask);  // as any new directory's; mkdtemp makes it private
    sync(temporary_);
    // Where something stands already both change places at once, and what stood there is removed.
    const bool exchanged =
        renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0;
    if (!exchanged) {
      std::error_code error;
      if (fs::exists(path_)) fs::remove_all(path_, error);  // a file system without exchange
      fs::rename(temporary_, path_, error);
      if (error) fail(path_.string(), ": cannot be published: ", error.message());
      temporary_.clear();
    }
    sync(path_.has_parent_path() ? path_.parent_path().string() : ".");
  }

 private:
  void check_replaceable() const {
    std::error_code error;
    if (!fs::exists(path_, error)) return;
    if (!fs::is_directory(path_, error)) {
      fail(path_.string(), ": a file of that name exists, a directory is to be written");
    }
    const std::string path = path_.string();
    if (!fs::is_empty(path_, error) && !is_dataset_directory(path) &&
        !is_dataset_dict_directory(path)) {
      fail(path, ": holds something other than a dataset, which is not overwritten");
    }
  }

  static void sync(const std::string& directory) {
    const int handle = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return;
    fsync(handle);
    close(handle);
  }

  fs::path path_;
  std::string temporary_;
};

// The files of one split into an existing directory.
void write_split(const std::string& directory, const std::string& split, const Table& table,
                 ArrowWriteOptions options) {
  options.format = ArrowFormat::kStream;  // what Datasets maps
  const std::string data = joined(directory, kData);
  write_arrow(data, table, options);
  char fingerprint[17];
  std::snprintf(fingerprint, sizeof fingerprint, "%016llx",
                static_cast<unsigned long long>(hash64(MappedFile(data).bytes())));
  Json file = Json::object();
  file["filename"] = kData;
  Json state = Json::object();
  state["_data_files"] = Json::Array{file};
  state["_fingerprint"] = fingerprint;
  state["_format_columns"] = nullptr;
  state["_format_kwargs"] = Json::object();
  state["_format_type"] = nullptr;
  state["_output_all_columns"] = false;
  state["_split"] = split.empty() ? Json() : Json(split);
  write_json_file(joined(directory, kState), state);
  Json info = Json::object();
  info["citation"] = "";
  info["description"] = "";
  info["features"] = features_of(table.columns());
  info["homepage"] = "";
  info["license"] = "";
  write_json_file(joined(directory, kInfo), info);
}

std::vector<std::string> data_files(const std::string& directory) {
  const std::string path = joined(directory, kState);
  const Json state = read_json_file(path);
  const Json* files = state.find("_data_files");
  if (files == nullptr || !files->is_array()) fail(path, ": has no list \"_data_files\"");
  std::vector<std::string> names;
  for (const Json& file : files->as_array()) {
    const Json* name = file.find("filename");
    if (name == nullptr || !name->is_string() || name->as_string().find('/') != std::string::npos) {
      fail(path, ": \"_data_files\" must hold objects with \"filename\", a file beside it");
    }
    names.push_back(joined(directory, name->as_string()));
  }
  if (names.empty()) fail(path, ": names no files: a dataset without rows");
  return names;
}

ArrowFile open_directory(const std::string& path, const ArrowReadOptions& options) {
  ArrowFile whole;
  std::vector<std::vector<Column>> parts;
  for (const std::string& file : data_files(path)) {
    ArrowFile part = open_arrow(file, options);
    const std::vector<Column>& columns = part.table.columns();
    if (parts.empty()) parts.resize(columns.size());
    if (columns.size() != parts.size()) {
      fail(file, ": ", columns.size(), " columns, in the files before it ", parts.size());
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!parts[i].empty() && parts[i][0].name() != columns[i].name()) {
        fail(columns[i].where(), ": in the files before it this column is ",
             quoted(parts[i][0].name()));
      }
      parts[i].push_back(columns[i]);
    }
    whole.is_stream = part.is_stream;
    whole.record_batches += part.record_batches;
    whole.left_out = std::move(part.left_out);
  }
  std::vector<Column> columns;
  columns.reserve(parts.size());
  for (const std::vector<Column>& part : parts) {
    columns.push_back(Column::chained(part).with_source(path));
  }
  const std::string info_path = joined(path, kInfo);
  if (file_exists(info_path)) {
    const Json info = read_json_file(info_path);
    if (const Json* features = info.find("features")) {
      columns = with_features(std::move(columns), *features);
    }
  }
  whole.table = Table(std::move(columns), path);
  return whole;
}

}  // namespace

bool is_dataset_directory(const std::string& path) { return file_exists(joined(path, kState)); }

bool is_dataset_dict_directory(const std::string& path) { return file_exists(joined(path, kDict)); }

std::vector<std::string> split_names(const std::string& dict_directory) {
  const std::string path = joined(dict_directory, kDict);
  const Json dict = read_json_file(path);
  const Json* splits = dict.find("splits");
  if (splits == nullptr || !splits->is_array()) fail(path, ": has no list \"splits\"");
  std::vector<std::string> names;
  for (const Json& name : splits->as_array()) names.push_back(name.as_string());
  return names;
}

bool is_arrow_path(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return true;
  std::string extension = fs::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".arrow" || extension == ".feather" || extension == ".ipc" ||
         extension == ".arrows";
}

ArrowFile open_dataset(const std::string& path, const ArrowReadOptions& options) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return open_arrow(path, options);
  if (is_dataset_directory(path)) return open_directory(path, options);
  if (is_dataset_dict_directory(path)) {
    const std::vector<std::string> splits = split_names(path);
    fail(path, ": holds the splits ", quoted_list(splits), "; name one of them, ",
         splits.empty() ? joined(path, "train") : joined(path, splits[0]));
  }
  fail(path, ": is a directory without ", kState, " or ", kDict,
       ", so it was not made by save_to_disk");
}

void save_dataset(const std::string& path, const Table& table, ArrowWriteOptions options) {
  AtomicDirectory directory(path);
  write_split(directory.temporary(), "", table, options);
  directory.publish();
}

void save_dataset_dict(const std::string& path,
                       const std::vector<std::pair<std::string, Table>>& splits,
                       ArrowWriteOptions options) {
  AtomicDirectory directory(path);
  Json names = Json::array();
  for (const auto& [split, table] : splits) {
    if (split.empty() || split.find('/') != std::string::npos) {
      fail("a split cannot be named ", quoted(split));
    }
    const std::string split_directory = joined(directory.temporary(), split);
    fs::create_directory(split_directory);
    write_split(split_directory, split, table, options);
    names.push_back(split);
  }
  Json dict = Json::object();
  dict["splits"] = std::move(names);
  write_json_file(joined(directory.temporary(), kDict), dict);
  directory.publish();
}

}  // namespace lathe
