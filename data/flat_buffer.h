// FlatBuffers (flatbuffers.dev, "FlatBuffer Internals"), the encoding of Arrow's metadata: as much
// of it as Arrow uses, read with every access checked and written front to back.
//
// A table is found by an offset and begins with the way back to its vtable: u16 sizes of vtable and
// table, then for each field, by its number in the schema, u16 where in the table it stands (0: it
// has its default). Scalars and structs stand in the table; texts, vectors and tables stand behind
// it, and the field holds a u32 of how far behind. Everything is little-endian.
//
// Own code rather than the FlatBuffers library: the accessors that its compiler generates trust
// their input and need a second pass that verifies it; here there is no way to read unchecked.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe {

// A table in bytes that anyone may have written. Error "<where>: …" for whatever points outside
// them. The bytes must outlive it.
class FlatTable {
 public:
  FlatTable() = default;  // a table without fields
  static FlatTable root(std::string_view bytes, const std::string* where);

  // Field number `field`; `missing` where it is not there.
  template <class T>
  T scalar(int field, T missing) const {
    const std::size_t place = field_place(field);
    return place == 0 ? missing : load<T>(place);
  }
  bool has(int field) const { return field_place(field) != 0; }
  FlatTable table(int field) const;          // without fields where it is not there
  std::string_view text(int field) const;    // "" where it is not there
  std::size_t vector_size(int field) const;  // 0 where it is not there
  // Element i < vector_size() of a vector of tables, or of structs of `width` bytes.
  FlatTable element(int field, std::size_t i) const;
  const char* element(int field, std::size_t i, std::size_t width) const;

 private:
  FlatTable(std::string_view bytes, std::size_t place, const std::string* where);
  template <class T>
  T load(std::size_t place) const {
    check(place, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + place, sizeof value);
    return value;
  }
  void check(std::size_t place, std::size_t size) const;
  std::size_t field_place(int field) const;
  std::size_t target(std::size_t place) const { return place + load<uint32_t>(place); }

  std::string_view bytes_;
  std::size_t place_ = 0;  // 0: no table
  std::size_t vtable_ = 0, vtable_size_ = 0;
  const std::string* where_ = nullptr;
};

// A table to be written.
class FlatNode {
 public:
  template <class T>
  FlatNode& scalar(int field, T value) {
    Field& added = add(field, Kind::kScalar);
    added.bytes.resize(sizeof value);
    std::memcpy(added.bytes.data(), &value, sizeof value);
    return *this;
  }
  FlatNode& table(int field, FlatNode node);
  FlatNode& tables(int field, std::vector<FlatNode> nodes);
  FlatNode& text(int field, std::string text);
  // A vector of structs of `width` bytes, a multiple of 8.
  FlatNode& structs(int field, std::string bytes, std::size_t width);

  // As the root of a buffer, whose size is a multiple of 8.
  std::string bytes() const;

 private:
  enum class Kind { kScalar, kTable, kTables, kText, kStructs };
  struct Field {
    int number;
    Kind kind;
    std::string bytes;
    std::size_t count;
    std::vector<FlatNode> nodes;
  };
  Field& add(int field, Kind kind);
  std::size_t append_to(std::string& out) const;
  static std::size_t append_target(const Field& field, std::string& out);

  std::vector<Field> fields_;
};

}  // namespace lathe
