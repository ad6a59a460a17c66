// lathe tokenize --train: a new WordPiece vocabulary, and a tokenizer with it, from text.

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "tokenize/definition.h"
#include "tokenize/vocabulary_trainer.h"
#include "train/cli/commands.h"
#include "train/cli/options.h"
#include "train/cli/reading_options.h"

namespace lathe {

namespace {

// What a list with commas names: nothing between two of them is no name.
std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names = split_at_commas(list);
  std::erase(names, "");
  return names;
}

int32_t special_id(const std::vector<std::string>& tokens, const std::string& name) {
  const auto at = std::find(tokens.begin(), tokens.end(), name);
  if (at == tokens.end()) fail("--special_tokens: has no ", name, ", which BERT's tokenizer needs");
  return static_cast<int32_t>(at - tokens.begin());
}

// BERT's tokenizer over special tokens alone; the others come when the vocabulary is there.
TokenizerDefinition new_tokenizer(const std::vector<std::string>& special,
                                  const NormalizerRules& rules) {
  TokenizerDefinition definition;
  definition.normalizer = rules;
  if (rules.strip_accents != rules.lowercase) definition.strip_accents = rules.strip_accents;
  definition.config = Json::object();
  definition.tokens = special;
  for (std::size_t i = 0; i < special.size(); ++i) {
    AddedToken token;
    token.content = special[i];
    token.id = static_cast<int32_t>(i);
    token.special = true;
    definition.added_tokens.push_back(token);
  }
  for (const auto& [key, name] : {std::pair{"unk_token", "[UNK]"}, std::pair{"sep_token", "[SEP]"},
                                  std::pair{"pad_token", "[PAD]"}, std::pair{"cls_token", "[CLS]"},
                                  std::pair{"mask_token", "[MASK]"}}) {
    special_id(special, name);
    definition.named_tokens.emplace_back(key, name);
  }
  set_bert_template(special_id(special, "[CLS]"), special_id(special, "[SEP]"), definition);
  definition.decoder = bert_decoder(definition.continuing_prefix);
  return definition;
}

// The continuing characters of a vocab.txt, in its order.
std::vector<std::string> continuing_characters(const std::string& path, const std::string& prefix) {
  TokenizerDefinition definition;
  read_vocabulary_file(path, definition);
  std::vector<std::string> found;
  for (const std::string& token : definition.tokens) {
    if (!token.starts_with(prefix)) continue;
    const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    if (std::count_if(token.begin() + static_cast<std::ptrdiff_t>(prefix.size()), token.end(),
                      starts) == 1) {
      found.push_back(token);
    }
  }
  return found;
}

}  // namespace

void train_tokenizer_command(const Arguments& arguments) {
  VocabularyOptions chosen;
  std::string files, output, special = "[PAD],[UNK],[CLS],[SEP],[MASK]", ties_like;
  bool train = false, cased = false, keep_chinese = false;
  std::optional<bool> strip_accents;
  Options options("tokenize --train", "Makes a WordPiece vocabulary from text files.");
  options.flag("train", train, "Make a new vocabulary");
  options.required("train_file", files, "Text files, a comma between them");
  options.required("output_dir", output, "Gets tokenizer.json, vocab.txt and what belongs to them");
  options.add("vocab_size", chosen.vocab_size, "Tokens, special ones and characters included");
  options.add("min_frequency", chosen.min_frequency, "Of a pair of tokens that becomes one");
  options.add("limit_alphabet", chosen.limit_alphabet, "Characters; of more, the rarest go");
  options.add("special_tokens", special, "Get the first ids, in this order");
  options.flag("cased", cased, "Keep case and accents");
  options.flag("strip_accents", strip_accents, "Where case and accents do not go together");
  options.flag("no_tokenize_chinese_chars", keep_chinese, "Do not part ideographs");
  options.add("ties_like", ties_like,
              "A vocab.txt that tokenizers made of the same text: break ties as that run did");
  if (!options.parse(arguments)) return;
  if (chosen.min_frequency < 0) fail("--min_frequency: must be 0 or more");
  if (chosen.limit_alphabet < 0) fail("--limit_alphabet: must be 0 or more");

  chosen.special_tokens = names_in(special);
  const NormalizerRules rules{.clean_text = true,
                              .handle_chinese_chars = !keep_chinese,
                              .strip_accents = strip_accents.value_or(!cased),
                              .lowercase = !cased};
  TokenizerDefinition definition = new_tokenizer(chosen.special_tokens, rules);
  if (!ties_like.empty()) {
    chosen.first_continuing = continuing_characters(ties_like, chosen.continuing_prefix);
  }
  WordCounter counter(rules);
  for (const std::string& path : names_in(files)) {
    const MappedFile file(path);
    try {
      counter.add(file.bytes());
    } catch (const Error& error) {
      fail(path, ": ", error.what());
    }
  }
  definition.tokens = train_vocabulary(counter.counts(), chosen);
  make_writable_directory(output);
  write_tokenizer(definition, output);
  std::printf("%zu tokens of %zu words in %s\n", definition.tokens.size(), counter.counts().size(),
              output.c_str());
}

}  // namespace lathe
