#include "data/arrow_schema.h"

#include <utility>

#include "base/error.h"
#include "data/arrow_format.h"
#include "data/labels.h"

namespace lathe {

namespace {

constexpr int kMostNested = 64;

constexpr const char* kTypeNames[] = {
    "none",
    "null",
    "int",
    "float16",
    "binary",
    "utf8",
    "bool",
    "decimal",
    "date",
    "time",
    "timestamp",
    "interval",
    "list",
    "struct",
    "union",
    "fixed binary",
    "fixed list",
    "map",
    "duration",
    "large binary",
    "large_utf8",
    "large_list",
    "run-end encoded",
    "binary_view",
    "utf8_view",
    "list_view",
    "large_list_view",
};

std::optional<ColumnType> integer_type(const FlatTable& type) {
  const bool is_signed = type.scalar<uint8_t>(arrow::integer::kIsSigned, 0) != 0;
  switch (type.scalar<int32_t>(arrow::integer::kBitWidth, 0)) {
    case 8:
      return is_signed ? ColumnType::kInt8 : ColumnType::kUint8;
    case 16:
      return is_signed ? ColumnType::kInt16 : ColumnType::kUint16;
    case 32:
      return is_signed ? ColumnType::kInt32 : ColumnType::kUint32;
    case 64:
      return is_signed ? ColumnType::kInt64 : ColumnType::kUint64;
    default:
      return std::nullopt;
  }
}

std::optional<ColumnType> fraction_type(const FlatTable& type) {
  switch (type.scalar<int16_t>(arrow::floating_point::kPrecision, 0)) {
    case arrow::floating_point::kSingle:
      return ColumnType::kFloat32;
    case arrow::floating_point::kDouble:
      return ColumnType::kFloat64;
    default:
      return std::nullopt;
  }
}

std::optional<ColumnType> column_type(int type_id, const FlatTable& type) {
  switch (type_id) {
    case arrow::kBool:
      return ColumnType::kBool;
    case arrow::kInt:
      return integer_type(type);
    case arrow::kFloatingPoint:
      return fraction_type(type);
    case arrow::kUtf8:
    case arrow::kUtf8View:  // read into 32-bit offsets
    case arrow::kNull:      // a column of nulls
      return ColumnType::kUtf8;
    case arrow::kLargeUtf8:
      return ColumnType::kLargeUtf8;
    case arrow::kList:
    case arrow::kFixedSizeList:
      return ColumnType::kList;
    case arrow::kLargeList:
      return ColumnType::kLargeList;
    default:
      return std::nullopt;
  }
}

ArrowField read_field(const FlatTable& table, const std::string& where, int depth) {
  if (depth > kMostNested) fail(where, ": types nested deeper than ", kMostNested);
  ArrowField result;
  result.name = table.text(arrow::field::kName);
  result.type_id = table.scalar<uint8_t>(arrow::field::kTypeType, 0);
  if (result.type_id == 0 || static_cast<std::size_t>(result.type_id) >= std::size(kTypeNames)) {
    fail(where, ": column ", quoted(result.name), " has the unknown type number ", result.type_id);
  }
  const FlatTable type = table.table(arrow::field::kType);
  result.type = column_type(result.type_id, type);
  if (result.type_id == arrow::kFixedSizeList) {
    result.list_size = type.scalar<int32_t>(arrow::fixed_size_list::kListSize, 0);
    if (result.list_size < 0) fail(where, ": lists of ", result.list_size, " elements");
  }
  if (table.has(arrow::field::kDictionary)) {
    const FlatTable dictionary = table.table(arrow::field::kDictionary);
    result.dictionary = dictionary.scalar<int64_t>(arrow::dictionary_encoding::kId, 0);
    if (dictionary.has(arrow::dictionary_encoding::kIndexType)) {
      const auto index = integer_type(dictionary.table(arrow::dictionary_encoding::kIndexType));
      if (!index) fail(where, ": column ", quoted(result.name), " has indices of an unknown type");
      result.index_type = *index;
    }
  }
  const std::size_t children = table.vector_size(arrow::field::kChildren);
  for (std::size_t i = 0; i < children; ++i) {
    result.children.push_back(
        read_field(table.element(arrow::field::kChildren, i), where, depth + 1));
  }
  if (result.type && is_list(*result.type) && children != 1) {
    fail(where, ": the list column ", quoted(result.name), " has ", children,
         " columns of elements");
  }
  return result;
}

FlatNode type_node(ColumnType type) {
  FlatNode node;
  if (is_integer(type)) {
    node.scalar<int32_t>(arrow::integer::kBitWidth, static_cast<int32_t>(8 * value_width(type)));
    node.scalar<uint8_t>(arrow::integer::kIsSigned, type <= ColumnType::kInt64 ? 1 : 0);
  } else if (is_fraction(type)) {
    node.scalar<int16_t>(arrow::floating_point::kPrecision, type == ColumnType::kFloat32
                                                                ? arrow::floating_point::kSingle
                                                                : arrow::floating_point::kDouble);
  }
  return node;
}

uint8_t type_id_of(ColumnType type) {
  if (is_integer(type)) return arrow::kInt;
  if (is_fraction(type)) return arrow::kFloatingPoint;
  switch (type) {
    case ColumnType::kBool:
      return arrow::kBool;
    case ColumnType::kLargeUtf8:
      return arrow::kLargeUtf8;
    case ColumnType::kList:
      return arrow::kList;
    case ColumnType::kLargeList:
      return arrow::kLargeList;
    default:
      return arrow::kUtf8;
  }
}

FlatNode field_node(const Column& column) {
  FlatNode node;
  node.text(arrow::field::kName, column.name());
  node.scalar<uint8_t>(arrow::field::kNullable, 1);
  node.scalar<uint8_t>(arrow::field::kTypeType, type_id_of(column.type()));
  node.table(arrow::field::kType, type_node(column.type()));
  std::vector<FlatNode> children;
  if (is_list(column.type())) children.push_back(field_node(column.elements()));
  return node.tables(arrow::field::kChildren, std::move(children));
}

Json feature_of(const Column& column) {
  Json feature = Json::object();
  if (column.labels() != nullptr) {
    Json names = Json::array();
    for (const std::string& name : column.labels()->names()) names.push_back(name);
    feature["names"] = std::move(names);
    feature["_type"] = "ClassLabel";
  } else if (is_list(column.type())) {
    feature["feature"] = feature_of(column.elements());
    // Datasets 4 calls it List and understands this; older ones understand nothing else.
    feature["_type"] = column.type() == ColumnType::kList ? "Sequence" : "LargeList";
  } else {
    const bool text = is_text(column.type());
    feature["dtype"] = text ? (column.type() == ColumnType::kUtf8 ? "string" : "large_string")
                            : std::string(name_of(column.type()));
    feature["_type"] = "Value";
  }
  return feature;
}

std::shared_ptr<const LabelNames> labels_in(const Json& feature) {
  const Json* type = feature.find("_type");
  const Json* names = feature.find("names");
  if (type == nullptr || *type != Json("ClassLabel") || names == nullptr || !names->is_array()) {
    return nullptr;
  }
  std::vector<std::string> texts;
  for (const Json& name : names->as_array()) {
    if (!name.is_string()) return nullptr;
    texts.push_back(name.as_string());
  }
  return std::make_shared<const LabelNames>(std::move(texts));
}

}  // namespace

bool ArrowField::holdable() const {
  if (!type) return false;
  if (dictionary) return !is_list(*type) && type_id != arrow::kNull;
  return !is_list(*type) || children[0].holdable();
}

std::string ArrowField::type_name() const {
  std::string shown(type && type_id != arrow::kNull ? name_of(*type) : kTypeNames[type_id]);
  if (type && is_list(*type)) shown += "<" + children[0].type_name() + ">";
  return dictionary ? "dictionary of " + shown : shown;
}

ArrowSchema read_arrow_schema(const FlatTable& schema, const std::string& where) {
  if (schema.scalar<int16_t>(arrow::schema::kEndianness, 0) != 0) {
    fail(where, ": big-endian data, which no current machine writes unless told");
  }
  ArrowSchema result;
  const std::size_t fields = schema.vector_size(arrow::schema::kFields);
  for (std::size_t i = 0; i < fields; ++i) {
    result.fields.push_back(read_field(schema.element(arrow::schema::kFields, i), where, 1));
  }
  result.hugging_face = metadata_value(schema, arrow::schema::kMetadata, arrow::kHuggingFace);
  return result;
}

std::string_view metadata_value(const FlatTable& table, int field, std::string_view key) {
  const std::size_t entries = table.vector_size(field);
  for (std::size_t i = 0; i < entries; ++i) {
    const FlatTable entry = table.element(field, i);
    if (entry.text(arrow::key_value::kKey) == key) return entry.text(arrow::key_value::kValue);
  }
  return {};
}

FlatNode key_value_node(std::string_view key, std::string_view value) {
  FlatNode node;
  node.text(arrow::key_value::kKey, std::string(key));
  node.text(arrow::key_value::kValue, std::string(value));
  return node;
}

FlatNode arrow_schema_node(const std::vector<Column>& columns) {
  std::vector<FlatNode> fields;
  fields.reserve(columns.size());
  for (const Column& column : columns) fields.push_back(field_node(column));
  Json hugging_face = Json::object();
  hugging_face["info"]["features"] = features_of(columns);
  FlatNode node;
  node.tables(arrow::schema::kFields, std::move(fields));
  return node.tables(arrow::schema::kMetadata,
                     {key_value_node(arrow::kHuggingFace, hugging_face.dump())});
}

Json features_of(const std::vector<Column>& columns) {
  Json features = Json::object();
  for (const Column& column : columns) features[column.name()] = feature_of(column);
  return features;
}

std::vector<Column> with_features(std::vector<Column> columns, const Json& features) {
  for (Column& column : columns) {
    const Json* feature = features.find(column.name());
    if (feature == nullptr || !is_integer(column.type())) continue;
    column = column.with_labels(labels_in(*feature));
  }
  return columns;
}

std::vector<Column> with_features(std::vector<Column> columns, const std::string& hugging_face) {
  if (hugging_face.empty()) return columns;
  try {
    const Json json = parse_json(hugging_face, "huggingface");
    const Json* info = json.find("info");
    const Json* features = info == nullptr ? nullptr : info->find("features");
    return features == nullptr ? columns : with_features(std::move(columns), *features);
  } catch (const Error&) {
    return columns;  // what is not JSON describes nothing
  }
}

}  // namespace lathe
