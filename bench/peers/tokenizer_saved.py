#!/usr/bin/env python3
"""Whether what Lathe saves is, to `tokenizers` and to AutoTokenizer, the tokenizer that it loaded.

For each tokenizer directory (or vocab.txt file, whose name says whether it is cased), as it is, with
added tokens of every kind, and with a truncation and a padding that tokenizer.json holds: Lathe loads
and saves it; both directories are loaded; their definitions must be equal, as must be the encodings
of random documents and what AutoTokenizer gives when it truncates and pads.

Usage: tokenizer_saved.py [--documents N] --tokenizers DIR|VOCAB...
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile

os.environ["TOKENIZERS_PARALLELISM"] = "true"

from tokenizers import AddedToken, Tokenizer
from transformers import AutoTokenizer

from common import tokenizer_directory
from tokenizer_exact import ROWS
from unicode_text import Source

ADDED = [AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
         AddedToken("whole", single_word=True, normalized=False), AddedToken("Éa", normalized=True),
         AddedToken("<special>", special=True, normalized=False, lstrip=True, rstrip=True)]
WORDS = ["<left>", "<right>", "whole", "wholes", "Éa", "éa", "e\u0301A", "<special>", "[MASK]"]


def variants(path, parent):
    """{name: directory}"""
    plain = tokenizer_directory(path, os.path.join(parent, "prepared"))
    directories = {}
    for name in ("as it is", "added tokens", "saved truncation and padding"):
        tokenizer = AutoTokenizer.from_pretrained(plain)
        if name == "added tokens":
            tokenizer.add_tokens(ADDED)
        directories[name] = os.path.join(parent, name)
        tokenizer.save_pretrained(directories[name])
        if name.startswith("saved"):
            file = os.path.join(directories[name], "tokenizer.json")
            backend = Tokenizer.from_file(file)
            backend.enable_truncation(20, stride=4, strategy="only_first")
            backend.enable_padding(direction="left", pad_id=tokenizer.pad_token_id, pad_token="[PAD]",
                                   pad_to_multiple_of=8)
            backend.save(file)
    return directories


def texts(count):
    source = Source(7)
    for _ in range(count):
        words = source.text().split(" ")
        for _ in range(3):
            words.insert(source.random.randrange(len(words) + 1), source.random.choice(WORDS))
        yield source.random.choice(["", " "]).join(words)


def columns(encoding):
    return (encoding.ids, encoding.type_ids, encoding.attention_mask, encoding.special_tokens_mask,
            encoding.offsets, encoding.word_ids, [columns(window) for window in encoding.overflowing])


def differences(original, copy, documents):
    """Names what is not the same in both directories."""
    both = [Tokenizer.from_file(os.path.join(d, "tokenizer.json")) for d in (original, copy)]
    if json.loads(both[0].to_str()) != json.loads(both[1].to_str()):
        yield "tokenizer.json"
    if any(columns(a) != columns(b) for a, b in zip(*(t.encode_batch(documents) for t in both), strict=True)):
        yield "what tokenizers gives"
    both = [AutoTokenizer.from_pretrained(d) for d in (original, copy)]
    if json.loads(both[0].backend_tokenizer.to_str()) != json.loads(both[1].backend_tokenizer.to_str()):
        yield "AutoTokenizer's definition"
    for name in ("special_tokens_map", "model_max_length", "padding_side", "truncation_side", "__len__"):
        a, b = (getattr(tokenizer, name) for tokenizer in both)
        if (a() != b()) if callable(a) else (a != b):
            yield f"AutoTokenizer's {name}"
    for options in ({}, {"padding": True}, {"padding": "max_length", "truncation": True, "max_length": 16}):
        if both[0](documents, **options).data != both[1](documents, **options).data:
            yield f"what AutoTokenizer gives with {options}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--tokenizers", nargs="+", required=True)
    arguments = parser.parse_args()
    documents = list(itertools.chain(texts(arguments.documents), WORDS, [""]))
    count = 0
    for path in arguments.tokenizers:
        with tempfile.TemporaryDirectory() as parent:
            os.mkdir(os.path.join(parent, "prepared"))
            for name, directory in variants(path, parent).items():
                copy = directory + " copy"
                os.mkdir(copy)
                subprocess.run([ROWS, directory, copy], stdin=subprocess.DEVNULL, check=True)
                found = list(differences(directory, copy, documents))
                count += len(found)
                print(f"  {os.path.basename(path)}, {name}: {'; '.join(found) + ' DIFFER' if found else 'the same'}")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
