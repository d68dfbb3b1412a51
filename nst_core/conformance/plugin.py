"""A pytest plugin: `--backend` chooses the backends of every test that takes one.

A test with an argument `backend` runs for each that is chosen. Marks name the exceptions:
`skip_X` leaves X out, `only_X` all others, `fail_X` runs it and expects it to fail. X is a
backend, `keras`, or one engine of it, `keras_jax`.
"""

from collections.abc import Iterator

import pytest

from nst_core import registry
from nst_core.conformance.check import addresses
from nst_core.errors import BackendError

KINDS = {
    "skip": "leave the backend out",
    "only": "leave every other backend out",
    "fail": "run it, and expect it to fail",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nst", "neural style transfer")
    group.addoption(
        "--backend", action="append", default=[], help="backend to test; may be repeated, or all"
    )


def pytest_configure(config: pytest.Config) -> None:
    for label in sorted({label for line in registry.listing() for label in labels(line.name)}):
        for kind, meaning in KINDS.items():
            config.addinivalue_line("markers", f"{kind}_{label}: {meaning}")
    if config.getoption("backend"):
        chosen(config, pytest.UsageError)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" not in metafunc.fixturenames:
        return
    backends = chosen(metafunc.config, pytest.Collector.CollectError)
    marks = [mark.name for mark in metafunc.definition.iter_markers()]
    values = [pytest.param(b, marks=list(exceptions(b, marks)), id=b) for b in backends]
    metafunc.parametrize("backend", values, scope="session")


def chosen(config: pytest.Config, complaint: type[Exception]) -> list[str]:
    """The backends of `--backend`; raises a complaint that pytest prints as one line."""
    try:
        return addresses(config.getoption("backend"))
    except BackendError as error:
        raise complaint(f"--backend: {error}") from error


def labels(address: str) -> set[str]:
    """What a mark may call a backend: `keras:jax` is `keras` and `keras_jax`."""
    return {address.partition(":")[0], address.replace(":", "_")}


def exceptions(backend: str, marks: list[str]) -> Iterator[pytest.MarkDecorator]:
    """What the marks of a test mean for one backend."""
    named = {
        kind: {mark.removeprefix(f"{kind}_") for mark in marks if mark.startswith(f"{kind}_")}
        for kind in KINDS
    }
    mine = labels(backend)
    if named["skip"] & mine or (named["only"] and not named["only"] & mine):
        yield pytest.mark.skip(reason=f"not for {backend}")
    if named["fail"] & mine:
        yield pytest.mark.xfail(strict=True, reason=f"known to fail on {backend}")
