// The fuzz targets over a fixed set of inputs. Nothing may crash, leak or trip a sanitizer; the
// targets abort when what was read is not what was written.
#include <gtest/gtest.h>

#include "tests/fuzz/data_targets.h"
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

TEST(Fuzz, TablesSurviveDamage) { run_mutated(kTables, kTableWords, 2000, csv_target); }

TEST(Fuzz, JsonSurvivesDamage) { run_mutated(kJson, kJsonWords, 2000, json_target); }

}  // namespace
}  // namespace lathe::fuzz
