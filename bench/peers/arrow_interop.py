"""Whether pyarrow, pandas, polars, DuckDB and Datasets read what Lathe writes, value for value, and Lathe what they
write: over generated tables of every type with nulls, empty rows and several record batches.

    python bench/peers/arrow_interop.py [--tables 20] [--seed 0]     (needs build/lathe)
"""
import argparse
import math
import pathlib
import random
import subprocess
import tempfile

import datasets
import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc

from common import note

INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
SCALARS = INTEGERS + [pa.bool_(), pa.float32(), pa.float64(), pa.string(), pa.large_string()]
TYPES = (
    SCALARS
    + [pa.list_(t) for t in SCALARS]
    + [pa.large_list(pa.int32()), pa.large_list(pa.string()), pa.list_(pa.list_(pa.int16()))]
)
LETTERS = 'ab ,"\n\t\\\'éß日本😀\u0000'


def value_of(t, rng):
    if pa.types.is_boolean(t):
        return rng.random() < 0.5
    if pa.types.is_integer(t):
        bits = t.bit_width
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if pa.types.is_signed_integer(t) else (0, 2**bits - 1)
        return rng.choice([low, high, 0, 1, rng.randint(low, high)])
    if pa.types.is_floating(t):
        value = rng.choice([0.0, -0.0, 0.5, math.inf, -math.inf, rng.uniform(-1e6, 1e6)])
        return pa.scalar(value, t).as_py()
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return [optional(t.value_type, rng) for _ in range(rng.choice([0, 0, 1, 2, 5]))]
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice([0, 1, 3, 11, 12, 13, 40])))


def optional(t, rng):
    return None if rng.random() < 0.2 else value_of(t, rng)


def generated(rng):
    rows = rng.choice([0, 1, 7, 8, 9, 64, 65, 300])
    columns = {}
    for i, t in enumerate(rng.sample(TYPES, rng.randint(1, len(TYPES)))):
        kind = rng.random()
        make = (lambda: None) if kind < 0.05 else (lambda: value_of(t, rng)) if kind < 0.4 else (lambda: optional(t, rng))
        columns[f"c{i} {t}"] = pa.array([make() for _ in range(rows)], t)
    return pa.table(columns)


def lathe(*arguments):
    subprocess.run(["build/lathe", "dataset", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def same(what, got, expected):
    """Names, types and values; a NaN equals none, and the tables have none."""
    got = got.cast(expected.schema.remove_metadata()) if got.schema != expected.schema else got
    for name in expected.column_names:
        a, b = got[name].to_pylist(), expected[name].to_pylist()
        if a != b:
            row = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))
            raise SystemExit(f"{what}: column {name!r}, row {row}: {a[row:row + 1]} instead of {b[row:row + 1]}")
    if got.column_names != expected.column_names or got.num_rows != expected.num_rows:
        raise SystemExit(f"{what}: {got.schema}, {got.num_rows} rows")


def same_types(what, schema, expected):
    if schema.names != expected.names or schema.types != expected.types:
        raise SystemExit(f"{what}: {schema} instead of {expected}")


def write(path, table, rng, stream=False, **options):
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as sink:
        with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            writer.write_table(table, max_chunksize=rng.choice([1, 3, 8, 1000]))


def check_written(folder, source, table, rng, count):
    """`source` through Lathe into each of its formats, read by everyone."""
    rows = rng.choice([1, 5, 8, 100000])
    lathe("convert", source, folder / "l.arrow", "--rows_per_batch", rows)
    lathe("convert", folder / "l.arrow", folder / "l.arrows", "--rows_per_batch", rows)
    lathe("convert", folder / "l.arrows", folder / "saved", "--verify_checksums")
    with pa.memory_map(str(folder / "l.arrow")) as file:
        read = pa.ipc.open_file(file).read_all()
        read.validate(full=True)
        same_types("pyarrow, file", read.schema, table.schema)
        same("pyarrow, file", read, table)
    with pa.memory_map(str(folder / "l.arrows")) as file:
        read = pa.ipc.open_stream(file).read_all()
        read.validate(full=True)
        same("pyarrow, stream", read, table)
    in_pandas = pandas.read_feather(folder / "l.arrow", dtype_backend="pyarrow")
    same("pandas", pa.Table.from_pandas(in_pandas, schema=table.schema, preserve_index=False), table)
    same("polars", polars.read_ipc(folder / "l.arrow").to_arrow(), table)
    arrow_data = pa.ipc.open_file(str(folder / "l.arrow")).read_all()
    answer = duckdb.sql("select * from arrow_data").to_arrow_table()
    same("DuckDB", answer, table)
    same("Datasets, load_from_disk", datasets.load_from_disk(str(folder / "saved")).data.table, table)
    same("Datasets, from_file", datasets.Dataset.from_file(str(folder / "l.arrows")).data.table, table)
    count["read by others"] += 7


