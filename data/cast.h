// Columns of one type made into another.
#pragma once

#include "data/column.h"

namespace lathe {

// Texts become numbers or booleans when all of them are (data/number_text.h says which are),
// integers before numbers before booleans; empty texts become nulls then. Returns the column itself
// when they are not, or are all empty.
Column infer_type(const Column& column);

// The column's values as `type`, none changed by it: texts to numbers and booleans (empty ones to
// null), numbers to other numbers that hold them (fractions to float32 are rounded), numbers to
// booleans (0 is false), and any of them to text. Texts stay texts, whatever the width of their
// offsets. Error naming the row of a value that is not one of that type, and for types that cannot
// be made into each other.
Column cast(const Column& column, ColumnType type);

// The same for what stands in lists, and in lists of lists; they stay lists.
Column cast_elements(const Column& column, ColumnType type);

}  // namespace lathe
