"""Reads and writes pictures; no other module reads or writes pixels on disk.

In the suite a picture is a floating-point array (3, H, W), RGB in [0, 1], sRGB. `read` converts a
file to this form: it is rotated upright, put on white and converted to sRGB. `save` writes 8 bits
per channel. Grey pictures of 16 and 32 bits keep the precision of float32. Colour pictures of 16
bits are read with 8 bits, because Pillow does so.
"""

from nst_core.images.picture import Array, Numbers, Picture, Precision, fit, resize
from nst_core.images.reading import MAX_PIXELS, SAMPLE, decode, read
from nst_core.images.record import RECORD_KEY, read_record
from nst_core.images.writing import save, writable, write_text

__all__ = [
    "MAX_PIXELS",
    "RECORD_KEY",
    "SAMPLE",
    "Array",
    "Numbers",
    "Picture",
    "Precision",
    "decode",
    "fit",
    "read",
    "read_record",
    "resize",
    "save",
    "writable",
    "write_text",
]
