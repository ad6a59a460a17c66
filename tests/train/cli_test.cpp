// The program as a process: what it writes, what it prints, how it ends.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "tests/train/program.h"

namespace lathe {
namespace {

using testing::built;
using testing::Outcome;
using testing::Program;
using testing::Workplace;

TEST_F(Program, TrainsEvaluatesAndPredicts) {
  const Outcome trained =
      work_.train("out",
                  "--num_train_epochs 30 --learning_rate 5e-3 --eval_strategy epoch --show_worst 2 "
                  "--save_strategy no --test_file dev.csv");
  expect_success(trained);
  for (const char* name :
       {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
        "special_tokens_map.json", "train_results.json", "eval_results.json",
        "predict_results.json", "predict_results.jsonl", "all_results.json", "trainer_state.json",
        "README.md"}) {
    EXPECT_TRUE(file_exists(work_.file(std::string("out/") + name))) << name;
  }
  const Json results = read_json_file(work_.file("out/all_results.json"));
  EXPECT_EQ(results.find("eval_accuracy")->as_double(), 1.0);
  EXPECT_EQ(results.find("eval_samples")->as_integer(), 8);
  EXPECT_EQ(results.find("train_samples")->as_integer(), 24);
  EXPECT_EQ(results.find("epoch")->as_double(), 30.0);
  EXPECT_NE(trained.out.find("most confused examples, highest loss first:\n  row "),
            std::string::npos);
  EXPECT_NE(trained.out.find("memory: "), std::string::npos);
  const Json config = read_json_file(work_.file("out/config.json"));
  EXPECT_EQ(config.find("id2label")->find("1")->as_string(), "yes");
  EXPECT_EQ(config.find("problem_type")->as_string(), "single_label_classification");

  // The same model from disk gives the same answers.
  expect_success(
      work_.lathe("predict --model_name_or_path out --test_file dev.csv --output_file p.jsonl"));
  EXPECT_EQ(bytes("p.jsonl"), bytes("out/predict_results.jsonl"));
  EXPECT_EQ(bytes("p.jsonl").rfind("{\"index\": 0, \"prediction\": ", 0), 0u);
  expect_success(
      work_.lathe("evaluate --model_name_or_path out --validation_file dev.csv --output_dir e"));
  EXPECT_EQ(read_json_file(work_.file("e/eval_results.json")).find("eval_loss")->as_double(),
            results.find("eval_loss")->as_double());
}

TEST_F(Program, WritesTheSameBitsOnAnyNumberOfThreads) {
  expect_success(work_.train("one", "--num_threads 1 --save_strategy no"));
  expect_success(work_.train("two", "--num_threads=2 --save-strategy no"));
  EXPECT_EQ(bytes("one/model.safetensors"), bytes("two/model.safetensors"));
}

TEST_F(Program, TrainsInBfloat16) {
  const std::string options = "--bf16 --learning_rate 5e-3 --save_strategy no ";
  const Outcome trained = work_.train("one", options + "--num_threads 1");
  expect_success(trained);
  EXPECT_NE(trained.out.find(", 1 thread, bf16\n"), std::string::npos) << trained.out;
  expect_success(work_.train("two", options + "--num_threads 2"));
  EXPECT_EQ(bytes("one/model.safetensors"), bytes("two/model.safetensors"));
  EXPECT_NE(bytes("one/README.md").find("bf16"), std::string::npos);

  // Other products than in floats, hardly another loss.
  const auto loss = [&](const std::string& more) {
    expect_success(
        work_.lathe("evaluate --model_name_or_path one --validation_file dev.csv "
                    "--output_dir e " +
                    more));
    return read_json_file(work_.file("e/eval_results.json")).find("eval_loss")->as_double();
  };
  const double bf16 = loss("--bf16"), f32 = loss("");
  EXPECT_NE(bf16, f32);
  EXPECT_NEAR(bf16, f32, 0.01);
}

TEST_F(Program, ContinuesAnInterruptedRun) {
  expect_success(work_.train("whole", "--save_strategy no"));
  expect_success(work_.train("parts", "--save_steps 5 --eval_strategy steps --eval_steps 5"));
  std::filesystem::remove_all(work_.file("parts/checkpoint-18"));
  std::filesystem::remove_all(work_.file("parts/checkpoint-15"));
  const Outcome resumed = work_.train("parts", "--save_strategy no --resume_from_checkpoint");
  expect_success(resumed);
  EXPECT_NE(resumed.out.find("continuing from parts/checkpoint-10\n"), std::string::npos);
  EXPECT_EQ(bytes("whole/model.safetensors"), bytes("parts/model.safetensors"));
  const Outcome fresh = work_.train("parts", "--save_strategy no");
  EXPECT_NE(fresh.out.find("parts holds checkpoint-10 of an earlier run; this run starts afresh"),
            std::string::npos);
  expect_error(work_.train("empty", "--resume_from_checkpoint"),
               "--resume_from_checkpoint: empty holds no checkpoint-N");
}

// Twice at once, as timeout(1) does it: to the program and to its process group.
TEST_F(Program, EndsInOrderWhenInterrupted) {
  const Outcome outcome = testing::run(
      "cd " + work_.file("") + " && { " + built("lathe") +
      " train --model_name_or_path model --train_file train.csv --output_dir out"
      " --num_train_epochs 1e6 --save_steps 20 & }; until ls out/checkpoint-* >ls.txt 2>&1;"
      " do kill -0 $! || exit 99; sleep 0.05; done; kill -INT $!; kill -INT $!; wait $!");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err.rfind("lathe: interrupted after step ", 0), 0u) << outcome.err;
  for (const auto& entry : std::filesystem::directory_iterator(work_.file("out"))) {
    EXPECT_EQ(entry.path().filename().string().rfind("checkpoint-", 0), 0u) << entry.path();
    EXPECT_TRUE(file_exists(entry.path().string() + "/trainer_state.json")) << entry.path();
  }
}

TEST_F(Program, Tokenizes) {
  write_file(work_.file("in.jsonl"),
             "{\"text\": \"Good film\", \"text_pair\": \"bad\"}\n\n{\"text\": \"x\"}\n");
  const Outcome outcome = work_.lathe("tokenize --model_name_or_path model in.jsonl");
  expect_success(outcome);
  EXPECT_EQ(
      outcome.out,
      "{\"input_ids\": [2, 5, 7, 3, 6, 3], \"token_type_ids\": [0, 0, 0, 0, 1, 1], "
      "\"attention_mask\": [1, 1, 1, 1, 1, 1]}\n"
      "{\"input_ids\": [2, 1, 3], \"token_type_ids\": [0, 0, 0], \"attention_mask\": [1, 1, 1]}\n");
  const Outcome text = testing::run("printf 'the good' | " + built("lathe") +
                                    " tokenize --model_name_or_path " + work_.file("model") +
                                    " --input_format text --max_length 3 --return_offsets_mapping "
                                    "--return_overflowing_tokens -");
  expect_success(text);
  EXPECT_EQ(
      text.out,
      "{\"input_ids\": [2, 8, 3], \"token_type_ids\": [0, 0, 0], \"attention_mask\": [1, 1, 1], "
      "\"offset_mapping\": [[0, 0], [0, 3], [0, 0]], \"overflow_to_sample_mapping\": 0}\n"
      "{\"input_ids\": [2, 5, 3], \"token_type_ids\": [0, 0, 0], \"attention_mask\": [1, 1, 1], "
      "\"offset_mapping\": [[0, 0], [4, 8], [0, 0]], \"overflow_to_sample_mapping\": 0}\n");
  write_file(work_.file("in.jsonl"), "{\"text\": \"a\"}\n\n{\"txt\": \"a\"}\n");
  expect_error(work_.lathe("tokenize --model_name_or_path model in.jsonl"),
               "in.jsonl:3: the key \"text\" is missing");
}

TEST_F(Program, PadsAndShowsWhereTokensComeFrom) {
  write_file(work_.file("in.jsonl"),
             "{\"text\": [\"Good\", \"film\"], \"text_pair\": \"bad\"}\n{\"text\": \"x\"}\n");
  const Outcome padded = work_.lathe(
      "tokenize --model_name_or_path model --padding longest --pad_to_multiple_of 4 "
      "--return_special_tokens_mask --return_word_ids in.jsonl");
  expect_success(padded);
  EXPECT_EQ(padded.out,
            "{\"input_ids\": [2, 5, 7, 3, 6, 3, 0, 0], "
            "\"token_type_ids\": [0, 0, 0, 0, 1, 1, 0, 0], "
            "\"attention_mask\": [1, 1, 1, 1, 1, 1, 0, 0], "
            "\"special_tokens_mask\": [1, 0, 0, 1, 0, 1, 1, 1], "
            "\"word_ids\": [null, 0, 1, null, 0, null, null, null], "
            "\"sequence_ids\": [null, 0, 0, null, 1, null, null, null]}\n"
            "{\"input_ids\": [2, 1, 3, 0, 0, 0, 0, 0], "
            "\"token_type_ids\": [0, 0, 0, 0, 0, 0, 0, 0], "
            "\"attention_mask\": [1, 1, 1, 0, 0, 0, 0, 0], "
            "\"special_tokens_mask\": [1, 0, 1, 1, 1, 1, 1, 1], "
            "\"word_ids\": [null, 0, null, null, null, null, null, null], "
            "\"sequence_ids\": [null, 0, null, null, null, null, null, null]}\n");
  expect_error(work_.lathe("tokenize --model_name_or_path model --padding max_length in.jsonl"),
               "--padding max_length: the checkpoint states no maximum; give --max_length");
  write_file(work_.file("ids.jsonl"), "{\"input_ids\": [2, 5, 7, 3]}\n[6]\n");
  const Outcome decoded =
      work_.lathe("tokenize --decode --skip_special_tokens --model_name_or_path model ids.jsonl");
  expect_success(decoded);
  EXPECT_EQ(decoded.out, "{\"text\": \"good film\"}\n{\"text\": \"bad\"}\n");
  write_file(work_.file("bad.txt"), "good\n\xE2\x82 bad\n");
  expect_error(work_.lathe("tokenize --model_name_or_path model --input_format text bad.txt"),
               "bad.txt:2: not valid UTF-8 at byte 0");
  EXPECT_EQ(work_
                .lathe("tokenize --model_name_or_path model --input_format text "
                       "--encoding_errors replace --no_special_tokens bad.txt")
                .out,
            "{\"input_ids\": [5], \"token_type_ids\": [0], \"attention_mask\": [1]}\n"
            "{\"input_ids\": [6], \"token_type_ids\": [0], \"attention_mask\": [1]}\n");
}

TEST_F(Program, MakesAVocabulary) {
  write_file(work_.file("words.txt"), "low low low lower lower newest newest newest\n");
  const Outcome outcome = work_.lathe(
      "tokenize --train --train_file words.txt --vocab_size 30 --min_frequency 1 "
      "--output_dir made");
  expect_success(outcome);
  EXPECT_EQ(outcome.out, "28 tokens of 3 words in made\n");
  write_file(work_.file("in.txt"), "Lowest lower");
  const Outcome encoded =
      work_.lathe("tokenize --model_name_or_path made --input_format text in.txt");
  expect_success(encoded);
  EXPECT_EQ(encoded.out.rfind("{\"input_ids\": [2, ", 0), 0u) << encoded.out;
  EXPECT_NE(read_file(work_.file("made/vocab.txt")).find("\nlow\n"), std::string::npos);
  expect_error(work_.lathe("tokenize --train --train_file words.txt --special_tokens [UNK] "
                           "--output_dir made"),
               "--special_tokens: has no [SEP], which BERT's tokenizer needs");
}

TEST_F(Program, ConvertsShowsAndMeasuresData) {
  expect_success(work_.lathe("dataset convert train.csv train --class_encode_column label"));
  const Outcome info = work_.lathe("dataset info train --verify_checksums");
  expect_success(info);
  EXPECT_EQ(info.out.rfind("24 rows in 1 record batches, Arrow stream, checksums verified\n", 0),
            0U)
      << info.out;
  EXPECT_NE(info.out.find("labels \"no\", \"yes\""), std::string::npos) << info.out;
  expect_success(work_.lathe("dataset convert train train.feather"));
  expect_success(work_.lathe("dataset convert train.feather train.jsonl --columns label,text"));
  EXPECT_EQ(read_file(work_.file("train.jsonl")).rfind("{\"label\": ", 0), 0U);
  EXPECT_NE(work_.lathe("dataset head train --rows 1").out.find("0 (no)"), std::string::npos)
      << work_.lathe("dataset head train --rows 1").out;
  EXPECT_EQ(work_.lathe("dataset head train.csv --rows 2 --skip 22").out.find("row 23\n"), 0u);
  EXPECT_EQ(work_.lathe("dataset head train.csv --shuffle_buffer 9 --skip 24").out, "");
  const Outcome stats = work_.lathe("dataset stats train --model_name_or_path model");
  expect_success(stats);
  EXPECT_NE(stats.out.find("text, tokens: mean "), std::string::npos) << stats.out;
  EXPECT_NE(stats.out.find(" 62.5 %"), std::string::npos) << stats.out;
  expect_error(work_.lathe("dataset convert train.csv train.parquet"),
               "train.parquet: unknown extension \".parquet\" (known: .csv, .jsonl, .arrow, "
               ".feather, .arrows; none: a directory as save_to_disk makes it)");
  expect_error(work_.lathe("dataset hed train"),
               "dataset hed: no such command; did you mean head?");
}

// The same rows, whatever kind of file they come in, give the same model.
TEST_F(Program, TrainsOnArrowAsOnCsv) {
  expect_success(work_.train("from_csv"));
  expect_success(
      work_.lathe("dataset convert train.csv train --rows_per_batch 7 "
                  "--class_encode_column label"));
  std::filesystem::rename(work_.file("train.csv"), work_.file("gone.csv"));
  expect_success(work_.train("from_arrow", "--train_file train"));
  EXPECT_EQ(read_file(work_.file("from_csv/model.safetensors")),
            read_file(work_.file("from_arrow/model.safetensors")));
}

// The same rows in several files, found by their splits' names or by a pattern.
TEST_F(Program, TrainsOnSeveralFilesAsOnOne) {
  expect_success(work_.train("from_one", "--validation_file dev.csv"));
  const std::string text = bytes("train.csv");
  const std::size_t header = text.find('\n') + 1, cut = text.find('\n', text.size() / 2) + 1;
  std::filesystem::create_directory(work_.file("data"));
  write_file(work_.file("data/train-1.csv"), text.substr(0, cut));
  write_file(work_.file("data/train-2.csv"), text.substr(0, header) + text.substr(cut));
  std::filesystem::copy(work_.file("dev.csv"), work_.file("data/dev.csv"));
  expect_success(testing::run("gzip " + work_.file("data/train-2.csv")));
  expect_success(work_.train("from_directory", "--train_file data --validation_file data"));
  EXPECT_EQ(bytes("from_one/model.safetensors"), bytes("from_directory/model.safetensors"));
  expect_success(work_.train(
      "from_pattern", "--train_file 'data/train-*' --validation_file dev.csv --delimiter ,"));
  EXPECT_EQ(bytes("from_one/model.safetensors"), bytes("from_pattern/model.safetensors"));
  EXPECT_EQ(bytes("from_one/eval_results.json").substr(0, 40),
            bytes("from_directory/eval_results.json").substr(0, 40));
  expect_success(work_.lathe("dataset convert data dict"));
  EXPECT_EQ(work_.lathe("dataset info dict").out.rfind("train: 24 rows\n", 0), 0u);
  EXPECT_EQ(work_.lathe("dataset info data").out.rfind("train: 24 rows in 2 files\n", 0), 0u);
  expect_error(work_.lathe("dataset head train.csv --column_types label:day"),
               "--column_types label:day: must be COLUMN:TYPE with a type of \"bool\", \"int8\", "
               "\"int16\", \"int32\", \"int64\", \"uint8\", \"uint16\", \"uint32\", "
               "\"uint64\", \"float32\", \"float64\", \"utf8\", \"large_utf8\"");
}

TEST_F(Program, FindsTokensInTheCache) {
  const auto from_cache = [](const Outcome& outcome) {
    return outcome.out.find("(from the cache)") != std::string::npos;
  };
  EXPECT_FALSE(from_cache(work_.train("first")));
  EXPECT_TRUE(from_cache(work_.train("second")));
  EXPECT_EQ(read_file(work_.file("first/model.safetensors")),
            read_file(work_.file("second/model.safetensors")));
  // By content, wherever it comes from.
  expect_success(work_.lathe("dataset convert train.csv copy.arrow --rows_per_batch 5"));
  EXPECT_TRUE(from_cache(work_.train("third", "--train_file copy.arrow")));
  EXPECT_FALSE(from_cache(work_.train("third", "--overwrite_cache")));
  EXPECT_FALSE(from_cache(work_.train("third", "--cache_dir none")));
  EXPECT_FALSE(from_cache(work_.train("third", "--max_seq_length 5")));
  write_file(work_.file("model/tokenizer_config.json"), R"({"do_lower_case": false})");
  EXPECT_FALSE(from_cache(work_.train("third")));
  const Outcome listed = work_.lathe("dataset cache");
  expect_success(listed);
  EXPECT_NE(listed.out.find("6 entries, "), std::string::npos) << listed.out;
  EXPECT_NE(work_.lathe("dataset cache --limit 0").out.find("6 entries removed\n0 entries"),
            std::string::npos);
  EXPECT_NE(work_.lathe("dataset cache --limit 2G").out.find("at most 2048 MiB"),
            std::string::npos);
  expect_error(work_.lathe("dataset cache --limit many"),
               "--limit many: must be a size, as 500M or 20G");
}

TEST_F(Program, Inspects) {
  const Outcome outcome = work_.lathe("inspect --model_name_or_path model");
  expect_success(outcome);
  EXPECT_NE(outcome.out.find("hidden_size              16"), std::string::npos);
  EXPECT_NE(outcome.out.find("bert.pooler.dense.weight"), std::string::npos);
  EXPECT_NE(outcome.out.find("training a batch of 8 x 24 tokens"), std::string::npos);
  EXPECT_NE(outcome.out.find("device: cpu ("), std::string::npos);
}

TEST_F(Program, HelpsAndNamesItsVersion) {
  EXPECT_EQ(work_.lathe("--version").out.rfind("lathe ", 0), 0u);
  EXPECT_NE(work_.lathe("--help").out.find("tokenize"), std::string::npos);
  for (const char* command : {"train", "evaluate", "predict", "tokenize", "inspect"}) {
    const Outcome outcome = work_.lathe(std::string(command) + " --help");
    expect_success(outcome);
    EXPECT_NE(outcome.out.find("--model_name_or_path"), std::string::npos);
  }
}

// Other kinds of problems, through JSON Lines.
TEST_F(Program, LearnsManyLabelsAndNumbers) {
  const std::string begin =
      "train --model_name_or_path model --save_strategy no --num_train_epochs 1 --validation_file ";
  std::string lists, numbers = "text,label\n";
  for (int i = 0; i < 6; ++i) {
    lists += i % 2 == 0 ? R"({"text": "good film", "label": ["x", "y"]})"
                        : R"({"text": "bad", "label": []})";
    lists += '\n';
    numbers += i % 2 == 0 ? "good film,1.5\n" : "bad story,-2\n";
  }
  write_file(work_.file("lists.jsonl"), lists);
  write_file(work_.file("numbers.csv"), numbers);
  expect_success(work_.lathe(begin + "lists.jsonl --train_file lists.jsonl --output_dir lists"));
  const Json many = read_json_file(work_.file("lists/eval_results.json"));
  EXPECT_NE(many.find("eval_f1"), nullptr);
  EXPECT_EQ(read_json_file(work_.file("lists/config.json")).find("problem_type")->as_string(),
            "multi_label_classification");
  expect_success(work_.lathe(begin + "numbers.csv --train_file numbers.csv --output_dir numbers "
                                     "--ignore_mismatched_sizes"));
  EXPECT_NE(read_json_file(work_.file("numbers/eval_results.json")).find("eval_mse"), nullptr);
  expect_success(work_.lathe(
      "predict --model_name_or_path numbers --test_file dev.csv --output_file p.jsonl"));
  EXPECT_EQ(bytes("p.jsonl").find("probabilities"), std::string::npos);
}

TEST_F(Program, ExamplesRun) {
  if (!file_exists(built("examples/training_loop")))
    GTEST_SKIP() << "the examples have not been built";
  const std::string files = work_.file("train.csv") + " " + work_.file("dev.csv");
  const Outcome loop = testing::run(built("examples/training_loop") + " " + work_.file("model") +
                                    " " + files + " " + work_.file("loop"));
  expect_success(loop);
  EXPECT_EQ(loop.out.rfind("epoch 1: loss ", 0), 0u);
  expect_success(work_.lathe("evaluate --model_name_or_path loop --validation_file dev.csv"));
  const Outcome baseline = testing::run(built("examples/bag_of_words") + " " + files);
  expect_success(baseline);
  EXPECT_EQ(baseline.out.rfind("majority guess", 0), 0u);
  EXPECT_NE(baseline.out.find("bag-of-words logistic regression   accuracy 1.0000  f1 1.0000\n"),
            std::string::npos)
      << baseline.out;
}

}  // namespace
}  // namespace lathe
