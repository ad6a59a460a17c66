// Writing tables as Arrow IPC. data/FORMAT.md shows the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "data/flat_buffer.h"
#include "data/table.h"

namespace lathe {

// kFile ("Feather V2"): random access through a footer, what pandas and polars read. kStream: what
// Datasets maps.
enum class ArrowFormat { kFile, kStream };

struct ArrowWriteOptions {
  ArrowFormat format = ArrowFormat::kFile;
  int64_t rows_per_batch = 65536;  // fewer where that would be more than 64 MiB
  bool checksums = true;           // in each message's metadata; other programs pass over them
};

// A file being written, some rows at a time, in memory that does not grow with it. Nothing of that
// name is changed before commit().
class ArrowWriter {
 public:
  // `like` says what the columns are: their names, types and labels.
  ArrowWriter(const std::string& path, const Table& like, const ArrowWriteOptions& options = {});

  // Appends the rows. Error when the columns are not those of `like`.
  void write(const Table& rows);
  int64_t rows() const { return rows_; }
  void commit();  // durable, and under its name

 private:
  void write_batch(const Table& rows, int64_t begin, int64_t end);
  void write_message(FlatNode header, uint8_t header_type, const std::string& body);
  void write_footer();
  int64_t fitting_end(const Table& rows, int64_t begin) const;

  ArrowWriteOptions options_;
  AtomicFile file_;
  std::vector<Column> like_;
  int64_t position_ = 0, rows_ = 0;
  std::string blocks_;  // of the footer
};

// All of a table through ArrowWriter.
void write_arrow(const std::string& path, const Table& table,
                 const ArrowWriteOptions& options = {});

}  // namespace lathe
