"""Samples: every name has a file that decodes, and the others are refused."""

import subprocess
import sys

import pytest
from PIL import Image

from nst_core.errors import ImageError
from nst_core.samples import PAINTINGS, PHOTOGRAPHS, path


def test_names_are_distinct():
    names = (*PHOTOGRAPHS, *PAINTINGS)
    assert len(set(names)) == len(names) == 9


@pytest.mark.parametrize("name", PHOTOGRAPHS + PAINTINGS)
def test_every_sample_decodes_in_colour(name):
    with Image.open(path(name)) as image:
        image.load()
        assert image.mode == "RGB"
        assert min(image.size) >= 300


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(ImageError) as caught:
        path("nigth")
    line = str(caught.value)
    assert "no sample named 'nigth'. Did you mean 'night'?" in line
    assert all(name in line for name in (*PHOTOGRAPHS, *PAINTINGS))


def test_asking_for_a_path_imports_no_array_library():
    code = (
        "import sys; from nst_core.samples import path; path('night'); path('coffee'); "
        "sys.exit(any(m in sys.modules for m in ('numpy', 'skimage', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
