// Independent pieces of work on all threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace lathe {

// work(i) for each i < count on all OpenMP threads. An exception may not leave a parallel region,
// so what was thrown for the lowest i is thrown behind it.
template <class Work>
void in_parallel(int64_t count, Work work) {
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
#pragma omp parallel for schedule(dynamic) if (count > 1)
  for (int64_t i = 0; i < count; ++i) {
    try {
      work(i);
    } catch (...) {
      errors[static_cast<std::size_t>(i)] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

// make(0), …, make(count - 1), made on all threads.
template <class Make>
auto made_in_parallel(int64_t count, Make make) {
  std::vector<std::optional<decltype(make(0))>> made(static_cast<std::size_t>(count));
  in_parallel(count, [&](int64_t i) { made[static_cast<std::size_t>(i)] = make(i); });
  std::vector<decltype(make(0))> results;
  results.reserve(made.size());
  for (auto& result : made) results.push_back(std::move(*result));
  return results;
}

}  // namespace lathe
