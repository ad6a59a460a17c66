// The one list of problems that every backend is tested and measured on.
#pragma once

#include "tests/kernels/cases/gemm.h"

namespace lathe::testing {

inline std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& group : {gemm_cases()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  return cases;
}

}  // namespace lathe::testing
