"""Lathe's columns beside Hugging Face Datasets, and its readers beside pyarrow, polars and DuckDB.

    python bench/peers/datasets_speed.py [--rows 183400] [--pairs train.tsv --checkpoint DIR]

Opening, random rows, reading in order, before and after a shuffle: both read the same file of token ids and texts, written
by Lathe. With --pairs (a TSV whose last columns are two sentences: MRPC) repeated 50 times: reading it as CSV and as JSON
Lines, and a map that tokenizes it. Rounds are interleaved, the best of five counts. Needs build/release/examples/dataset_speed.
"""
import argparse
import csv
import json
import pathlib
import random
import subprocess
import tempfile
import time

import datasets

from common import note

PROGRAM = "build/release/examples/dataset_speed"
LOWER_IS_BETTER = ("open_cached_ms", "open_ms")
KEYS = (*LOWER_IS_BETTER, "random_rows_per_s", "ordered_rows_per_s", "shuffled_rows_per_s")
ROUNDS = 5


def lathe(*arguments):
    out = subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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
        "open_cached_ms": opened,
        "open_ms": opened,
        "random_rows_per_s": sample / seconds(at_random),
        "ordered_rows_per_s": 10 * sample / seconds(lambda: in_order(dataset, 10 * sample)),
        "shuffled_rows_per_s": sample / seconds(lambda: in_order(shuffled, sample)),
    }


def compare_access(directory, count):
    path, shuffled = str(directory / "data"), str(directory / "shuffled.arrow")
    subprocess.run([PROGRAM, "make", path, shuffled, str(count)], check=True)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(lathe("measure", path, shuffled))
        theirs.append(peer(path, min(2000, count // 10)))
    for key in KEYS:
        best = min if key in LOWER_IS_BETTER else max
        a, b = best(r[key] for r in ours), best(r[key] for r in theirs)
        ratio = b / a if key in LOWER_IS_BETTER else a / b
        print(f"{key:22} Lathe {a:14,.3f}   Datasets {b:14,.3f}   {ratio:8.1f} x")
        name, unit = (key[:-3], "ms") if key in LOWER_IS_BETTER else (key[:-len("_rows_per_s")], "rows/s")
        note(f"dataset, {name}", ours=a, peer="Datasets", theirs=b, unit=unit,
             lower_is_better=key in LOWER_IS_BETTER)


def write_pairs(source, directory):
    """The rows of a TSV 50 times, as CSV and as JSON Lines."""
    lines = pathlib.Path(source).read_text(encoding="utf-8-sig").split("\n")[1:]
    rows = [line.rstrip("\r").split("\t") for line in lines if line]
    names = ["label", "id1", "id2", "sentence1", "sentence2"]
    paths = {"csv": directory / "pairs.csv", "jsonl": directory / "pairs.jsonl"}
    with open(paths["csv"], "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for _ in range(50):
            writer.writerows(rows)
    with open(paths["jsonl"], "w", encoding="utf-8") as file:
        for row in rows * 50:
            values = [int(v) for v in row[:3]] + row[3:]
            file.write(json.dumps(dict(zip(names, values)), ensure_ascii=False) + "\n")
    return paths


def compare_readers(paths):
    import duckdb
    import polars
    import pyarrow.csv
    import pyarrow.json
    quoted_newlines = pyarrow.csv.ParseOptions(newlines_in_values=True)
    readers = {
        "csv": {"pyarrow": lambda p: pyarrow.csv.read_csv(p, parse_options=quoted_newlines),
                "polars": polars.read_csv,
                "DuckDB": lambda p: duckdb.sql(f"select * from read_csv('{p}')").to_arrow_table()},
        "jsonl": {"pyarrow": pyarrow.json.read_json,
                  "polars": polars.read_ndjson,
                  "DuckDB": lambda p: duckdb.sql(f"select * from read_json('{p}')").to_arrow_table()},
    }
    for kind, peers in readers.items():
        path = str(paths[kind])
        times = {name: [] for name in ("Lathe", *peers)}
        for _ in range(ROUNDS):
            times["Lathe"].append(lathe("read", path)["seconds"])
            for name, read in peers.items():
                times[name].append(seconds(lambda read=read: read(path)))
        size = paths[kind].stat().st_size / 1e9
        best = {name: size / min(runs) for name, runs in times.items()}
        print(f"reading {kind:14}", "   ".join(
            f"{name} {rate:.2f} GB/s" + ("" if name == "Lathe" else f" ({best['Lathe'] / rate:.1f} x)")
            for name, rate in best.items()))
        for name in peers:
            note(f"reading {kind}", ours=best["Lathe"], peer=name, theirs=best[name], unit="GB/s")


def compare_map(paths, checkpoint, directory):
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    table = datasets.load_dataset("csv", data_files=str(paths["csv"]), split="train", cache_dir=str(directory / "hf"))

    def tokenize(batch):
        return tokenizer(batch["sentence1"], batch["sentence2"], truncation=True, max_length=128)

    ours, theirs = [], []
    for _ in range(3):
        ours.append(lathe("tokenize", str(paths["csv"]), checkpoint, str(directory / "tokens.arrow"))["rows_per_s"])
        part = table.select(range(20000))
        theirs.append(len(part) / seconds(
            lambda: part.map(tokenize, batched=True, load_from_cache_file=False, remove_columns=part.column_names)))
    a, b = max(ours), max(theirs)
    print(f"tokenizing map         Lathe {a:,.0f} rows/s   Datasets {b:,.0f} rows/s   {a / b:.1f} x")
    note("tokenizing map", ours=a, peer="Datasets", theirs=b, unit="rows/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=183400)
    parser.add_argument("--pairs")
    parser.add_argument("--checkpoint")
    arguments = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        compare_access(directory, arguments.rows)
        if not arguments.pairs:
            return
        paths = write_pairs(arguments.pairs, directory)
        compare_readers(paths)
        if arguments.checkpoint:
            compare_map(paths, arguments.checkpoint, directory)


if __name__ == "__main__":
    main()
