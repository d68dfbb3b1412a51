"""A pytest plugin: the option `--backend` chooses the backends for tests.

A test with an argument `backend` runs once for each chosen backend. Marks define exceptions:
`skip_X` skips the test on X, `only_X` skips it on all other backends, and `fail_X` expects it to
fail on X. X is a backend such as `keras`, or one of its engines such as `keras_jax`.
"""

from collections.abc import Iterator

import pytest

from nst_core import registry
from nst_core.conformance.check import addresses
from nst_core.errors import BackendError

KINDS = {
    "skip": "skip the test on this backend",
    "only": "skip the test on every other backend",
    "fail": "expect the test to fail on this backend",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nst", "neural style transfer")
    group.addoption(
        "--backend",
        action="append",
        default=[],
        help="a backend to test, or 'all'; may be repeated",
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
    """The backends of `--backend`; raises `complaint`, which pytest prints as one line."""
    try:
        return addresses(config.getoption("backend"))
    except BackendError as error:
        raise complaint(f"--backend: {error}") from error


def labels(address: str) -> set[str]:
    """The names of a backend in marks: `keras` and `keras_jax` for `keras:jax`."""
    return {address.partition(":")[0], address.replace(":", "_")}


def exceptions(backend: str, marks: list[str]) -> Iterator[pytest.MarkDecorator]:
    """The pytest marks that the marks of a test mean for one backend."""
    named = {
        kind: {mark.removeprefix(f"{kind}_") for mark in marks if mark.startswith(f"{kind}_")}
        for kind in KINDS
    }
    mine = labels(backend)
    if named["skip"] & mine or (named["only"] and not named["only"] & mine):
        yield pytest.mark.skip(reason=f"not for {backend}")
    if named["fail"] & mine:
        yield pytest.mark.xfail(strict=True, reason=f"known to fail on {backend}")
