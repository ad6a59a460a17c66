// The checksum that Lathe keeps in the metadata of each message and of the footer: XXH3 of the
// metadata, with the checksum's own digits as zeros, and of the body's.
#pragma once

#include <string>
#include <string_view>

#include "data/flat_buffer.h"

namespace lathe {

// The KeyValue that holds it, with zeros.
FlatNode checksum_node();
// Puts the checksum into metadata that has such a KeyValue.
void seal(std::string& metadata, std::string_view body);
// Whether `digits`, the value of that key, a part of `metadata`, is the checksum.
bool checksum_holds(std::string_view digits, std::string_view metadata, std::string_view body);

}  // namespace lathe
