"""`make test-machines`: what a machine is made of, and what its row says."""

import subprocess

import machines
import pytest
from machines import MACHINES, ROOT, Machine

FEATURES = {
    "1.26": ["SSSE3", "AVX", "AVX2", "AVX512F", "AVX512_SKX"],
    "2.4": ["X86_V3", "X86_V4", "AVX512_ICL"],
}
BEYOND_AVX2 = {"1.26": ["AVX512F", "AVX512_SKX"], "2.4": ["X86_V4", "AVX512_ICL"]}


@pytest.fixture(params=FEATURES)
def version(request, monkeypatch):
    """A version of NumPy, on an x86 processor with AVX-512."""
    monkeypatch.setattr(machines, "features", lambda: FEATURES[request.param])
    monkeypatch.setattr(machines.platform, "machine", lambda: "x86_64")
    return request.param


@pytest.fixture
def row(tmp_path, monkeypatch, capsys):
    """Runs tests on a machine of their own: (exit code, what is printed)."""

    def run(source, machine=None):
        (tmp_path / "test_it.py").write_text(source)
        monkeypatch.setattr(machines, "TESTS", [tmp_path / "test_it.py"])
        monkeypatch.setattr(machines, "MACHINES", {"here": machine or Machine()})
        return machines.main([]), capsys.readouterr().out

    return run


def test_every_test_file_is_there():
    assert all((ROOT / test.partition("::")[0]).exists() for test in machines.TESTS)


def test_numpy_uses_nothing_beyond_the_level(version):
    assert machines.levels() == ["SSE", "AVX2", "AVX512"]
    assert machines.disabled("SSE") == FEATURES[version]
    assert machines.disabled("AVX2") == BEYOND_AVX2[version]
    assert machines.disabled("AVX512") == machines.disabled("") == []


def test_numpy_has_the_kernels_that_are_taken_from_it():
    found = subprocess.run(
        [machines.sys.executable, "-c", machines.FEATURES],
        env=MACHINES["prescott"].environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (found.stdout.split(), found.stderr) == ([], "")


def test_a_machine_keeps_nothing_of_the_callers(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    assert "OPENBLAS_CORETYPE" not in Machine().environment()
    assert Machine(openblas="Zen").environment()["OPENBLAS_CORETYPE"] == "Zen"


def test_a_row_counts_what_passed_and_what_failed(row):
    code, said = row("def test_right(): pass\ndef test_wrong(): assert 12 == 13\n")
    _, counts, failure = said.splitlines()
    assert (code, counts.split()[:3]) == (1, ["here", "1", "1"])
    assert "test_it.py::test_wrong" in failure


def test_a_row_in_which_all_pass_is_exit_code_0(row):
    code, said = row("def test_right(): pass\n")
    assert (code, said.splitlines()[1].split()[:3]) == (0, ["here", "1", "0"])


@pytest.mark.parametrize("source", ["import nothing_of_this_name", ""])
def test_tests_that_do_not_run_have_not_passed(row, source):
    code, said = row(source)
    assert code == 1
    assert said.splitlines()[1].split()[:2] == ["here", "0"]


def test_a_machine_beyond_this_processor_is_left_out_and_said_to_be(row, monkeypatch):
    monkeypatch.setattr(machines, "levels", lambda: ["SSE"])
    code, said = row("", Machine("AVX512"))
    assert code == 0
    assert said.splitlines()[1:] == ["here            left out: this processor has no AVX512"]


def test_another_processor_has_none_of_these_kernels(version, monkeypatch):
    monkeypatch.setattr(machines.platform, "machine", lambda: "aarch64")
    assert machines.levels() == []


def test_a_numpy_that_cannot_be_installed_has_not_passed(row, monkeypatch):
    def refused(version):
        raise subprocess.CalledProcessError(1, "pip", stderr="ERROR: no such version\n")

    monkeypatch.setattr(machines, "installed", refused)
    code, said = row("", Machine(numpy="0.1"))
    assert code == 1
    assert said.splitlines()[1].endswith("  cannot be set up: ERROR: no such version")


def test_an_unknown_machine_is_one_line(capsys):
    assert machines.main(["pentium"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("no machine named 'pentium': choose from as it is, prescott,")
    assert said.count("\n") == 1
