#!/usr/bin/env python3
"""Does Transformers load what Lathe wrote, without a warning, and answer the same?

Loads a directory that `lathe train` wrote with AutoModelForSequenceClassification and
AutoTokenizer, answers a TSV file with both programs, and compares predictions and logits.
"""

import argparse
import io
import json
import logging
import pathlib
import sys
import tempfile
import warnings

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from common import LATHE, note, read_tsv, run

TOLERANCE = 1e-4


def load(directory):
    """Model, tokenizer and everything that was said while they were loaded."""
    said = io.StringIO()
    transformers.utils.logging.set_verbosity_warning()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("transformers").addHandler(logging.StreamHandler(said))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = AutoModelForSequenceClassification.from_pretrained(directory).eval()
        tokenizer = AutoTokenizer.from_pretrained(directory)
    return model, tokenizer, said.getvalue() + "".join(str(w.message) + "\n" for w in caught)


def logits_of(model, tokenizer, examples, max_length, size=32):
    rows = []
    for first in range(0, len(examples), size):
        texts = [column[first:first + size] for column in examples.texts]
        inputs = tokenizer(*texts, truncation=True, max_length=max_length, padding=True,
                           return_tensors="pt")
        with torch.no_grad():
            rows.append(model(**inputs).logits)
    return torch.cat(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_path", required=True, help="a directory Lathe wrote")
    parser.add_argument("--test_file", required=True)
    parser.add_argument("--max_seq_length", type=int, default=128)
    options = parser.parse_args()

    model, tokenizer, said = load(options.model_name_or_path)
    examples = read_tsv(options.test_file)
    theirs = logits_of(model, tokenizer, examples, options.max_seq_length)
    with tempfile.TemporaryDirectory() as directory:
        answers = pathlib.Path(directory) / "answers.jsonl"
        run([LATHE, "predict", "--model_name_or_path", options.model_name_or_path, "--test_file",
             options.test_file, "--output_file", answers, "--max_seq_length",
             options.max_seq_length])
        ours = [json.loads(line) for line in answers.read_text().splitlines()]

    names = model.config.id2label
    agree = sum(names[int(logits.argmax())] == answer["prediction"]
                for logits, answer in zip(theirs, ours, strict=True))
    distance = (theirs - torch.tensor([answer["logits"] for answer in ours])).abs().max().item()
    print(f"warnings while loading: {said.strip() or 'none'}")
    print(f"same prediction: {agree} of {len(examples)}")
    print(f"largest difference of logits: {distance:.1e} (at most {TOLERANCE:.0e})")
    note("a saved checkpoint, loaded", f"{agree} of {len(examples)} answers, logits to {distance:.1e}",
         peer="Transformers")
    sys.exit(bool(said.strip()) or agree != len(examples) or distance > TOLERANCE)


if __name__ == "__main__":
    main()
