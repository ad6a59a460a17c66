#include "data/arrow_reader.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "data/arrow_batch.h"
#include "data/arrow_checksum.h"
#include "data/arrow_format.h"
#include "data/arrow_schema.h"
#include "data/column_builder.h"

namespace lathe {

namespace {

struct Message {
  FlatTable table;
  uint8_t header_type;
  SharedBytes body;
  int64_t end;  // where the next one begins
};

// The values of a dictionary, as a field.
ArrowField values_of(ArrowField field) {
  field.dictionary.reset();
  return field;
}

const ArrowField* field_with_dictionary(const std::vector<ArrowField>& fields, int64_t id) {
  for (const ArrowField& field : fields) {
    if (field.dictionary == id) return &field;
    if (const ArrowField* child = field_with_dictionary(field.children, id)) return child;
  }
  return nullptr;
}

Column empty_column(const ArrowField& field) {
  Column::Buffers buffers;
  if (is_list(*field.type)) {
    buffers.elements = std::make_shared<const Column>(empty_column(field.children[0]));
  }
  return Column(field.name, *field.type, 0, 0, std::move(buffers));
}

class Reader {
 public:
  Reader(const SharedBytes& bytes, std::string path, const ArrowReadOptions& options)
      : bytes_(bytes), path_(std::move(path)), options_(options) {}

  ArrowFile read() {
    const bool file = bytes_.view().starts_with(arrow::kMagic);
    result_.is_stream = !file;
    if (file) {
      read_file();
    } else {
      read_stream();
    }
    return finish();
  }

 private:
  void read_stream() {
    std::optional<Message> message = message_at(0, path_ + ": its beginning");
    if (!message || message->header_type != arrow::message::kSchema) {
      fail(path_, ": is not an Arrow file: no schema at its beginning");
    }
    read_schema(message->table.table(arrow::message::kHeader));
    while ((message = message_at(message->end, next_place()))) {
      if (message->header_type == arrow::message::kDictionaryBatch) {
        read_dictionary(*message);
      } else if (message->header_type == arrow::message::kRecordBatch) {
        read_batch(*message);
      } else {
        fail(next_place(), ": a message of the unknown kind ", int{message->header_type});
      }
    }
  }

  // The footer names the messages; what stands between them is never looked at.
  void read_file() {
    const auto tail = static_cast<int64_t>(arrow::kMagic.size()) + 4;
    if (bytes_.size() < 8 + tail || !bytes_.view().ends_with(arrow::kMagic)) {
      fail(path_, ": is not whole: an Arrow file ends with ", arrow::kMagic);
    }
    int32_t size = 0;
    std::memcpy(&size, bytes_.data() + bytes_.size() - tail, sizeof size);
    if (size <= 0 || size > bytes_.size() - tail - 8) {
      fail(path_, ": damaged: a footer of ", size, " bytes in a file of ", bytes_.size());
    }
    const std::string_view bytes = bytes_.part(bytes_.size() - tail - size, size).view();
    where_ = path_ + ": the footer";
    const FlatTable footer = FlatTable::root(bytes, &where_);
    check_checksum(footer, arrow::footer::kMetadata, bytes, "", where_);
    read_schema(footer.table(arrow::footer::kSchema));
    for_each_block(footer, arrow::footer::kDictionaries, arrow::message::kDictionaryBatch,
                   [&](const Message& message) { read_dictionary(message); });
    for_each_block(footer, arrow::footer::kRecordBatches, arrow::message::kRecordBatch,
                   [&](const Message& message) { read_batch(message); });
    if (options_.verify_checksums) check_frame(bytes_.size() - tail - size);
  }

  template <class Read>
  void for_each_block(const FlatTable& footer, int field, int header_type, Read read) {
    const std::size_t count = footer.vector_size(field);
    int64_t end = 0;  // batches that share bytes would make much of a small file
    for (std::size_t i = 0; i < count; ++i) {
      arrow::Block block{};
      std::memcpy(&block, footer.element(field, i, sizeof block), sizeof block);
      const std::optional<Message> message = message_at(block.offset, next_place());
      if (!message || message->header_type != header_type || block.offset < end) {
        fail(next_place(), ": the footer names byte ", block.offset, ", where none begins");
      }
      end = message->end;
      last_end_ = std::max(last_end_, end);
      read(*message);
    }
  }

  // What no checksum covers: the bytes around the messages.
  void check_frame(int64_t footer) {
    constexpr int64_t kStart = 8, kEnd = 8;
    const std::string where = path_ + ": its beginning";
    const std::optional<Message> first = message_at(kStart, where);
    const std::string start = std::string(arrow::kMagic) + std::string(2, '\0');
    if (!first || !bytes_.view().starts_with(start)) fail(where, " is damaged");
    const std::string_view end =
        bytes_.view().substr(static_cast<std::size_t>(footer - kEnd), kEnd);
    const int64_t messages_end = std::max(first->end, last_end_);
    if (messages_end != footer - kEnd || end != std::string_view("\xFF\xFF\xFF\xFF\0\0\0\0", 8)) {
      fail(path_, ": the end of its messages is damaged");
    }
  }

  std::string next_place() const {
    return path_ + ": record batch " + std::to_string(result_.record_batches + 1);
  }

