"""The only place that touches pixels on disk.

Inside the suite a picture is floating point, shape (3, H, W), RGB, unit interval [0, 1], sRGB. A
file becomes that on `read` (upright, on white, in sRGB) and leaves it on `save`, at 8 bits a
channel. Greys of 16 and 32 bits keep what float32 has of them, as Pillow does; it reads colours of
16 bits at 8.
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
