"""The layer map against two outside witnesses: torchvision's VGG and keras.applications'.

Each witness runs in a process of its own, is given the suite's weights under its own layer names,
and leaves its features; they must be those of the NumPy truth at every tap.
"""

import subprocess
import sys
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nst_core import registry
from nst_core.network import network
from nst_core.weights import load

SIZES = ((48, 64), (49, 67))  # even, odd
# relative to the largest value at the tap; measured: 1e-15 in float64, 2e-6 in Keras' float32
BOUND = 1e-5

TORCHVISION = """
import sys, torch, torchvision
from safetensors.torch import load_file, save_file
given = load_file(sys.argv[1])
features = getattr(torchvision.models, sys.argv[2])(weights=None).features.double()
state = {name: given[name] for name in features.state_dict()}
features.load_state_dict(state, strict=True)
found = {}
with torch.no_grad():
    for size in ("even", "odd"):
        x = given[size][None]
        for index, layer in enumerate(features):
            x = layer(x.clone())
            found[f"{size}:{index}"] = x[0].contiguous()
save_file(found, sys.argv[3])
"""

KERAS = """
import sys, keras, numpy
from safetensors.numpy import load_file, save_file
given = load_file(sys.argv[1])
make = getattr(keras.applications, sys.argv[2].upper())
model = make(include_top=False, weights=None, input_shape=(None, None, 3))
for layer in model.layers:
    if layer.weights:
        kernel, bias = given[f"{layer.name}.weight"], given[f"{layer.name}.bias"]
        layer.set_weights([kernel.transpose(2, 3, 1, 0), bias])
outputs = {layer.name: layer.output for layer in model.layers[1:]}
every = keras.Model(model.input, outputs)
found = {}
for size in ("even", "odd"):
    for name, F in every.predict(given[size].transpose(1, 2, 0)[None], verbose=0).items():
        found[f"{size}:{name}"] = numpy.ascontiguousarray(F[0].transpose(2, 0, 1))
save_file(found, sys.argv[3])
"""


@cache
def truth(name):
    """{size: {tap: features}} of the numpy backend, with the network's own max pooling."""
    net = network(name)
    session = registry.backend("numpy").session(net, load(f"random-{name}:0"))
    taps = [layer.name for layer in net.layers]
    return {size: session.features(image, taps) for size, image in pictures().items()}


@cache
def pictures():
    random = np.random.default_rng(0)
    shapes = zip(("even", "odd"), SIZES, strict=True)
    return {name: random.random((3, *size)) for name, size in shapes}


def witness(script, name, parameters, tmp_path):
    save_file({**parameters, **pictures()}, tmp_path / "given")
    command = [sys.executable, "-c", script, tmp_path / "given", name, tmp_path / "found"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return load_file(tmp_path / "found")


def assert_same(found, expected):
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= BOUND * np.abs(expected).max()


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
@pytest.mark.skipif(find_spec("torchvision") is None, reason="torchvision is not installed")
def test_every_layer_is_torchvisions(name, tmp_path):
    net, weights = network(name), load(f"random-{name}:0")
    parameters = {}
    for layer in net.convolutions:
        kernel, bias = weights.parameters[layer.name]
        parameters[f"{layer.torchvision}.weight"] = kernel.astype(np.float64)
        parameters[f"{layer.torchvision}.bias"] = bias.astype(np.float64)
    found = witness(TORCHVISION, name, parameters, tmp_path)
    assert len(found) == 2 * len(net.layers)
    for size, features in truth(name).items():
        for layer in net.layers:
            assert_same(found[f"{size}:{layer.torchvision}"], features[layer.name])


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
@pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")
def test_every_layer_is_keras_applications(name, tmp_path):
    net, weights = network(name), load(f"random-{name}:0")
    parameters = {}
    for layer in net.convolutions:
        kernel, bias = weights.parameters[layer.name]
        parameters |= {f"{layer.keras}.weight": kernel, f"{layer.keras}.bias": bias}
    found = witness(KERAS, name, parameters, tmp_path)
    rectified = [layer for layer in net.layers if layer.kind != "conv"]
    assert set(found) == {f"{s}:{layer.keras}" for s in ("even", "odd") for layer in rectified}
    for size, features in truth(name).items():
        for layer in rectified:
            assert_same(found[f"{size}:{layer.keras}"], features[layer.name])
