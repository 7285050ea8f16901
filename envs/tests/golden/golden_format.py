"""The `.golden` file format: recorded transitions of a reference program.

Line 1 is one JSON object in UTF-8, ended by a newline. The columns follow as raw
little-endian words in the order of `header["columns"]`, each row-major with the shape
`[rows, width]` and no padding. Each column is `{"name", "dtype", "width"}`; dtype is

    "u32"  raw 32-bit words: integers as they are, floats as their bit patterns
    "f32"  floats
    "u8"   bytes (packed flags); only as the last columns, so that words stay aligned

Keys every header has: origin (program, version, class), script, seed, rows, skipped
(rows left out because single precision cannot decide them), state_fields (flattened
names in word order), columns.
"""

import json
from pathlib import Path

import numpy as np

DTYPES = {"u32": np.dtype("<u4"), "f32": np.dtype("<f4"), "u8": np.dtype("u1")}
REQUIRED = ("origin", "script", "seed", "skipped", "state_fields")


def bits(values):
    """The 32-bit words of an array: floats are rounded to f32 and reinterpreted."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        return np.ascontiguousarray(values, dtype="<f4").view("<u4")
    if values.dtype.kind == "i":
        return np.ascontiguousarray(values, dtype="<i4").view("<u4")
    return np.ascontiguousarray(values, dtype="<u4")


def write_golden(path, header, columns):
    """Writes `columns`, a dict of name -> array of shape [rows] or [rows, width].

    Floats with more than 32 bits and integers become "f32" and "u32"; pass `bits(values)`
    where a float column is to be kept as raw words. `rows` and `columns` of the header
    are filled in here.
    """
    missing = [key for key in REQUIRED if key not in header]
    if missing:
        raise ValueError(f"the header lacks {missing}")
    described, blobs, rows = [], [], None
    for name, values in columns.items():
        values = np.asarray(values)
        if values.dtype.kind == "f":
            dtype, values = "f32", values.astype("<f4")
        elif values.dtype == np.uint8:
            dtype = "u8"
        elif values.dtype.kind in "iub":
            dtype = "u32"
            values = bits(values.astype("<u4") if values.dtype.kind == "b" else values)
        else:
            raise TypeError(f"column {name}: unsupported type {values.dtype}")
        if values.ndim == 1:
            values = values[:, None]
        if values.ndim != 2:
            raise ValueError(f"column {name}: shape {values.shape} is not [rows, width]")
        if rows is None:
            rows = values.shape[0]
        if values.shape[0] != rows:
            raise ValueError(f"column {name}: {values.shape[0]} rows, expected {rows}")
        described.append({"name": name, "dtype": dtype, "width": values.shape[1]})
        blobs.append(np.ascontiguousarray(values, dtype=DTYPES[dtype]).tobytes())
    words_after_bytes = any(
        before["dtype"] == "u8" and after["dtype"] != "u8"
        for before, after in zip(described, described[1:])
    )
    if words_after_bytes:
        raise ValueError("u8 columns must come last")
    full = {**header, "rows": rows, "columns": described}
    line = json.dumps(full, ensure_ascii=False, allow_nan=False)
    Path(path).write_bytes(line.encode("utf-8") + b"\n" + b"".join(blobs))


def read_golden(path):
    """Returns (header, columns): the arrays have the dtypes of the file, shape [rows, width]."""
    data = Path(path).read_bytes()
    end = data.index(b"\n")
    header = json.loads(data[:end].decode("utf-8"))
    columns, offset = {}, end + 1
    for column in header["columns"]:
        dtype, count = DTYPES[column["dtype"]], header["rows"] * column["width"]
        values = np.frombuffer(data, dtype, count, offset)
        columns[column["name"]] = values.reshape(header["rows"], column["width"])
        offset += count * dtype.itemsize
    if offset != len(data):
        raise ValueError(f"{path}: {len(data) - offset} bytes after the last column")
    return header, columns
