#!/usr/bin/env python3
"""A BERT-base of random weights with another checkpoint's tokenizer: how fast it trains does not
depend on what it knows.

Usage: bert_base.py CHECKPOINT DIRECTORY
"""

import pathlib
import shutil
import sys

import torch
from transformers import AutoConfig, BertConfig, BertForSequenceClassification
from transformers.utils import logging


def main():
    checkpoint, directory = map(pathlib.Path, sys.argv[1:])
    logging.disable_progress_bar()
    torch.manual_seed(1)
    vocabulary = AutoConfig.from_pretrained(checkpoint).vocab_size
    BertForSequenceClassification(BertConfig(vocab_size=vocabulary)).save_pretrained(directory)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        if (checkpoint / name).exists():
            shutil.copy(checkpoint / name, directory)


if __name__ == "__main__":
    main()
