#include "train/cli/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/error.h"

namespace lathe {

namespace {

// Options of run_glue.py and TrainingArguments that Lathe answers with advice instead of a guess at
// a typing error.
const std::map<std::string, std::string>& advice() {
  static const std::map<std::string, std::string> table = {
      {"fp16", "16-bit products are made in bfloat16: --bf16"},
      {"bf16_full_eval", "--bf16 is for evaluations too"},
      {"do_train", "`lathe train` always trains"},
      {"do_eval", "`lathe train` evaluates when --validation_file is given"},
      {"do_predict", "`lathe train` predicts when --test_file is given"},
      {"evaluation_strategy", "it is called --eval_strategy"},
      {"group_by_length", "it is called --train_sampling_strategy group_by_length"},
      {"overwrite_output_dir", "it is not needed: results in the output directory are replaced"},
      {"pad_to_max_length", "Lathe computes no padding"},
      {"max_length", "it is called --max_seq_length"},
      {"use_cpu", "it is called --device cpu"},
      {"no_cuda", "it is called --device cpu"},
      {"do_lower_case", "the checkpoint's tokenizer says whether it does"},
      {"dataset_name", "Lathe reads files: --train_file, --validation_file, --test_file"},
      {"tokenizer_name", "the tokenizer is that of --model_name_or_path"},
      {"config_name",
       "the config is that of --model_name_or_path; change it with --config_overrides"},
  };
  return table;
}

// "--max-seq-length" → "max_seq_length".
std::string canonical(std::string name) {
  name.erase(0, 2);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool is_option(const std::string& argument) {
  return argument.size() > 2 && argument.starts_with("--");
}

bool is_boolean(const std::string& text) {
  return text == "true" || text == "false" || text == "True" || text == "False";
}

template <class Number>
bool reads_as(const std::string& text) {
  Number number{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

template <class T>
Options::Kind Options::kind_of() {
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>)
    return Kind::kText;
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::optional<double>>)
    return Kind::kNumber;
  return Kind::kInteger;
}

Options::Options(const std::string& command, const std::string& summary)
    : app_(std::make_unique<CLI::App>(summary, "lathe " + command)), command_(command) {
  app_->get_formatter()->column_width(40);
  app_->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app_->set_help_flag("--help", "Print this and exit");
}

Options::~Options() = default;

template <class T>
void Options::add(const std::string& name, T& value, const std::string& help) {
  kinds_[name] = kind_of<T>();
  const char* kinds[] = {"TEXT", "INT", "FLOAT"};
  CLI::Option* option = app_->add_option("--" + name, value, help)->group(group_);
  option->type_name(kinds[static_cast<int>(kind_of<T>())]);
  if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>)
    option->capture_default_str();
}

template void Options::add(const std::string&, std::string&, const std::string&);
template void Options::add(const std::string&, int64_t&, const std::string&);
template void Options::add(const std::string&, uint64_t&, const std::string&);
template void Options::add(const std::string&, double&, const std::string&);
template void Options::add(const std::string&, std::optional<std::string>&, const std::string&);
template void Options::add(const std::string&, std::optional<int64_t>&, const std::string&);
template void Options::add(const std::string&, std::optional<uint64_t>&, const std::string&);
template void Options::add(const std::string&, std::optional<double>&, const std::string&);

void Options::required(const std::string& name, std::string& value, const std::string& help) {
  add(name, value, help);
  app_->get_option("--" + name)->required();
}

void Options::add_with_default_value(const std::string& name, std::string& value,
                                     const std::string& help) {
  add(name, value, help);
  kinds_[name] = Kind::kOptionalValue;
}

void Options::flag(const std::string& name, bool& value, const std::string& help) {
  kinds_[name] = Kind::kFlag;
  app_->add_flag("--" + name, value, help)->group(group_);
}

void Options::flag(const std::string& name, std::optional<bool>& value, const std::string& help) {
  kinds_[name] = Kind::kFlag;
  app_->add_flag_function(
          "--" + name, [&value](int64_t count) { value = count > 0; }, help)
      ->group(group_);
}

void Options::positional(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, help)->required();
}

void Options::unknown(const std::string& name) const {
  const auto found = advice().find(name);
  if (found != advice().end()) fail("--", name, ": ", found->second);
  std::vector<std::string> names;
  for (const auto& [known, kind] : kinds_) names.push_back(known);
  const std::string near = nearest_name(name, names);
  fail("--", name, ": `lathe ", command_, "` has no such option",
       near.empty() ? "; see lathe " + command_ + " --help" : "; did you mean --" + near + "?");
}

void Options::check_value(const std::string& name, Kind kind, const std::string& value) {
  if (kind == Kind::kInteger && !reads_as<int64_t>(value) && !reads_as<uint64_t>(value)) {
    fail("--", name, " ", value, ": must be a whole number");
  }
  if (kind == Kind::kNumber && !reads_as<double>(value))
    fail("--", name, " ", value, ": must be a number");
  if (kind == Kind::kFlag && !is_boolean(value))
    fail("--", name, " ", value, ": must be true or false");
}

// Every option as "--name=value" under its canonical name, so that what a value looks like cannot
// matter.
std::vector<std::string> Options::normalised(const std::vector<std::string>& arguments) const {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!is_option(arguments[i]) || arguments[i] == "--help") {
      result.push_back(arguments[i] == "-h" ? "--help" : arguments[i]);
      continue;
    }
    const std::size_t equals = arguments[i].find('=');
    const std::string name = canonical(arguments[i].substr(0, equals));
    const auto found = kinds_.find(name);
    if (found == kinds_.end()) unknown(name);
    const Kind kind = found->second;
    const bool has_next = i + 1 < arguments.size() && !is_option(arguments[i + 1]);
    std::string value = "true";
    if (equals != std::string::npos) {
      value = arguments[i].substr(equals + 1);
    } else if (has_next && (kind != Kind::kFlag || is_boolean(arguments[i + 1]))) {
      value = arguments[++i];
    } else if (kind != Kind::kFlag && kind != Kind::kOptionalValue) {
      fail("--", name, ": needs a value");
    }
    check_value(name, kind, value);
    result.push_back(concat("--", name, "=", value));
  }
  return result;
}

bool Options::parse(const std::vector<std::string>& arguments) {
  std::vector<std::string> reversed = normalised(arguments);
  std::reverse(reversed.begin(), reversed.end());  // the order that CLI11 wants
  try {
    app_->parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app_->help().c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& error) {
    std::string line = error.what();
    std::replace(line.begin(), line.end(), '\n', ' ');
    fail(line, "; see lathe ", command_, " --help");
  }
  return true;
}

bool Options::given(const std::string& name) const {
  return app_->get_option("--" + name)->count() > 0;
}

}  // namespace lathe
