// What an Arrow file says of its columns: names, types, and the features that Datasets keeps in the
// schema's metadata.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/column.h"
#include "data/flat_buffer.h"
#include "data/table.h"

namespace lathe {

// A field of a schema, of any type that Arrow knows.
struct ArrowField {
  std::string name;
  int type_id = 0;                    // arrow::TypeId
  std::optional<ColumnType> type;     // integers, fractions, booleans, texts and lists
  int64_t list_size = 0;              // fixed-size lists
  std::optional<int64_t> dictionary;  // its values are indices into the dictionary of that number,
  ColumnType index_type = ColumnType::kInt32;  // of this type
  std::vector<ArrowField> children;

  // Whether Lathe can hold its values in a Column, and what a message calls its type.
  bool holdable() const;
  std::string type_name() const;
};

struct ArrowSchema {
  std::vector<ArrowField> fields;
  std::string hugging_face;  // the value of the key "huggingface"; "" where there is none
};

// From the table Schema. Error for big-endian data, for types nested deeper than 64, and for what
// is not a schema.
ArrowSchema read_arrow_schema(const FlatTable& schema, const std::string& where);

// The value of `key` in the vector of KeyValue that is field number `field`; "" where there is
// none.
std::string_view metadata_value(const FlatTable& table, int field, std::string_view key);
FlatNode key_value_node(std::string_view key, std::string_view value);

// The table Schema of those columns, with their features.
FlatNode arrow_schema_node(const std::vector<Column>& columns);

// Datasets' features of columns, {"text": {"dtype": "string", "_type": "Value"}, …}, and the
// columns with the labels that features give them. Features that do not fit a column are no error:
// they describe what another program made of it.
Json features_of(const std::vector<Column>& columns);
std::vector<Column> with_features(std::vector<Column> columns, const Json& features);
// The same from the schema's metadata.
std::vector<Column> with_features(std::vector<Column> columns, const std::string& hugging_face);

}  // namespace lathe
