#!/usr/bin/env python3
"""Whether Lathe gives what `tokenizers` gives: ids, types, masks, offsets, word and sequence ids of
every window, token by token.

For each tokenizer directory (or vocab.txt file, whose name says whether it is cased):
  pairs       random pairs, every truncation strategy, 3 to 64 tokens, with strides and overflow
  documents   random text of many languages, emoji, marks, hostile strings; lists of words
  texts       each line of the text files, each column of a line, each string of a JSON file
  characters  every character of Unicode alone, between letters, and behind and before marks

Usage: tokenizer_exact.py [--documents N] [--pairs N] [--characters STEP] [--full] --text FILE... --tokenizers DIR|VOCAB...
--full: a million documents, 200,000 pairs, every character; otherwise a fiftieth of that.
"""

import argparse
import array
import itertools
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "true"

from transformers import AutoTokenizer

from common import ROOT, note, tokenizer_directory
from unicode_text import Source

ROWS = ROOT / "build" / "release" / "bench" / "peers" / "tokenizer_rows"
STRATEGIES = ["longest_first", "only_first", "only_second"]
BLOCK = 5000  # rows that are compared at a time


def flat(windows):
    """What tokenizer_rows gives for a row: its windows' columns as one list of integers."""
    if windows is None:
        return [-1]
    values = [len(windows)]
    for window in windows:
        ids = window.ids
        values.append(len(ids))
        values += ids
        values += window.type_ids
        values += window.attention_mask
        values += window.special_tokens_mask
        values += itertools.chain.from_iterable(window.offsets)
        values += [-1 if word is None else word for word in window.word_ids]
        values += [-1 if sequence is None else sequence for sequence in window.sequence_ids]
    return values


class Comparison:
    """Of one tokenizer with Lathe's."""

    def __init__(self, path, directory):
        self.path = path
        self.tokenizer = AutoTokenizer.from_pretrained(directory).backend_tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.process = subprocess.Popen([ROWS, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.all_differing = 0

    def start(self):
        self.count = self.differing = self.refused = self.windows = 0
        self.seconds = 0.0

    def found(self):
        size = self.process.stdout.read(8)
        if len(size) < 8:
            sys.exit("tokenizer_exact: tokenizer_rows ended")
        return self.process.stdout.read(struct.unpack("<q", size)[0])

    def truncated(self, row):
        """The windows of a row that has options; None where tokenizers refuses, or panics over a stride."""
        try:
            self.tokenizer.enable_truncation(row["max_length"], stride=row["stride"], strategy=row["truncation"])
            encoding = self.tokenizer.encode(row["text"], row.get("text_pair"),
                                             is_pretokenized=isinstance(row["text"], list))
        except BaseException as error:  # what its bindings raise has no narrower class
            if "runcation" in str(error) or "tride" in str(error):
                return None
            raise
        finally:
            self.tokenizer.no_truncation()
        return [encoding, *encoding.overflowing]

    def wanted(self, block):
        """[windows of each row]: in batches where no row has options."""
        if "max_length" in block[0]:
            return [self.truncated(row) for row in block]
        windows = [None] * len(block)
        for cut in (False, True):  # into words
            places = [i for i, row in enumerate(block) if isinstance(row["text"], list) == cut]
            inputs = [(block[i]["text"], block[i]["text_pair"]) if "text_pair" in block[i] else block[i]["text"]
                      for i in places]
            batch = self.tokenizer.encode_batch(inputs, is_pretokenized=cut)
            for i, encoding in zip(places, batch, strict=True):
                windows[i] = [encoding]
        return windows

    def compare(self, block, text):
        start = time.time()
        self.process.stdin.write(text)
        self.process.stdin.flush()
        rows = [flat(windows) for windows in self.wanted(block)]
        expected = array.array("i", itertools.chain.from_iterable(rows)).tobytes()
        found = self.found()
        if found != expected:
            self.show(block, rows, array.array("i", found).tolist())
        self.count += len(block)
        self.refused += sum(row[0] < 0 for row in rows)
        self.windows += sum(max(row[0], 0) for row in rows)
        self.seconds += time.time() - start

    def show(self, block, rows, values):
        """Which rows differ. Lathe's are cut apart by their own lengths."""
        place = 0
        for row, wanted in zip(block, rows, strict=True):
            end = place + 1
            for _ in range(max(values[place], 0)):
                end += 1 + 8 * values[end]
            if values[place:end] != wanted:
                self.differing += 1
                if self.differing <= 3:
                    print(f"{ascii(row)}\n  tokenizers {wanted}\n  Lathe      {values[place:end]}")
            place = end

    def finish(self, name):
        print(f"  {name}, {os.path.basename(self.path)}: {self.count} rows, {self.windows} windows, "
              f"{self.refused} refused by both, {self.differing} differ ({self.seconds:.0f} s)", flush=True)
        self.all_differing += self.differing


def run(name, rows, comparisons):
    """Each block of rows is made once, for all tokenizers."""
    for comparison in comparisons:
        comparison.start()
    rows = iter(rows)
    while block := list(itertools.islice(rows, BLOCK)):
        text = (f"{len(block)}\n" + "".join(json.dumps(row) + "\n" for row in block)).encode()
        for comparison in comparisons:
            comparison.compare(block, text)
    for comparison in comparisons:
        comparison.finish(name)


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


def strings_in(value):
    """Of a JSON value, without what no UTF-8 has."""
    if isinstance(value, str):
        yield value.encode("utf-8", "replace").decode()
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings_in(part)


def texts_of(path):
    """Each line and each of its columns; of JSON each string."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        content = file.read()
    try:
        yield from strings_in(json.loads(content))
    except (ValueError, RecursionError):  # it is no JSON
        for line in content.split("\n"):
            yield line
            yield from line.split("\t")


def texts_in(paths):
    """Each text once."""
    seen = set()
    for path in paths:
        for text in texts_of(path):
            if text not in seen:
                seen.add(text)
                yield {"text": text}


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

    with tempfile.TemporaryDirectory() as parent:
        comparisons = [Comparison(path, tokenizer_directory(path, parent)) for path in arguments.tokenizers]
        source = Source(arguments.seed)
        run("pairs", pairs(source, arguments.pairs or 200_000 // share), comparisons)
        run("texts", texts_in(arguments.text), comparisons)
        run("characters", characters(arguments.characters or share), comparisons)
        run("documents", documents(source, arguments.documents or 1_000_000 // share), comparisons)
        differing = sum(comparison.all_differing for comparison in comparisons)
    note("token ids, types, offsets and windows", "every row" if differing == 0 else f"NO: {differing} rows",
         peer="tokenizers")
    print("not one difference" if differing == 0 else f"{differing} DIFFERENCES")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
