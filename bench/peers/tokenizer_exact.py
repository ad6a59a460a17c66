#!/usr/bin/env python3
"""Whether `lathe tokenize` gives what Transformers gives: ids, types and offsets, token by token.

Each line of the text files is a text; random pairs of lines, cut to random lengths by each of the
strategies, follow; and with --characters every character of Unicode, between letters and marks.

Usage: tokenizer_exact.py --model_name_or_path DIR [--pairs N] [--characters] FILE...
"""

import argparse
import json
import random
import subprocess
import sys

from transformers import AutoTokenizer

from common import LATHE

STRATEGIES = ["longest_first", "only_first", "only_second"]
LENGTHS = [8, 9, 16, 31, 64]


def lathe(arguments, examples):
    lines = "".join(json.dumps(example) + "\n" for example in examples)
    run = subprocess.run(
        [arguments.lathe, "tokenize", "--model_name_or_path", arguments.model_name_or_path,
         "--return_offsets_mapping", *arguments.options, "-"],
        input=lines.encode(), stdout=subprocess.PIPE, check=True)
    for line in run.stdout.decode().splitlines():
        found = json.loads(line)
        yield found["input_ids"], found["token_type_ids"], found["offset_mapping"]


def transformers(tokenizer, examples, **options):
    for example in examples:
        found = tokenizer(example["text"], text_pair=example.get("text_pair"),
                          return_offsets_mapping=True, return_token_type_ids=True, **options)
        offsets = [list(offset) for offset in found["offset_mapping"]]
        yield found["input_ids"], found["token_type_ids"], offsets


def compare(arguments, tokenizer, name, examples, cli_options=(), **options):
    arguments.options = cli_options
    differing = 0
    pairs = zip(examples, lathe(arguments, examples), transformers(tokenizer, examples, **options),
                strict=True)
    for example, found, expected in pairs:
        if found != expected:
            differing += 1
            if differing <= 3:
                print(f"{ascii(example)}\n  Transformers {expected}\n  Lathe        {found}")
    print(f"{name}: {len(examples)} examples, {differing} differ")
    return differing


def characters():
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:
            c = chr(code)
            yield {"text": f"{c} a{c}b e\u0301{c} {c}\u0323\u0301x {c}\u0344{c}"}


def random_pairs(lines, count, strategy, generator):
    """Pairs whose text that gives way is long enough to."""
    for _ in range(count):
        text, pair = generator.choice(lines), generator.choice(lines)
        if strategy == "only_first":
            text, pair = " ".join(generator.choices(lines, k=4)), "a b c"
        elif strategy == "only_second":
            text, pair = "a b c", " ".join(generator.choices(lines, k=4))
        yield {"text": text, "text_pair": pair}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model_name_or_path", required=True)
    parser.add_argument("--lathe", default=str(LATHE))
    parser.add_argument("--pairs", type=int, default=1000, help="for each strategy and length")
    parser.add_argument("--characters", action="store_true")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()

    tokenizer = AutoTokenizer.from_pretrained(arguments.model_name_or_path)
    generator = random.Random(42)
    lines = []
    for path in arguments.files:
        with open(path, encoding="utf-8") as file:
            lines += [line for line in file.read().split("\n") if line.strip()]

    differing = compare(arguments, tokenizer, "texts", [{"text": line} for line in lines])
    for strategy in STRATEGIES:
        for length in LENGTHS:
            examples = list(random_pairs(lines, arguments.pairs, strategy, generator))
            differing += compare(arguments, tokenizer, f"pairs, {strategy}, {length}", examples,
                                 ("--max_length", str(length), "--truncation", strategy),
                                 max_length=length, truncation=strategy)
    if arguments.characters:
        differing += compare(arguments, tokenizer, "characters", list(characters()))
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
