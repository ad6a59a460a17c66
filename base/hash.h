// XXH3 (xxhash.com), used in hash.cpp and nowhere else: fast, not secret, the same on every
// machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lathe {

uint64_t hash64(std::string_view bytes);

// 128 bits of everything added to it, for names that must not collide. Each part is told apart from
// its neighbours: ("ab", "c") and ("a", "bc") differ.
class Fingerprint {
 public:
  Fingerprint();
  ~Fingerprint();
  Fingerprint(const Fingerprint&) = delete;
  Fingerprint& operator=(const Fingerprint&) = delete;

  Fingerprint& add(std::string_view bytes);
  Fingerprint& add(int64_t value);
  // A further piece of the part before it: append("a"), append("b") is append("ab").
  void append(std::string_view bytes);
  std::string hex() const;  // 32 digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lathe
