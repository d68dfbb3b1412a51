"""Prints the table of `nst_core/weights/onnx.py`: python tools/onnx_offsets.py FILE.onnx

Reads the protobuf encoding, which is a sequence of (field number, wire type, value).
ModelProto.graph is field 7, GraphProto.initializer 5, TensorProto.name 8 and .raw_data 9.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

GRAPH, INITIALIZER, NAME, RAW_DATA = 7, 5, 8, 9
FIXED64, FIXED32 = 1, 5
CONVOLUTION = re.compile(
    r"functional_1/block(\d)_conv(\d)_1/(convolution/ReadVariableOp|Squeeze):0"
)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, seven bits in each byte, lowest first, and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field number, begin, end) of every field of the message between `at` and `end`."""
    while at < end:
        key, at = varint(data, at)
        match key & 7:
            case 0:
                _, stop = varint(data, at)
            case 2:
                length, at = varint(data, at)
                stop = at + length
            case wire:
                stop = at + {FIXED64: 8, FIXED32: 4}[wire]
        yield key >> 3, at, stop
        at = stop


def main(path: str) -> None:
    data = Path(path).read_bytes()
    found: dict[str, dict[bool, int]] = {}
    for field, begin, end in fields(data, 0, len(data)):
        for inner, start, stop in fields(data, begin, end) if field == GRAPH else ():
            if inner != INITIALIZER:
                continue
            parts = {number: (a, b) for number, a, b in fields(data, start, stop)}
            name = data[slice(*parts[NAME])].decode()
            if match := CONVOLUTION.fullmatch(name):
                layer = f"conv{match[1]}_{match[2]}"
                found.setdefault(layer, {})[match[3] == "Squeeze"] = parts[RAW_DATA][0]
    for layer, offsets in sorted(found.items()):
        sys.stdout.write(f'    "{layer}": ({offsets[False]}, {offsets[True]}),\n')


if __name__ == "__main__":
    main(sys.argv[1])
