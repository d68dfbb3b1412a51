"""The page of a comparison: one HTML file that needs no other files and no network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nst_compare import chart_costs, chart_errors, chart_paths, pictures, table
from nst_compare.charts import Looks
from nst_compare.command import command
from nst_compare.comparison import Comparison
from nst_compare.explain import NOTES, UNITS, pretty
from nst_compare.judge import PAIRED
from nst_compare.models import Finding, Report
from nst_core.conformance.judge import LEVELS

FOLDER = Path(__file__).parent
NEAREST = -17.0  # 10⁻¹⁷, below any rounding error of float64, has no colour
ALWAYS = {"unit", "levels", "kinks", "paths", "workers"}  # notes that the page itself links to
PAIR_TITLES = {"gradient": "gradients", "gram": "Gram matrices", "painting": "paintings"}


def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters |= {"pretty": pretty, "share": table.share, "cellsafe": cell_safe}
    found.filters["filename"] = lambda source: Path(source).name
    return found


def html(found: Comparison) -> str:
    report = found.report
    looks, order = Looks.of(report.entries), found.subject.layers
    drawn = {
        "layers": chart_errors.layers(report, order, looks),
        "terms": chart_errors.terms(report, order, looks),
        "flips": chart_errors.flips(report, looks),
        "paths": chart_paths.paths(report, looks),
        "costs": chart_costs.costs(report),
    }
    return environment().get_template("page.html").render(
        facts(report),
        charts=drawn,
        paintings=pictures.paintings(found),
        originals=list(originals(found)),
        maps=list(pictures.maps(found)),
        gain=pictures.GAIN,
        levels=LEVELS,
        units=UNITS,
    )  # fmt: skip


def markdown(report: Report) -> str:
    return environment().get_template("report.md.j2").render(facts(report))


def facts(report: Report) -> dict[str, Any]:
    """The variables of both templates."""
    counted, shown = table.groups(report.entries)
    findings = told(report)
    used = {finding.note for finding in findings} | ALWAYS
    return {
        "report": report,
        "columns": list(table.COLUMNS),
        "lines": counted,
        "native": shown,
        "step": table.step,
        "findings": findings,
        "notes": {key: note for key, note in NOTES.items() if key in used},
        "matrices": list(matrices(report)),
        "command": command(report),
        "versions": versions(report),
        "ready": [entry for entry in report.entries if "evaluation" in entry.seconds],
        "parted": [entry for entry in report.entries if entry.parting],
    }


def versions(report: Report) -> dict[str, str]:
    """The versions of nst-suite and the frameworks, the weights, the recipe and the machine."""
    subject = report.subject
    found = {"nst-suite": report.nst, "made": report.made}
    for entry in report.entries:
        if entry.framework:
            found[entry.backend] = " on ".join(filter(None, (entry.framework, entry.engine)))
    found |= {"weights": subject.weights, "recipe": str(subject.recipe.get("name", ""))}
    found["size"] = f"{subject.width} × {subject.height}, {subject.iterations} steps"
    return found | {"device": report.device} | report.machine


def told(report: Report) -> list[Finding]:
    """The findings, most serious first; the same finding about several entries is one sentence."""
    names: dict[tuple[bool, str, str], list[str]] = {}
    for entry in report.entries:
        for finding in entry.findings:
            said = finding.sentence.removeprefix(entry.name)
            names.setdefault((not finding.broken, said, finding.note), []).append(entry.name)
    return [
        Finding(sentence=", ".join(who) + said, note=note, broken=not fine)
        for (fine, said, note), who in sorted(names.items(), key=lambda item: item[0][0])
    ]


def originals(found: Comparison) -> Iterator[tuple[str, pictures.Shown]]:
    """The pictures that the painting was made from: (role, picture)."""
    given, subject = found.subject.pictures, found.report.subject
    for role, name, key in (
        ("photograph", subject.content, "content"),
        *(("painting", name, f"style{n}") for n, name in enumerate(subject.styles)),
    ):
        height, width = pictures.shown_size(given[key])
        yield role, pictures.Shown(name, pictures.embedded(given[key]), width, height)


@dataclass(frozen=True)
class Matrix:
    """The distances of every two backends, by row and column."""

    precision: str
    what: str
    backends: list[str]
    distance: dict[tuple[str, str], float | None]

    def heat(self, a: str, b: str) -> str:
        """The colour of a cell, from 0 to 1, on a logarithmic scale."""
        far = self.distance.get((a, b))
        if far is None:
            return "1"
        decade = log10(max(far, 10**NEAREST))
        return f"{min(1.0, 1 - decade / NEAREST):.2f}"


def matrices(report: Report) -> Iterator[Matrix]:
    for precision in dict.fromkeys(pair.precision for pair in report.pairs):
        for what in PAIRED:
            found = {
                (pair.a, pair.b): pair.distance
                for pair in report.pairs
                if (pair.precision, pair.what) == (precision, what)
            }
            backends = list(dict.fromkeys(a for a, _ in found))
            yield Matrix(precision, PAIR_TITLES[what], backends, found)


def cell_safe(text: str) -> str:
    """The text with everything escaped that has a meaning in a table cell of GitHub's Markdown."""
    escaped = re.sub(r"([\\|<*`\[~$&]|\b_|_\b)", r"\\\1", text)
    return " ".join(escaped.split())
