// Tables of several files made into one.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/table.h"

namespace lathe {

struct FileTable {
  Table table;
  bool may_lack_columns = false;  // of JSON: what is missing is null
  // Reads the file again with these types declared; empty where its types are its own.
  using Types = std::vector<std::pair<std::string, ColumnType>>;
  std::function<Table(const Types&)> read_again = {};
};

// The rows of each, one file after another, without copying but where types differ: integers among
// fractions become fractions, shorter integers longer ones, and anything else text where the types
// were inferred. What is null, or empty, throughout a file takes the type of the others. Error
// naming the file and the column where that does not help.
Table join_files(std::vector<FileTable> files);

}  // namespace lathe
