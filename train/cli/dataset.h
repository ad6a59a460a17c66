// The commands below `lathe dataset`.
#pragma once

#include "data/table.h"
#include "train/cli/commands.h"

namespace lathe {

void dataset_convert_command(const Arguments& arguments);
void dataset_info_command(const Arguments& arguments);
void dataset_head_command(const Arguments& arguments);
void dataset_stats_command(const Arguments& arguments);
void dataset_cache_command(const Arguments& arguments);

// Any file or directory that holds one table, rows or none.
Table open_any(const std::string& path);

}  // namespace lathe
