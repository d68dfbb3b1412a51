"""Pictures that are built here byte by byte, so that no writer's opinion comes between."""

import struct
import zlib

import numpy as np

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)
# 2 × 3, every pixel different, no symmetry
BLOCK = np.array([[RED, GREEN, BLUE], [(0, 0, 0), (255, 255, 255), GREY]], np.uint8)
EXACT = 1e-6  # float32 of a quotient


def planes(array):
    """(H, W, 3) of bytes as the suite's (3, H, W) of fractions."""
    return np.asarray(array, np.float64).transpose(2, 0, 1) / 255


def line_of(caught, *words):
    """The error's text, which must be one line that holds all the words and a cure."""
    text = str(caught.value)
    assert "\n" not in text
    assert ": " in text
    for word in words:
        assert str(word) in text
    return text


def png(header, rows, chunks=()):
    """`header` is (width, height, bits, colour type)."""

    def chunk(kind, body):
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    inner = [
        (b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*pair) for pair in inner)


def tiff(values, bits, *, sample_format=1, photometric=1, big_endian=False):
    """An uncompressed TIFF of one grey row; `values` are the row's bytes."""
    order = ">" if big_endian else "<"
    width = len(values) * 8 // bits
    tags = [(256, width), (257, 1), (258, bits), (259, 1), (262, photometric)]
    tags += [(273, 8), (277, 1), (278, 1), (279, len(values)), (339, sample_format)]
    body = values + b"\0" * (len(values) % 2)
    entries = b"".join(struct.pack(order + "HHIHH", tag, 3, 1, n, 0) for tag, n in tags)
    head = (b"MM" if big_endian else b"II") + struct.pack(order + "HI", 42, 8 + len(body))
    return head + body + struct.pack(order + "H", len(tags)) + entries + bytes(4)


WHITE_D50 = (0.9642, 1.0, 0.8249)
# columns X Y Z of the primaries, adapted to D50
SRGB = np.array([(0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)])
ADOBE = np.array([(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)])


def fixed(*values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def xyz(values):
    return b"XYZ \0\0\0\0" + fixed(*values)


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def icc(space, tags, pcs=b"XYZ ", device=b"mntr"):
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 2) + b"t\0" + bytes(78),
        b"cprt": b"text\0\0\0\0x\0\0\0",
        b"wtpt": xyz(WHITE_D50),
        **tags,
    }
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s12x", start + len(body), 0x02400000, device, space, pcs)
    head = (head + b"acsp").ljust(68, b"\0") + fixed(*WHITE_D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def matrix_profile(primaries, exponent=2.2, white=WHITE_D50):
    tags = {
        key + b"XYZ": xyz(column) for key, column in zip((b"r", b"g", b"b"), primaries, strict=True)
    }
    tags[b"wtpt"] = xyz(white)
    return icc(b"RGB ", tags | {key + b"TRC": gamma(exponent) for key in (b"r", b"g", b"b")})


def grey_profile(exponent):
    return icc(b"GRAY", {b"kTRC": gamma(exponent)})


def black_only_profile(darkest=0):
    """A CMYK profile that sees K alone: L* falls in a line from 100 to 100/255 of `darkest`."""
    ramp = bytes(range(256))
    grid = b"".join(bytes([darkest if corner % 2 else 255, 128, 128]) for corner in range(16))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut += ramp * 4 + grid + ramp * 3
    return icc(b"CMYK", {b"A2B0": lut, b"A2B1": lut}, b"Lab ", b"scnr")


def encoded(linear):
    """The sRGB curve, IEC 61966-2-1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
