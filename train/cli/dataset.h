// The commands below `lathe dataset`.
#pragma once

#include "data/reader.h"
#include "train/cli/commands.h"

namespace lathe {

void dataset_convert_command(const Arguments& arguments);
void dataset_info_command(const Arguments& arguments);
void dataset_head_command(const Arguments& arguments);
void dataset_stats_command(const Arguments& arguments);
void dataset_cache_command(const Arguments& arguments);

// Whatever holds one table, rows or none.
Table open_any(const std::string& path, const ReadOptions& options);

}  // namespace lathe