  // The message that begins at `position`; nothing at the end of the stream.
  std::optional<Message> message_at(int64_t position, const std::string& where) {
    if (position == bytes_.size()) {
      if (options_.verify_checksums) fail(path_, ": is cut off: the end of its stream is missing");
      return std::nullopt;
    }
    uint32_t prefix[2] = {};
    const auto load = [&](int64_t place, uint32_t& value) {
      if (place < 0 || place > bytes_.size() - 4) fail(where, ": is cut off");
      std::memcpy(&value, bytes_.data() + place, sizeof value);
    };
    load(position, prefix[0]);
    position += 4;
    uint32_t size = prefix[0];  // before Arrow 0.15 messages had no mark
    if (prefix[0] == arrow::kContinuation) {
      load(position, prefix[1]);
      position += 4;
      size = prefix[1];
    }
    if (size == 0) return std::nullopt;
    if (size > INT32_MAX || int64_t{size} > bytes_.size() - position) {
      fail(where, ": is not Arrow, or is cut off: a message of ", size, " bytes where ",
           bytes_.size() - position, " follow");
    }
    places_.push_back(std::make_unique<std::string>(where));
    const std::string_view metadata = bytes_.part(position, size).view();
    position += size;
    Message message{FlatTable::root(metadata, places_.back().get()), 0, {}, 0};
    const auto version = message.table.scalar<int16_t>(arrow::message::kVersion, 0);
    if (version != arrow::kVersion4 && version != arrow::kVersion5) {
      fail(where, ": metadata of the unknown version ", version);
    }
    message.header_type = message.table.scalar<uint8_t>(arrow::message::kHeaderType, 0);
    const auto body = message.table.scalar<int64_t>(arrow::message::kBodyLength, 0);
    if (body < 0 || body > bytes_.size() - position) {
      fail(where, ": is cut off: a body of ", body, " bytes where ", bytes_.size() - position,
           " follow");
    }
    message.body = bytes_.part(position, body);
    message.end = position + body;
    check_checksum(message.table, arrow::message::kMetadata, metadata, message.body.view(), where);
    return message;
  }

  void check_checksum(const FlatTable& table, int field, std::string_view metadata,
                      std::string_view body, const std::string& where) const {
    if (!options_.verify_checksums) return;
    const std::string_view digits = metadata_value(table, field, arrow::kChecksum);
    if (digits.empty()) fail(where, ": has no checksum that could be verified");
    if (!checksum_holds(digits, metadata, body)) fail(where, ": damaged: its checksum is wrong");
  }

  void read_schema(const FlatTable& schema) {
    schema_ = read_arrow_schema(schema, path_);
    for (const ArrowField& field : schema_.fields) {
      if (field.holdable()) continue;
      const std::string shown = concat(quoted(field.name), " (", field.type_name(), ")");
      result_.left_out.push_back(shown);
      if (!options_.skip_others) {
        fail(path_, ": column ", shown,
             " is of a type that Lathe does not hold: numbers, booleans, texts and lists of them");
      }
    }
    parts_.resize(schema_.fields.size());
  }

  void read_dictionary(const Message& message) {
    const std::string where = next_place() + ": a dictionary before it";
    const FlatTable header = message.table.table(arrow::message::kHeader);
    const auto id = header.scalar<int64_t>(arrow::dictionary_batch::kId, 0);
    const ArrowField* field = field_with_dictionary(schema_.fields, id);
    if (field == nullptr) fail(where, ": number ", id, ", which no column names");
    if (!field->holdable()) return;
    const FlatTable data = header.table(arrow::dictionary_batch::kData);
    ArrowBatch batch(data, message.body, dictionaries_, where);
    Column values = batch.take(values_of(*field));
    const auto known = dictionaries_.find(id);
    if (header.scalar<uint8_t>(arrow::dictionary_batch::kIsDelta, 0) != 0 &&
        known != dictionaries_.end()) {
      values = Column::chained({known->second, values});
    }
    dictionaries_.insert_or_assign(id, std::move(values));
  }

  void read_batch(const Message& message) {
    const FlatTable header = message.table.table(arrow::message::kHeader);
    ArrowBatch batch(header, message.body, dictionaries_, next_place());
    for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
      if (schema_.fields[i].holdable()) {
        parts_[i].push_back(batch.take(schema_.fields[i]));
      } else {
        batch.skip(schema_.fields[i]);
      }
    }
    ++result_.record_batches;
  }

  ArrowFile finish() {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const ArrowField& field = schema_.fields[i];
      if (!field.holdable()) continue;
      if (parts_[i].empty()) parts_[i].push_back(empty_column(field));
      columns.push_back(Column::chained(parts_[i]).with_source(path_));
    }
    result_.table = Table(with_features(std::move(columns), schema_.hugging_face), path_);
    return std::move(result_);
  }

  const SharedBytes& bytes_;
  const std::string path_;
  const ArrowReadOptions options_;
  int64_t last_end_ = 0;  // of the messages that the footer names
  std::string where_;
  std::vector<std::unique_ptr<std::string>> places_;  // what the tables' messages point to
  ArrowSchema schema_;
  ArrowDictionaries dictionaries_;
  std::vector<std::vector<Column>> parts_;  // of each field, a record batch each
  ArrowFile result_;
};

}  // namespace

ArrowFile parse_arrow(const SharedBytes& bytes, const std::string& path,
                      const ArrowReadOptions& options) {
  if (bytes.empty()) fail(path, ": is empty");
  return Reader(bytes, path, options).read();
}

ArrowFile open_arrow(const std::string& path, const ArrowReadOptions& options) {
  const auto file = std::make_shared<const MappedFile>(path);
  const std::string_view bytes = file->bytes();
  return parse_arrow({file, bytes.data(), static_cast<int64_t>(bytes.size())}, path, options);
}

}  // namespace lathe
