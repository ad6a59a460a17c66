// tests/golden/train_golden.json, which make_train_golden.py wrote.
#pragma once

#include <vector>

#include "base/json.h"

namespace lathe::testing {

inline const Json& train_golden(const char* key) {
  static const Json golden = read_json_file("tests/golden/train_golden.json");
  return *golden.find(key);
}

template <class Number>
std::vector<Number> numbers(const Json& list) {
  std::vector<Number> result;
  for (const Json& value : list.as_array())
    result.push_back(static_cast<Number>(value.as_double()));
  return result;
}

inline double number(const Json& object, const char* key) { return object.find(key)->as_double(); }

}  // namespace lathe::testing
