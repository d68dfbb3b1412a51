"""What the tests of the command line share: pictures, options, and processes."""

import json
import subprocess
import sys
import time

import numpy as np
from PIL import Image

WHERE = ("--backend", "numpy", "--weights", "random-tiny:0", "--dtype", "float32")
QUICK = (*WHERE, "--size", "32", "--iterations", "2")
PAIR = ("content.png", "style.png")
TO = ("-o", "out.png")
WAIT = 120  # seconds until a process of ours is given up
START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
START += "from nst_core.cli import main; main()"


def noise(height, width, seed, mode="RGB"):
    channels = len(mode)
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(values, mode=None)


def bits(path):
    with Image.open(path) as image:
        return np.asarray(image)


def record(path):
    with open(f"{path}.json", encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def start(*arguments):
    command = [sys.executable, "-c", START, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def process(*arguments):
    command = [sys.executable, "-c", START, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=WAIT, check=False
    )


def until(true, running):
    end = time.monotonic() + WAIT
    while not true():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.01)
