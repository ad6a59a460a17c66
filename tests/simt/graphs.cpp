// CUDA graphs: work that a captured stream was asked for is kept, and done when the graph is
// launched. What a real capture refuses is refused: to wait for the device, to take or give back
// memory, to copy from or to memory of the host that is not pinned.
#include <atomic>

#include "tests/simt/streams.h"

namespace simt {

namespace {

std::atomic<int> launches = 0;

}  // namespace

int graph_launches() { return launches; }

bool spoils_capture(CUstream_st& stream) {
  if (stream.capture == nullptr) return false;
  stream.capture->error = cudaErrorStreamCaptureInvalidated;
  return true;
}

bool spoils_capture() {
  const std::lock_guard lock(gpus().mutex);
  bool spoils = false;
  for (CUstream_st& stream : gpus().streams) {
    const bool mine =
        stream.capture != nullptr && stream.capture->thread == std::this_thread::get_id();
    spoils = (mine && spoils_capture(stream)) || spoils;
  }
  return spoils;
}

}  // namespace simt

struct CUgraph_st {
  std::shared_ptr<simt::Recording> recording;
};
struct CUgraphExec_st {
  std::shared_ptr<simt::Recording> recording;
};

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const std::lock_guard lock(simt::gpus().mutex);
  // The default stream cannot be captured; other modes ask for refusals that are not here.
  if (stream == nullptr || mode != cudaStreamCaptureModeThreadLocal) return cudaErrorInvalidValue;
  if (stream->capture != nullptr) return cudaErrorIllegalState;
  stream->capture = std::make_unique<simt::Capture>();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const std::lock_guard lock(simt::gpus().mutex);
  *graph = nullptr;
  if (stream->capture == nullptr) return cudaErrorIllegalState;
  if (stream->capture->thread != std::this_thread::get_id()) {
    return cudaErrorStreamCaptureWrongThread;
  }
  const std::unique_ptr<simt::Capture> capture = std::move(stream->capture);
  if (capture->error != cudaSuccess) return capture->error;
  *graph = new CUgraph_st{capture->recording};
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* program, cudaGraph_t graph, unsigned long long) {
  *program = new CUgraphExec_st{graph->recording};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t program, cudaStream_t stream) {
  {
    const std::lock_guard lock(simt::gpus().mutex);
    // As a part of another graph: not here.
    if (simt::spoils_capture(simt::stream_of(stream))) return cudaErrorStreamCaptureUnsupported;
  }
  ++simt::launches;
  simt::enqueue(stream, [recording = program->recording] {
    for (const auto& work : recording->work) work();
  });
  return cudaSuccess;
}

// What was launched goes on.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t program) {
  delete program;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
