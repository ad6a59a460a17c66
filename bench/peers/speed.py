#!/usr/bin/env python3
"""Lathe, Transformers' Trainer and a bare PyTorch loop on the same data, in turn.

Prints a table for each batch size: the best of each one's rounds, and Lathe's ratio to it.
"""

import argparse
import os
import tempfile

from common import cpu_name, lathe_train, note, python_train

QUIET_LATHE = {"save_strategy": "no", "logging_steps": 1000000}


def contestants(arguments, peers):
    """Name and a function that trains in a directory, in the order of the rounds."""
    programs = {
        "trainer": ("Transformers' Trainer", "trainer.py", arguments),
        "loop": ("bare PyTorch loop", "loop.py", arguments),
        "compiled": ("loop, torch.compile", "loop.py", {**arguments, "compile": True}),
    }

    def python(script, given):
        return lambda directory: python_train(script, directory, given)

    return {"Lathe": lambda directory: lathe_train(directory, {**arguments, **QUIET_LATHE}),
            **{name: python(script, given)
               for name, script, given in (programs[peer] for peer in peers)}}


def best(rounds):
    """Speed is the highest, the rest the lowest of the rounds: the least disturbed ones."""
    return {"speed": max(r["train_samples_per_second"] for r in rounds),
            "start": min(r["first_step_seconds"] for r in rounds),
            "memory": min(r["peak_mb"] for r in rounds)}


def print_table(results, arguments, rounds):
    print(f"\n{cpu_name()}, {arguments.get('num_threads', os.cpu_count())} threads, "
          f"{'bf16' if arguments['bf16'] else 'f32'}, batch "
          f"{arguments['per_device_train_batch_size']}, "
          f"{arguments['train_sampling_strategy']}, {arguments['max_steps']} steps, "
          f"best of {rounds} interleaved rounds")
    print("start: from the command to the first step. Ratios: how much better Lathe is.")
    print(f"{'':24}{'samples/s':>11}{'ratio':>8}{'start, s':>11}{'ratio':>8}{'peak MB':>10}"
          f"{'ratio':>8}")
    ours = results["Lathe"]
    for name, theirs in results.items():
        row = f"{name:24}"
        for key, ratio, width, digits in (
                ("speed", ours["speed"] / theirs["speed"], 11, 1),
                ("start", theirs["start"] / ours["start"], 11, 2),
                ("memory", theirs["memory"] / ours["memory"], 10, 0)):
            row += f"{theirs[key]:{width}.{digits}f}"
            row += f"{'':>8}" if name == "Lathe" else f"{ratio:8.2f}"
        print(row.rstrip())
        if name != "Lathe":
            note_row(arguments, ours, name, theirs)


def note_row(arguments, ours, name, theirs):
    what = (f"training {os.path.basename(arguments['model_name_or_path'])}, "
            f"{'bf16' if arguments['bf16'] else 'f32'}, batch "
            f"{arguments['per_device_train_batch_size']}, {arguments['train_sampling_strategy']}")
    note(what, ours=ours["speed"], peer=name, theirs=theirs["speed"], unit="samples/s")
    note(f"{what}: to the first step", ours=ours["start"], peer=name, theirs=theirs["start"],
         unit="s", lower_is_better=True)
    note(f"{what}: peak memory", ours=ours["memory"], peer=name, theirs=theirs["memory"],
         unit="MB", lower_is_better=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--train_file", required=True)
    parser.add_argument("--per_device_train_batch_size", type=int, nargs="+", default=[16])
    parser.add_argument("--train_sampling_strategy", default="random",
                        choices=["random", "sequential", "group_by_length"])
    parser.add_argument("--max_steps", type=int, default=30)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--num_threads", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peers", nargs="+", default=["trainer", "loop"],
                        choices=["trainer", "loop", "compiled"],
                        help="the Trainer, a bare PyTorch loop, the same by torch.compile")
    arguments = {key: value for key, value in vars(parser.parse_args()).items()
                 if value is not None}
    rounds = arguments.pop("rounds")
    peers = arguments.pop("peers")
    if arguments["train_sampling_strategy"] != "random":
        peers = ["trainer"]  # the loop draws its batches at random, whatever the strategy
    for size in arguments.pop("per_device_train_batch_size"):
        arguments["per_device_train_batch_size"] = size
        measured = {}
        for number in range(rounds):
            for name, train in contestants(arguments, peers).items():
                print(f"round {number + 1} of {rounds}: {name}", flush=True)
                with tempfile.TemporaryDirectory() as directory:
                    measured.setdefault(name, []).append(train(directory))
        print_table({name: best(runs) for name, runs in measured.items()}, arguments, rounds)


if __name__ == "__main__":
    main()
