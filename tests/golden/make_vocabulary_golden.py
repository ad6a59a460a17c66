#!/usr/bin/env python3
"""Records the vocabularies that tokenizers' BertWordPieceTokenizer makes of a text.

Needs tokenizers 0.23. Usage: make_vocabulary_golden.py FILE... (text that may be redistributed)
Writes vocabulary_golden.json beside itself: the text, and for some options the tokens by id.
"""

import json
import pathlib
import sys
import tempfile

from tokenizers import BertWordPieceTokenizer

CASES = [(150, 2, True), (400, 2, True), (700, 1, False), (600, 3, True)]


def train(text, vocab_size, min_frequency, lowercase):
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write(text)
        file.flush()
        tokenizer = BertWordPieceTokenizer(lowercase=lowercase)
        tokenizer.train([file.name], vocab_size=vocab_size, min_frequency=min_frequency,
                        show_progress=False)
    return [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    text = "\n".join(pathlib.Path(path).read_text(encoding="utf-8") for path in sys.argv[1:])
    tests = [{"vocab_size": size, "min_frequency": frequency, "lowercase": lowercase,
              "tokens": train(text, size, frequency, lowercase)}
             for size, frequency, lowercase in CASES]
    path = pathlib.Path(__file__).with_name("vocabulary_golden.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"text": text, "tests": tests}, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
