#!/usr/bin/env python3
"""Accuracy and F1 after fine-tuning, over several seeds, for Lathe and for the Trainer."""

import argparse
import statistics
import tempfile

from common import cpu_name, lathe_train, note, python_train


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--train_file", required=True)
    parser.add_argument("--validation_file", required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--num_train_epochs", type=float, default=3)
    parser.add_argument("--per_device_train_batch_size", type=int, default=16)
    parser.add_argument("--learning_rate", type=float, default=5e-5)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--only", choices=["lathe", "trainer"])
    options = vars(parser.parse_args())
    seeds, only = options.pop("seeds"), options.pop("only")

    programs = {
        "lathe": lambda where, given: lathe_train(
            where, {**given, "task_name": "mrpc", "save_strategy": "no"}),
        "trainer": lambda where, given: python_train("trainer.py", where, given),
    }
    scores = {name: [] for name in programs if only in (None, name)}
    print(f"{cpu_name()}\n{'':8}{'seed':>6}{'accuracy':>10}{'F1':>8}{'samples/s':>11}")
    for seed in seeds:
        for name in scores:
            with tempfile.TemporaryDirectory() as directory:
                result = programs[name](directory, {**options, "seed": seed})
            scores[name].append((100 * result["eval_accuracy"], 100 * result["eval_f1"]))
            print(f"{name:8}{seed:6}{scores[name][-1][0]:10.2f}{scores[name][-1][1]:8.2f}"
                  f"{result['train_samples_per_second']:11.1f}", flush=True)
    means = {}
    for name, pairs in scores.items():
        means[name] = accuracy, f1 = [statistics.mean(column) for column in zip(*pairs)]
        print(f"{name:8}{'mean':>6}{accuracy:10.2f}{f1:8.2f}")
    if len(means) == 2:
        for index, what in enumerate(("accuracy", "F1")):
            note(f"{what} after fine-tuning, mean of {len(seeds)} seeds", ours=means["lathe"][index],
                 peer="Transformers' Trainer", theirs=means["trainer"][index], unit="%")


if __name__ == "__main__":
    main()
