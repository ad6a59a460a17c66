#!/usr/bin/env python3
"""Predicts with Transformers' Trainer, told what `lathe predict` is told."""

import argparse
import json

import torch
from transformers import (AutoModelForSequenceClassification, AutoTokenizer,
                          DataCollatorWithPadding, Trainer, TrainingArguments)

from common import read_tsv
from trainer import Encoded


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--test_file", required=True)
    parser.add_argument("--output_file", required=True, help="JSON: the predicted classes")
    parser.add_argument("--per_device_eval_batch_size", type=int, default=8)
    parser.add_argument("--max_predict_samples", type=int)
    parser.add_argument("--max_seq_length", type=int, default=128)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--num_threads", type=int)
    options = parser.parse_args()
    if options.num_threads:
        torch.set_num_threads(options.num_threads)
    tokenizer = AutoTokenizer.from_pretrained(options.model_name_or_path)
    trainer = Trainer(
        model=AutoModelForSequenceClassification.from_pretrained(options.model_name_or_path),
        args=TrainingArguments(
            output_dir=options.output_file + ".trainer", use_cpu=True, report_to="none",
            disable_tqdm=True, dataloader_pin_memory=False, bf16=options.bf16,
            per_device_eval_batch_size=options.per_device_eval_batch_size),
        data_collator=DataCollatorWithPadding(tokenizer))
    examples = read_tsv(options.test_file, limit=options.max_predict_samples)
    found = trainer.predict(Encoded(examples, tokenizer, options.max_seq_length))
    with open(options.output_file, "w", encoding="utf-8") as file:
        json.dump(found.predictions.argmax(-1).tolist(), file)
    print("RESULTS " + json.dumps(
        {"samples_per_second": found.metrics["test_samples_per_second"]}))


if __name__ == "__main__":
    main()
