#!/usr/bin/env python3
"""The same fine-tuning as a bare PyTorch loop: what the Trainer's machinery costs on top.

--compile: the model by torch.compile, which compiles it in steps before the clock starts.
"""

import json
import time

START = time.perf_counter()

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from common import read_tsv, training_arguments


def batches_of(examples, size):
    """Batches in random order, for ever."""
    while True:
        order = torch.randperm(len(examples)).tolist()
        for first in range(0, len(order), size):
            rows = order[first:first + size]
            yield [[column[row] for row in rows] for column in examples.texts], torch.tensor(
                [examples.labels[row] for row in rows])


WARM_UP = 3  # steps: the first shape, then shapes that vary, each compiled forward and backward


def main():
    options = training_arguments(__doc__)
    if options.num_threads:
        torch.set_num_threads(options.num_threads)
    torch.manual_seed(options.seed)
    examples = read_tsv(options.train_file, limit=options.max_train_samples)
    tokenizer = AutoTokenizer.from_pretrained(options.model_name_or_path)
    model = AutoModelForSequenceClassification.from_pretrained(
        options.model_name_or_path, num_labels=len(examples.names)).train()
    size = options.per_device_train_batch_size
    steps = options.max_steps
    if steps <= 0:
        steps = int(-(-len(examples) // size) * options.num_train_epochs)
    if options.compile:
        model.compile(dynamic=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 0, steps)
    batches = batches_of(examples, size)
    start, seen = time.perf_counter(), 0
    for step in range(-WARM_UP if options.compile else 0, steps):
        if step == 0:
            start, seen = time.perf_counter(), 0
        texts, labels = next(batches)
        inputs = tokenizer(*texts, truncation=True, max_length=options.max_seq_length,
                           padding=True, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            loss = model(**inputs, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        seen += len(labels)
    seconds = time.perf_counter() - start
    print("RESULTS " + json.dumps({"train_samples_per_second": seen / seconds,
                                   "first_step_seconds": start - START}))


if __name__ == "__main__":
    main()
