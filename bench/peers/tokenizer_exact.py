#!/usr/bin/env python3
"""Whether Lathe gives what `tokenizers` gives: ids, types, masks, offsets, word and sequence ids of
every window, token by token.

For each tokenizer directory (or vocab.txt file, whose name says whether it is cased):
  pairs       random pairs, every truncation strategy, 3 to 64 tokens, with strides and overflow
  documents   random text of many languages, emoji, marks, hostile strings; lists of words
  texts       each line of the text files
  characters  every character of Unicode alone, between letters, and behind and before marks

Usage: tokenizer_exact.py [--documents N] [--pairs N] [--characters STEP] [--full] --text FILE... --tokenizers DIR|VOCAB...
--full: a million documents, 200,000 pairs, every character; otherwise a fiftieth of that.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from transformers import AutoTokenizer

from common import ROOT
from unicode_text import Source

ROWS = ROOT / "build" / "release" / "bench" / "peers" / "tokenizer_rows"
STRATEGIES = ["longest_first", "only_first", "only_second"]
BLOCK = 2000  # rows that are compared at a time


def columns(encoding):
    return [encoding.ids, encoding.type_ids, encoding.attention_mask, encoding.special_tokens_mask,
            list(itertools.chain.from_iterable(encoding.offsets)), encoding.word_ids, encoding.sequence_ids]


def expected(tokenizer, row):
    """The windows as `tokenizers` gives them; None where it refuses, or panics over a stride."""
    try:
        if "max_length" in row:
            tokenizer.enable_truncation(row["max_length"], stride=row["stride"], strategy=row["truncation"])
        else:
            tokenizer.no_truncation()
        encoding = tokenizer.encode(row["text"], row.get("text_pair"),
                                    is_pretokenized=isinstance(row["text"], list))
    except BaseException as error:  # what its bindings raise has no narrower class
        if "runcation" in str(error) or "tride" in str(error):
            return None
        raise
    return [columns(window) for window in [encoding, *encoding.overflowing]]


class Comparison:
    def __init__(self, directory):
        tokenizer = AutoTokenizer.from_pretrained(directory)
        self.tokenizer = tokenizer.backend_tokenizer
        self.tokenizer.no_padding()
        self.rows = subprocess.Popen([ROWS, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.differing = 0

    def found(self, block):
        """Written from another process: both pipes at once would wait for each other."""
        text = "".join(json.dumps(row) + "\n" for row in block).encode()
        writer = os.fork()
        if writer == 0:
            self.rows.stdin.write(text)
            self.rows.stdin.flush()
            os._exit(0)
        lines = [json.loads(self.rows.stdout.readline()) for _ in block]
        os.waitpid(writer, 0)
        return lines

    def run(self, name, rows):
        start, count, differing, refused, windows = time.time(), 0, 0, 0, 0
        rows = iter(rows)
        while block := list(itertools.islice(rows, BLOCK)):
            for row, found in zip(block, self.found(block), strict=True):
                wanted = expected(self.tokenizer, row)
                count += 1
                refused += wanted is None
                windows += len(wanted or [])
                if found != wanted:
                    differing += 1
                    if differing <= 3:
                        print(f"{ascii(row)}\n  tokenizers {wanted}\n  Lathe      {found}")
        print(f"  {name}: {count} rows, {windows} windows, {refused} refused by both, {differing} differ"
              f" ({time.time() - start:.0f} s)", flush=True)
        self.differing += differing


def pairs(source, count):
    for i in range(count):
        longest = source.random.choice([2, 10, 40])
        make = source.plain if i % 4 else source.text
        row = {"text": make(longest), "text_pair": make(source.random.choice([2, 10, 40]))}
        if i % 16 == 15:
            row = {"text": source.list_of_words(), "text_pair": source.list_of_words()}
        if i % 8 == 7:
            del row["text_pair"]
        row |= {"truncation": STRATEGIES[i % 3], "max_length": 3 + i // 3 % 62, "stride": 0}
        if i % 2:
            row["stride"] = source.random.randrange(0, max(1, row["max_length"] // 2 - 2))
        yield row


def documents(source, count):
    for i in range(count):
        if i % 20 == 0:
            yield {"text": source.list_of_words()}
        elif i % 20 == 1:
            yield {"text": source.text(8), "text_pair": source.text(8)}
        else:
            yield {"text": source.text()}


def characters(step):
    for code in range(0, 0x110000, step):
        if not 0xD800 <= code < 0xE000:
            c = chr(code)
            yield {"text": f"{c} a{c}b e\u0301{c} {c}\u0323\u0301x {c}\u0344{c}", "text_pair": c}


def lines_of(paths):
    """Each line once; the columns of a TSV each by itself as well."""
    seen = set()
    for path in paths:
        with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file.read().split("\n"):
                for text in {line, *line.split("\t")}:
                    if text not in seen:
                        seen.add(text)
                        yield {"text": text}


def prepared(path, parent):
    """A directory that AutoTokenizer loads."""
    if os.path.isdir(path):
        return path
    name = os.path.basename(path)
    directory = os.path.join(parent, name)
    os.mkdir(directory)
    shutil.copy(path, os.path.join(directory, "vocab.txt"))
    with open(os.path.join(directory, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "BertTokenizer", "do_lower_case": "cased" not in name or "uncased" in name}, file)
    return directory


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--characters", type=int, help="every STEPth")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--text", nargs="*", default=[])
    parser.add_argument("--tokenizers", nargs="+", required=True)
    arguments = parser.parse_args()
    share = 1 if arguments.full else 50

    differing = 0
    with tempfile.TemporaryDirectory() as parent:
        for path in arguments.tokenizers:
            print(path, flush=True)
            comparison = Comparison(prepared(path, parent))
            source = Source(arguments.seed)
            comparison.run("pairs", pairs(source, arguments.pairs or 200_000 // share))
            comparison.run("texts", lines_of(arguments.text))
            comparison.run("characters", characters(arguments.characters or share))
            comparison.run("documents", documents(source, arguments.documents or 1_000_000 // share))
            differing += comparison.differing
    print("not one difference" if differing == 0 else f"{differing} DIFFERENCES")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
