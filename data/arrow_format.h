// The numbers of Arrow's metadata (the files format/*.fbs of Apache Arrow name them): which field
// of which table is what. data/FORMAT.md shows how they stand together.
#pragma once

#include <cstdint>
#include <string_view>

namespace lathe::arrow {

constexpr std::string_view kMagic = "ARROW1";             // begins and ends a file
constexpr uint32_t kContinuation = 0xFFFFFFFF;            // begins a message
constexpr std::string_view kHuggingFace = "huggingface";  // metadata: Datasets' features
constexpr std::string_view kChecksum = "lathe:xxh3";      // metadata: of a message or a footer
constexpr int64_t kChecksumDigits = 16;

// Versions: V4 and V5 lay out what Lathe reads in the same way.
constexpr int16_t kVersion4 = 3, kVersion5 = 4;

namespace message {
enum Field { kVersion, kHeaderType, kHeader, kBodyLength, kMetadata };
enum Header : uint8_t { kNone, kSchema, kDictionaryBatch, kRecordBatch };
}  // namespace message

namespace schema {
enum Field { kEndianness, kFields, kMetadata };
}  // namespace schema

namespace field {
enum Field { kName, kNullable, kTypeType, kType, kDictionary, kChildren, kMetadata };
}  // namespace field

namespace key_value {
enum Field { kKey, kValue };
}  // namespace key_value

namespace integer {
enum Field { kBitWidth, kIsSigned };
}  // namespace integer

namespace floating_point {
enum Field { kPrecision };
enum Precision : int16_t { kHalf, kSingle, kDouble };
}  // namespace floating_point

namespace fixed_size_list {
enum Field { kListSize };
}  // namespace fixed_size_list

namespace dictionary_encoding {
enum Field { kId, kIndexType };
}  // namespace dictionary_encoding

namespace dictionary_batch {
enum Field { kId, kData, kIsDelta };
}  // namespace dictionary_batch

namespace record_batch {
enum Field { kLength, kNodes, kBuffers, kCompression, kVariadicCounts };
}  // namespace record_batch

namespace compression {
enum Field { kCodec, kMethod };
enum Codec : int8_t { kLz4Frame, kZstd };
}  // namespace compression

namespace footer {
enum Field { kVersion, kSchema, kDictionaries, kRecordBatches, kMetadata };
}  // namespace footer

// The union Type.
enum TypeId : uint8_t {
  kNull = 1,
  kInt,
  kFloatingPoint,
  kBinary,
  kUtf8,
  kBool,
  kDecimal,
  kDate,
  kTime,
  kTimestamp,
  kInterval,
  kList,
  kStruct,
  kUnion,
  kFixedSizeBinary,
  kFixedSizeList,
  kMap,
  kDuration,
  kLargeBinary,
  kLargeUtf8,
  kLargeList,
  kRunEndEncoded,
  kBinaryView,
  kUtf8View,
  kListView,
  kLargeListView
};

// The structs, as they stand in memory.
struct FieldNode {
  int64_t length, null_count;
};
struct Buffer {
  int64_t offset, length;
};
struct Block {
  int64_t offset;  // of a message in the file
  int32_t metadata_length, padding;
  int64_t body_length;
};

}  // namespace lathe::arrow
