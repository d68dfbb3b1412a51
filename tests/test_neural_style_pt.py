"""An outside implementation, run as a process: PyPI's `neural-style` 0.5.7, which has pixels
of 256: recipe `neural-style-pt-as-run`.

Pictures are PNG files at their final size, so that no resizing takes part; the weights are those
that `nst weights export` writes. It prints every term at every evaluation.
"""

import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from nst_core import images, recipe, weights
from nst_core.effective import effective_weights
from nst_core.reference import open_backend

# Evaluations that are compared. The first step of L-BFGS is so short, 1/‖g‖₁, that in single
# precision the difference of its gradients is rounding, and with it the length of the second.
ITERATIONS = {"lbfgs": 2, "adam": 5}
AGREE = 1e-4  # measured: 2e-7 at the first, 4e-5 at the sixth of Adam

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_weights,
    pytest.mark.skipif(not find_spec("neural_style"), reason="neural-style is not installed"),
    pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed"),
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Where they are, and their pixels as the files hold them."""
    folder = tmp_path_factory.mktemp("outside")
    found = {}
    sources = {"content": "sample:coffee", "style": "sample:night", "init": "sample:chelsea"}
    for name, source in sources.items():
        pixels = images.resize(images.read(source).pixels, 96, 128)
        images.save(pixels, folder / f"{name}.png")
        found[name] = images.read(folder / f"{name}.png").pixels.astype(np.float64)
    return folder, found


@pytest.fixture(scope="module", params=ITERATIONS)
def optimizer(request):
    return request.param


@pytest.fixture(scope="module")
def printed(pictures, optimizer):
    """[content, five styles, total] at each evaluation, as it prints them with their weights."""
    folder, _ = pictures
    weights.export("vgg16-caffe", folder / "vgg16.pth")
    # run by name in its folder, because it looks for words like 'sod' in the whole path; without
    # its check, which asks for a classifier that it does not use
    said = run(
        folder, "-m", "neural_style.neural_style", "-gpu", "c", "-model_file", "vgg16.pth",
        "-disable_check", "-content_image", "content.png", "-style_image", "style.png",
        "-image_size", "128", "-init", "image", "-init_image", "init.png",
        "-optimizer", optimizer, "-num_iterations", str(ITERATIONS[optimizer]),
        "-print_iter", "1", "-save_iter", "0",
    )  # fmt: skip
    blocks = re.split(r"Iteration \d+ / \d+", said)[1:]
    return [[float(n) for n in re.findall(r"loss: (\S+)", block)] for block in blocks]


def run(folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_recipe_follows_it_term_by_term(pictures, printed, optimizer):
    _, given = pictures
    how = {"iterations": ITERATIONS[optimizer], "optimizer": optimizer, "adam.lr": 1.0}
    asked = recipe.load(
        "neural-style-pt-as-run", [(f"plan.{key}", value) for key, value in how.items()]
    )
    loaded, net = weights.load("vgg16-caffe"), asked.network.of("vgg16")
    session = open_backend().session(net, effective_weights(loaded, net, asked))
    targets = session.targets(given["content"], [given["style"]], asked)
    seen = []

    def watch(snapshot):
        terms = snapshot.terms
        kinds = [value for name, value in terms.weighted.items() if name != "tv"]
        seen.append([*kinds, terms.total])

    session.paint(given["init"], targets, asked.plan.stages()[-1], watch)
    assert len(printed) == len(seen) == ITERATIONS[optimizer]
    for theirs, ours in zip(printed, seen, strict=True):
        assert len(theirs) == 7
        assert ours == pytest.approx(theirs, rel=AGREE, abs=0)
