"""`nst losses`: its JSON, its table and its notes."""

import json

import pytest
from command_line import (
    WHERE,
)

from nst_core.weights import choosing


def test_losses_as_json(nst):
    code, out, err = nst(
        "losses", "other.png", "--content", "content.png", "--style", "style.png", *WHERE,
        "--size", "32", "--tv-weight", "0.5", "--json",
    )  # fmt: skip
    assert (code, err.count("\n")) == (0, 1)
    said = json.loads(out)
    assert list(said) == ["total", "content", "style", "tv", "raw", "weights"]
    assert said["weights"] == "random-tiny:0"
    assert list(said["raw"]) == ["content", "style", "tv"]
    assert list(said["content"]) == ["relu4_2"]
    assert list(said["style"]) == [f"relu{block}_1" for block in range(1, 6)]
    parts = [*said["content"].values(), *said["style"].values(), said["tv"]]
    assert all(part > 0 for part in parts)
    assert said["total"] == pytest.approx(sum(parts), rel=1e-12)  # float64 in another order
    assert said["tv"] == pytest.approx(0.5 * said["raw"]["tv"], rel=1e-12)


def test_losses_as_a_table(nst):
    code, out, err = nst(
        "losses", "content.png", "--content", "content.png", "--style", "style.png",
        "--style", "other.png", *WHERE, "--size", "40", "--tv-weight", "0",
    )  # fmt: skip
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.split()}
    assert rows["term"] == ["raw", "weight", "weighted"]
    assert rows["content:relu4_2"] == ["0", "1", "0"]
    assert float(rows["total"][0]) == pytest.approx(
        sum(float(row[2]) for name, row in rows.items() if name.startswith("style:")),
        rel=1e-4,  # six digits are printed
    )


RESIZED = (
    "'content.png' is 40×32 and is resized to 32×26, the final size of the plan: "
    "use --size 40 to keep its own size\n"
)

REPLACED = "weights vgg19-caffe cannot be downloaded here (no route); using random-tiny:0 instead\n"


@pytest.fixture
def replaced(monkeypatch):
    """Every set but `random-tiny:0` is out of reach."""
    monkeypatch.setattr(choosing, "_obstacle", lambda name, progress: "no route")
    monkeypatch.setattr(choosing, "REPLACEMENT", "random-tiny:0")


@pytest.mark.usefixtures("replaced")
@pytest.mark.parametrize("json_", [(), ("--json",)])
def test_losses_say_what_weights_stand_in_and_what_is_resized(nst, json_):
    line = ("losses", "content.png", "--content", "content.png", "--style", "style.png", *json_)
    line = (*line, "--backend", "numpy", "--recipe", "gatys2015", "--set", "plan.side=longest")
    code, out, err = nst(*line, "--size", "32")
    assert (code, err) == (0, REPLACED + RESIZED)
    code, out, err = nst(*line, "--size", "40")
    assert (code, err) == (0, REPLACED)
    if json_:
        assert json.loads(out)["weights"] == "random-tiny:0"
    else:
        assert "cannot be downloaded" not in out
