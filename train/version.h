#pragma once

namespace lathe {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace lathe
