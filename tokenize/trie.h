// A set of byte strings as a tree, in two arrays (a double array: Aoe 1989, with exclusive or in
// the place of addition, as in Yata's darts-clone). A step from a node costs one array element.
//
// Node `n` has a child for the byte `c` where the cell at offset(n) ^ c is labelled c; the child's
// number is that place. No two nodes have the same offset, so that a label says whose child it is.
// The strings of several sets stand in one tree, each set under its own root.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lathe {

class Trie {
 public:
  using Node = uint32_t;
  static constexpr Node kNone = 0xFFFFFFFF;

  struct Key {
    std::string_view text;  // not empty; without the bytes FE and FF, as all UTF-8
    int32_t value;          // 0 or more
  };
  // `sets[i]` stands under root i; each text once in its set. The texts are not needed afterwards.
  // Error where they have more than 16 million bytes beside what they share.
  explicit Trie(std::vector<std::vector<Key>> sets);

  Node root(std::size_t set) const { return static_cast<Node>(set); }
  Node child(Node node, unsigned char byte) const {
    const Node place = cells_[node] >> 8 ^ byte;
    return (cells_[place] & 0xFF) == byte ? place : kNone;
  }

  std::size_t size() const { return cells_.size(); }  // nodes are below it

  // Every node but the roots, those of few bytes before those of more.
  struct Edge {
    Node parent, node;
    int32_t value;  // -1: no text ends here
    unsigned char byte;
  };
  const std::vector<Edge>& edges() const { return edges_; }
  void forget_edges() { edges_ = {}; }  // where nobody asks for them any more

 private:
  static constexpr uint32_t kFree = 0xFF, kRoot = 0xFE;  // labels that no child has

  bool is_free(Node place) const { return (cells_[place] & 0xFF) == kFree; }
  uint32_t place_children(const std::vector<unsigned char>& bytes);
  void add_block();

  // The label of a place, in the low byte, and the offset of its children. Nodes without any have
  // the offset 0, which no other has.
  std::vector<uint32_t> cells_;
  std::vector<Edge> edges_;
  // Only while it is built: free places, the ones given up on left out; offsets that are taken.
  std::vector<Node> free_;
  std::vector<bool> taken_;
};

}  // namespace lathe
