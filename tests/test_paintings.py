"""The sample paintings: each file is what its program paints."""

import numpy as np
import pytest
from PIL import Image

from nst_core.samples import PAINTINGS, path
from tools.paintings.paint import LIMIT, main, render

# Mean absolute difference of a rendering from the committed file, of 255, both averaged into cells.
# Measured: `wave` at 512 pixels in 32 × 32 cells 1.9 (upside down: 50); all paintings at full size
# in 128 × 128 cells 0.8 to 2.0, which is what JPEG costs (mirrored: 39 to 60).
BOUND = 3.0


def apart(image, other, cells):
    """Mean absolute difference of two pictures averaged into `cells` by `cells`."""
    small = [
        np.asarray(i.convert("RGB").resize((cells, cells), Image.Resampling.BOX), np.float64)
        for i in (image, other)
    ]
    return np.abs(small[0] - small[1]).mean()


@pytest.fixture(scope="module")
def wave():
    """`wave` rendered at half its size."""
    return render("wave", 512)


@pytest.mark.parametrize("name", PAINTINGS)
def test_a_painting_is_small_enough_to_ship_and_full_of_texture(name):
    assert path(name).stat().st_size <= LIMIT
    with Image.open(path(name)) as image:
        assert 768 <= max(image.size) <= 1024
        grey = np.asarray(image.convert("L"), np.float64)
    rows, columns = (side // 32 * 32 for side in grey.shape)
    tiles = grey[:rows, :columns].reshape(rows // 32, 32, columns // 32, 32)
    # measured: the calmest tile of all has a deviation of 8.8 (in `glass`), a flat one has 0
    assert tiles.std(axis=(1, 3)).min() > 6


@pytest.mark.parametrize("name", ["glass", "wave", "autumn"])
def test_the_same_bits_twice(name):
    assert render(name, 96).tobytes() == render(name, 96).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["night", "mosaic"])
def test_the_same_bits_twice_where_it_takes_longer(name):
    assert render(name, 96).tobytes() == render(name, 96).tobytes()


def test_the_committed_wave_is_what_the_script_paints(wave):
    with Image.open(path("wave")) as committed:
        assert apart(wave, committed, 32) < BOUND


def test_another_picture_is_told_apart(wave):
    with Image.open(path("wave")) as committed:
        assert apart(wave.transpose(Image.Transpose.FLIP_TOP_BOTTOM), committed, 32) > 5 * BOUND


@pytest.mark.slow
@pytest.mark.parametrize("name", PAINTINGS)
def test_every_committed_painting_is_what_the_script_paints(name):
    with Image.open(path(name)) as committed:
        assert apart(render(name), committed, 128) < BOUND


def test_the_command_line_writes_the_named_painting(tmp_path):
    main(["wave", "-o", str(tmp_path / "out"), "--size", "64"])
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["wave.jpg"]
    with Image.open(tmp_path / "out" / "wave.jpg") as image:
        assert max(image.size) == 64


def test_the_command_line_refuses_an_unknown_painting(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["coffee"])
    assert stopped.value.code == 2
    assert "no painting named coffee" in capsys.readouterr().err
