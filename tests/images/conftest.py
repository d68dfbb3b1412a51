"""A folder to save and read pictures in, and pixels."""

import numpy as np
import pytest

from nst_core import images


@pytest.fixture
def store(tmp_path):
    """Saves a Pillow image under a name and reads it back through the suite."""

    def put(image, name, **options):
        path = tmp_path / name
        image.save(path, **options)
        return images.read(path)

    return put


@pytest.fixture
def pixels():
    return np.random.default_rng(3).random((3, 20, 30), np.float32)
