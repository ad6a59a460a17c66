// The subcommands of the program. Each takes the arguments after its name and returns when it is
// done; what goes wrong is an Error.
#pragma once

#include <string>
#include <vector>

namespace lathe {

using Arguments = std::vector<std::string>;

void train_command(const Arguments& arguments);
void evaluate_command(const Arguments& arguments);
void predict_command(const Arguments& arguments);
void tokenize_command(const Arguments& arguments);
void train_tokenizer_command(const Arguments& arguments);  // lathe tokenize --train
void decode_command(const Arguments& arguments);           // lathe tokenize --decode
void dataset_command(const Arguments& arguments);
void inspect_command(const Arguments& arguments);

}  // namespace lathe
