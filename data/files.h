// Which files a path means, and which split of a dataset each of them belongs to.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe {

// What read_table() knows, for messages.
constexpr const char* kKnownExtensions =
    ".csv, .tsv, .json, .jsonl, .ndjson, .txt, these with .gz or .zst, .arrow, .feather, .ipc, "
    ".arrows";

// The files that `path` means, in the order of their names:
//   a file, or a directory that save_to_disk made    itself
//   a pattern: * ? [abc] {a,b}                        the files that match
//   any other directory                               the files in it, and in the directories
//   below,
//                                                     that read_table() knows, of one split
// `split` chooses among a directory's splits; empty: there may be only one. Where no file's name
// says a split, all are of any. Error naming what there is when that is nothing.
std::vector<std::string> data_files(const std::string& path, const std::string& split = "");

// The splits of a directory, each with its paths, or with its own directory where save_to_disk made
// it; empty for what is not a directory, and for one whose files' names say no split.
using Splits = std::vector<std::pair<std::string, std::vector<std::string>>>;
Splits splits_in(const std::string& path);

// "train", "validation" or "test" where a word of the name says so, as Datasets understands it
// (train, training; validation, valid, val, dev; test, testing, eval, evaluation); else "".
std::string split_of_name(std::string_view name);

// A file's extension in small letters, without .gz or .zst behind it: ".csv" of "A.CSV.gz".
std::string data_extension(const std::string& path);

}  // namespace lathe
