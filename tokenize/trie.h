// A set of byte strings as a tree, in two arrays (a double array: Aoe 1989, with exclusive or in
// the place of addition, as in Yata's darts-clone). A step from a node costs one array element.
//
// Node `n` has a child for the byte `c` where owner[offset[n] ^ c] is n; the child's number is that
// place. The strings of several sets stand in one tree, each set under its own root.
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
    std::string_view text;  // not empty
    int32_t value;          // 0 or more
  };
  // `sets[i]` stands under root i; each text once in its set. The texts are not needed afterwards.
  explicit Trie(std::vector<std::vector<Key>> sets);

  Node root(std::size_t set) const { return static_cast<Node>(set); }
  Node child(Node node, unsigned char byte) const {
    const Node place = cells_[node].offset ^ byte;
    return cells_[place].owner == node ? place : kNone;
  }
  int32_t value(Node node) const { return values_[node]; }  // -1: no text ends here

  std::size_t size() const { return cells_.size(); }  // nodes are below it

  // Every node but the roots, those of few bytes before those of more.
  struct Edge {
    Node parent, node;
    unsigned char byte;
  };
  const std::vector<Edge>& edges() const { return edges_; }
  void forget_edges() { edges_ = {}; }  // where nobody asks for them any more

 private:
  struct Cell {
    Node owner;       // kNone: free
    uint32_t offset;  // of the children
  };

  uint32_t place_children(const std::vector<unsigned char>& bytes);
  void add_block();

  std::vector<Cell> cells_;
  std::vector<int32_t> values_;
  std::vector<Edge> edges_;
  std::vector<Node> free_;  // only while it is built: free places, the ones given up on left out
};

}  // namespace lathe
