#include "train/task.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/temporary_directory.h"

namespace lathe {
namespace {

using testing::error_of;
using Names = std::vector<std::string>;

Table csv(const std::string& text) { return parse_table(text, "train.csv"); }

TaskOptions of_task(const char* name) {
  TaskOptions options;
  options.glue = &glue_task_named(name);
  return options;
}

TEST(Task, ChoosesTextColumnsAsRunGlueDoes) {
  const Table pairs = csv("id,sentence2,sentence1,label\n1,b,a,0\n");
  EXPECT_EQ(choose_text_columns(pairs, {}), (Names{"sentence1", "sentence2"}));
  const Table other = csv("id,title,label,body,more\n1,t,x,b,m\n");
  EXPECT_EQ(choose_text_columns(other, {}), (Names{"title", "body"}));
  TaskOptions named;
  named.text_columns = {"body"};
  EXPECT_EQ(choose_text_columns(other, named), (Names{"body"}));
  const Table qnli = csv("index,question,sentence,label\n0,q,s,entailment\n");
  EXPECT_EQ(choose_text_columns(qnli, of_task("qnli")), (Names{"question", "sentence"}));
  EXPECT_EQ(choose_text_columns(csv("text,label\nx,0\n"), of_task("sst2")), (Names{"text"}));
}

TEST(Task, NamesTheColumnThatIsMissing) {
  TaskOptions named;
  named.text_columns = {"bdy"};
  const Table table = csv("id,body,label\n1,b,x\n");
  EXPECT_NE(error_of([&] { choose_text_columns(table, named); }).find("\"body\""),
            std::string::npos);
  named.label_column = "lable";
  EXPECT_NE(error_of([&] { decide_task(table, named, {}); }).find("\"label\""), std::string::npos);
  EXPECT_EQ(error_of([] { choose_text_columns(csv("id,label\n1,x\n"), {}); }),
            "train.csv: no column of text besides the label; name one with --text_column_names");
}

TEST(Task, InfersTheProblemFromTheLabels) {
  const auto type = [](const Table& table) { return decide_task(table, {}, {}).problem_type; };
  EXPECT_EQ(type(csv("text,label\na,x\nb,y\n")), ProblemType::kSingleLabel);
  EXPECT_EQ(type(csv("text,label\na,1\nb,0\n")), ProblemType::kSingleLabel);
  EXPECT_EQ(type(csv("text,label\na,1.5\nb,0\n")), ProblemType::kRegression);
  const Table lists =
      parse_table(R"([{"text": "a", "label": ["x"]}, {"text": "b", "label": []}])", "train.json");
  EXPECT_EQ(type(lists), ProblemType::kMultiLabel);
  const auto known = ProblemType::kSingleLabel;  // of the model: cannot hold for these labels
  EXPECT_EQ(decide_task(lists, {}, known).problem_type, ProblemType::kMultiLabel);
  TaskOptions told;
  told.problem_type = ProblemType::kRegression;
  const Task task = decide_task(csv("text,label\na,1\nb,0\n"), told, ProblemType::kSingleLabel);
  EXPECT_EQ(task.problem_type, ProblemType::kRegression);
  EXPECT_EQ(task.labels.names(), Names{"LABEL_0"});
  EXPECT_EQ(decide_task(csv("text,label\na,1\nb,0\n"), {}, ProblemType::kRegression).problem_type,
            ProblemType::kRegression);
}

TEST(Task, NamesTheLabels) {
  const auto names = [](const char* text, const TaskOptions& options) {
    return decide_task(csv(text), options, {}).labels.names();
  };
  EXPECT_EQ(names("text,label\na,neg\nb,pos\nc,neg\n", {}), (Names{"neg", "pos"}));
  EXPECT_EQ(names("text,label\na,1\nb,0\n", {}), (Names{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(names("sentence1,sentence2,label\na,b,1\nc,d,0\n", of_task("mrpc")),
            (Names{"not_equivalent", "equivalent"}));
  // GLUE's order, not the alphabet's.
  EXPECT_EQ(names("premise,hypothesis,label\na,b,neutral\nc,d,contradiction\n", of_task("mnli")),
            (Names{"entailment", "neutral", "contradiction"}));
  EXPECT_EQ(names("sentence,label\na,good\nb,bad\n", of_task("sst2")), (Names{"bad", "good"}));
  TaskOptions wrong = of_task("stsb");
  wrong.problem_type = ProblemType::kSingleLabel;
  EXPECT_EQ(error_of([&] { decide_task(csv("sentence1,sentence2,label\na,b,1.0\n"), wrong, {}); }),
            "--problem_type single_label_classification: the task stsb is regression");
}

TEST(Task, OfAModelIsTheModels) {
  BertConfig config;
  config.labels = {"no", "yes"};
  const Table table = csv("text\na\n");
  EXPECT_EQ(task_of_model(table, {}, config).problem_type, ProblemType::kSingleLabel);
  EXPECT_EQ(task_of_model(table, {}, config).labels.names(), (Names{"no", "yes"}));
  config.labels = {"LABEL_0"};
  EXPECT_EQ(task_of_model(table, {}, config).problem_type, ProblemType::kRegression);
  config.problem_type = ProblemType::kMultiLabel;
  EXPECT_EQ(task_of_model(table, {}, config).problem_type, ProblemType::kMultiLabel);
}

TEST(Task, ReadsTextThatLooksLikeNumbers) {
  const testing::TemporaryDirectory directory;
  write_file(directory.file("dev.csv"), "text,label\n2012,1\n1984,0\n300,1\n");
  const Table table = read_examples(directory.file("dev.csv"), {"text"}, 2);
  EXPECT_EQ(table.rows(), 2);
  EXPECT_EQ(table.column("text").text(1), "1984");
  EXPECT_EQ(text_of(table, {{"text"}, "label", {}, {}}, 0), "2012");
}

}  // namespace
}  // namespace lathe
