"""`nst gram`: the matrices as they are drawn and written."""

import numpy as np
import pytest
from PIL import Image

from nst_core import images
from nst_core.experiments import gram

QUICK = ("--backend", "numpy", "--weights", "random-tiny:0", "--size", "32")


@pytest.fixture
def nst(tmp_path, monkeypatch, in_process):
    """Runs a command line in a folder with a picture: (exit code, standard error)."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(1).integers(0, 256, (32, 40, 3), np.uint8)
    Image.fromarray(pixels).save("picture.png")

    def call(*arguments):
        code, _, err = in_process(*arguments)
        return code, err

    return call


def test_a_picture_for_each_tap_a_sheet_and_the_matrices(nst, tmp_path):
    code, err = nst("gram", "picture.png", *QUICK, "-o", "out")
    assert code == 0, err
    taps = [f"relu{block}_1" for block in range(1, 6)]
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"sheet.png", "grams.npz", *(f"{tap}.png" for tap in taps)}
    with np.load("out/grams.npz") as written:
        assert written.files == taps
        assert [written[tap].shape for tap in taps] == [(n, n) for n in (4, 6, 8, 10, 12)]


def test_the_matrix_is_that_of_the_features(nst, tmp_path, tiny):
    from nst_core.network import network
    from nst_core.reference import open_backend

    code, err = nst(
        "gram", "picture.png", "--taps", "conv2_1", *QUICK, "-o", "out", "--dtype", "float64"
    )
    assert code == 0, err
    image = images.resize(images.read("picture.png").pixels, 26, 32)
    session = open_backend().session(network("tiny", "average"), tiny)
    F = session.features(image, ["conv2_1"])["conv2_1"]
    expected = np.einsum("ahw,bhw->ab", F, F) / F[0].size
    with np.load("out/grams.npz") as written:
        np.testing.assert_allclose(written["conv2_1"], expected, rtol=1e-12)


@pytest.fixture
def features():
    """Of 5 channels, each louder than the one before."""
    values = np.random.default_rng(0).random((5, 6, 7))
    return values * np.array([1, 2, 3, 4, 5])[:, None, None]


def test_channels_in_order_of_energy(features):
    one = gram.tap("relu1_1", features, by_energy=True)
    assert one.order.tolist() == [4, 3, 2, 1, 0]
    assert (np.diff(np.diag(one.drawn)) < 0).all()
    assert (one.drawn == one.gram[::-1, ::-1]).all()
    assert (gram.tap("relu1_1", features, by_energy=False).drawn == one.gram).all()


def test_the_scale_has_both_signs_only_where_the_matrix_does(features):
    positive, signed = (
        gram.tap("t", F, by_energy=False)
        for F in (features, features * [[[1]], [[-1]], [[1]], [[1]], [[1]]])
    )
    assert (positive.norm.vmin, positive.colours) == (0, "viridis")
    assert signed.norm.vmin == -signed.norm.vmax
    assert signed.colours != positive.colours


def test_ticks_stay_apart(features):
    norm = gram.tap("t", features, by_energy=False).norm
    drawn = norm(gram.ticks(norm))
    assert (np.diff(drawn) > 0.1).all()


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e30])
def test_any_scale_is_drawn(features, scale):
    one = gram.tap("relu1_1", scale * features, by_energy=False)
    assert gram.figure(one).startswith(b"\x89PNG")


def test_a_mosaic_shows_the_loudest_channels_each_from_black_to_white(features):
    mosaic = np.asarray(gram.mosaic(gram.tap("t", features, by_energy=False), 4))
    assert mosaic.shape == (13, 15, 3)
    quarters = [mosaic[r : r + 6, c : c + 7, 0] for r in (0, 7) for c in (0, 8)]
    for quarter, F in zip(quarters, features[::-1], strict=False):
        assert (quarter.min(), quarter.max()) == (0, 255)
        assert quarter.argmax() == F.argmax()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--taps", "relu6_1"), "no layer in tiny named 'relu6_1'"),
        (("--taps", " , "), "--taps is empty"),
        (("-o", "picture.png"), "cannot write to 'picture.png"),
        (("--size", "4"), "increase --size"),
    ],
)
def test_what_cannot_be_met_is_one_line(nst, arguments, said):
    code, err = nst("gram", "picture.png", "-o", "out", *QUICK, *arguments)
    assert (code, err.count("\n")) == (2, 1), err
    assert said in err
