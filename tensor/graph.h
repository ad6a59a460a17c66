// Work of a device that was asked for once and is done as often as wanted.
#pragma once

#include <functional>

#include "kernels/device.h"

namespace lathe {

class Graph {
 public:
  // Of what `ask` asks the device for, which captures() and outlives the graph; it is not done yet.
  // Everything that it works on must stay where it is as long as the graph is launched.
  Graph(Device& device, const std::function<void()>& ask)
      : device_(device), graph_(device.capture(ask)) {}
  ~Graph() { device_.release_graph(graph_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch() { device_.launch(graph_); }

 private:
  Device& device_;
  void* graph_;
};

}  // namespace lathe
