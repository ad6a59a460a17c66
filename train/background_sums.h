// Sums over the ranks that are made while their rank computes on.
#pragma once

#include "tensor/tensor.h"

namespace lathe {

// Of numbers in a device's memory. All ranks ask for the same sums in the same order, and none of
// them calls anything else of the communicator before wait() has returned.
class BackgroundSums {
 public:
  virtual ~BackgroundSums() = default;  // what has not begun by then never does

  // values = Σ over ranks of what the work asked of the device so far leaves there. Nothing may
  // touch them before wait().
  virtual void sum(const Tensor& values) = 0;
  // table [rows, columns] = Σ over ranks, active_rows [rows] the largest over ranks. A row that is
  // active nowhere is zero everywhere.
  virtual void sum_table(const Tensor& table, const Tensor& active_rows) = 0;

  // What the device is asked for from now on finds the sums. Throws what the communicator threw.
  virtual void wait() = 0;
};

}  // namespace lathe
