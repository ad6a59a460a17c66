#include "data/flat_buffer.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace lathe {

static_assert(std::endian::native == std::endian::little, "FlatBuffers are little-endian");

FlatTable FlatTable::root(std::string_view bytes, const std::string* where) {
  FlatTable whole;
  whole.bytes_ = bytes;
  whole.where_ = where;
  return {bytes, whole.target(0), where};
}

FlatTable::FlatTable(std::string_view bytes, std::size_t place, const std::string* where)
    : bytes_(bytes), place_(place), where_(where) {
  const int64_t vtable = static_cast<int64_t>(place) - load<int32_t>(place);
  if (vtable < 0) fail(*where_, ": damaged metadata: a table's fields stand before its beginning");
  vtable_ = static_cast<std::size_t>(vtable);
  vtable_size_ = load<uint16_t>(vtable_);
  check(vtable_, vtable_size_);
}

void FlatTable::check(std::size_t place, std::size_t size) const {
  if (place <= bytes_.size() && size <= bytes_.size() - place) return;
  fail(*where_, ": damaged metadata: ", size, " bytes at ", place, " of ", bytes_.size());
}

std::size_t FlatTable::field_place(int field) const {
  const std::size_t slot = 4 + 2 * static_cast<std::size_t>(field);
  if (place_ == 0 || slot + 2 > vtable_size_) return 0;
  const std::size_t offset = load<uint16_t>(vtable_ + slot);
  return offset == 0 ? 0 : place_ + offset;
}

FlatTable FlatTable::table(int field) const {
  const std::size_t place = field_place(field);
  if (place == 0) return {};
  return {bytes_, target(place), where_};
}

std::string_view FlatTable::text(int field) const {
  const std::size_t place = field_place(field);
  if (place == 0) return {};
  const std::size_t start = target(place);
  const std::size_t size = load<uint32_t>(start);
  check(start + 4, size);
  return bytes_.substr(start + 4, size);
}

std::size_t FlatTable::vector_size(int field) const {
  const std::size_t place = field_place(field);
  return place == 0 ? 0 : load<uint32_t>(target(place));
}

FlatTable FlatTable::element(int field, std::size_t i) const {
  const std::size_t start = target(field_place(field));
  return {bytes_, target(start + 4 + 4 * i), where_};
}

const char* FlatTable::element(int field, std::size_t i, std::size_t width) const {
  const std::size_t place = target(field_place(field)) + 4 + width * i;
  check(place, width);
  return bytes_.data() + place;
}

namespace {

void pad(std::string& out, std::size_t multiple, std::size_t remainder = 0) {
  while (out.size() % multiple != remainder) out += '\0';
}

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void put(std::string& out, std::size_t place, T value) {
  std::memcpy(out.data() + place, &value, sizeof value);
}

}  // namespace

FlatNode::Field& FlatNode::add(int field, Kind kind) {
  return fields_.emplace_back(Field{field, kind, {}, 0, {}});
}

FlatNode& FlatNode::table(int field, FlatNode node) {
  add(field, Kind::kTable).nodes.push_back(std::move(node));
  return *this;
}

FlatNode& FlatNode::tables(int field, std::vector<FlatNode> nodes) {
  add(field, Kind::kTables).nodes = std::move(nodes);
  return *this;
}

FlatNode& FlatNode::text(int field, std::string text) {
  add(field, Kind::kText).bytes = std::move(text);
  return *this;
}

FlatNode& FlatNode::structs(int field, std::string bytes, std::size_t width) {
  Field& added = add(field, Kind::kStructs);
  added.count = bytes.size() / width;
  added.bytes = std::move(bytes);
  return *this;
}

std::string FlatNode::bytes() const {
  std::string out(4, '\0');
  put(out, 0, static_cast<uint32_t>(append_to(out)));
  pad(out, 8);
  return out;
}

// Appends the table and all behind it; returns where the table stands.
std::size_t FlatNode::append_to(std::string& out) const {
  int last = -1;
  std::size_t size = 4;  // of the table: the way to the vtable, then the fields
  std::vector<std::size_t> offsets;
  for (const Field& field : fields_) {
    const std::size_t width = field.kind == Kind::kScalar ? field.bytes.size() : 4;
    size = (size + width - 1) / width * width;
    offsets.push_back(size);
    size += width;
    last = std::max(last, field.number);
  }
  const std::size_t vtable_size = 4 + 2 * static_cast<std::size_t>(last + 1);
  pad(out, 2);
  const std::size_t vtable = out.size();
  out.append(vtable_size, '\0');
  pad(out, 8);
  const std::size_t table = out.size();
  out.append(size, '\0');
  put(out, vtable, static_cast<uint16_t>(vtable_size));
  put(out, vtable + 2, static_cast<uint16_t>(size));
  put(out, table, static_cast<int32_t>(table - vtable));
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    const std::size_t place = table + offsets[i];
    put(out, vtable + 4 + 2 * static_cast<std::size_t>(field.number),
        static_cast<uint16_t>(offsets[i]));
    if (field.kind == Kind::kScalar) {
      std::memcpy(out.data() + place, field.bytes.data(), field.bytes.size());
    } else {
      const std::size_t target = append_target(field, out);
      put(out, place, static_cast<uint32_t>(target - place));
    }
  }
  return table;
}

// What a field points to; returns where it stands.
std::size_t FlatNode::append_target(const Field& field, std::string& out) {
  if (field.kind == Kind::kTable) return field.nodes[0].append_to(out);
  pad(out, 8, 4);  // so that what follows the count is aligned
  const std::size_t start = out.size();
  if (field.kind == Kind::kText) {
    append(out, static_cast<uint32_t>(field.bytes.size()));
    out.append(field.bytes).append(1, '\0');
  } else if (field.kind == Kind::kStructs) {
    append(out, static_cast<uint32_t>(field.count));
    out += field.bytes;
  } else {
    append(out, static_cast<uint32_t>(field.nodes.size()));
    out.append(4 * field.nodes.size(), '\0');
    for (std::size_t i = 0; i < field.nodes.size(); ++i) {
      const std::size_t place = start + 4 + 4 * i;
      const std::size_t node = field.nodes[i].append_to(out);
      put(out, place, static_cast<uint32_t>(node - place));
    }
  }
  return start;
}

}  // namespace lathe
