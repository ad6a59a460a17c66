#!/usr/bin/env python3
"""Lathe's and Transformers' answers to the same examples, in turn.

Prints one table: the best of each one's rounds and Lathe's ratio, and in how many answers they
agree. The checkpoint is a fine-tuned one.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

from common import LATHE, cpu_name, note, options_of, run


def lathe_predict(output_file, arguments):
    """Samples a second, and the predicted classes. No token cache: every contestant tokenizes."""
    measured = run([LATHE, "predict", "--cache_dir", "none", "--output_file", output_file,
                    *options_of(arguments)])
    speed = float(re.search(r"\(([0-9.]+) samples/s\)", measured.output)[1])
    lines = pathlib.Path(output_file).read_text(encoding="utf-8").splitlines()
    logits = [json.loads(line)["logits"] for line in lines]
    return speed, [row.index(max(row)) for row in logits]


def transformers_predict(output_file, arguments):
    program = pathlib.Path(__file__).with_name("predict.py")
    measured = run([sys.executable, program, "--output_file", output_file,
                    *options_of(arguments)])
    line = next(line for line in measured.output.splitlines() if line.startswith("RESULTS "))
    speed = json.loads(line.removeprefix("RESULTS "))["samples_per_second"]
    return speed, json.loads(pathlib.Path(output_file).read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--test_file", required=True)
    parser.add_argument("--per_device_eval_batch_size", type=int, default=8)
    parser.add_argument("--max_predict_samples", type=int, default=1000)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--num_threads", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = {key: value for key, value in vars(parser.parse_args()).items()
                 if value is not None}
    rounds = arguments.pop("rounds")
    speeds, answers = {}, {}
    for _ in range(rounds):
        for name, predict in (("Lathe", lathe_predict), ("Transformers", transformers_predict)):
            with tempfile.TemporaryDirectory() as directory:
                speed, answers[name] = predict(f"{directory}/answers", arguments)
            speeds[name] = max(speed, speeds.get(name, 0))
    agreed = sum(a == b for a, b in zip(answers["Lathe"], answers["Transformers"], strict=True))
    print(f"\n{cpu_name()}, prediction, {'bf16' if arguments['bf16'] else 'f32'}, batch "
          f"{arguments['per_device_eval_batch_size']}, best of {rounds} interleaved rounds: "
          f"Lathe {speeds['Lathe']:.1f} samples/s, Transformers' Trainer "
          f"{speeds['Transformers']:.1f}, ratio {speeds['Lathe'] / speeds['Transformers']:.2f}; "
          f"{agreed} of {len(answers['Lathe'])} answers are equal")
    note(f"prediction, {'bf16' if arguments['bf16'] else 'f32'}, batch "
         f"{arguments['per_device_eval_batch_size']}",
         f"{agreed} of {len(answers['Lathe'])} answers", speeds["Lathe"], "Transformers' Trainer",
         speeds["Transformers"], "samples/s")


if __name__ == "__main__":
    main()
