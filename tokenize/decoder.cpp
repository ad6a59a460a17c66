#include "tokenize/decoder.h"

#include <string_view>

#include "base/error.h"

namespace lathe {

namespace {

struct Replacement {
  std::string_view from, to;
};
// In the order in which tokenizers applies them, to each token with the space before it.
constexpr Replacement kCleanup[] = {
    {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
    {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
    {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};

void replace_all(std::string& text, const Replacement& what) {
  for (std::size_t at = 0; (at = text.find(what.from, at)) != std::string::npos;) {
    text.replace(at, what.from.size(), what.to);
    at += what.to.size();
  }
}

}  // namespace

std::string decode_tokens(const std::vector<std::string>& tokens,
                          const TokenizerDefinition& definition) {
  const Json& decoder = definition.decoder;
  const auto member = [&](const char* key) {
    return decoder.is_object() ? decoder.find(key) : nullptr;
  };
  const Json* type = member("type");
  if (type != nullptr && (!type->is_string() || type->as_string() != "WordPiece")) {
    fail("tokenizer.json: decoder.type: ", type->dump(),
         " is not BERT's; only WordPiece is supported");
  }
  const Json *stated_prefix = member("prefix"), *stated_cleanup = member("cleanup");
  const std::string prefix = stated_prefix != nullptr && stated_prefix->is_string()
                                 ? stated_prefix->as_string()
                                 : definition.continuing_prefix;
  const bool cleanup =
      stated_cleanup == nullptr || !stated_cleanup->is_bool() || stated_cleanup->as_bool();

  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::string token = tokens[i];
    if (i > 0) {
      token = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
    }
    if (cleanup) {
      for (const Replacement& replacement : kCleanup) replace_all(token, replacement);
    }
    text += token;
  }
  return text;
}

}  // namespace lathe
