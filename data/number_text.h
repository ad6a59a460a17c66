// Which texts are numbers. Stricter than strtod on purpose: a text that would not be written back
// as it was read is not a number here but a name (08123, +1, 12345678901234567890, nan, 1e999).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lathe {

std::optional<int64_t> integer_of(
    std::string_view text);  // -?(0|[1-9][0-9]*), not -0, within 64 bits
std::optional<double> number_of(
    std::string_view text);  // an integer_of, or with fraction or exponent; finite
std::optional<bool> boolean_of(std::string_view text);  // true, false

}  // namespace lathe