def check_read(folder, table, rng, count):
    """What each of the others writes, through Lathe, read by pyarrow."""

    def back(what, path):
        lathe("convert", path, folder / "b.arrow")
        same(what, pa.ipc.open_file(str(folder / "b.arrow")).read_all(), table)
        count["read by Lathe"] += 1

    for stream in (False, True):
        for compression in (None, "lz4", "zstd"):
            write(folder / "p.arrow", table, rng, stream, compression=compression)
            back(f"written by pyarrow, stream {stream}, {compression}", folder / "p.arrow")
    pa.feather.write_feather(table, folder / "p.feather")
    back("written by pyarrow.feather", folder / "p.feather")
    polars.from_arrow(table).write_ipc(folder / "po.arrow")
    back("written by polars", folder / "po.arrow")
    check_saved(folder, table, back)
    with duckdb.connect() as connection:
        connection.register("arrow_data", table)
        write(folder / "d.arrow", connection.sql("select * from arrow_data").to_arrow_table(), rng)
    back("made by DuckDB", folder / "d.arrow")


def check_saved(folder, table, back):
    if table.num_rows == 0:
        return  # Datasets saves no file then, which it does not load itself
    dataset = datasets.Dataset(table)
    dataset.save_to_disk(folder / "disk", num_shards=max(1, min(3, table.num_rows)))
    back("written by save_to_disk", folder / "disk")
    datasets.DatasetDict({"train": dataset, "test": dataset}).save_to_disk(folder / "dict")
    back("written by DatasetDict.save_to_disk", folder / "dict" / "test")
    lathe("convert", folder / "dict", folder / "dict2")
    again = datasets.load_from_disk(str(folder / "dict2"))
    assert list(again) == ["train", "test"]
    same("DatasetDict, both ways", again["train"].data.table, table)


def check_features(folder):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes, sir", "é"])}
    )
    dataset = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [2, -1, 0]}, features=features)
    dataset.save_to_disk(folder / "labelled")
    lathe("convert", folder / "labelled", folder / "labelled.arrow")
    lathe("convert", folder / "labelled.arrow", folder / "labelled2")
    again = datasets.load_from_disk(str(folder / "labelled2"))
    assert again.features["label"] == features["label"], again.features
    assert again.to_dict() == dataset.to_dict()
    (folder / "words.csv").write_text("text,label\nx,b\ny,a\nz,b\n")
    lathe("convert", folder / "words.csv", folder / "words", "--class_encode_column", "label")
    words = datasets.load_from_disk(str(folder / "words"))
    expected = datasets.load_dataset("csv", data_files=str(folder / "words.csv"), cache_dir=str(folder / "cache"))["train"]
    expected = expected.class_encode_column("label")
    assert words.features["label"] == expected.features["label"] and words.to_dict() == expected.to_dict()
    mapped = words.map(lambda row: {"length": len(row["text"])}, cache_file_name=str(folder / "mapped.arrow"))
    lathe("convert", folder / "mapped.arrow", folder / "mapped2.arrow")  # a cache file of Datasets
    same("a cache file", pa.ipc.open_file(str(folder / "mapped2.arrow")).read_all(), mapped.data.table)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    datasets.disable_progress_bars()
    count = {"read by others": 0, "read by Lathe": 0}
    for i in range(arguments.tables):
        rng = random.Random(f"{arguments.seed} {i}")
        table = generated(rng)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write(folder / "source.arrow", table, rng)
            try:
                check_written(folder, folder / "source.arrow", table, rng, count)
                check_read(folder, table, rng, count)
            except BaseException:
                print(f"table {i} of seed {arguments.seed}")
                raise
    with tempfile.TemporaryDirectory() as name:
        check_features(pathlib.Path(name))
    print(f"{arguments.tables} tables: {count['read by others']} files of Lathe's read by pyarrow, pandas, polars, "
          f"DuckDB and Datasets, {count['read by Lathe']} of theirs by Lathe: every value the same")
    note("Arrow files, both ways", f"{sum(count.values())} files, every value",
         peer="pyarrow, pandas, polars, DuckDB, Datasets")


if __name__ == "__main__":
    main()
