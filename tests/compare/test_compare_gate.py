"""This project's own gate: no backend's error has grown since `baseline.json` was made.

nst compare sample:coffee sample:night --size 64 --weights random-vgg16:0 -o FOLDER makes it; its
`report.json` is the baseline.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BASELINE = Path(__file__).parent / "baseline.json"
ASKED = ("sample:coffee", "sample:night", "--size", "64", "--weights", "random-vgg16:0")
BACKENDS = (
    "torch,tf",
    "keras:jax",
    # these run the operations of the first two
    pytest.param("keras:tensorflow,keras:torch", marks=pytest.mark.long),
)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("backends", BACKENDS)
def test_no_error_has_grown(backends, tmp_path):
    nst = (sys.executable, "-c", "from nst_core.cli import main; main()")
    asked = (*ASKED, "--backends", backends, "-o", tmp_path, "--baseline", BASELINE)
    done = subprocess.run([*nst, "compare", *asked], capture_output=True, text=True, check=False)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (report["grown"], done.returncode) == ([], 0), done.stdout + done.stderr
    assert len(report["entries"]) == 2 * len(backends.split(","))
