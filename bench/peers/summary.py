#!/usr/bin/env python3
"""One table of everything that `make peers` compared in this call: what common.note() was told.

Usage: summary.py ROWS.jsonl
"""

import json
import pathlib
import sys

from common import cpu_name

HEADER = ("what", "Lathe", "peer", "ratio", "agrees?")


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def cells(row):
    if row["ours"] is None:
        return row["what"], "", row["peer"], "", row["agrees"]
    return (row["what"], f"{number(row['ours'])} {row['unit']}",
            f"{row['peer']} {number(row['theirs'])}", f"{row['ratio']:.2f} x", row["agrees"])


def main():
    rows = [HEADER] + [cells(json.loads(line)) for line in
                       pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    print(f"{cpu_name()}; ratios: how much better Lathe is")
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main()
