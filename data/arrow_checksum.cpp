#include "data/arrow_checksum.h"

#include <cstdio>

#include "base/hash.h"
#include "data/arrow_format.h"
#include "data/arrow_schema.h"

namespace lathe {

namespace {

const std::string kZeros(static_cast<std::size_t>(arrow::kChecksumDigits), '0');

std::string checksum(std::string_view metadata_with_zeros, std::string_view body) {
  const uint64_t hashes[] = {hash64(metadata_with_zeros), hash64(body)};
  char digits[arrow::kChecksumDigits + 1];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(
                    hash64({reinterpret_cast<const char*>(hashes), sizeof hashes})));
  return digits;
}

}  // namespace

FlatNode checksum_node() { return key_value_node(arrow::kChecksum, kZeros); }

void seal(std::string& metadata, std::string_view body) {
  // Texts stand in the order in which they were put in, so the key is the last of its kind.
  const std::size_t key = metadata.rfind(arrow::kChecksum);
  const std::size_t digits = metadata.find(kZeros, key);
  metadata.replace(digits, kZeros.size(), checksum(metadata, body));
}

bool checksum_holds(std::string_view digits, std::string_view metadata, std::string_view body) {
  std::string zeroed(metadata);
  zeroed.replace(static_cast<std::size_t>(digits.data() - metadata.data()), digits.size(),
                 digits.size(), '0');
  return digits == checksum(zeroed, body);
}

}  // namespace lathe
