// A read-only block of bytes and whatever keeps it alive: a vector, a mapped file, a part of
// either. Copying shares the block, so columns are cheap to copy and several tables can hold the
// same one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe {

class SharedBytes {
 public:
  SharedBytes() = default;  // no bytes
  // `owner` keeps [data, data + size) alive and unchanged.
  SharedBytes(std::shared_ptr<const void> owner, const void* data, int64_t size)
      : owner_(std::move(owner)), data_(static_cast<const std::byte*>(data)), size_(size) {}

  template <class T>
  static SharedBytes of(std::vector<T> values) {
    auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    const void* data = owner->data();
    const auto size = static_cast<int64_t>(owner->size() * sizeof(T));
    return {std::move(owner), data, size};
  }

  // The bytes [offset, offset + size) of it, which must exist.
  SharedBytes part(int64_t offset, int64_t size) const { return {owner_, data_ + offset, size}; }

  const std::byte* data() const { return data_; }
  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {as<char>(), static_cast<std::size_t>(size_)}; }

  // The bytes as elements of T, for which they must be aligned: a vector of T is, and Arrow aligns
  // its buffers to 8 bytes.
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }

 private:
  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace lathe
