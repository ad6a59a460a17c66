// How a text whose quoted fields may hold newlines is parsed from several places at once: a piece
// begins behind the first newline outside quotes, and whether its beginning is inside quotes is
// known from the number of quotes before it. That is a guess, since a quote within an unquoted
// field is text. So every piece is parsed on from where the one before it really ended: mostly that
// is the place guessed, and else it is parsed again.
#include "data/delimited_reader.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "base/error.h"
#include "data/cast.h"
#include "data/column_builder.h"
#include "data/parallel.h"
#include "data/row_reader.h"
#include "data/scan.h"

namespace lathe {

namespace {

struct Piece {
  const char* begin;          // of its first row; nullptr: not known
  const char* limit;          // its rows begin at or before it
  const char* end = nullptr;  // where the next piece's first row begins
  std::vector<Column> columns = {};
  std::exception_ptr error = {};
};

class DelimitedReader {
 public:
  DelimitedReader(const SourceText& source, const DelimitedFormat& format,
                  const std::function<bool(std::string_view)>& infers)
      : source_(source), format_(format), infers_(infers) {}

  std::vector<Column> read() {
    const char* first = source_.text().data();
    const char* const end = first + source_.text().size();
    if (format_.column_names.empty()) {
      RowReader header(source_, format_, first);
      names_ = header.read_header();
      first = header.place();
    } else {
      names_ = format_.column_names;
    }
    guess_pieces(first, end);
    in_parallel(std::ssize(pieces_), [&](int64_t i) {
      Piece& piece = pieces_[static_cast<std::size_t>(i)];
      if (piece.begin != nullptr) read_piece(piece);
    });
    settle(first, end);
    return joined();
  }

 private:
  void guess_pieces(const char* first, const char* end) {
    const int64_t count = std::max<int64_t>(1, (end - first) / format_.piece_bytes);
    const auto start = [&](int64_t i) { return first + (end - first) / count * i; };
    std::vector<int64_t> quotes(static_cast<std::size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      pieces_.push_back({i == 0 ? first : nullptr, i + 1 == count ? end : start(i + 1)});
    }
    if (count == 1) return;
    if (format_.quotes) {
      in_parallel(count, [&](int64_t i) {
        const auto index = static_cast<std::size_t>(i);
        quotes[index] = count_bytes({start(i), pieces_[index].limit}, '"');
      });
    }
    for (std::size_t i = 1; i < pieces_.size(); ++i) {
      quotes[i] += quotes[i - 1];
      pieces_[i].begin = row_behind(pieces_[i - 1].limit, pieces_[i].limit, quotes[i - 1] % 2 == 1);
    }
  }

  // Where the row begins behind the first newline outside quotes in [begin, end); nullptr where
  // there is none.
  const char* row_behind(const char* begin, const char* end, bool in_quotes) const {
    for (; begin != end; ++begin) {
      if (*begin == '"' && format_.quotes) in_quotes = !in_quotes;
      if (*begin == '\n' && !in_quotes) return begin + 1;
    }
    return nullptr;
  }

  void read_piece(Piece& piece) const {
    try {
      RowReader rows(source_, format_, piece.begin);
      rows.read_rows(names_, piece.limit);
      piece.end = rows.place();
      piece.columns = rows.finish(names_);
      for (Column& column : piece.columns) {
        column = with_nulls(column, format_.null_values);
        if (infers_(column.name())) column = infer_type(column);
      }
    } catch (...) {
      piece.error = std::current_exception();
    }
  }

  // Makes every piece begin where the one before it ended.
  void settle(const char* place, const char* end) {
    for (Piece& piece : pieces_) {
      if (place == end || place > piece.limit) {
        piece.columns.clear();  // the one before it went on behind it
        continue;
      }
      if (piece.begin != place) {
        piece = {place, piece.limit};
        read_piece(piece);
      }
      if (piece.error) std::rethrow_exception(piece.error);
      place = piece.end;
    }
    const auto no_rows = [](const Piece& piece) {
      return piece.columns.empty() || piece.columns.front().size() == 0;
    };
    std::erase_if(pieces_, no_rows);
    if (pieces_.empty()) {
      fail(source_.path(),
           format_.column_names.empty() ? ": has a header and no rows" : ": has no rows");
    }
  }

  // Whether the column could as well be one of nulls of any type.
  static bool says_nothing(const Column& column) {
    int64_t row = 0;
    const bool text = is_text(column.type());
    while (text && row < column.size() && (column.is_null(row) || column.text(row).empty())) ++row;
    return text && row == column.size();
  }

  // The narrowest type that holds column `i` of every piece; nothing where all are empty texts.
  std::optional<ColumnType> common_type(std::size_t i) const {
    std::optional<ColumnType> common;
    for (const Piece& piece : pieces_) {
      if (says_nothing(piece.columns[i])) continue;
      const ColumnType type = piece.columns[i].type();
      if (!common || *common == type) {
        common = type;
        continue;
      }
      const bool numbers = (*common == ColumnType::kInt64 || *common == ColumnType::kFloat64) &&
                           (type == ColumnType::kInt64 || type == ColumnType::kFloat64);
      common = numbers ? ColumnType::kFloat64 : ColumnType::kUtf8;
    }
    return common;
  }

  // Reads again the pieces whose own fields gave other types than all fields together.
  void agree_on_types() {
    std::vector<std::optional<ColumnType>> types;
    for (std::size_t i = 0; i < names_.size(); ++i) types.push_back(common_type(i));
    in_parallel(std::ssize(pieces_), [&](int64_t p) {
      Piece& piece = pieces_[static_cast<std::size_t>(p)];
      std::vector<Column> texts;
      for (std::size_t i = 0; i < names_.size(); ++i) {
        if (!types[i] || piece.columns[i].type() == *types[i]) continue;
        if (texts.empty()) {
          RowReader rows(source_, format_, piece.begin);
          rows.read_rows(names_, piece.limit);
          texts = rows.finish(names_);
          for (Column& column : texts) column = with_nulls(column, format_.null_values);
        }
        piece.columns[i] = cast(texts[i], *types[i]);
      }
    });
  }

  std::vector<Column> joined() {
    agree_on_types();
    std::vector<Column> columns;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      std::vector<Column> parts;
      for (const Piece& piece : pieces_) parts.push_back(piece.columns[i]);
      columns.push_back(Column::chained(parts));
    }
    return columns;
  }

  const SourceText& source_;
  const DelimitedFormat& format_;
  const std::function<bool(std::string_view)>& infers_;
  std::vector<std::string> names_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::vector<Column> read_delimited(const SourceText& source, const DelimitedFormat& format,
                                   const std::function<bool(std::string_view)>& infers) {
  return DelimitedReader(source, format, infers).read();
}

Column with_nulls(const Column& texts, const std::vector<std::string>& null_values) {
  ValidityBuilder validity;
  for (int64_t row = 0; row < texts.size() && !null_values.empty(); ++row) {
    if (std::find(null_values.begin(), null_values.end(), texts.text(row)) != null_values.end()) {
      validity.append_null(row);
    }
  }
  if (validity.null_count() == 0) return texts;
  const Column::Chunk& chunk = texts.chunks().front();
  return Column(texts.name(), texts.type(), texts.size(), validity.null_count(),
                {validity.finish(texts.size()), chunk.offsets, chunk.values, nullptr});
}

}  // namespace lathe
