// The fuzz targets over a fixed set of inputs. Nothing may crash, leak or trip a sanitizer; the
// targets abort when what was read is not what was written.
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/data/table_testing.h"
#include "tests/fuzz/data_targets.h"
#include "tests/fuzz/file_targets.h"
#include "tests/fuzz/mutate.h"

namespace lathe::fuzz {
namespace {

const std::vector<std::string> kTables = {
    "id,text,label\n1,\"a, \"\"b\"\"\nc\",0\n2,d,1\n",
    "\xEF\xBB\xBF"
    "a,b\r\n0.5,true\r\n-2e3,false\r\n,\r\n",
    "text\n\"\"\nx\n\n08123\n",
    "a\tb\tc\n\" x\t1\t日本\ny\t2\té\n",
};
const std::vector<std::string> kTableWords = {",",
                                              "\"",
                                              "\"\"",
                                              "\n",
                                              "\r\n",
                                              "\r",
                                              "\t",
                                              ",\"",
                                              "\",",
                                              "1",
                                              "-",
                                              ".5",
                                              "true",
                                              "é",
                                              std::string(1, '\0'),
                                              "9223372036854775808"};

const std::vector<std::string> kJson = {
    "[{\"a\": 1, \"b\": \"x\\n\"}, {\"a\": 2.5, \"b\": null}]",
    "{\"a\": [1, 2], \"t\": \"\\u00e9\\ud83d\\ude00\"}\n{\"a\": [], \"c\": true}\n\n{\"a\": "
    "null}\n",
    "[\n {\"a\": [[1], [2.5]]},\n {\"a\": []}\n]\n",
    "{\"a\": {\"b\": [null, false, \"]}\", -0.0, 1e5]}}",
};
const std::vector<std::string> kJsonWords = {
    "[",       "]",    "{",    "}",     ",", ":",  "\"",      "\\",   "\\u",
    "\\ud800", "null", "true", "1e999", "-", "\n", "\"a\": ", "[[[[", std::string(1, '\0'),
    "\xFF"};

TEST(Fuzz, TablesSurviveDamage) {
  const testing::OneThread one;
  run_mutated(kTables, kTableWords, 2000, csv_target);
}

// Numbers that a hostile file would put where sizes, counts and offsets stand.
const std::vector<std::string> kArrowWords = {
    std::string(4, '\0'),
    std::string(8, '\xFF'),
    std::string("\xFF\xFF\xFF\x7F", 4),
    std::string("\0\0\0\x80", 4),
    std::string("\0\0\0\0\0\0\0\x80", 8),
    std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 8),
    std::string("\1\0\0\0\0\0\0\0", 8),
};

TEST(Fuzz, ArrowSurvivesDamage) {
  std::vector<std::string> seeds;
  for (const char* name : {"types_file", "types_stream", "types_lz4", "types_zstd", "other",
                           "struct", "empty", "polars"}) {
    seeds.push_back(read_file(std::string("tests/golden/arrow/") + name + ".arrow"));
  }
  run_mutated(seeds, kArrowWords, 500, arrow_target);
  // Damage that moves nothing: what every parser of offsets must survive.
  Random random(2);
  for (const std::string& seed : seeds) {
    for (int i = 0; i < 1500; ++i) {
      std::string damaged = seed;
      for (uint64_t damages = 1 + random.below(3); damages > 0; --damages) {
        const std::string& word = kArrowWords[random.below(kArrowWords.size())];
        const std::size_t place = random.below(damaged.size() / 4) * 4;
        if (random.below(2) == 0) {
          damaged[place] = static_cast<char>(random.below(256));
        } else {
          damaged.replace(place, std::min(word.size(), damaged.size() - place), word);
        }
      }
      arrow_target(damaged);
    }
  }
}

TEST(Fuzz, CompressedFilesSurviveDamage) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += concat("line ", i * i, ",", i % 3, "\n");
  const std::vector<std::string> words = {std::string(4, '\0'), std::string(4, '\xFF'),
                                          "\x1F\x8B\b", "\x28\xB5\x2F\xFD"};
  run_mutated({testing::gzipped(text), testing::zstandard(text),
               testing::gzipped(text) + testing::gzipped("more")},
              words, 1000, compressed_target);
}

TEST(Fuzz, BlocksOfAFileCannotBeSeen) {
  const testing::OneThread one;
  run_mutated(kTables, kTableWords, 150, blocks_target);
}

TEST(Fuzz, DirectoriesSurviveDamage) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.file("dataset");
  save_dataset(path, parse_table("text,label\na,no\nb,yes\n", "t.csv"));
  run_mutated({"0" + read_file(path + "/state.json"), "1" + read_file(path + "/dataset_info.json")},
              kJsonWords, 300, directory_target);
}

TEST(Fuzz, JsonSurvivesDamage) {
  const testing::OneThread one;
  run_mutated(kJson, kJsonWords, 2000, json_target);
}

}  // namespace
}  // namespace lathe::fuzz
