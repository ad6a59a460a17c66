#include "train/step_graphs.h"

#include "base/error.h"

namespace lathe {

void StepGraphs::run(const Key& key, const std::function<void()>& ask) {
  if (device_ == nullptr) return ask();
  const auto [entry, is_new] = graphs_.try_emplace(key);
  std::unique_ptr<Graph>& graph = entry->second;
  if (graph == nullptr) {
    if (is_new || captured_ == kMost) return ask();
    try {
      graph = std::make_unique<Graph>(*device_, ask);
    } catch (const Error& error) {
      fail(error.what(), ", in a step that was captured as a graph; --cuda_graphs false trains ",
           "without graphs");
    }
    ++captured_;
  }
  graph->launch();
}

}  // namespace lathe
