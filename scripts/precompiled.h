// What most files include of the standard library, for the compiler to read once (Makefile). A file
// still includes what it uses: lint and the code for instruction sets compile without this.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
