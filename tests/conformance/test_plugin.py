"""The pytest plugin: `--backend` chooses, and marks name the exceptions."""

import pytest

from nst_core import registry
from nst_core.conformance.plugin import exceptions, labels

INI = "[pytest]\naddopts = --strict-markers -p nst_core.conformance.plugin\n"
TESTS = """
import pytest

def test_plain(backend): pass
{}
"""


@pytest.fixture
def run(pytester, stranger):
    """Runs these tests with the plugin, where `mine` and `yours` are backends too."""
    for name in ("mine", "yours"):
        stranger(name, "from nst_core.reference import open_backend")
    pytester.makeini(INI)

    def call(body, *arguments):
        pytester.makepyfile(body)
        return pytester.runpytest_inprocess("-rA", *arguments)

    return call


def outcomes(result):
    """What became of each test: {name: PASSED, SKIPPED …}, the summary's words."""
    words = ("PASSED", "FAILED", "XFAIL", "ERROR")
    lines = [line.split() for line in result.outlines if line.startswith(words)]
    return {parts[1].partition("::")[2]: parts[0] for parts in lines}


# Which backends


def test_a_test_runs_for_each_backend_that_is_chosen(run):
    found = run(
        "def test_it(backend): assert backend in ('mine', 'yours')\ndef test_other(): pass",
        *("--backend", "mine", "--backend", "yours"),
    )
    found.assert_outcomes(passed=3)
    names = {"test_it[mine]", "test_it[yours]", "test_other"}
    assert outcomes(found) == dict.fromkeys(names, "PASSED")


def test_all_are_those_that_are_ready(run):
    found = run("def test_it(backend): pass", "--backend", "all")
    ready = {line.name for line in registry.listing() if not line.problem}
    assert {"mine", "yours", "numpy"} <= ready
    assert set(outcomes(found)) == {f"test_it[{name}]" for name in ready}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nunpy", "no backend named 'nunpy'. Did you mean 'numpy'?"),
        ("numpy:gpu", "no backend named 'numpy:gpu'. Did you mean 'numpy'?"),
    ],
)
def test_an_unknown_backend_is_a_usage_error_of_one_line(run, name, words):
    found = run("def test_it(backend): pass", "--backend", "numpy", "--backend", name)
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in found.errlines if line]
    assert line.startswith(f"ERROR: --backend: {words}")


def test_a_test_that_takes_a_backend_is_not_run_where_none_is_named(run):
    found = run("def test_it(backend): pass")
    found.assert_outcomes(errors=1)
    assert found.ret == pytest.ExitCode.INTERRUPTED
    found.stdout.fnmatch_lines("--backend: no backend was given: choose from *numpy*, or use all")
    assert "Traceback" not in found.stdout.str()
    assert "plugin.py" not in found.stdout.str()


def test_tests_that_take_no_backend_need_none(run):
    run("def test_it(): pass").assert_outcomes(passed=1)


# Exceptions


@pytest.mark.parametrize(
    ("mark", "address", "kinds"),
    [
        ("skip_mine", "mine", ["skip"]),
        ("skip_mine", "yours", []),
        ("only_mine", "mine", []),
        ("only_mine", "yours", ["skip"]),
        ("fail_mine", "mine", ["xfail"]),
        ("fail_mine", "yours", []),
        ("skip_keras", "keras:jax", ["skip"]),
        ("skip_keras", "keras:torch", ["skip"]),
        ("skip_keras_jax", "keras:jax", ["skip"]),
        ("skip_keras_jax", "keras:torch", []),
        ("skip_keras_jax", "keras", []),
        ("only_keras", "keras:jax", []),
        ("only_keras", "torch", ["skip"]),
        ("only_keras_jax", "keras:torch", ["skip"]),
        ("skip_torch", "keras:torch", []),
        ("fail_keras_torch", "keras:torch", ["xfail"]),
        ("slow", "mine", []),
    ],
)
def test_a_mark_means_a_backend_or_one_engine_of_it(mark, address, kinds):
    assert [mark.name for mark in exceptions(address, [mark])] == kinds


def test_two_that_are_meant_alone_are_both_left():
    marks = ["only_mine", "only_keras_jax"]
    kept = [
        address
        for address in ("mine", "yours", "keras:jax", "keras:torch")
        if not list(exceptions(address, marks))
    ]
    assert kept == ["mine", "keras:jax"]


def test_labels():
    assert labels("torch") == {"torch"}
    assert labels("keras:jax") == {"keras", "keras_jax"}


def test_marks_leave_backends_out(run):
    body = TESTS.format(
        "@pytest.mark.skip_mine\ndef test_skip(backend): assert backend == 'yours'\n"
        "@pytest.mark.only_mine\ndef test_only(backend): assert backend == 'mine'\n"
    )
    found = run(body, "--backend", "mine", "--backend", "yours")
    found.assert_outcomes(passed=4, skipped=2)
    left = {"test_plain[mine]", "test_plain[yours]", "test_skip[yours]", "test_only[mine]"}
    assert outcomes(found) == dict.fromkeys(left, "PASSED")
    assert "not for mine" in found.stdout.str()
    assert "not for yours" in found.stdout.str()


def test_a_known_failure_is_expected_of_one_backend_alone(run):
    body = TESTS.format("@pytest.mark.fail_mine\ndef test_it(backend): assert backend == 'yours'\n")
    found = run(body, "--backend", "mine", "--backend", "yours")
    found.assert_outcomes(passed=3, xfailed=1)
    assert outcomes(found)["test_it[mine]"] == "XFAIL"
    assert "known to fail on mine" in found.stdout.str()


def test_a_known_failure_that_passes_is_a_failure(run):
    body = TESTS.format("@pytest.mark.fail_mine\ndef test_it(backend): pass\n")
    found = run(body, "--backend", "mine")
    found.assert_outcomes(passed=1, failed=1)
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    assert "[XPASS(strict)] known to fail on mine" in found.stdout.str()


# Markers


def test_every_backend_and_engine_has_its_marks(run):
    said = run("", "--markers").stdout.str()
    for label in (
        "mine",
        "numpy",
        "torch",
        "keras",
        "keras_tensorflow",
        "keras_torch",
        "keras_jax",
    ):
        for kind in ("skip", "only", "fail"):
            assert f"@pytest.mark.{kind}_{label}: " in said


def test_a_mark_for_no_backend_is_refused(run):
    found = run("import pytest\n@pytest.mark.skip_nobody\ndef test_it(): pass")
    found.assert_outcomes(errors=1)
    assert "'skip_nobody' not found in `markers` configuration option" in found.stdout.str()


# The suite


def test_the_suite_is_found_in_the_package_for_every_backend_that_is_chosen(run):
    found = run(
        *("", "--collect-only", "-q", "--pyargs", "nst_core.conformance"),
        *("--backend", "numpy", "--backend", "mine"),
    )
    assert found.ret == 0
    tests = [line for line in found.outlines if "::test_conformance[" in line]
    assert len(tests) == 2 * 2 * 7
    assert sum("numpy" in line for line in tests) == 2 * 7
    assert all("test_conformance.py" in line for line in tests)
