#include "tests/train/program.h"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "nn/pretrained.h"
#include "tests/train/tiny_task.h"

namespace lathe::testing {

namespace {

const char* const kWords[] = {"good", "bad", "film", "the", "was", "a", "fine", "poor", "story"};

void write_checkpoint(const std::string& directory) {
  make_writable_directory(directory);
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const char* word : kWords) vocabulary += std::string(word) + "\n";
  write_file(directory + "/vocab.txt", vocabulary);
  write_file(directory + "/tokenizer_config.json", R"({"do_lower_case": true})");
  save_pretrained(*tiny_model(tiny_config(0.1), 1), directory);
}

// "the film was good a",yes …: the label follows from one word.
void write_rows(const std::string& path, int count, uint64_t seed) {
  Random random(seed);
  std::string text = "text,label\n";
  for (int i = 0; i < count; ++i) {
    const bool good = random.below(2) == 1;
    text += "\"";
    for (uint64_t words = random.below(5); words > 0; --words) {
      text += std::string(kWords[2 + random.below(4)]) + " ";
    }
    text += good ? "good, fine\",yes\n" : "bad, poor\",no\n";
  }
  write_file(path, text);
}

}  // namespace

std::string built(const std::string& name) {
  const char* flavour = std::getenv("FLAVOUR");
  const std::string folder = flavour == nullptr || *flavour == '\0' ? "release" : flavour;
  return std::filesystem::absolute("build/" + folder + "/" + name).string();
}

Outcome run(const std::string& command) {
  const TemporaryDirectory directory;
  const std::string out = directory.file("out"), err = directory.file("err");
  const int status = std::system(("{ " + command + "\n} > " + out + " 2> " + err).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out), read_file(err)};
}

Workplace::Workplace() {
  setenv("LATHE_CACHE_DIR", file("cache").c_str(), 1);  // for the programs it runs
  write_checkpoint(file("model"));
  write_rows(file("train.csv"), 24, 1);
  write_rows(file("dev.csv"), 8, 2);
}

Outcome Workplace::lathe(const std::string& arguments) const {
  return run("cd " + file("") + " && " + built("lathe") + " " + arguments);
}

Outcome Workplace::train(const std::string& output, const std::string& more) const {
  return lathe(
      "train --model_name_or_path model --train_file train.csv --validation_file dev.csv "
      "--per_device_train_batch_size 4 --learning_rate 1e-3 --output_dir " +
      output + " " + more);
}

}  // namespace lathe::testing
