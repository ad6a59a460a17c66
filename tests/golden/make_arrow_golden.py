"""Writes tests/golden/arrow: small files as pyarrow, Datasets and polars write them, and what is in them.

    python tests/golden/make_arrow_golden.py        (pyarrow 26, datasets 5.2, polars 1.4x)

expected.json: for each file, for each column, the type and every value as text, a list as "[1, 2]".
"""
import json
import pathlib
import shutil

import datasets
import numpy
import polars
import pyarrow as pa
import pyarrow.ipc

OUT = pathlib.Path(__file__).parent / "arrow"
TYPES = {
    "b": (pa.bool_(), [True, None, False, True, False, None, True, True, False, True]),
    "i8": (pa.int8(), [-128, 127, None, 0, 1, 2, 3, None, 5, 6]),
    "i16": (pa.int16(), [-32768, 32767, None, 0, 1, 2, 3, 4, 5, 6]),
    "i32": (pa.int32(), [-(2**31), 2**31 - 1, None, 0, 1, 2, 3, 4, 5, 6]),
    "i64": (pa.int64(), [-(2**63), 2**63 - 1, None, 0, 1, 2, 3, 4, 5, 6]),
    "u8": (pa.uint8(), [0, 255, None, 0, 1, 2, 3, 4, 5, 6]),
    "u16": (pa.uint16(), [0, 65535, None, 0, 1, 2, 3, 4, 5, 6]),
    "u32": (pa.uint32(), [0, 2**32 - 1, None, 0, 1, 2, 3, 4, 5, 6]),
    "u64": (pa.uint64(), [0, 2**64 - 1, None, 0, 1, 2, 3, 4, 5, 6]),
    "f32": (pa.float32(), [0.5, -2.25, None, 0.0, 1.0, float("inf"), 3.0, 4.0, 5.0, 0.1]),
    "f64": (pa.float64(), [0.5, -2.25, None, 0.0, 1.0, float("nan"), 3.0, 4.0, 5.0, 0.1]),
    "s": (pa.string(), ["a", "", None, "日本", "é", "long " * 9, "x", None, "", "end"]),
    "ls": (pa.large_string(), ["a", "", None, "日本", "é", "long " * 9, "x", None, "", "end"]),
    "li": (pa.list_(pa.int32()), [[1, 2], [], None, [None], [3], [4, 5, 6], [], [], [7], None]),
    "lf": (pa.list_(pa.float64()), [[0.5], [], None, [None], [3.0], [4.0], [], [], [7.0], None]),
    "lls": (pa.large_list(pa.string()), [["a", ""], [], None, [None], ["b"], [], [], [], ["c"], None]),
    "nested": (pa.list_(pa.list_(pa.int8())), [[[1], []], [], None, [None], [[2, 3]], [], [], [], [[4]], None]),
}


def shown(value, numpy_type=None):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(shown(v, numpy_type) for v in value) + "]"
    if isinstance(value, float):
        text = str(numpy_type(value)) if numpy_type else repr(value)
        return text.removesuffix(".0")
    return str(value)


def type_name(t):
    if pa.types.is_large_list(t):
        return f"large_list<{type_name(t.value_type)}>"
    if pa.types.is_list(t) or pa.types.is_fixed_size_list(t):
        return f"list<{type_name(t.value_type)}>"
    if pa.types.is_dictionary(t):
        return type_name(t.value_type)
    names = {"string": "utf8", "string_view": "utf8", "large_string": "large_utf8", "null": "utf8",
             "float": "float32", "double": "float64"}
    return names.get(str(t), str(t))


def described(table):
    return {
        name: {
            "type": type_name(table.schema.field(name).type),
            "values": [shown(v, numpy.float32 if "f32" in name else None) for v in table[name].to_pylist()],
        }
        for name in table.column_names
        if not pa.types.is_struct(table.schema.field(name).type)
    }


def write(name, table, stream=False, rows=4, options=None):
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(OUT / name), "wb") as sink, make(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return table


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    table = pa.table({name: pa.array(values, t) for name, (t, values) in TYPES.items()})
    other = pa.table(
        {
            "nulls": pa.nulls(5),
            "view": pa.array(["short", None, "longer than twelve bytes", "", "x" * 40], pa.string_view()),
            "dict": pa.array(["red", "blue", None, "red", "green"]).dictionary_encode(),
            "fixed": pa.array([[1, 2], None, [3, 4], [5, None], [6, 7]], pa.list_(pa.int16(), 2)),
        }
    )
    struct = pa.table(
        {
            "before": pa.array([1, 2, 3]),
            "answers": pa.array([{"text": ["a"], "start": 1}, None, {"text": [], "start": 2}]),
            "after": pa.array(["x", None, "z"]),
        }
    )
    empty = table.slice(0, 0)
    expected = {
        "types_stream.arrow": described(write("types_stream.arrow", table, stream=True)),
        "types_file.arrow": described(write("types_file.arrow", table)),
        "types_lz4.arrow": described(write("types_lz4.arrow", table, options=pa.ipc.IpcWriteOptions(compression="lz4"))),
        "types_zstd.arrow": described(
            write("types_zstd.arrow", table, stream=True, options=pa.ipc.IpcWriteOptions(compression="zstd"))
        ),
        "other.arrow": described(write("other.arrow", other, rows=3)),
        "struct.arrow": described(write("struct.arrow", struct, rows=2)),
        "empty.arrow": described(write("empty.arrow", empty, stream=True)),
    }
    frame = polars.DataFrame({"text": ["one", None, "three, longer than twelve"], "n": [1, 2, None]})
    frame.write_ipc(OUT / "polars.arrow")
    expected["polars.arrow"] = {
        "text": {"type": "utf8", "values": ["one", "null", "three, longer than twelve"]},
        "n": {"type": "int64", "values": ["1", "2", "null"]},
    }
    dataset = datasets.Dataset.from_dict(
        {"text": ["good", "bad", None, "fine", "?"], "label": [1, 0, 1, 1, -1], "ids": [[1, 2], [], [3], [4], [5]]},
        features=datasets.Features(
            {
                "text": datasets.Value("string"),
                "label": datasets.ClassLabel(names=["negative", "positive"]),
                "ids": datasets.List(datasets.Value("int32")),
            }
        ),
    )
    dataset.save_to_disk(OUT / "dataset", num_shards=2)
    expected["dataset"] = described(dataset.data.table)
    datasets.DatasetDict({"train": dataset, "test": dataset.select([0, 1])}).save_to_disk(OUT / "dict")
    expected["dict/test"] = described(dataset.data.table.slice(0, 2))
    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
