// Datasets on disk as Hugging Face Datasets' save_to_disk writes them: a directory of Arrow streams
// with state.json, which names them in order, and dataset_info.json, which says what the columns
// mean; or a directory of such directories, one a split, with dataset_dict.json.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/arrow_reader.h"
#include "data/arrow_writer.h"
#include "data/table.h"

namespace lathe {

bool is_dataset_directory(const std::string& path);       // holds state.json
bool is_dataset_dict_directory(const std::string& path);  // holds dataset_dict.json
std::vector<std::string> split_names(const std::string& dict_directory);

// Whether `path` is what open_dataset() opens, by its being a directory or by its extension:
// .arrow, .feather, .ipc, .arrows.
bool is_arrow_path(const std::string& path);

// Opens a directory that save_to_disk made, or an Arrow file. Of a directory of splits: Error
// naming them, since one must be chosen by its own path, DIR/train.
ArrowFile open_dataset(const std::string& path, const ArrowReadOptions& options = {});

// Writes such a directory: beside `path` under a temporary name first, so that `path` never holds
// half of it. What stood there is replaced where it was a dataset, or is empty; Error otherwise.
void save_dataset(const std::string& path, const Table& table, ArrowWriteOptions options = {});
void save_dataset_dict(const std::string& path,
                       const std::vector<std::pair<std::string, Table>>& splits,
                       ArrowWriteOptions options = {});

}  // namespace lathe
