// Columns of one type made into another.
#pragma once

#include "data/column.h"

namespace lathe {

// Texts become numbers or booleans when all of them are (data/number_text.h says which are),
// integers before numbers before booleans; empty texts become nulls then. Returns the column itself
// when they are not, or are all empty.
Column infer_type(const Column& column);

// The column's values as `type`: texts to numbers and booleans (empty ones to null), booleans to
// integers, both to float64, and any of them to text. Error naming the row of a text that is not a
// value of that type, and for types that cannot be made into each other.
Column cast(const Column& column, ColumnType type);

}  // namespace lathe
