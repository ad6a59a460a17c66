"""Lathe's columns beside Hugging Face Datasets: opening, random rows, reading in order, before and after a shuffle.

    python bench/peers/datasets_speed.py [--rows 183400]     (needs build/release/examples/dataset_speed)

Both read the same file of token ids and texts, written by Lathe; rounds are interleaved, the best of five counts.
"""
import argparse
import json
import pathlib
import random
import subprocess
import tempfile
import time

import datasets

PROGRAM = "build/release/examples/dataset_speed"
KEYS = ("open_ms", "random_rows_per_s", "ordered_rows_per_s", "shuffled_rows_per_s")


def lathe(path, shuffled):
    out = subprocess.run([PROGRAM, "measure", path, shuffled], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def rate(count, work):
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def peer(path, sample):
    start = time.perf_counter()
    dataset = datasets.load_from_disk(path)
    opened = 1e3 * (time.perf_counter() - start)
    rows = random.Random(1).choices(range(len(dataset)), k=sample)

    def at_random():
        for row in rows:
            dataset[row]["input_ids"]

    def in_order(source, count):
        for row in source.select(range(count)) if count < len(source) else source:
            row["input_ids"]

    shuffled = dataset.shuffle(seed=1)
    return {
        "open_ms": opened,
        "random_rows_per_s": rate(sample, at_random),
        "ordered_rows_per_s": rate(10 * sample, lambda: in_order(dataset, 10 * sample)),
        "shuffled_rows_per_s": rate(sample, lambda: in_order(shuffled, sample)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=183400)
    arguments = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as name:
        path = str(pathlib.Path(name) / "data")
        shuffled = str(pathlib.Path(name) / "shuffled.arrow")
        subprocess.run([PROGRAM, "make", path, shuffled, str(arguments.rows)], check=True)
        ours, theirs = [], []
        for _ in range(5):
            ours.append(lathe(path, shuffled))
            theirs.append(peer(path, min(2000, arguments.rows // 10)))
        for key in KEYS:
            best = min if key == "open_ms" else max
            a, b = best(r[key] for r in ours), best(r[key] for r in theirs)
            print(f"{key:22} Lathe {a:14,.3f}   Datasets {b:14,.3f}   {b / a if key == 'open_ms' else a / b:8.1f} x")


if __name__ == "__main__":
    main()
