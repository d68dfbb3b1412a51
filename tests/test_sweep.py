"""`nst sweep`: the grid, what it leaves, and what is done again after an interruption."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from nst_core import cli, files, images
from nst_core.errors import NstError
from nst_core.experiments import cell, chart, curve, grid, sheet
from nst_core.reference.paint import NumpySession

WHERE = ("--backend", "numpy", "--weights", "random-tiny:0")
QUICK = (*WHERE, "--size", "32", "--iterations", "3")
PAIR = ("content.png", "style.png")
OVER = ("--over", "style_weight=1,1e2", "--over", "init=content,noise")
NAMES = [
    f"style_weight={weight},init={init}" for weight in ("1", "1e2") for init in ("content", "noise")
]


def draw_pictures(folder):
    """A photograph 40 × 32 and a painting."""
    for name, shape, seed in (("content.png", (32, 40, 3), 1), ("style.png", (48, 36, 3), 2)):
        pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        Image.fromarray(pixels).save(folder / name)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with the two pictures."""
    monkeypatch.chdir(tmp_path)
    draw_pictures(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A sweep of two by two cells, made once."""
    folder = tmp_path_factory.mktemp("once")
    draw_pictures(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("sys.argv", ["nst", "sweep", *PAIR, *OVER, *QUICK, "-o", "out"])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    assert not stopped.value.code
    return folder / "out"


@pytest.fixture
def nst(folder, monkeypatch, in_process):
    """Runs a command line in this process: (exit code, standard error)."""
    monkeypatch.setattr(chart, "curves", lambda *_: b"")  # half a second each

    def call(*arguments):
        code, _, err = in_process(*arguments)
        return code, err

    return call


@pytest.fixture
def swept(once, folder):
    """A copy of that sweep in the current folder."""
    shutil.copytree(once, folder / "out")
    return folder / "out"


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def times(out):
    return {path.name: path.stat().st_mtime_ns for path in (out / "cells").iterdir()}


# What it leaves


def test_a_cell_is_a_picture_with_its_record_and_its_curve(swept):
    kinds = (".png", ".png.json", ".csv")
    assert set(times(swept)) == {name + kind for name in NAMES for kind in kinds}
    record = json.loads((swept / "cells" / f"{NAMES[3]}.png.json").read_text("utf-8"))
    assert record["recipe"]["style"]["weight"] == 100
    assert record["recipe"]["plan"]["init"] == "noise"
    assert record["recipe"]["plan"]["iterations"] == 3


def test_a_cell_is_what_run_paints(nst, swept):
    code, err = nst("run", *PAIR, *QUICK, "--style-weight", "100", "-o", "one.png")
    assert code == 0, err
    assert (images.read("one.png").pixels == images.read(cell_of(swept, 2)).pixels).all()


def cell_of(out, n):
    return out / "cells" / f"{NAMES[n]}.png"


def test_the_table_has_a_row_for_each_cell_with_its_terms(swept):
    table = rows(swept / "terms.csv")
    assert [(row["style_weight"], row["init"]) for row in table] == [
        ("1", "content"), ("1", "noise"), ("1e2", "content"), ("1e2", "noise"),
    ]  # fmt: skip
    for n, row in enumerate(table):
        terms = json.loads(images.read_record(cell_of(swept, n)))["terms"]
        assert float(row["total"]) == terms["total"]
        assert float(row["style:relu3_1"]) == terms["style"]["relu3_1"]
        assert float(row["style"]) == pytest.approx(sum(terms["style"].values()), rel=1e-12)
        assert row["state"] == "done"


def test_the_markdown_table_is_one(swept):
    lines = (swept / "terms.md").read_text("utf-8").splitlines()
    assert lines[0] == "| style_weight | init | total | content | style | tv | seconds |"
    assert len(lines) == 2 + len(NAMES)
    assert {line.count("|") for line in lines} == {8}


def test_the_curves_have_every_step(swept):
    table = rows(swept / "curves.csv")
    assert [row["step"] for row in table] == ["1", "2", "3"] * 4
    first = curve.read((swept / "cells" / f"{NAMES[0]}.csv").read_text("utf-8"))
    assert [point.total for point in first] == [float(row["total"]) for row in table[:3]]
    for point in first:
        assert point.content + point.style + point.tv == pytest.approx(point.total, rel=1e-12)


@pytest.mark.parametrize("name", ["sheet.png", "curves.png"])
def test_the_sheet_and_the_chart_are_pictures(swept, name):
    pixels = images.read(swept / name).pixels
    assert pixels.shape[1] > 300
    assert len(np.unique(pixels)) > 20


def test_the_sheet_holds_every_painting_where_its_settings_say(swept):
    drawn = images.read(swept / "sheet.png").pixels
    side, width = sheet.LARGEST, sheet.LARGEST + sheet.GAP
    found = [where(drawn, images.read(cell_of(swept, n)).pixels, side) for n in range(4)]
    assert [column for _, column in found] == [sheet.MARGIN, sheet.MARGIN + width] * 2
    assert found[0][0] == found[1][0] < found[2][0] == found[3][0]


def where(drawn, painting, side):
    """(row, column) of the upper left corner of a painting, enlarged to a tile."""
    height = round(painting.shape[1] * side / painting.shape[2])
    image = sheet.from_pixels(painting).resize((side, height), Image.Resampling.LANCZOS)
    tile = np.asarray(image, float).transpose(2, 0, 1) / 255
    same = (np.abs(drawn - tile[:, :1, :1]) < 1e-6).all(0)
    row, column = next(
        (row, column)
        for row, column in np.argwhere(same)
        if np.allclose(drawn[:, row, column : column + side], tile[:, 0], atol=1e-6)
    )
    assert np.allclose(drawn[:, row : row + height, column : column + side], tile, atol=1e-6)
    return row, column


# Going on


def test_a_second_run_paints_nothing(nst, swept):
    before = times(swept)
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", "out")
    assert (code, err.count("(kept)")) == (0, 4)
    assert times(swept) == before


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def other_record(path):
    record = json.loads(images.read_record(path))
    images.save(images.read(path).pixels, path, record=json.dumps(record | {"finished": False}))


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda path: path.unlink(), ".png"),
        (cut, ".png"),
        (other_record, ".png"),
        (lambda path: path.unlink(), ".csv"),
        (lambda path: path.write_bytes(path.read_bytes()[:-60]), ".csv"),
        (lambda path: path.write_text(""), ".csv"),
    ],
)
def test_a_cell_that_is_not_whole_is_done_again_and_no_other(nst, swept, harm, kind):
    before, pixels = times(swept), images.read(cell_of(swept, 1)).pixels
    harm(swept / "cells" / f"{NAMES[1]}{kind}")
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", "out")
    assert (code, err.count("(kept)")) == (0, 3)
    changed = {name for name, time in times(swept).items() if time != before[name]}
    assert changed == {NAMES[1] + kind for kind in (".png", ".png.json", ".csv")}
    assert (images.read(cell_of(swept, 1)).pixels == pixels).all()


@pytest.mark.parametrize(
    "change", [("--iterations", "4"), ("--dtype", "float64"), ("--set", "tv.weight=0.25")]
)
def test_a_changed_request_is_painted_anew(nst, swept, change):
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, *change, "-o", "out")
    assert (code, err.count("(kept)")) == (0, 0)


def test_a_changed_picture_is_painted_anew(nst, swept):
    Image.new("RGB", (36, 40), "red").save("style.png")
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", "out")
    assert (code, err.count("(kept)")) == (0, 0)


def test_ctrl_c_leaves_the_sheet_of_what_is_there(nst, folder, monkeypatch):
    calls = []
    paint = NumpySession.paint

    def stopped(self, image, targets, stage, watch):
        calls.append(stage)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return paint(self, image, targets, stage, watch)

    monkeypatch.setattr(NumpySession, "paint", stopped)
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", "out")
    assert code == 130
    assert err.splitlines()[-1].startswith("interrupted after 2 of 4 cells")
    assert (folder / "out" / "sheet.png").exists()
    assert len(rows(folder / "out" / "terms.csv")) == 2
    monkeypatch.setattr(NumpySession, "paint", paint)
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", "out")
    assert (code, err.count("(kept)")) == (0, 2)


def test_ctrl_c_before_the_first_cell_leaves_no_sheet(nst, folder, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(NumpySession, "paint", stopped)
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", "out")
    assert (code, err.count("\n")) == (130, 1)
    assert not (folder / "out" / "sheet.png").exists()


# A cell that diverges

WILD = ("--over", "plan.adam.lr=0.02,1e300", "--optimizer", "adam", "--set", "variable.box=none")


@pytest.fixture
def diverged(nst, folder):
    code, err = nst("sweep", *PAIR, *WILD, *QUICK, "-o", "out")
    assert code == 0, err
    assert "plan.adam.lr 1e300: diverged at step 2" in err
    return folder / "out"


def test_a_cell_that_diverges_is_said_and_the_sweep_goes_on(diverged):
    table = rows(diverged / "terms.csv")
    assert [row["state"] for row in table] == ["done", "diverged at step 2"]
    assert table[1]["total"] == table[1]["style:relu3_1"] == ""
    assert "| 1e300 | diverged at step 2 |" in (diverged / "terms.md").read_text("utf-8")
    assert len(rows(diverged / "curves.csv")) == 3 + 1
    assert not (diverged / "cells" / "plan.adam.lr=1e300.png").exists()


def test_a_cell_that_diverged_is_kept_too(nst, diverged):
    before = times(diverged)
    code, err = nst("sweep", *PAIR, *WILD, *QUICK, "-o", "out")
    assert (code, err.count("(kept)")) == (0, 2)
    assert times(diverged) == before


def test_a_cell_that_diverges_takes_away_the_picture_that_was_there(nst, folder):
    (folder / "out" / "cells").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "out" / "cells" / "plan.adam.lr=1e300.png")
    nst("sweep", *PAIR, *WILD, *QUICK, "-o", "out")
    assert not (folder / "out" / "cells" / "plan.adam.lr=1e300.png").exists()


# The session


def test_cells_on_one_network_share_a_session(nst, monkeypatch):
    opened = []
    made = NumpySession.__init__

    def count(self, *arguments):
        opened.append(arguments)
        made(self, *arguments)

    monkeypatch.setattr(NumpySession, "__init__", count)
    over = ("--over", "network.pooling=max,average", "--over", "init=content,noise")
    code, err = nst("sweep", *PAIR, *over, *QUICK, "-o", "out")
    assert (code, len(opened)) == (0, 2), err


# What cannot be met


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("strength=1,2", "no setting named 'strength'. Choose from these, or write a field"),
        ("style_wieght=1,2", "Did you mean 'style_weight'?"),
        ("style.wieght=1,2", "Did you mean 'style.weight'?"),
        ("style_weight", "write it as KEY=VALUE,VALUE"),
        ("style_weight=", "write it as KEY=VALUE,VALUE"),
        ("style_weight=1,,2", "write it as KEY=VALUE,VALUE"),
        ("=1", "write it as KEY=VALUE,VALUE"),
        ("style_weight=1,many", "'many' is not a number"),
        ("size=32,3.5", "'3.5' is not a whole number"),
        ("style_weight=1,1e0", "is given twice"),
        ("recipe=default,defalt", "Did you mean 'default'?"),
        ("backend=numpy,nunpy", "no backend named 'nunpy'"),
        ("init=content,nowhere.png", "nowhere.png"),
        ("size=32,4", "increase --size"),
    ],
)
def test_a_bad_axis_is_one_line_before_anything_is_painted(nst, folder, over, said):
    code, err = nst("sweep", *PAIR, *QUICK, "--over", over, "-o", "out")
    assert (code, err.count("\n")) == (2, 1), err
    assert said in err
    assert not (folder / "out").exists()


def test_an_axis_that_is_given_twice_is_one_line(nst):
    over = ("--over", "style_weight=1", "--over", "style.weight=2")
    code, err = nst("sweep", *PAIR, *QUICK, *over, "-o", "out")
    assert (code, err.count("\n")) == (2, 1)
    assert "--over style_weight is given twice" in err


def test_a_sweep_needs_an_axis(nst):
    code, err = nst("sweep", *PAIR, *QUICK, "-o", "out")
    assert (code, err.count("\n")) == (2, 1)
    assert "--over" in err


@pytest.mark.parametrize("output", ["content.png", "content.png/deeper"])
def test_an_output_folder_that_is_a_file_is_one_line(nst, output):
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", output)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"nst: cannot write to '{output}")


def test_a_disk_that_refuses_is_one_line(nst, swept, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write", full)
    code, err = nst("sweep", *PAIR, *OVER, *QUICK, "-o", "out")
    assert (code, err.splitlines()[-1]) == (
        2,
        "nst: cannot write to 'out/terms.csv' (No space left on device): "
        "choose another folder with -o",
    )


# Names


def test_values_of_a_field_may_have_commas_of_their_own():
    (one,) = grid.axes(["style.taps={relu1_1 = 1.0, relu2_1 = 2},{ relu1_1 = 1 }"])
    assert one.texts == ("{relu1_1 = 1.0, relu2_1 = 2}", "{ relu1_1 = 1 }")


def test_file_names_are_plain_and_tell_values_apart():
    names = [grid.file_name({"init": text}) for text in ("noise", "a/b.png", "a:b.png", "a" * 300)]
    assert names[0] == "init=noise"
    assert len(set(names)) == 4
    assert all(re.fullmatch(r"[\w=,.+-]{1,140}", name) for name in names)


# Sheets and charts of any size


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (3, 3), (12, 5), (80, 40)])
def test_a_large_grid_makes_a_large_sheet(count, columns):
    picture = Image.new("RGB", (60, 40), "red")
    tiles = [sheet.Tile((f"style_weight {n}", "init noise"), picture) for n in range(count)]
    drawn = sheet.draw("title", tiles[:1], [sheet.Block(tiles, columns)])
    assert drawn.width >= columns * sheet.SMALLEST


def test_text_is_broken_to_the_width():
    font = sheet.font_of(14)
    lines = sheet.wrap("style of relu1_1 " + "x" * 100, font, 150)
    assert len(lines) > 3
    assert all(font.getlength(line) <= 150 for line in lines)


@pytest.mark.parametrize("count", [1, 7, 30, 90])
def test_a_chart_of_many_lines(count):
    points = tuple(curve.Point(n, 32, 10.0**-n, 0, 0, 0) for n in range(1, 4))
    drawn = [chart.Line(f"seed {n}", points, colour=n) for n in range(count)]
    assert chart.curves("title", drawn).startswith(b"\x89PNG")


def test_a_curve_that_diverges_leaves_the_chart_to_the_others():
    flat, steep = ([curve.Point(n, 32, total, 0, 0, 0) for n in (1, 2)] for total in (1.0, 1e300))
    drawn = [chart.Line("a", tuple(flat)), chart.Line("b", tuple(steep), diverged=True)]
    assert chart.ceiling(drawn) == chart.ROOM
    assert chart.curves("title", drawn).startswith(b"\x89PNG")


def test_a_chart_without_a_finite_point():
    assert chart.curves("title", [chart.Line("seed 1", (), diverged=True)]).startswith(b"\x89PNG")


def test_kept_refuses_what_cannot_be_painted(folder):
    from nst_core import recipe
    from nst_core.request import Request

    ask = Request("nowhere.png", ("style.png",), recipe.load("default"), "numpy", "random-tiny:0")
    with pytest.raises(NstError, match="nowhere"):
        cell.kept(cell.Cell({"size": "32"}, ask, folder / "a.png"))
