#include "data/column.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "data/bitmap.h"

namespace lathe {

namespace {

struct TypeFacts {
  std::string_view name;
  int64_t value_width, offset_width;
};

// In the order of ColumnType.
constexpr TypeFacts kFacts[] = {
    {"bool", 0, 0},       {"int8", 1, 0},    {"int16", 2, 0},      {"int32", 4, 0},
    {"int64", 8, 0},      {"uint8", 1, 0},   {"uint16", 2, 0},     {"uint32", 4, 0},
    {"uint64", 8, 0},     {"float32", 4, 0}, {"float64", 8, 0},    {"utf8", 0, 4},
    {"large_utf8", 0, 8}, {"list", 0, 4},    {"large_list", 0, 8},
};
const TypeFacts& facts(ColumnType type) { return kFacts[static_cast<std::size_t>(type)]; }

template <class T>
T value(const Column::Chunk& chunk, int64_t row) {
  return chunk.values.as<T>()[row];
}

}  // namespace

std::string_view name_of(ColumnType type) { return facts(type).name; }
int64_t value_width(ColumnType type) { return facts(type).value_width; }
int64_t offset_width(ColumnType type) { return facts(type).offset_width; }

Column::Column(std::string name, ColumnType type, int64_t size, int64_t null_count, Buffers buffers)
    : name_(std::move(name)),
      type_(type),
      size_(size),
      null_count_(null_count),
      elements_(std::move(buffers.elements)) {
  chunks_ = std::make_shared<const std::vector<Chunk>>(
      std::vector<Chunk>{{0, size, null_count, 0, 0, std::move(buffers.validity),
                          std::move(buffers.offsets), std::move(buffers.values)}});
  check_buffers();
}

void Column::check_buffers() const {
  const Chunk& chunk = chunks_->front();
  const auto check = [&](const char* what, const SharedBytes& buffer, int64_t needed) {
    if (buffer.size() >= needed) return;
    fail("column ", quoted(name_), " (", type_name(), "): the buffer of its ", what, " has ",
         buffer.size(), " bytes, ", size_, " rows need ", needed);
  };
  if (size_ < 0 || null_count_ < 0 || null_count_ > size_) {
    fail("column ", quoted(name_), ": ", null_count_, " nulls in ", size_, " rows");
  }
  if (is_list(type_) && elements_ == nullptr) {
    fail("column ", quoted(name_), ": a list column without elements");
  }
  if (null_count_ > 0) check("validity", chunk.validity, bitmap_bytes(size_));
  if (size_ == 0) return;  // Arrow allows even the one offset to be left out
  if (type_ == ColumnType::kBool) check("values", chunk.values, bitmap_bytes(size_));
  if (value_width(type_) > 0) check("values", chunk.values, size_ * value_width(type_));
  if (offset_width(type_) == 0) return;
  check("offsets", chunk.offsets, (size_ + 1) * offset_width(type_));
  const int64_t end = last_range().end;
  if (is_text(type_)) check("texts", chunk.values, end);
  if (is_list(type_) && elements_->size() < end) {
    fail("column ", quoted(name_), ": lists of ", end, " elements in all, but only ",
         elements_->size(), " exist");
  }
}

Column Column::chained(const std::vector<Column>& parts) {
  if (parts.empty()) fail("no column to chain");
  if (parts.size() == 1) return parts.front();
  Column whole = parts.front();
  std::vector<Chunk> chunks;
  std::vector<Column> elements;
  int64_t element_start = 0;
  whole.size_ = whole.null_count_ = 0;
  for (const Column& part : parts) {
    if (part.type_name() != whole.type_name()) {
      fail(part.where(), " holds ", part.type_name(), ", in the parts before it ",
           whole.type_name());
    }
    for (Chunk chunk : part.chunks()) {
      if (chunk.size == 0) continue;
      chunk.start += whole.size_;
      chunk.element_start += element_start;
      chunks.push_back(std::move(chunk));
    }
    whole.size_ += part.size_;
    whole.null_count_ += part.null_count_;
    if (part.elements_ != nullptr) {
      elements.push_back(*part.elements_);
      element_start += part.elements_->size();
    }
  }
  if (chunks.empty()) chunks.push_back(parts.front().chunks().front());
  whole.chunks_ = std::make_shared<const std::vector<Chunk>>(std::move(chunks));
  if (!elements.empty()) whole.elements_ = std::make_shared<const Column>(chained(elements));
  return whole;
}

// Record batches mostly hold equally many rows, so the chunk is guessed before it is searched for.
Column::Place Column::place_among(int64_t row) const {
  const std::vector<Chunk>& chunks = *chunks_;
  const auto guess = static_cast<std::size_t>(row / std::max<int64_t>(1, chunks.front().size));
  if (guess < chunks.size()) {
    const Chunk& chunk = chunks[guess];
    if (row >= chunk.start && row - chunk.start < chunk.size) {
      return {&chunk, row - chunk.start + chunk.skip};
    }
  }
  const auto after =
      std::upper_bound(chunks.begin(), chunks.end(), row,
                       [](int64_t wanted, const Chunk& chunk) { return wanted < chunk.start; });
  const Chunk& chunk = *(after - 1);
  return {&chunk, row - chunk.start + chunk.skip};
}

std::string Column::type_name() const {
  if (!is_list(type_)) return std::string(name_of(type_));
  return concat(name_of(type_), "<", elements_ != nullptr ? elements_->type_name() : "?", ">");
}

int64_t Column::integer(int64_t row) const {
  const auto [chunk, index] = place(row);
  switch (type_) {
    case ColumnType::kBool:
      return bit(chunk->values, index) ? 1 : 0;
    case ColumnType::kInt8:
      return value<int8_t>(*chunk, index);
    case ColumnType::kInt16:
      return value<int16_t>(*chunk, index);
    case ColumnType::kInt32:
      return value<int32_t>(*chunk, index);
    case ColumnType::kInt64:
      return value<int64_t>(*chunk, index);
    case ColumnType::kUint8:
      return value<uint8_t>(*chunk, index);
    case ColumnType::kUint16:
      return value<uint16_t>(*chunk, index);
    case ColumnType::kUint32:
      return value<uint32_t>(*chunk, index);
    case ColumnType::kUint64: {
      const auto large = value<uint64_t>(*chunk, index);
      if (large > INT64_MAX) fail(where(row), ": ", large, " is beyond 64 bits with a sign");
      return static_cast<int64_t>(large);
    }
    default:
      wrong_type("integers are");
  }
}

double Column::number(int64_t row) const {
  const auto [chunk, index] = place(row);
  if (type_ == ColumnType::kFloat64) return value<double>(*chunk, index);
  if (type_ == ColumnType::kFloat32) return value<float>(*chunk, index);
  if (type_ == ColumnType::kUint64) return static_cast<double>(value<uint64_t>(*chunk, index));
  if (type_ == ColumnType::kBool || is_integer(type_)) return static_cast<double>(integer(row));
  wrong_type("numbers are");
}

bool Column::boolean(int64_t row) const {
  if (type_ != ColumnType::kBool) wrong_type("booleans are");
  const Place at = place(row);
  return bit(at.chunk->values, at.row);
}

std::string_view Column::text(int64_t row) const {
  if (!is_text(type_)) wrong_type("text is");
  const Place at = place(row);
  const RowRange bytes = range(at);
  return {at.chunk->values.as<char>() + bytes.begin, static_cast<std::size_t>(bytes.size())};
}

RowRange Column::list(int64_t row) const {
  if (!is_list(type_)) wrong_type("lists are");
  const Place at = place(row);
  const RowRange rows = range(at);
  return {rows.begin + at.chunk->element_start, rows.end + at.chunk->element_start};
}

const Column& Column::elements() const {
  if (!is_list(type_)) wrong_type("lists are");
  return *elements_;
}

RowRange Column::range(const Place& at) const {
  if (offset_width(type_) == 8) {
    const int64_t* offsets = at.chunk->offsets.as<int64_t>() + at.row;
    return {offsets[0], offsets[1]};
  }
  const int32_t* offsets = at.chunk->offsets.as<int32_t>() + at.row;
  return {offsets[0], offsets[1]};
}

RowRange Column::last_range() const { return range(place(size_ - 1)); }

std::span<const std::byte> Column::bytes_of(RowRange rows, ColumnType type) const {
  if (type_ != type) wrong_type(concat(name_of(type), " is"));
  if (rows.size() == 0) return {};
  const Place first = place(rows.begin);
  if (rows.end > first.chunk->start + first.chunk->size) {
    fail(where(rows.begin), ": the rows up to ", rows.end, " do not lie together");
  }
  const int64_t width = value_width(type);
  return {first.chunk->values.data() + first.row * width,
          static_cast<std::size_t>(rows.size() * width)};
}

void Column::wrong_type(std::string_view wanted) const {
  fail(where(), " holds ", type_name(), ", ", wanted, " needed");
}

const std::string& Column::source() const {
  static const std::string kNone;
  return sources_ != nullptr && sources_->size() == 1 ? sources_->front().path : kNone;
}

std::string Column::where(int64_t row) const {
  std::string file;
  if (sources_ != nullptr) {
    auto source = sources_->begin();
    for (; source + 1 != sources_->end() && row >= source->rows; ++source) row -= source->rows;
    file = source->path + ": ";
  }
  return concat(file, "row ", row + 1, ", column ", quoted(name_));
}

std::string Column::where() const {
  return concat(sources_ == nullptr ? "" : sources_->front().path + ": ", "column ", quoted(name_));
}

Column Column::renamed(std::string name) const {
  Column copy = *this;
  copy.name_ = std::move(name);
  return copy;
}

Column Column::with_source(std::string source) const {
  if (!source.empty()) return with_sources({{std::move(source), size_}});
  Column copy = *this;
  copy.sources_ = nullptr;
  return copy;
}

Column Column::with_sources(const std::vector<Source>& sources) const {
  Column copy = *this;
  copy.sources_ = std::make_shared<const std::vector<Source>>(sources);
  return copy;
}

Column Column::with_sources_of(const Column& other) const {
  Column copy = *this;
  copy.sources_ = other.sources_;
  return copy;
}

Column Column::with_labels(std::shared_ptr<const LabelNames> labels) const {
  Column copy = *this;
  copy.labels_ = std::move(labels);
  return copy;
}

Column Column::slice(int64_t begin, int64_t end) const {
  if (begin < 0 || begin > end || end > size_) {
    fail(where(), " has no rows ", begin, " to ", end, ": it has ", size_);
  }
  if (begin == 0 && end == size_) return *this;
  Column part = *this;
  part.size_ = end - begin;
  part.null_count_ = 0;
  std::vector<Chunk> chunks;
  for (const Chunk& chunk : *chunks_) {
    const int64_t first = std::max(begin, chunk.start);
    const int64_t last = std::min(end, chunk.start + chunk.size);
    if (first >= last) continue;
    Chunk& kept = chunks.emplace_back(chunk);
    kept.start = first - begin;
    kept.size = last - first;
    kept.skip += first - chunk.start;
    if (chunk.null_count > 0) {
      kept.null_count = kept.size - count_ones(kept.validity.as<uint8_t>(), kept.skip, kept.size);
    }
    part.null_count_ += kept.null_count;
  }
  if (chunks.empty()) {
    chunks.push_back(chunks_->front());
    chunks.back().start = chunks.back().size = chunks.back().null_count = 0;
  }
  part.chunks_ = std::make_shared<const std::vector<Chunk>>(std::move(chunks));
  if (begin != 0) part.sources_ = nullptr;
  return part;
}

}  // namespace lathe
