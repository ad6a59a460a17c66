#include "tokenize/decoder.h"

#include <string_view>

#include "base/json.h"

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
  const bool plain = decoder.is_null();
  const std::string prefix = plain ? "" : decoder.find("prefix")->as_string();
  const bool cleanup = !plain && decoder.find("cleanup")->as_bool();

  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::string token = tokens[i];
    if (i > 0) {
      const bool continues = !plain && token.starts_with(prefix);
      if (continues) {
        token.erase(0, prefix.size());
      } else {
        token.insert(0, 1, ' ');
      }
    }
    if (cleanup) {
      for (const Replacement& replacement : kCleanup) replace_all(token, replacement);
    }
    text += token;
  }
  return text;
}

}  // namespace lathe
