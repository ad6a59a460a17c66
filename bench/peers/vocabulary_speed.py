#!/usr/bin/env python3
"""The time that making a vocabulary takes, beside `tokenizers`' BertWordPieceTokenizer; in the processor's
seconds, on one thread each, in turn.

Usage: vocabulary_speed.py [--vocab_size N] [--rounds N] FILE...     (needs build/lathe)
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from tokenizers import BertWordPieceTokenizer

from common import LATHE, note


def seconds_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def lathe(text, vocab_size):
    """The whole program, from its start to the files it has written."""
    with tempfile.TemporaryDirectory() as directory:
        before = seconds_of_children()
        subprocess.run([LATHE, "tokenize", "--train", "--train_file", text, "--vocab_size", str(vocab_size),
                        "--output_dir", f"{directory}/tokenizer"], check=True, stdout=subprocess.DEVNULL)
        return seconds_of_children() - before


def peer(text, vocab_size):
    before = time.process_time()
    BertWordPieceTokenizer().train(text, vocab_size=vocab_size, show_progress=False)
    return time.process_time() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocab_size", type=int, default=30000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.NamedTemporaryFile("wb", suffix=".txt") as text:
        for path in arguments.files:
            with open(path, "rb") as file:
                text.write(file.read())
        text.flush()
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            ours.append(lathe(text.name, arguments.vocab_size))
            theirs.append(peer(text.name, arguments.vocab_size))
    ratios = sorted(b / a for a, b in zip(ours, theirs))
    print(f"a vocabulary of at most {arguments.vocab_size}: Lathe {statistics.median(ours):.3f} s, "
          f"tokenizers {statistics.median(theirs):.3f} s, {statistics.median(ratios):.1f} x "
          f"({ratios[0]:.1f} to {ratios[-1]:.1f})")
    note(f"a vocabulary of {arguments.vocab_size}", ours=statistics.median(ours), peer="tokenizers",
         theirs=statistics.median(theirs), unit="s", lower_is_better=True)


if __name__ == "__main__":
    main()
