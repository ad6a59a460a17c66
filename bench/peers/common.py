"""What the comparisons share: reading the data, running a program and measuring it."""

import argparse
import csv
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LATHE = ROOT / "build" / "lathe"


@dataclasses.dataclass
class Examples:
    """Columns of a TSV file: text (a list of one or two columns) and label ids, names sorted."""
    texts: list
    labels: list
    names: list

    def __len__(self):
        return len(self.texts[0])


def read_tsv(path, names=None, limit=None):
    """A TSV without quoting whose last column is `label`, as Lathe reads it."""
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    header, rows = rows[0], rows[1:][:limit]
    label = header.index("label")
    text_columns = [c for c in ("sentence1", "sentence2") if c in header] or [
        name for name in header if name != "label"][:2]
    names = names or sorted({row[label] for row in rows})
    ids = {name: index for index, name in enumerate(names)}
    texts = [[row[header.index(column)] for row in rows] for column in text_columns]
    return Examples(texts, [ids[row[label]] for row in rows], names)


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "an unknown processor"


def note(what, agrees="", ours=None, peer="", theirs=None, unit="", lower_is_better=False):
    """A row for the table at the end of `make peers` (summary.py): figures of Lathe and of a peer,
    and whether what they gave is the same. Nothing where no such table is being made."""
    if "PEERS_ROWS" not in os.environ:
        return
    ratio = None if ours is None else theirs / ours if lower_is_better else ours / theirs
    with open(os.environ["PEERS_ROWS"], "a", encoding="utf-8") as file:
        print(json.dumps({"what": what, "ours": ours, "peer": peer, "theirs": theirs, "unit": unit,
                          "ratio": ratio, "agrees": agrees}), file=file)


@dataclasses.dataclass
class Run:
    seconds: float     # from start to exit
    first_step: float  # from start to the line that announces training; None when there was none
    peak_mb: float     # largest resident memory
    output: str


def run(command):
    """Runs a program to its end. SystemExit with its last lines when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines, first_step = [], None
    for line in process.stdout:
        lines.append(line)
        if first_step is None and "steps in" in line:  # Lathe's last line before the first step
            first_step = time.perf_counter() - start
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n"
                 + "".join(lines[-15:]))
    return Run(time.perf_counter() - start, first_step, usage.ru_maxrss / 1024, "".join(lines))


def options_of(arguments):
    """{"seed": 1, "bf16": True} as ["--seed", "1", "--bf16"]."""
    return [part for name, value in arguments.items() if value is not False
            for part in ([f"--{name}"] if value is True else [f"--{name}", str(value)])]


def lathe_train(output_dir, arguments):
    """`lathe train` with those arguments: what was measured, in the Trainer's words."""
    # No token cache: every contestant tokenizes.
    measured = run([LATHE, "train", "--cache_dir", "none", "--output_dir", output_dir,
                    *options_of(arguments)])
    results = json.loads((pathlib.Path(output_dir) / "all_results.json").read_text())
    return {**results, "first_step_seconds": measured.first_step, "peak_mb": measured.peak_mb}


def python_train(script, output_dir, arguments):
    """The same with one of this folder's Python programs, which print a line of results."""
    program = pathlib.Path(__file__).with_name(script)
    measured = run([sys.executable, program, "--output_dir", output_dir, *options_of(arguments)])
    line = next(line for line in measured.output.splitlines() if line.startswith("RESULTS "))
    return {**json.loads(line.removeprefix("RESULTS ")), "peak_mb": measured.peak_mb}


def training_arguments(description):
    """The command line of trainer.py and loop.py: names and defaults of `lathe train`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--train_file", required=True)
    parser.add_argument("--validation_file")
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--per_device_train_batch_size", type=int, default=8)
    parser.add_argument("--learning_rate", type=float, default=5e-5)
    parser.add_argument("--num_train_epochs", type=float, default=3.0)
    parser.add_argument("--max_steps", type=int, default=-1)
    parser.add_argument("--max_train_samples", type=int)
    parser.add_argument("--max_seq_length", type=int, default=128)
    parser.add_argument("--train_sampling_strategy", default="random")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--num_threads", type=int)
    parser.add_argument("--compile", action="store_true", help="of loop.py")
    return parser.parse_args()


def tokenizer_directory(path, parent):
    """A directory that AutoTokenizer loads: the path itself, or one in `parent` for a vocab.txt, whose
    name says whether it is cased."""
    if os.path.isdir(path):
        return path
    name = os.path.basename(path)
    directory = os.path.join(parent, name)
    os.mkdir(directory)
    shutil.copy(path, os.path.join(directory, "vocab.txt"))
    with open(os.path.join(directory, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "BertTokenizer", "do_lower_case": "cased" not in name or "uncased" in name}, file)
    return directory
