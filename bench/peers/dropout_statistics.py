#!/usr/bin/env python3
"""Does dropout do to Lathe what it does to Transformers?

The masks of two random generators cannot be compared one by one, what they do on average can. One
checkpoint, the same batches in the same order, a learning rate that moves no weight: the loss and
the gradient's norm of every batch, over several seeds of the masks. Their means must agree within
what chance allows, and the masks must spread them as far.
"""

import argparse
import json
import math
import pathlib
import statistics
import sys
import tempfile

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from common import lathe_train, note, read_tsv

MAX_STANDARD_ERRORS = 3.5  # chance goes beyond it once in 2,000 comparisons
MAX_SPREAD_RATIO = 1.25


def transformers_draws(start, examples, options):
    """[seed][batch] of (loss, log of the gradient's norm)."""
    tokenizer = AutoTokenizer.from_pretrained(start)
    model = AutoModelForSequenceClassification.from_pretrained(start).train()
    batches = []
    for first in range(0, len(examples), options.batch_size):
        texts = [column[first:first + options.batch_size] for column in examples.texts]
        inputs = tokenizer(*texts, truncation=True, max_length=128, padding=True,
                           return_tensors="pt")
        labels = torch.tensor(examples.labels[first:first + options.batch_size])
        batches.append({**inputs, "labels": labels})

    def draw(batch):
        model.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), math.inf)
        return loss.item(), math.log(norm.item())

    draws = []
    for seed in range(options.seeds):
        torch.manual_seed(seed)
        draws.append([draw(batch) for batch in batches])
    return draws


def lathe_draws(start, options, directory):
    draws = []
    for seed in range(options.seeds):
        output = directory / f"seed{seed}"
        lathe_train(output, {
            "model_name_or_path": start, "train_file": options.train_file,
            "max_train_samples": options.samples, "num_train_epochs": 1, "seed": seed,
            "per_device_train_batch_size": options.batch_size, "learning_rate": 1e-30,
            "train_sampling_strategy": "sequential", "logging_steps": 1, "save_strategy": "no"})
        log = json.loads((output / "trainer_state.json").read_text())["log_history"]
        draws.append([(entry["loss"], math.log(entry["grad_norm"])) for entry in log
                      if "grad_norm" in entry])
    return draws


def compare(name, ours, theirs):
    """Prints a line. ours, theirs: [seed][batch]. Whether they agree."""
    batches = list(zip(zip(*ours), zip(*theirs)))
    gaps = [statistics.mean(a) - statistics.mean(b) for a, b in batches]
    gap, error = statistics.mean(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps))
    spreads = [statistics.mean(statistics.stdev(pair[side]) for pair in batches)
               for side in (0, 1)]
    print(f"{name:24}{gap:+12.5f} ± {error:.5f}{spreads[0]:14.5f}{spreads[1]:14.5f}")
    agree = (abs(gap) <= MAX_STANDARD_ERRORS * error
             and max(spreads) <= MAX_SPREAD_RATIO * min(spreads))
    note(f"what dropout does to the {name}", "as chance allows" if agree else "NO", peer="Transformers")
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--train_file", required=True)
    parser.add_argument("--samples", type=int, default=640)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=6)
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        start = directory / "start"  # some steps in, where dropout matters more than at first
        lathe_train(start, {"model_name_or_path": options.model_name_or_path,
                            "train_file": options.train_file, "max_steps": 100,
                            "per_device_train_batch_size": 16, "save_strategy": "no"})
        ours = lathe_draws(start, options, directory)
        theirs = transformers_draws(start, read_tsv(options.train_file, limit=options.samples),
                                    options)
    print(f"{'':24}{'Lathe - Transformers':>22}{'Lathe spreads':>14}{'theirs':>14}")
    agree = [compare(what, *[[[batch[index] for batch in draw] for draw in side]
                             for side in (ours, theirs)])
             for index, what in enumerate(("loss", "log of gradient's norm"))]
    sys.exit(not all(agree))


if __name__ == "__main__":
    main()
