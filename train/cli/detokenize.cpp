// lathe tokenize --decode: token ids in, text out, a JSON object a line.
#include "base/error.h"
#include "tokenize/tokenizer.h"
#include "train/cli/commands.h"
#include "train/cli/options.h"
#include "train/cli/text_lines.h"

namespace lathe {

namespace {

// A list of ids, or an object that has one: as `lathe tokenize` writes it.
std::vector<int32_t> ids_of(const Json& line) {
  const Json* list = line.is_object() ? line.find("input_ids") : &line;
  if (list == nullptr) fail("the key \"input_ids\" is missing");
  if (!list->is_array()) fail("expected a list of token ids, found ", list->kind());
  std::vector<int32_t> ids;
  for (const Json& id : list->as_array()) {
    if (!id.is_integer() || id.as_integer() != static_cast<int32_t>(id.as_integer())) {
      fail("expected a token id, found ", id.dump());
    }
    ids.push_back(static_cast<int32_t>(id.as_integer()));
  }
  return ids;
}

}  // namespace

void decode_command(const Arguments& arguments) {
  std::string model, file;
  bool decode = false, skip_special = false;
  Options options("tokenize --decode", "Turns token ids back into text: a JSON object a line.");
  options.flag("decode", decode, "Turn ids into text");
  options.required("model_name_or_path", model, "Directory with tokenizer.json or vocab.txt");
  options.positional("FILE", file,
                     "Lines {\"input_ids\": [...]} or [...], or - for the standard input");
  options.flag("skip_special_tokens", skip_special, "Leave [CLS], [SEP] and the like out");
  if (!options.parse(arguments)) return;

  const Tokenizer tokenizer = Tokenizer::load(model);
  with_lines(file, /*json=*/true, /*replace_invalid=*/false, [&](const TextLines& lines) {
    write_each_line(lines, [&](std::size_t index) {
      const Json text = tokenizer.decode(ids_of(json_of(lines, index)), skip_special);
      return "{\"text\": " + text.dump() + "}\n";
    });
  });
}

}  // namespace lathe
