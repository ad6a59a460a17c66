#include "data/column.h"

#include "base/error.h"
#include "data/column_builder.h"

namespace lathe {

namespace {

int64_t bitmap_bytes(int64_t bits) { return (bits + 7) / 8; }

int64_t value_bytes(ColumnType type, int64_t size) {
  switch (type) {
    case ColumnType::kBool:
      return bitmap_bytes(size);
    case ColumnType::kInt64:
    case ColumnType::kFloat64:
      return size * 8;
    default:
      return 0;  // texts and lists: their offsets say
  }
}

int64_t offset_bytes(ColumnType type, int64_t size) {
  switch (type) {
    case ColumnType::kUtf8:
    case ColumnType::kList:
      return (size + 1) * 4;
    case ColumnType::kLargeUtf8:
      return (size + 1) * 8;
    default:
      return 0;
  }
}

}  // namespace

std::string_view name_of(ColumnType type) {
  switch (type) {
    case ColumnType::kBool:
      return "bool";
    case ColumnType::kInt64:
      return "int64";
    case ColumnType::kFloat64:
      return "float64";
    case ColumnType::kUtf8:
      return "utf8";
    case ColumnType::kLargeUtf8:
      return "large_utf8";
    case ColumnType::kList:
      return "list";
  }
  return "unknown";
}

Column::Column(std::string name, ColumnType type, int64_t size, int64_t null_count, Buffers buffers)
    : name_(std::move(name)),
      type_(type),
      size_(size),
      null_count_(null_count),
      buffers_(std::move(buffers)) {
  check_buffers();
}

void Column::check_buffers() const {
  const auto check = [&](const char* what, const SharedBytes& buffer, int64_t needed) {
    if (buffer.size() >= needed) return;
    fail("column ", quoted(name_), " (", type_name(), "): the buffer of its ", what, " has ",
         buffer.size(), " bytes, ", size_, " rows need ", needed);
  };
  if (size_ < 0 || null_count_ < 0 || null_count_ > size_) {
    fail("column ", quoted(name_), ": ", null_count_, " nulls in ", size_, " rows");
  }
  if (type_ == ColumnType::kList && buffers_.elements == nullptr) {
    fail("column ", quoted(name_), ": a list column without elements");
  }
  if (null_count_ > 0) check("validity", buffers_.validity, bitmap_bytes(size_));
  if (size_ == 0) return;  // Arrow allows even the one offset to be left out
  check("offsets", buffers_.offsets, offset_bytes(type_, size_));
  check("values", buffers_.values, value_bytes(type_, size_));
  if (is_text(type_)) check("texts", buffers_.values, range(size_ - 1).end);
  if (type_ == ColumnType::kList && elements().size() < range(size_ - 1).end) {
    fail("column ", quoted(name_), ": lists of ", range(size_ - 1).end,
         " elements in all, but only ", elements().size(), " exist");
  }
}

std::string Column::type_name() const {
  if (type_ != ColumnType::kList) return std::string(name_of(type_));
  return "list<" + (buffers_.elements ? buffers_.elements->type_name() : "?") + ">";
}

int64_t Column::integer(int64_t row) const {
  if (type_ == ColumnType::kInt64) return buffers_.values.as<int64_t>()[row];
  if (type_ == ColumnType::kBool) return bit(buffers_.values, row) ? 1 : 0;
  wrong_type("integers are");
}

double Column::number(int64_t row) const {
  if (type_ == ColumnType::kFloat64) return buffers_.values.as<double>()[row];
  if (type_ == ColumnType::kInt64 || type_ == ColumnType::kBool) {
    return static_cast<double>(integer(row));
  }
  wrong_type("numbers are");
}

bool Column::boolean(int64_t row) const {
  if (type_ != ColumnType::kBool) wrong_type("booleans are");
  return bit(buffers_.values, row);
}

std::string_view Column::text(int64_t row) const {
  if (!is_text(type_)) wrong_type("text is");
  const RowRange bytes = range(row);
  return {reinterpret_cast<const char*>(buffers_.values.data()) + bytes.begin,
          static_cast<std::size_t>(bytes.size())};
}

RowRange Column::list(int64_t row) const {
  if (type_ != ColumnType::kList) wrong_type("lists are");
  return range(row);
}

const Column& Column::elements() const {
  if (type_ != ColumnType::kList) wrong_type("lists are");
  return *buffers_.elements;
}

RowRange Column::range(int64_t row) const {
  if (type_ == ColumnType::kLargeUtf8) {
    const int64_t* offsets = buffers_.offsets.as<int64_t>() + row;
    return {offsets[0], offsets[1]};
  }
  const int32_t* offsets = buffers_.offsets.as<int32_t>() + row;
  return {offsets[0], offsets[1]};
}

void Column::wrong_type(std::string_view wanted) const {
  fail(where(), " holds ", type_name(), ", ", wanted, " needed");
}

std::string Column::where(int64_t row) const {
  return concat(source_.empty() ? "" : source_ + ": ", "row ", row + 1, ", column ", quoted(name_));
}

std::string Column::where() const {
  return concat(source_.empty() ? "" : source_ + ": ", "column ", quoted(name_));
}

Column Column::renamed(std::string name) const {
  Column copy = *this;
  copy.name_ = std::move(name);
  return copy;
}

Column Column::with_source(std::string source) const {
  Column copy = *this;
  copy.source_ = std::move(source);
  return copy;
}

}  // namespace lathe
