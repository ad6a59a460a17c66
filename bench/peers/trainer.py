#!/usr/bin/env python3
"""Fine-tunes with Transformers' Trainer, told what `lathe train` is told."""

import json
import time

START = time.perf_counter()  # the imports below are part of what a user waits for

import numpy as np
import torch
from transformers import (AutoModelForSequenceClassification, AutoTokenizer,
                          DataCollatorWithPadding, Trainer, TrainerCallback, TrainingArguments,
                          set_seed)

from common import read_tsv, training_arguments


class FirstStep(TrainerCallback):
    """When the first step began."""
    seconds = None

    def on_step_begin(self, args, state, control, **kwargs):
        if self.seconds is None:
            self.seconds = time.perf_counter() - START


class Encoded(torch.utils.data.Dataset):
    def __init__(self, examples, tokenizer, max_length):
        encoded = tokenizer(*examples.texts, truncation=True, max_length=max_length)
        self.items = [
            {**{key: values[row] for key, values in encoded.items()}, "labels": label}
            for row, label in enumerate(examples.labels)
        ]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def accuracy_and_f1(prediction):
    answers, labels = prediction.predictions.argmax(-1), prediction.label_ids
    hits = np.sum((answers == 1) & (labels == 1))
    return {"accuracy": float(np.mean(answers == labels)),
            "f1": float(2 * hits / max(1, np.sum(answers == 1) + np.sum(labels == 1)))}


def main():
    options = training_arguments(__doc__)
    if options.num_threads:
        torch.set_num_threads(options.num_threads)
    set_seed(options.seed)  # before the head is drawn, as run_glue.py does
    train = read_tsv(options.train_file, limit=options.max_train_samples)
    tokenizer = AutoTokenizer.from_pretrained(options.model_name_or_path)
    model = AutoModelForSequenceClassification.from_pretrained(
        options.model_name_or_path, num_labels=len(train.names))
    valid = options.validation_file and Encoded(
        read_tsv(options.validation_file, train.names), tokenizer, options.max_seq_length)
    first_step = FirstStep()
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=options.output_dir, use_cpu=True, report_to="none", save_strategy="no",
            disable_tqdm=True, dataloader_pin_memory=False, seed=options.seed, bf16=options.bf16,
            per_device_train_batch_size=options.per_device_train_batch_size,
            learning_rate=options.learning_rate, num_train_epochs=options.num_train_epochs,
            max_steps=options.max_steps,
            train_sampling_strategy=options.train_sampling_strategy),
        train_dataset=Encoded(train, tokenizer, options.max_seq_length),
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=accuracy_and_f1,
        callbacks=[first_step])
    results = dict(trainer.train().metrics)
    if valid:
        results |= trainer.evaluate(valid)
    results["first_step_seconds"] = first_step.seconds
    print("RESULTS " + json.dumps(results))


if __name__ == "__main__":
    main()
