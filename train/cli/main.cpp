// lathe: fine-tunes BERT models from the command line.

#include <cstdio>
#include <new>
#include <string>

#include "base/error.h"
#include "train/cli/commands.h"
#include "train/cli/interrupt.h"
#include "train/cli/short_spins.h"
#include "train/communicator.h"
#include "train/launched.h"
#include "train/version.h"

namespace lathe {

namespace {

struct Command {
  const char* name;
  void (*run)(const Arguments&);
  const char* summary;
  bool shared = false;  // among the processes that a launcher started
};

constexpr Command kCommands[] = {
    {"train", train_command, "fine-tune a checkpoint on a file of labelled text", /*shared=*/true},
    {"evaluate", evaluate_command, "measure a fine-tuned model on a file of labelled text"},
    {"predict", predict_command, "answer every example of a file"},
    {"tokenize", tokenize_command, "turn text into token ids"},
    {"dataset", dataset_command, "convert, show and measure files of data"},
    {"inspect", inspect_command,
     "show a checkpoint's shapes, its memory plan and the instruction set in use"},
};

void print_help() {
  std::printf(
      "lathe %s: fine-tunes BERT models. One command takes a Hugging Face checkpoint and a file of "
      "labelled\n"
      "text and gives back a checkpoint that Transformers loads.\n\nUsage: lathe COMMAND [--option "
      "VALUE ...]\n\n",
      kVersion);
  for (const Command& command : kCommands)
    std::printf("  %-10s %s\n", command.name, command.summary);
  std::printf(
      "\n`lathe COMMAND --help` lists a command's options, which have the names and defaults of "
      "Transformers'\n"
      "TrainingArguments and run_glue.py. Exit status: 0, or 1 with one line on stderr saying what "
      "is wrong.\n\n"
      "  lathe train --model_name_or_path DIR --train_file train.csv --validation_file dev.csv "
      "--output_dir OUT\n"
      "  lathe predict --model_name_or_path OUT --test_file new.csv --output_file answers.jsonl\n");
}

// Several would do the same work, and write the same files at once.
void require_one_process(const Command& command) {
  const int processes = launched_processes();
  if (command.shared || processes == 1) return;
  fail("a launcher started ", processes, " processes of lathe ", command.name,
       ", which is the work of one: run it without mpirun or srun");
}

void run(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" ||
      arguments[0] == "help") {
    print_help();
    return;
  }
  if (arguments[0] == "--version") {
    std::printf("lathe %s\n", kVersion);
    return;
  }
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (arguments[0] == command.name) {
      require_one_process(command);
      return command.run({arguments.begin() + 1, arguments.end()});
    }
    names.emplace_back(command.name);
  }
  const std::string near = nearest_name(arguments[0], names);
  fail(arguments[0], ": no such command",
       near.empty() ? "; see lathe --help" : "; did you mean " + near + "?");
}

// One line, whatever stands in the message: a file's name may hold a newline.
int report(std::string message) {
  for (char& c : message) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  std::fflush(stdout);
  std::fprintf(stderr, "lathe: %s\n", message.c_str());
  return 1;
}

}  // namespace

}  // namespace lathe

int main(int argc, char** argv) {
  lathe::shorten_spins(argv);
  lathe::install_interrupt_handler();
  try {
    lathe::run({argv + 1, argv + argc});
    if (std::fflush(stdout) != 0) lathe::fail("the standard output cannot be written");
    return 0;
  } catch (const lathe::RankLost&) {
    return 1;  // the rank that failed says why
  } catch (const std::bad_alloc&) {
    return lathe::report(
        "out of memory; a smaller --per_device_train_batch_size or --max_seq_length needs less");
  } catch (const std::exception& error) {
    return lathe::report(error.what());
  }
}
