// The options of a subcommand: declared once, parsed, checked, explained. Underscores and dashes
// are the same.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lathe {

class Options {
 public:
  Options(const std::string& command, const std::string& summary);
  ~Options();

  // Options declared after this stand under that title in the help.
  void group(const std::string& title) { group_ = title; }

  // An option that takes a value. T: std::string, int64_t, uint64_t, double, or std::optional of
  // one of them. The value must live until parse() has returned.
  template <class T>
  void add(const std::string& name, T& value, const std::string& help);
  void required(const std::string& name, std::string& value, const std::string& help);
  // An option whose value may be left out, which then is "true".
  void add_with_default_value(const std::string& name, std::string& value, const std::string& help);
  void flag(const std::string& name, bool& value, const std::string& help);
  void flag(const std::string& name, std::optional<bool>& value, const std::string& help);
  void positional(const std::string& name, std::string& value, const std::string& help);

  // False when --help was given; the help has been printed then. Error for an unknown option,
  // naming the nearest or what Lathe has instead of it, for a missing one, and for a value of the
  // wrong kind.
  bool parse(const std::vector<std::string>& arguments);
  // Whether the option was given, once parsed.
  bool given(const std::string& name) const;

 private:
  enum class Kind { kText, kInteger, kNumber, kFlag, kOptionalValue };
  template <class T>
  static Kind kind_of();
  std::vector<std::string> normalised(const std::vector<std::string>& arguments) const;
  [[noreturn]] void unknown(const std::string& name) const;
  static void check_value(const std::string& name, Kind kind, const std::string& value);

  std::unique_ptr<CLI::App> app_;
  std::string command_, group_ = "Options";
  std::map<std::string, Kind> kinds_;
};

}  // namespace lathe
