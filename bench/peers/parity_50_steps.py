#!/usr/bin/env python3
"""Do `lathe train` and Transformers lose the same, step by step?

Any BERT directory, any labelled TSV. Both start from one checkpoint with one head, take the batches
in the order of the file, and drop nothing out: 50 steps of AdamW with clipping and a linear
schedule.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from common import lathe_train, note, read_tsv

TOLERANCE = 1e-3
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def transformers_losses(model, tokenizer, examples, options):
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, options.steps)
    size, losses, first = options.batch_size, [], 0
    while len(losses) < options.steps:
        if first >= len(examples):
            first = 0
        texts = [column[first:first + size] for column in examples.texts]
        inputs = tokenizer(*texts, truncation=True, max_length=options.max_seq_length, padding=True,
                           return_tensors="pt")
        loss = model(**inputs, labels=torch.tensor(examples.labels[first:first + size])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        first += size
    return losses


def lathe_losses(start, options, directory):
    lathe_train(directory, {
        "model_name_or_path": start, "train_file": options.train_file,
        "max_steps": options.steps, "per_device_train_batch_size": options.batch_size,
        "learning_rate": options.learning_rate, "max_seq_length": options.max_seq_length,
        "train_sampling_strategy": "sequential", "logging_steps": 1, "save_strategy": "no",
        "config_overrides": ",".join(f"{key}={value:g}" for key, value in NO_DROPOUT.items())})
    state = json.loads((pathlib.Path(directory) / "trainer_state.json").read_text())
    return [entry["loss"] for entry in state["log_history"] if "loss" in entry]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--train_file", required=True)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--learning_rate", type=float, default=5e-5)
    parser.add_argument("--max_seq_length", type=int, default=128)
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    examples = read_tsv(options.train_file)
    tokenizer = AutoTokenizer.from_pretrained(options.model_name_or_path)
    torch.manual_seed(0)
    # train(): dropout is 0 by the configuration, not by the mode.
    model = AutoModelForSequenceClassification.from_pretrained(
        options.model_name_or_path, num_labels=len(examples.names), **NO_DROPOUT).train()
    with tempfile.TemporaryDirectory() as directory:
        start = pathlib.Path(directory) / "start"
        model.save_pretrained(start)
        tokenizer.save_pretrained(start)
        ours = lathe_losses(start, options, pathlib.Path(directory) / "lathe")
    theirs = transformers_losses(model, tokenizer, examples, options)

    distances = [abs(a / b - 1) for a, b in zip(ours, theirs)]
    print(f"{'step':>4} {'Transformers':>13} {'Lathe':>11} {'relative':>9}")
    for step in sorted({*range(0, options.steps, 10), distances.index(max(distances)),
                        options.steps - 1}):
        print(f"{step + 1:4} {theirs[step]:13.7f} {ours[step]:11.7f} {distances[step]:9.1e}")
    print(f"largest relative difference over {len(distances)} steps: {max(distances):.1e} "
          f"(at most {TOLERANCE:.0e})")
    note(f"losses of {len(distances)} training steps",
         f"to {max(distances):.1e} (at most {TOLERANCE:.0e})", peer="Transformers")
    sys.exit(len(ours) != options.steps or max(distances) > TOLERANCE)


if __name__ == "__main__":
    main()
