// The tokens of a model and the longest-match search that WordPiece asks of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

class Vocabulary {
 public:
  // tokens[id] is the text of token `id`; each stands once. `tokens` must outlive this. A text that
  // begins with `continuing_prefix` ("##") continues a word. The empty text is never found.
  Vocabulary(const std::vector<std::string>& tokens, const std::string& continuing_prefix);

  std::optional<int32_t> id(std::string_view token) const;

  struct Match {
    int32_t id = -1;         // -1: nothing found
    std::size_t length = 0;  // bytes
  };
  // The longest token that `text` begins with: a whole token where the text opens a word, else one
  // that continues a word, without its prefix.
  Match longest_prefix(std::string_view text, bool continues_word) const;

 private:
  struct Slot {
    uint32_t tag;
    int32_t id;  // -1: free
  };
  struct Keys {               // the texts that open a word, or those that continue one
    uint64_t kind = 0;        // 0 and 1; also what hashing starts from
    std::size_t skip = 0;     // bytes of each token's text that are not part of its key
    std::size_t longest = 0;  // bytes
  };

  void insert(const Keys& keys, int32_t id);
  // Where the key is, or the free slot where it would be.
  std::size_t slot_of(const Keys& keys, std::string_view key, uint64_t hash) const;
  std::string_view key_of(const Keys& keys, int32_t id) const;

  const std::vector<std::string>* tokens_;
  Keys opening_, continuing_;
  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
  int shift_ = 0;
};

}  // namespace lathe
