#include "nn/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/json.h"

namespace lathe {

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeader = 100'000'000;  // the limit that the format's own library sets
constexpr const char* kMetadata = "__metadata__";

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

std::optional<int64_t> bytes_per_element(std::string_view dtype) {
  for (const std::string_view one : {"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"}) {
    if (dtype == one) return 1;
  }
  for (const std::string_view two : {"I16", "U16", "F16", "BF16"}) {
    if (dtype == two) return 2;
  }
  for (const std::string_view four : {"I32", "U32", "F32"}) {
    if (dtype == four) return 4;
  }
  for (const std::string_view eight : {"I64", "U64", "F64"}) {
    if (dtype == eight) return 8;
  }
  return std::nullopt;
}

// The product of the extents, or nothing when it does not fit.
std::optional<int64_t> checked_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) return std::nullopt;
  }
  return count;
}

float widen_f16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00u) {  // infinity or NaN
    return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  }
  // Shifted into place the exponent is off by 127 - 15; multiplying corrects it, for subnormal
  // numbers too.
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(scaled) | sign);
}

float widen_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

template <class Stored, class Widen>
void widen(std::string_view bytes, float* out, Widen to_f32) {
  for (std::size_t i = 0; i < bytes.size() / sizeof(Stored); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = to_f32(stored);
  }
}

}  // namespace

int64_t SafetensorsFile::Entry::count() const { return *checked_count(shape); }

SafetensorsFile::SafetensorsFile(const std::string& path) : file_(path) {
  const std::string_view bytes = file_.bytes();
  if (bytes.size() < kLengthBytes) {
    fail(path, ": ", bytes.size(), " bytes are too few for a safetensors file");
  }
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeader || length > bytes.size() - kLengthBytes) {
    fail(path, ": the header is said to be ", length, " bytes long, in a file of ", bytes.size(),
         ": not a safetensors file, or a truncated one");
  }
  const Json header = parse_json(bytes.substr(kLengthBytes, length), path + ": header");
  if (!header.is_object()) fail(path, ": the header is ", header.kind(), ", not an object");
  const std::string_view data = bytes.substr(kLengthBytes + length);
  for (const auto& [name, description] : header.as_object()) {
    if (name == kMetadata) continue;
    try {
      read_entry(name, description, data);
    } catch (const Error& error) {
      fail(path, ": tensor ", name, ": ", error.what());
    }
  }
  require_seamless(data);
}

void SafetensorsFile::read_entry(const std::string& name, const Json& description,
                                 std::string_view data) {
  const Json* dtype = description.find("dtype");
  const Json* shape = description.find("shape");
  const Json* offsets = description.find("data_offsets");
  if (!dtype || !shape || !offsets) fail("dtype, shape or data_offsets is missing");
  Entry entry{name, dtype->as_string(), {}, {}};
  for (const Json& extent : shape->as_array()) entry.shape.push_back(extent.as_integer());
  const std::optional<int64_t> element = bytes_per_element(entry.dtype);
  if (!element) fail("the dtype ", entry.dtype, " is unknown");
  const std::optional<int64_t> count = checked_count(entry.shape);
  if (offsets->as_array().size() != 2) fail("data_offsets must be two numbers");
  const int64_t begin = offsets->as_array()[0].as_integer();
  const int64_t end = offsets->as_array()[1].as_integer();
  if (begin < 0 || end < begin || end > static_cast<int64_t>(data.size())) {
    fail("data_offsets ", begin, " to ", end, " are outside the file's ", data.size(),
         " bytes of data: a truncated file?");
  }
  int64_t needed = 0;
  if (!count || __builtin_mul_overflow(*count, *element, &needed) || needed != end - begin) {
    fail("its shape ", shape->dump(), " of ", entry.dtype, " does not fill its ", end - begin,
         " bytes");
  }
  entry.bytes = data.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  entries_.push_back(std::move(entry));
}

void SafetensorsFile::require_seamless(std::string_view data) const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries_) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->bytes.data(), a->bytes.size()) <
           std::pair(b->bytes.data(), b->bytes.size());
  });
  const char* end = data.data();
  for (const Entry* entry : order) {
    if (entry->bytes.data() != end) {
      fail(path(), ": tensor ", entry->name, ": its bytes ",
           entry->bytes.data() < end ? "overlap another tensor's" : "follow a hole in the file");
    }
    end += entry->bytes.size();
  }
  const auto rest = data.data() + data.size() - end;
  if (rest != 0) fail(path(), ": ", rest, " bytes at the end belong to no tensor");
}

const SafetensorsFile::Entry* SafetensorsFile::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

void read_as_f32(const SafetensorsFile::Entry& entry, float* out) {
  if (entry.dtype == "F32") {
    std::memcpy(out, entry.bytes.data(), entry.bytes.size());
  } else if (entry.dtype == "F16") {
    widen<uint16_t>(entry.bytes, out, widen_f16);
  } else if (entry.dtype == "BF16") {
    widen<uint16_t>(entry.bytes, out, widen_bf16);
  } else if (entry.dtype == "F64") {
    widen<double>(entry.bytes, out, [](double x) { return static_cast<float>(x); });
  } else {
    fail("tensor ", entry.name, ": ", entry.dtype, " where F32, F16 or BF16 is needed");
  }
}

void write_safetensors(const std::string& path,
                       std::vector<std::pair<std::string, Tensor>> tensors) {
  std::sort(tensors.begin(), tensors.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Json header = Json::object();
  header[kMetadata]["format"] = "pt";
  int64_t end = 0;
  for (const auto& [name, tensor] : tensors) {
    Json shape = Json::array();
    for (const int64_t extent : tensor.shape()) shape.push_back(extent);
    Json description = Json::object();
    description["dtype"] = name_of(tensor.dtype());
    description["shape"] = std::move(shape);
    description["data_offsets"] = Json::Array{end, end + tensor.bytes()};
    end += tensor.bytes();
    header.as_object().emplace_back(name, std::move(description));
  }
  std::string text = header.dump();
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  const uint64_t length = text.size();
  AtomicFile file(path);
  file.write(&length, kLengthBytes);
  file.write(text);
  for (const auto& [name, tensor] : tensors) {
    file.write(tensor.data(), static_cast<std::size_t>(tensor.bytes()));
  }
  file.commit();
}

}  // namespace lathe
