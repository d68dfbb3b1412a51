"""Runs the numeric tests as other processors would: python tests/machines.py [MACHINE ...]

A sum that is taken in another order has another last digit, and the order depends on the processor,
for each of which a library has kernels. A machine here is a set of environment variables that makes
the libraries choose the kernels of an older processor, or it is an older NumPy.
"""

import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = (  # those that compare numbers and take seconds
    "tests/test_terms.py",
    "tests/terms",
    "tests/test_reference.py",
    "tests/test_reference_kinks.py",
    "tests/test_reference_mass.py",
    "tests/test_optimisers.py",
    "tests/test_colour.py",
    "tests/test_normalised.py",
    "tests/test_styles.py",
    "tests/explain/test_translate.py",
    "tests/conformance/test_budgets.py",
    "tests/conformance/test_judge_recipes.py",
    # the convolutions of PyTorch, and of TensorFlow in single precision
    "tests/test_witnesses.py::test_every_layer_is_torchvisions[vgg16]",
    "tests/test_witnesses.py::test_every_layer_is_keras_applications[vgg16]",
)
KERAS = TESTS[-1]  # imports JAX where that is installed, which needs NumPy 2
# of those that pyproject.toml allows, the oldest with wheels for this Python
OLDEST_NUMPY = {11: "1.26.4", 12: "1.26.4", 13: "2.1.3"}.get(sys.version_info.minor, "2.3.5")
FEATURES = 'import numpy; print(*numpy.show_config("dicts")["SIMD Extensions"].get("found", ()))'
AVX2 = ("AVX2", "X86_V3")  # NumPy's names of it, older and newer
AVX512 = ("AVX512", "X86_V4")  # its names of what has 512 bits begin so
OUTCOME = r"(\d+) (passed|failed|error)"


@dataclass(frozen=True)
class Machine:
    """What the libraries are told to use; what is empty is left as it is."""

    simd: str = ""  # what the processor must have, and the most that NumPy uses of it
    openblas: str = ""
    aten: str = ""
    onednn: str = ""
    mkl: str = ""
    threads: int = 1
    numpy: str = ""

    def environment(self):
        """Raises CalledProcessError if its NumPy cannot be installed."""
        settings = {
            "OPENBLAS_CORETYPE": self.openblas,
            "NPY_DISABLE_CPU_FEATURES": " ".join(disabled(self.simd)),
            "ATEN_CPU_CAPABILITY": self.aten,
            "ONEDNN_MAX_CPU_ISA": self.onednn,
            "MKL_ENABLE_INSTRUCTIONS": self.mkl,
            "OMP_NUM_THREADS": str(self.threads),
        }
        kept = {name: value for name, value in os.environ.items() if name not in settings}
        if self.numpy:
            folders = (str(installed(self.numpy)), os.environ.get("PYTHONPATH"))
            kept["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
        return kept | {name: value for name, value in settings.items() if value}


MACHINES = {
    "as it is": Machine(threads=2),
    "prescott": Machine("SSE", "Prescott", "default", "SSE41", "SSE4_2"),
    "nehalem": Machine("SSE", "Nehalem", "default", "SSE41", "SSE4_2", threads=2),
    "sandybridge": Machine("SSE", "Sandybridge", "default", "AVX", "AVX"),
    "haswell": Machine("AVX2", "Haswell", "avx2", "AVX2", "AVX2"),
    "zen": Machine("AVX2", "Zen", "avx2", "AVX2", "AVX2", threads=2),
    "skylakex": Machine("AVX512", "SkylakeX", "avx512", "AVX512_CORE", "AVX512"),
    f"numpy-{OLDEST_NUMPY}": Machine(numpy=OLDEST_NUMPY),
}


def main(names):
    unknown = [name for name in names if name not in MACHINES]
    if unknown:
        sys.stderr.write(f"no machine named {unknown[0]!r}: choose from {', '.join(MACHINES)}.\n")
        return 2
    say(f"{'machine':<14}{'passed':>8}{'failed':>8}{'seconds':>9}")
    # a list: every machine has its turn, whatever the one before it did
    return int(False in [passes(name, MACHINES[name]) for name in names or MACHINES])


def passes(name, machine):
    """Prints the row of a machine, and below it what failed."""
    if machine.simd not in ("", *levels()):
        say(f"{name:<14}  left out: this processor has no {machine.simd}")
        return True
    try:
        environment = machine.environment()
    except subprocess.CalledProcessError as error:
        say(f"{name:<14}  cannot be set up: {error.stderr.strip()}")
        return False
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    if machine.numpy.startswith("1."):
        command += ["--deselect", KERAS]
    started = time.monotonic()
    done = subprocess.run(
        [*command, *TESTS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines() or done.stderr.splitlines() or [""]
    count = Counter({word: int(number) for number, word in re.findall(OUTCOME, lines[-1])})
    failed, seconds = count["failed"] + count["error"], time.monotonic() - started
    say(f"{name:<14}{count['passed']:>8}{failed:>8}{seconds:>9.0f}")
    if done.returncode:
        broken = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
        say("\n".join(f"  {line}" for line in broken or lines[-5:]))
    return done.returncode == 0


def levels():
    """The values of `Machine.simd` that this processor has."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return []
    higher = {"AVX2": AVX2, "AVX512": AVX512}
    return ["SSE", *(level for level, names in higher.items() if whose_names_begin_with(names))]


def whose_names_begin_with(names):
    """Those of NumPy's features."""
    return [name for name in features() if name.startswith(names)]


def disabled(simd):
    """Those of NumPy's features that are beyond `simd`."""
    return {"SSE": features(), "AVX2": whose_names_begin_with(AVX512)}.get(simd, [])


@cache
def features():
    """What NumPy has kernels for beyond its least, and this processor has."""
    plain = {k: v for k, v in os.environ.items() if k != "NPY_DISABLE_CPU_FEATURES"}
    command = [sys.executable, "-c", FEATURES]
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=True)
    return done.stdout.split()


def installed(version):
    """A folder that holds that NumPy alone."""
    folder = ROOT / "build" / f"numpy-{version}"
    if not (folder / "numpy").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        which = ["--no-deps", "--only-binary", ":all:", "--target", folder, f"numpy=={version}"]
        subprocess.run([*pip, *which], capture_output=True, text=True, check=True)
    return folder


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
