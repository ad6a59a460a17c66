#include "data/files.h"

#include <glob.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <memory>

#include "base/error.h"
#include "data/dataset_directory.h"
#include "data/decompress.h"

namespace lathe {

namespace {

namespace fs = std::filesystem;

struct SplitWords {
  const char* split;
  std::vector<std::string_view> words;
};

// In the order in which splits are named.
const std::vector<SplitWords>& split_words() {
  static const std::vector<SplitWords> table = {
      {"train", {"train", "training"}},
      {"validation", {"validation", "valid", "val", "dev"}},
      {"test", {"test", "testing", "eval", "evaluation"}},
  };
  return table;
}

bool is_known(const std::string& path) {
  static const std::vector<std::string> kKnown = {".csv",    ".tsv",   ".json",  ".jsonl",
                                                  ".ndjson", ".txt",   ".arrow", ".feather",
                                                  ".ipc",    ".arrows"};
  return std::find(kKnown.begin(), kKnown.end(), data_extension(path)) != kKnown.end();
}

std::vector<std::string> files_matching(const std::string& pattern) {
  glob_t found{};
  const int result = glob(pattern.c_str(), GLOB_BRACE, nullptr, &found);
  const std::unique_ptr<glob_t, decltype(&globfree)> guard(&found, &globfree);
  std::vector<std::string> files;
  for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) {
    if (!fs::is_directory(found.gl_pathv[i])) files.emplace_back(found.gl_pathv[i]);
  }
  // An expanded brace may name a file twice.
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  if (files.empty()) fail(pattern, ": no file matches");
  return files;
}

// Hidden files and those of kinds unknown are left out.
std::vector<std::string> files_below(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  const auto hidden = [](const fs::path& path) {
    return path.filename().string().starts_with('.');
  };
  for (auto entry = fs::recursive_directory_iterator(directory, error);
       entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_directory() && hidden(entry->path())) entry.disable_recursion_pending();
    if (entry->is_regular_file() && !hidden(entry->path()) && is_known(entry->path().string())) {
      files.push_back(entry->path().string());
    }
  }
  if (error) fail(directory, ": cannot be read: ", error.message());
  std::sort(files.begin(), files.end());
  return files;
}

// The file's own name says it, else the nearest directory's below `directory`.
std::string split_of_file(const std::string& directory, const std::string& file) {
  for (fs::path rest = fs::path(file).lexically_relative(directory); !rest.empty();
       rest = rest.parent_path()) {
    std::string split = split_of_name(rest.filename().string());
    if (!split.empty()) return split;
  }
  return "";
}

std::vector<std::string> names_of(const Splits& splits) {
  std::vector<std::string> names;
  for (const auto& [name, files] : splits) names.push_back(name);
  return names;
}

}  // namespace

std::string data_extension(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (compression_of(name) != Compression::kNone) name = fs::path(name).stem().string();
  return fs::path(name).extension().string();
}

std::string split_of_name(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      words.emplace_back();
    }
  }
  for (const SplitWords& split : split_words()) {
    for (const std::string_view word : split.words) {
      if (std::find(words.begin(), words.end(), word) != words.end()) return split.split;
    }
  }
  return "";
}

Splits splits_in(const std::string& path) {
  Splits splits;
  std::error_code error;
  if (!fs::is_directory(path, error) || is_dataset_directory(path)) return splits;
  if (is_dataset_dict_directory(path)) {
    for (const std::string& name : split_names(path)) {
      splits.push_back({name, {(fs::path(path) / name).string()}});
    }
    return splits;
  }
  std::map<std::string, std::vector<std::string>> found;
  for (const std::string& file : files_below(path)) {
    found[split_of_file(path, file)].push_back(file);
  }
  if (found.empty()) fail(path, ": holds no file of data (", kKnownExtensions, ")");
  for (const SplitWords& split : split_words()) {  // files without a split's name are none of it
    const auto files = found.find(split.split);
    if (files != found.end()) splits.emplace_back(split.split, files->second);
  }
  return splits;
}

std::vector<std::string> data_files(const std::string& path, const std::string& split) {
  std::error_code error;
  if (fs::exists(path, error) && (!fs::is_directory(path, error) || is_dataset_directory(path))) {
    return {path};
  }
  if (!fs::exists(path, error)) {
    if (path.find_first_of("*?[{") == std::string::npos) return {path};  // its reader says it
    return files_matching(path);
  }
  const Splits splits = splits_in(path);
  if (splits.empty()) return files_below(path);
  if (splits.size() == 1 && split.empty()) return splits.front().second;
  for (const auto& [name, files] : splits) {
    if (name == split || (!split.empty() && split_of_name(name) == split)) return files;
  }
  fail(path, split.empty() ? concat(": holds the splits ", quoted_list(names_of(splits)), "; name ",
                                    "one of them, ", splits.front().second.front())
                           : concat(": has no split ", quoted(split), ", only ",
                                    quoted_list(names_of(splits))));
}

}  // namespace lathe
