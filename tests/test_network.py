"""The layer map, against numbers written out here and the names that others gave the layers."""

from itertools import pairwise

import numpy as np
import pytest

from nst_core.errors import NstError
from nst_core.network import names, network

# name, torchvision's index, channels, stride and receptive field in pixels
VGG16 = """
conv1_1 0 64 1 3      conv1_2 2 64 1 5      pool1 4 64 2 6
conv2_1 5 128 2 10    conv2_2 7 128 2 14    pool2 9 128 4 16
conv3_1 10 256 4 24   conv3_2 12 256 4 32   conv3_3 14 256 4 40    pool3 16 256 8 44
conv4_1 17 512 8 60   conv4_2 19 512 8 76   conv4_3 21 512 8 92    pool4 23 512 16 100
conv5_1 24 512 16 132 conv5_2 26 512 16 164 conv5_3 28 512 16 196  pool5 30 512 32 212
"""
VGG19 = """
conv1_1 0 64 1 3      conv1_2 2 64 1 5      pool1 4 64 2 6
conv2_1 5 128 2 10    conv2_2 7 128 2 14    pool2 9 128 4 16
conv3_1 10 256 4 24   conv3_2 12 256 4 32   conv3_3 14 256 4 40    conv3_4 16 256 4 48
pool3 18 256 8 52
conv4_1 19 512 8 68   conv4_2 21 512 8 84   conv4_3 23 512 8 100   conv4_4 25 512 8 116
pool4 27 512 16 124
conv5_1 28 512 16 156 conv5_2 30 512 16 188 conv5_3 32 512 16 220  conv5_4 34 512 16 252
pool5 36 512 32 268
"""


def rows(table):
    """{name: (torchvision, channels, stride, receptive field)}"""
    words = table.split()
    return {
        words[i]: tuple(int(number) for number in words[i + 1 : i + 5])
        for i in range(0, len(words), 5)
    }


@pytest.mark.parametrize(("name", "table"), [("vgg16", VGG16), ("vgg19", VGG19)])
def test_every_layer_is_what_the_papers_and_torchvision_say(name, table):
    found = {
        layer.name: (layer.torchvision, layer.channels, layer.stride, layer.receptive_field)
        for layer in network(name).layers
        if layer.kind != "relu"
    }
    assert found == rows(table)
    assert list(found) == list(rows(table))


@pytest.mark.parametrize("name", names())
def test_a_rectification_follows_each_convolution_and_changes_no_shape(name):
    layers = network(name).layers
    assert [layer.torchvision for layer in layers] == list(range(len(layers)))
    for conv, relu in pairwise(layers):
        if conv.kind == "conv":
            assert (relu.kind, relu.name) == ("relu", conv.name.replace("conv", "relu"))
            shape = ("channels", "stride", "receptive_field", "keras")
            assert all(getattr(relu, part) == getattr(conv, part) for part in shape)
    assert sum(layer.kind == "relu" for layer in layers) == len(network(name).convolutions)


@pytest.mark.parametrize("name", names())
def test_each_layer_takes_what_the_one_before_gives(name):
    channels = 3
    for layer in network(name).layers:
        assert layer.in_channels == channels
        channels = layer.channels


def test_keras_names_its_layers_by_block():
    for layer in network("vgg19").layers:
        block, _, index = layer.name[4:].partition("_")
        expected = f"block{block}_conv{index}" if index else f"block{block}_pool"
        assert layer.keras == expected


@pytest.mark.parametrize(("name", "count"), [("vgg16", 13), ("vgg19", 16), ("tiny", 16)])
def test_only_convolutions_carry_weights(name, count):
    assert [layer.kind for layer in network(name).convolutions] == ["conv"] * count


def test_pooling_is_maximum_unless_it_is_said():
    assert network("vgg19").pooling == "max"
    assert network("vgg19", "average").pooling == "average"
    assert network("vgg19").pooling == "max"  # the map that is kept has not changed


@pytest.mark.parametrize(
    ("tap", "smallest"),
    [("conv1_2", 1), ("pool1", 2), ("relu3_1", 4), ("conv4_4", 8), ("relu5_1", 16), ("pool5", 32)],
)
def test_the_smallest_image_leaves_one_unit_at_the_tap(tap, smallest):
    net = network("vgg19")
    assert net.smallest_size(["conv1_1", tap]) == smallest
    assert net.shape(tap, smallest, smallest)[1:] == (1, 1)
    assert 0 in net.shape(tap, smallest - 1, smallest) or smallest == 1


@pytest.mark.parametrize(
    ("tap", "shape"),
    [
        ("relu1_1", (64, 37, 51)),
        ("pool1", (64, 18, 25)),
        ("conv2_2", (128, 18, 25)),
        ("relu3_1", (256, 9, 12)),
        ("pool3", (256, 4, 6)),
        ("relu5_1", (512, 2, 3)),
        ("pool5", (512, 1, 1)),
    ],
)
def test_an_odd_row_or_column_is_dropped(tap, shape):
    assert network("vgg19").shape(tap, 37, 51) == shape


def test_the_map_predicts_the_shapes_that_the_network_computes(open_session):
    net = network("tiny")
    taps = [layer.name for layer in net.layers]
    for height, width in [(37, 51), (32, 63), (33, 35)]:
        found = open_session().features(np.zeros((3, height, width)), taps)
        assert {tap: F.shape for tap, F in found.items()} == {
            tap: net.shape(tap, height, width) for tap in taps
        }


@pytest.mark.parametrize("tap", ["conv2_1", "relu2_2", "pool2", "relu3_1"])
def test_a_unit_sees_its_receptive_field_and_nothing_else(open_session, tap):
    layer = network("tiny").layer(tap)
    size, step = 65, layer.stride
    image = np.random.default_rng(0).random((3, size, size))
    before = open_session().features(image, [tap])[tap]
    middle = before.shape[1] // 2
    seen = []
    for row in range(size):
        other = image.copy()
        other[:, row] += 100 * np.random.default_rng(row).random((3, size))
        after = open_session().features(other, [tap])[tap]
        if np.any(after[:, middle] != before[:, middle]):
            seen.append(row)
    assert len(seen) == layer.receptive_field
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    # the window's centre and the unit's own pixels share their middle
    assert seen[0] + seen[-1] == 2 * middle * step + step - 1


def test_only_the_layers_up_to_the_deepest_tap_run():
    layers = network("vgg16").until(["relu3_1", "pool1"])
    assert [layers[0].name, layers[-1].name] == ["conv1_1", "relu3_1"]
    assert [layer.name for layer in network("tiny").until(iter(["conv1_1"]))] == ["conv1_1"]


def test_an_unknown_layer_is_answered_with_the_nearest():
    with pytest.raises(NstError) as caught:
        network("vgg16").layer("relu4_4")
    text = str(caught.value)
    assert text.startswith("no layer in vgg16 named 'relu4_4'. Did you mean 'relu4_")
    assert "conv1_1, conv1_2" in text
    assert "\n" not in text
    assert network("vgg19").layer("relu4_4").channels == 512


def test_an_unknown_network_is_answered_with_the_nearest():
    with pytest.raises(NstError, match=r"^no network named 'vgg18'\. Did you mean 'vgg1"):
        network("vgg18")


@pytest.mark.parametrize("ask", ["until", "smallest_size"])
def test_asking_for_no_tap_is_refused(ask):
    with pytest.raises(NstError, match="no layer of tiny was given: name at least one"):
        getattr(network("tiny"), ask)([])
