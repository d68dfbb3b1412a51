"""The report in a folder and in a terminal: it says what it promises, whatever was found."""

import base64
import re
import shlex
from html.parser import HTMLParser
from io import BytesIO, StringIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from nst_compare import charts, explain, page, pictures, report, table
from nst_compare.charts import Edges, Looks
from nst_compare.command import command
from nst_compare.models import Entry, Report
from nst_core.conformance.models import Row
from nst_core.errors import NstError

VOID = {"br", "hr", "img", "input", "link", "meta"}
OPTIONAL = {"td", "th", "tr", "li", "option", "p"}


class Document(HTMLParser):
    """The tags of a page, with what a reader and a browser rely on."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open[-1] != tag:
            assert self.open.pop() in OPTIONAL
        self.open.pop()

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text += data

    def all(self, *tags):
        return [attributes for tag, attributes in self.tags if tag in tags]


@pytest.fixture(scope="module", params=["right", "mixed", "hopeless", "single"])
def found(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def document(found):
    return Document(html(found))


def html(found, made={}):  # noqa: B006
    """The page, made once."""
    return made.setdefault(id(found), made.get(id(found)) or page.html(found))


def row(ratio=0.2, kind="gram", level=1, what="gram relu1_1"):
    holds = ratio is not None and ratio <= 1
    measured = None if ratio is None else 10 * ratio
    return Row(
        level=level, what=what, kind=kind, at="", measured=measured, budget=10, ratio=ratio,
        holds=holds,
    )  # fmt: skip


def printed(found, folder, width=80):
    console = Console(file=StringIO(), width=width)
    console.print(report.summary(found.report, folder))
    return console.file.getvalue()


# The folder


def test_three_files_and_the_numbers_are_read_back(written):
    assert {path.name for path in written.iterdir()} == {"report.html", "report.json", "report.md"}
    text = (written / "report.json").read_text("utf-8")
    assert Report.model_validate_json(text).model_dump_json(indent=1) == text


def test_a_folder_that_is_a_file_is_refused_in_one_line(mixed, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NstError, match="the report cannot be written to"):
        report.check_folder(tmp_path / "file")
    with pytest.raises(NstError, match="the report cannot be written to"):
        report.write(mixed, tmp_path / "file")


# The table


@pytest.mark.parametrize(
    ("ratio", "state", "text", "mark"),
    [
        (0.0, "far", "0 %", ""),
        (5e-5, "far", "<0.1 %", ""),
        (0.0123, "far", "1.2 %", ""),
        (0.31, "within", "31 %", ""),
        (0.84, "near", "84 %", "△"),
        (1.0, "near", "100 %", "△"),
        (1.5, "broken", "×1.5", "✗"),
        (6.76e15, "broken", "×6.8·10¹⁵", "✗"),
        (None, "broken", "×∞", "✗"),
    ],
)
def test_a_cell_says_how_much_of_its_budget_is_used(ratio, state, text, mark):
    cell = table.Cell(row(ratio))
    assert (cell.state, cell.text, cell.mark) == (state, text, mark)


def test_the_worst_comes_first_and_workers_that_failed_before_it():
    entries = [
        Entry(backend=name, precision="float64", holds=False, failure=failure, rows=rows)
        for name, failure, rows in (
            ("good", "", [row(0.1)]),
            ("bad", "", [row(30.0)]),
            ("worse", "", [row(None)]),
            ("failed", "it hung", []),
            ("near", "", [row(0.9, kind="tv")]),
        )
    ]
    names = [line.entry.backend for line in table.lines(entries)]
    assert names == ["failed", "worse", "bad", "near", "good"]


def test_steps_of_a_frameworks_own_optimiser_do_not_count():
    rows = [row(100.0, "step", 4), row(0.3, "conv"), row(0.2)]
    own = table.line(Entry(backend="b", precision="p", optimizer="Adam()", holds=True, rows=rows))
    assert own.other.row.kind == "conv"
    assert own.gravity == (False, 0.3)
    assert table.step(own.entry).state == "shown"
    core = table.line(Entry(backend="b", precision="p", holds=False, rows=rows))
    assert core.other.row.kind == "step"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (36.25, "36.2"), (1.56e-05, "1.56·10⁻⁵"), (1e15, "1·10¹⁵"), (None, "∞")],
)
def test_numbers_are_printed_as_in_a_book(value, text):
    assert explain.pretty(value) == text


# The page


def test_the_sentence_comes_first_and_then_the_table(found, document):
    tags = [tag for tag, _ in document.tags]
    assert tags.count("h1") == 1
    assert document.text.index(found.report.sentence) < document.text.index("The largest error of")
    assert tags.index("table") < tags.index("figure" if "figure" in tags else "article")


def test_nothing_is_asked_of_another_place(found):
    text = html(found)
    document = Document(text)
    sources = [a for _, tag in document.tags for n, a in tag.items() if n in ("src", "href")]
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not re.search(r"@import|url\(|https?://|<(iframe|object|embed)", text)


def test_the_page_is_well_formed(document):
    assert document.open == []
    ids = [tag["id"] for _, tag in document.tags if "id" in tag]
    assert len(ids) == len(set(ids))
    links = [tag["href"][1:] for tag in document.all("a")]
    assert set(links) <= set(ids)
    labels = {i for _, tag in document.tags for i in tag.get("aria-labelledby", "").split()}
    assert labels <= set(ids)
    assert [tag["lang"] for tag in document.all("html")] == ["en"]


def test_headings_are_in_order_and_tables_have_captions(document):
    levels = [int(tag[1]) for tag, _ in document.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert len(document.all("table")) == len(document.all("caption"))
    assert all("scope" in tag for tag in document.all("th"))


def test_every_picture_has_words(document):
    assert document.all("img")
    assert all(tag["alt"].strip() for tag in document.all("img"))


def test_hostile_names_and_lines_are_text(mixed):
    text = html(mixed)
    document = Document(text)
    assert '<b>&".png in the style of' in document.text
    assert not document.all("b")[0]  # none of its own making
    assert "<script>alert" not in text
    assert "<script>alert('last line')</script>" in document.text


def test_a_worker_that_failed_is_named_with_its_last_lines(mixed):
    document = Document(html(mixed))
    rows = [tag for tag in document.all("tr") if tag.get("class") == "failed"]
    assert len(rows) == 2
    assert "✗ failed: the worker of backend 'fails' failed: no <luck>" in document.text
    assert "first line" in document.text


def test_broken_budgets_have_a_mark_beside_their_colour(mixed):
    text = html(mixed)
    broken = re.findall(r'<td class="cell broken"[^>]*>(.*?)<b>(.*?)</b>', text)
    assert broken
    assert all("✗" in mark and worth.startswith("×") for mark, worth in broken)


def test_what_is_worse_than_the_baseline_stands_in_a_block(mixed, right):
    assert "numpy float32, gradient: 1e-08 was, 2e-07 <is>" in Document(html(mixed)).text
    assert "Worse than in the baseline" not in html(right)


def test_a_frameworks_own_adam_is_shown_and_not_judged(mixed, right):
    text = Document(html(mixed)).text
    assert text.index("ceil") < text.index("steps have no budget") < text.index("Findings")
    assert "steps have no budget" not in html(right)


def test_every_finding_is_there_with_a_link_to_its_note(mixed):
    text = html(mixed)
    document = Document(text)
    for entry in mixed.report.entries:
        for finding in entry.findings:
            said = finding.sentence.removeprefix(entry.name)
            first = (
                mixed.report.sentence.startswith(finding.sentence) or said in mixed.report.sentence
            )
            assert document.text.count(said) == 1 + first
            assert f'href="#note-{finding.note}"' in text


def test_every_section_is_there_whatever_was_found(document):
    for heading in (
        "Findings", "The pictures", "Errors of layers and terms", "Flips", "Paths",
        "Time and memory", "Pairs of backends", "Workers", "Every row", "Background",
    ):  # fmt: skip
        assert heading in document.text


def test_where_nothing_flips_or_parts_one_sentence_says_so(single):
    text = Document(html(single)).text
    assert "No activation of any backend is on another side of its kink" in text
    assert "No path parts from the reference" in text
    assert "no two backends of one precision" in text


def test_every_row_of_every_entry_is_there(right):
    text = Document(html(right)).text
    for entry in right.report.entries:
        assert f"{entry.name}: {len(entry.rows)} rows" in text
        assert all(row.what in text for row in entry.rows)


# Pictures


def opened(uri):
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)


def test_no_difference_is_mid_grey_and_a_small_one_is_seen():
    a = np.full((3, 8, 9), 0.25)
    assert np.all(opened(pictures.embedded(pictures.difference(a, a))) == 128)
    b = a.copy()
    b[0, 3, 4] += 0.003
    shown = opened(pictures.embedded(pictures.difference(b, a)))
    assert shown[3, 4, 0] == round(255 * 0.65)
    assert np.count_nonzero(shown != 128) == 1


def test_large_pictures_are_made_smaller_and_what_is_no_number_is_black():
    pixels = np.full((3, 500, 1300), np.nan)
    assert opened(pictures.embedded(pixels)).shape == (246, 640, 3)
    assert opened(pictures.embedded(pixels)).max() == 0


@pytest.mark.parametrize("shape", [(37, 53), (640, 427), (900, 1301)])
def test_one_flipped_unit_is_seen(shape):
    flipped = np.zeros(shape)
    grey = np.full((3, *shape), 0.5)
    none = np.asarray(pictures.flip_map(grey, flipped).convert("RGB")).astype(int)
    flipped[shape[0] // 2, shape[1] // 2] = 1
    one = np.asarray(pictures.flip_map(grey, flipped).convert("RGB")).astype(int)
    assert 320 < max(one.shape) <= 640
    yellow = (one[..., 0] > 200) & (one[..., 1] > 180) & (one[..., 2] < 120)
    assert yellow.any()
    assert np.count_nonzero((one != none).any(-1)) > 150  # the ring


def test_paintings_are_those_that_were_finished(mixed):
    names = [one.name for one in pictures.paintings(mixed)]
    assert names[0] == "reference"
    assert "numpy float64" in names
    assert not any(name.startswith(("fails", "ceil")) for name in names)


# Charts


def test_zero_stands_at_the_lower_edge_and_what_is_infinite_at_the_upper():
    edges = Edges.around([0.0, 3.0, 40.0, None], 1e-3)
    assert edges.low < 1
    assert edges.high > 100
    assert (edges.place(0.0), edges.place(None), edges.place(3.0)) == (edges.low, edges.high, 3.0)
    plain = Edges.around([3.0, 40.0], 1e-3)
    assert (plain.low, plain.high) == (1.0, 100.0)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.5, 13, [2, 5, 10]),
        (0.0005, 700, [0.001, 0.01, 0.1, 1, 10, 100]),
        (4.2, 7.1, [5, 6, 7]),
        (0.2, 30, [0.3, 1, 3, 10, 30]),
    ],
)
def test_ticks_are_round_and_there_are_enough_of_them(low, high, ticks):
    assert charts.ticks(low, high) == pytest.approx(ticks)


def test_backends_have_colours_and_shapes_of_their_own():
    entries = [Entry(backend=f"b{n}", precision="float64", holds=True) for n in range(7)]
    looks = Looks.of(entries)
    assert len({looks.colour(entry.backend) for entry in entries}) == 7
    assert len({looks.shape(entry.backend) for entry in entries}) == 7


def test_the_words_of_a_chart_name_what_is_worst(mixed):
    looks = Looks.of(mixed.report.entries)
    chart = page.chart_errors.layers(mixed.report, mixed.subject.layers, looks)
    assert "float64: at most" in chart.alt
    assert "∞ of a budget (nan, " in chart.alt
    assert chart.uri.startswith("data:image/svg+xml;base64,")


def test_a_chart_is_the_same_twice(right):
    looks = Looks.of(right.report.entries)
    first, again = (page.chart_paths.paths(right.report, looks) for _ in range(2))
    assert first == again


# Markdown


def test_markdown_has_the_sentence_the_table_the_findings_times_and_versions(right):
    text = page.markdown(right.report)
    assert right.report.sentence in text
    rows = re.findall(r"^\| (numpy|other) \| (float\d\d) \|(.*)\|$", text, re.M)
    assert {row[:2] for row in rows} == {
        (name, precision) for name in ("numpy", "other") for precision in ("float64", "float32")
    }
    assert all(cells.count("|") == 5 for *_, cells in rows)
    assert "## Time" in text
    assert "| numpy float64 | 0.5 |" in text
    assert re.search(r"^\| numpy \| NumPy \d", text, re.M)
    assert text.endswith("```\n")
    assert "\n\n\n" not in text
    for entry in right.report.entries:
        assert all(finding.sentence in text for finding in entry.findings)


def test_markdown_marks_what_is_broken_and_escapes_what_is_not_its_own(mixed):
    text = page.markdown(mixed.report)
    assert r"\<b>\&" in text
    assert r"no \<luck> \& \| nothing" in text
    assert "<script" not in text
    assert re.search(r"^\| flipped \| float64 \|.*\*\*×.*\*\*", text, re.M)
    assert "- numpy float32, gradient: 1e-08 was, 2e-07 \\<is>" in text


def test_markdown_is_stable(mixed):
    shuffled = mixed.report.model_copy(deep=True)
    assert page.markdown(shuffled) == page.markdown(mixed.report)


# How to repeat it


def test_the_command_line_names_what_was_asked(right):
    words = shlex.split(command(right.report))
    assert words[:4] == ["nst", "compare", "sample:coffee", "sample:night"]
    for option, value in (
        ("--backends", "numpy,other"), ("--size", "51"), ("--iterations", "3"),
        ("--weights", "random-tiny:0"), ("--recipe", "default"), ("--device", "cpu"),
    ):  # fmt: skip
        assert words[words.index(option) + 1] == value
    assert "--set" not in words


def test_the_command_line_sets_what_differs_from_the_recipe(mixed):
    told = mixed.report.model_copy(deep=True)
    told.subject.recipe["style"]["weight"] = 20.0
    words = shlex.split(command(told))
    assert mixed.report.subject.content in words
    assert words[words.index("--set") + 1] == "style.weight=20.0"


# The terminal


@pytest.mark.parametrize("width", [80, 120])
def test_the_summary_fits(mixed, tmp_path, width):
    lines = printed(mixed, tmp_path, width).splitlines()
    assert all(len(line.rstrip()) <= width for line in lines if str(tmp_path) not in line)
    assert str(tmp_path / "report.html") in lines


def test_the_summary_says_everything_that_a_person_must_know(mixed, tmp_path):
    text = " ".join(printed(mixed, tmp_path).split())
    assert " ".join(mixed.report.sentence.split()) in text
    assert "no <luck> & | nothing" in text
    assert "first line" in text
    assert "numpy float32, gradient: 1e-08 was" in text
    assert text.index("fails float64") < text.index("numpy float64")
