// A case's operands in a device's memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tensor/buffer.h"

namespace lathe::testing {

class Mirror {
 public:
  explicit Mirror(Device& device) : device_(device) {}

  Stream stream() const { return device_.stream(); }

  template <class T>
  void add(const std::string& name, const T* values, std::size_t count) {
    const auto bytes = static_cast<int64_t>(count * sizeof(T));
    Buffer memory(bytes, "an operand", device_);
    if (bytes > 0) device_.upload(memory.data(), values, bytes);
    buffers_.insert_or_assign(name, std::move(memory));
  }
  template <class T>
  T* at(const std::string& name) const {
    return reinterpret_cast<T*>(buffers_.at(name).data());
  }
  template <class T>
  void fetch(const std::string& name, T* values) const {
    const Buffer& memory = buffers_.at(name);
    if (memory.bytes() > 0) device_.download(values, memory.data(), memory.bytes());
  }

  // A list that a case makes anew for every run: uploaded when it is not what it was.
  const void* place(const void* list, std::size_t bytes) {
    const std::string content(static_cast<const char*>(list), bytes);
    if (content != list_) add("", content.data(), content.size());
    list_ = content;
    return at<void>("");
  }

 private:
  Device& device_;
  std::map<std::string, Buffer> buffers_;
  std::string list_;
};

}  // namespace lathe::testing
