#!/usr/bin/env python3
"""Lathe, nanotoken and tokenizers on the lines of a text, in turn, on one thread.

What is timed is one call that takes all lines as strings in memory and gives their ids, with [CLS]
and [SEP], in memory: Lathe's encode_batch in a C++ program (tokenizer_passes.cpp), which views the
lines in a mapped file and gives columns; nanotoken's encode_batch, which views Python's strings and
gives NumPy arrays; tokenizers' encode_batch_fast, which gives a list of encodings. Loading is not
timed. Times of one thread are the processor's, which other programs on the machine disturb least;
those of several are the clock's. `first` is a pass right after loading, `third` the second pass after it. All ids must agree.

Usage: tokenizer_speed.py --model_name_or_path DIR|VOCAB [--pairs FILE.tsv] [--rounds N] FILE...
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import nanotoken
import numpy as np
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from common import ROOT, cpu_name, note, tokenizer_directory

PASSES = ROOT / "build" / "release" / "bench" / "peers" / "tokenizer_passes"


def checksum(ids):
    """As tokenizer_passes computes it: of all ids, one after another, modulo 2^32."""
    total = 0
    for value in np.asarray(ids, dtype=np.uint64).tolist():
        total = (total * 31 + value) & 0xFFFFFFFF
    return total


class Lathe:
    """A running tokenizer_passes."""

    def __init__(self, directory, path, kind="single", max_length=0, threads=1, columns="ids"):
        self.threads = threads
        command = [PASSES, directory, path, kind, max_length, threads, columns]
        self.process = subprocess.Popen([str(part) for part in command], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def load(self):
        print("new", file=self.process.stdin, flush=True)

    def run(self):
        print("pass", file=self.process.stdin, flush=True)
        clock, busy, self.checksum, _ = map(int, self.process.stdout.readline().split())
        return (busy if self.threads == 1 else clock) / 1e9


class Nanotoken:
    def __init__(self, directory, lines):
        self.directory, self.lines = directory, lines

    def load(self):
        self.tokenizer = nanotoken.Tokenizer(self.directory)

    def run(self):
        start = time.process_time()
        result = self.tokenizer.encode_batch(self.lines, parallel=False)
        seconds = time.process_time() - start
        self.ids = result.ids
        return seconds


class Tokenizers:
    def __init__(self, directory, lines):
        self.directory, self.lines = directory, lines

    def load(self):
        self.tokenizer = Tokenizer.from_file(os.path.join(self.directory, "tokenizer.json"))

    def run(self):
        start = time.process_time()
        result = self.tokenizer.encode_batch_fast(self.lines)
        seconds = time.process_time() - start
        self.ids = [id for encoding in result for id in encoding.ids]
        return seconds


def measure(contestants, rounds):
    """{name: ([seconds of first passes], [seconds of third passes])}"""
    found = {name: ([], []) for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            contestant.load()
            times = [contestant.run() for _ in range(3)]
            found[name][0].append(times[0])
            found[name][1].append(times[2])
    return found


def note_rows(found, size, agrees):
    """For the last table of `make peers`: the fastest passes."""
    for name in list(found)[1:]:
        for index, which in enumerate(("first", "third")):
            ours, theirs = (size / min(found[n][index]) / 1e6 for n in ("Lathe", name))
            note(f"text to ids, {which} pass, one thread", agrees, ours, name, theirs, "MB/s")


def print_table(found, size):
    """Rates of the fastest pass: the least disturbed one. Ratios: the median over the rounds."""
    print(f"{'':30}{'first, MB/s':>13}{'Lathe is':>10}{'third, MB/s':>13}{'Lathe is':>10}")
    ours = found["Lathe"]
    for name, theirs in found.items():
        row = f"{name:30}"
        for mine, other in zip(ours, theirs, strict=True):
            ratio = statistics.median(o / m for m, o in zip(mine, other, strict=True))
            row += f"{size / min(other) / 1e6:13.1f}" + (
                f"{'':10}" if name == "Lathe" else f"{ratio:8.2f} x")
        print(row.rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--pairs", help="a TSV file with pairs of texts in its last two columns")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as directory:
        tokenizer = AutoTokenizer.from_pretrained(
            tokenizer_directory(arguments.model_name_or_path, directory))
        tokenizer.backend_tokenizer.no_truncation()  # which a checkpoint may hold
        tokenizer.backend_tokenizer.no_padding()
        tokenizer.save_pretrained(directory)
        text = "".join(open(path, encoding="utf-8", errors="replace", newline="\n").read()
                       for path in arguments.files)
        lines, size = text.split("\n"), len(text.encode())
        path = os.path.join(directory, "lines.txt")
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)

        contestants = {"Lathe": Lathe(directory, path),
                       "nanotoken encode_batch": Nanotoken(directory, lines),
                       "tokenizers encode_batch_fast": Tokenizers(directory, lines)}
        print(f"{cpu_name()}, one thread, {len(lines)} lines, {size / 1e6:.2f} MB, "
              f"{arguments.rounds} interleaved rounds")
        speeds = measure(contestants, arguments.rounds)
        print_table(speeds, size)
        sums = {contestants["Lathe"].checksum,
                *(checksum(contestants[name].ids) for name in list(contestants)[1:])}
        print("the ids agree" if len(sums) == 1 else "THE IDS DIFFER")
        note_rows(speeds, size, "all ids" if len(sums) == 1 else "NO")

        variants = {"ids, one thread": Lathe(directory, path),
                    "ids and offsets, one thread": Lathe(directory, path, columns="offsets"),
                    "ids, two threads": Lathe(directory, path, threads=2)}
        sizes = dict.fromkeys(variants, size)
        if arguments.pairs:
            with open(arguments.pairs, encoding="utf-8-sig", newline="\n") as file:
                rows = [line.rstrip("\r\n").split("\t") for line in file][1:]
            texts = [[row[-2] for row in rows], [row[-1] for row in rows]]
            pairs = os.path.join(directory, "pairs.tsv")
            with open(pairs, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{a}\t{b}\n" for a, b in zip(*texts, strict=True))
            name = "pairs, cut to 64, offsets"
            variants[name] = Lathe(directory, pairs, "pairs", 64, columns="offsets")
            sizes[name] = sum(len(t.encode()) for column in texts for t in column)
        found = {name: [] for name in variants}
        for variant in variants.values():
            variant.load()
            variant.run()
        for _ in range(3 * arguments.rounds):
            for name, variant in variants.items():
                found[name].append(sizes[name] / variant.run() / 1e6)
        base = found["ids, one thread"]
        print(f"\n{'Lathe, later passes':30}{'MB/s':>13}{'ratio':>10}")
        for name, rates in found.items():
            ratio = statistics.median(r / b for r, b in zip(rates, base, strict=True))
            print(f"{name:30}{max(rates):13.1f}{ratio:10.2f}")
    return 0 if len(sums) == 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
