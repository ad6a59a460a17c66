// The parameters of a model: named as Hugging Face names them, values and gradients each in one
// block of memory.
//
// Layers declare what they need when they are built; allocate_values() and allocate_gradients()
// then place everything, in the host's memory until move_to(). Parameters declared together lie
// side by side, so that query, key and value, three tensors in a checkpoint, are one matrix for the
// kernels.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/buffer.h"
#include "tensor/random.h"
#include "tensor/tensor.h"

namespace lathe {

enum class Initializer { kNormal, kZeros, kOnes };

struct Parameter {
  std::string name;  // "bert.encoder.layer.0.attention.self.query.weight"
  Shape shape;
  Initializer initializer;
  bool sparse_rows;  // a lookup table: a step gives gradients to the few rows it touched
  Tensor value;      // f32
  // f32; accumulates until an optimizer clears it. No memory before allocate_gradients().
  Tensor gradient;
  // The value as bfloat16s; no memory before round_values(), and none of lookup tables.
  Tensor rounded;
  // For sparse_rows, with the gradient: u8 [rows], 1 for each row that has ever had a gradient. The
  // others' gradients and moments are zero.
  Tensor active_rows;
};

// What backward tells on its way from the last layer to the first: that it adds nothing more to the
// gradients of the parameters first, first + 1, … of the store. Layers are declared in the order in
// which forward meets them.
using GradientsFinal = std::function<void(std::size_t first)>;

// Several parameters of equal columns that lie side by side, seen as one matrix [sum of rows,
// columns] (or vector).
class ParameterGroup {
 public:
  ParameterGroup() = default;
  explicit ParameterGroup(std::vector<Parameter*> parts) : parts_(std::move(parts)) {}
  Tensor value() const;
  Tensor gradient() const;
  Tensor rounded() const;
  // The parts first … first + count - 1.
  ParameterGroup slice(std::size_t first, std::size_t count) const;
  std::size_t size() const { return parts_.size(); }

 private:
  std::vector<Parameter*> parts_;
};

class ParameterStore {
 public:
  ParameterStore() = default;
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  Parameter& add(const std::string& name, const Shape& shape, Initializer initializer,
                 bool sparse_rows = false);
  ParameterGroup add_group(const std::vector<std::string>& names, const Shape& shape,
                           Initializer initializer);

  void allocate_values();     // zero; after the last add()
  void allocate_gradients();  // zero; needed by backward only
  // Makes every Parameter::rounded what its value is now, on the device of both. Needed again when
  // values change, except by an AdamW made afterwards, which keeps both up.
  void round_values(const Kernels& kernels, Stream stream);
  bool rounded() const { return rounded_.data() != nullptr; }
  // The memory that each of them takes, in bytes: values and gradients as many; rounded values,
  // which those have that are declared after the last lookup table.
  int64_t bytes_per_copy() const;
  int64_t rounded_bytes() const;

  // The gradients of the parameters first … last - 1, as they lie in memory: with the few unused
  // numbers between them, which are zero.
  Tensor gradients(std::size_t first, std::size_t last) const;

  // Moves the values to that device, where gradients will be allocated too; gradients that exist
  // start anew, and rounded values are gone. Every Tensor taken before is void. The device must
  // outlive the store.
  void move_to(Device& device);
  Device& device() const { return *device_; }

  // In the order of declaration. Addresses are stable.
  std::deque<Parameter>& all() { return parameters_; }
  const std::deque<Parameter>& all() const { return parameters_; }
  Parameter* find(std::string_view name);
  int64_t count() const;  // of numbers in all parameters

 private:
  std::vector<int64_t> offsets() const;
  std::size_t first_rounded() const;
  void place_values(Buffer memory);

  std::deque<Parameter> parameters_;
  std::vector<bool> starts_group_;  // per parameter: begins on a cache line of its own
  Device* device_ = &host_device();
  Buffer values_, gradients_, rounded_, active_rows_;
};

// Fills the value, on that device, as Transformers initialises it: normal(0, deviation), zeros or
// ones. Which numbers the normal initializer draws depends on the seed and on the parameter's name
// alone.
void initialize(Parameter& parameter, double deviation, uint64_t seed,
                Device& device = host_device());

}  // namespace lathe
