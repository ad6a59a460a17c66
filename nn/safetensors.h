// The safetensors format: an 8-byte little-endian header length, a JSON header, the tensors' bytes.
//   {"__metadata__": {…}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "tensor/tensor.h"

namespace lathe {

// A file opened for reading: memory-mapped, nothing copied, checked to the last offset.
class SafetensorsFile {
 public:
  struct Entry {
    std::string name;
    std::string dtype;  // "F32", "BF16", "I64", …
    std::vector<int64_t> shape;
    std::string_view bytes;  // within the mapping
    int64_t count() const;   // of elements
  };

  // Error naming the file and the tensor for a truncated file, a header that is not JSON or longer
  // than the file, an unknown dtype, a shape that does not match its bytes, and offsets outside the
  // file, overlapping or with holes.
  explicit SafetensorsFile(const std::string& path);

  const std::vector<Entry>& entries() const { return entries_; }  // in the order of their bytes
  const Entry* find(std::string_view name) const;
  const std::string& path() const { return file_.path(); }

 private:
  void read_entry(const std::string& name, const class Json& description, std::string_view data);
  void require_seamless(std::string_view data) const;

  MappedFile file_;
  std::vector<Entry> entries_;
};

// The entry's numbers as floats: F32, F16, BF16 (widened exactly) or F64 (rounded). Error for
// integers. out: [entry.count()].
void read_as_f32(const SafetensorsFile::Entry& entry, float* out);

// Writes the tensors (contiguous), sorted by name, with {"format": "pt"} as Transformers expects.
// Through AtomicFile.
void write_safetensors(const std::string& path,
                       std::vector<std::pair<std::string, Tensor>> tensors);

}  // namespace lathe
