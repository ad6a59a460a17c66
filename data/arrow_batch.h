// The columns of one record batch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/arrow_schema.h"
#include "data/column.h"
#include "data/flat_buffer.h"

namespace lathe {

using ArrowDictionaries = std::map<int64_t, Column>;  // by their numbers

class ArrowBatch {
 public:
  // The table RecordBatch and the body of its message, both of which must outlive this. Error when
  // its length is negative or its compression unknown.
  ArrowBatch(const FlatTable& batch, const SharedBytes& body, const ArrowDictionaries& dictionaries,
             std::string where);

  int64_t rows() const { return rows_; }
  // Its columns in the order of the schema's fields: each must be taken or skipped. Error naming
  // the column when what the batch says of it does not fit.
  Column take(const ArrowField& field);
  void skip(const ArrowField& field);

 private:
  struct Node {
    int64_t rows, nulls;
  };
  Column take_column(const ArrowField& field);
  Column take_values(const ArrowField& field, ColumnType type, const Node& node);
  Column take_nulls(const ArrowField& field, const Node& node);
  Column take_fixed_lists(const ArrowField& field, const Node& node);
  Column take_views(const ArrowField& field, const Node& node);
  Column from_dictionary(const ArrowField& field, const Node& node);
  Node take_node();
  SharedBytes take_buffer(std::size_t alignment);
  SharedBytes take_validity(const Node& node);
  SharedBytes take_offsets(const Node& node, ColumnType type, int64_t& end);
  int64_t take_variadic_count();
  SharedBytes decompressed(const SharedBytes& bytes) const;
  void check_backed(int64_t rows) const;
  [[noreturn]] void fail_column(const std::string& why) const;

  const FlatTable& batch_;
  const SharedBytes& body_;
  const ArrowDictionaries& dictionaries_;
  std::string where_, column_;
  int64_t rows_ = 0;
  int8_t compression_ = -1;  // arrow::compression::Codec, or none
  std::size_t next_node_ = 0, next_buffer_ = 0, next_variadic_ = 0;
};

}  // namespace lathe
