// A place in the order of a device's work that the host can wait for.
#pragma once

#include "kernels/device.h"

namespace lathe {

class Mark {
 public:
  explicit Mark(Device& device) : device_(device), mark_(device.make_mark()) {}
  ~Mark() { device_.release_mark(mark_); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

  void set() { device_.set_mark(mark_); }        // after everything asked for so far
  void wait() { device_.wait_for_mark(mark_); }  // for what came before set(), if it was

 private:
  Device& device_;
  void* mark_;
};

}  // namespace lathe
