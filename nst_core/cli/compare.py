"""`nst compare`: compares backends on the same pictures with the reference and each other."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nst_core.cli.options import Json, listed, shared
from nst_core.errors import FAILED, NstError

if TYPE_CHECKING:
    from nst_compare.comparison import Comparison
    from nst_compare.measure import Setting, Task
    from nst_core.plan import Optimizer
    from nst_core.request import CommandOptions, Request


@shared(without="backend device dtype exact optimizer iterations", painting=False)
def compare(
    content: Annotated[str | None, typer.Argument(help="The photograph, or sample:NAME.")] = None,
    styles: Annotated[
        list[str] | None, typer.Argument(metavar="STYLE...", help="One or more paintings.")
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="REPORT/", help="The folder of the report."),
    ] = None,
    backends: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...",
            help="The backends to compare. Default: all that are installed.",
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="The device of all backends: cpu, cuda or cuda:N.")
    ] = "cpu",
    precision: Annotated[
        list[str] | None,
        typer.Option(
            help="A precision: float64, float32, tf32 or bfloat16. May be repeated. "
            "Default: float64 and float32 on a CPU, all four on a GPU."
        ),
    ] = None,
    options: "CommandOptions",
    optimizer: Annotated[
        str | None,
        typer.Option(
            help="lbfgs, adam, or native-adam, which also runs each framework's own Adam."
        ),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(help="The number of optimiser steps. Default: 10.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD.json",
            help="An earlier report.json. The exit code is 1 if an error has grown since then.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="The time limit of each worker in seconds.")
    ] = 600.0,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads for each operation, in frameworks that have such a setting."
        ),
    ] = None,
    as_json: Json = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of report.json and exit.")
    ] = False,
) -> None:
    """Compare every backend with the float64 reference and with the other backends.

    The exit code is 1 if an error exceeds its budget.
    """
    if schema:
        from nst_compare.models import Report

        typer.echo(json.dumps(Report.model_json_schema(), indent=1))
        return
    if not content or not styles or not output:
        raise NstError(
            "a photograph, a painting and a folder are required: "
            "write nst compare CONTENT STYLE -o REPORT/"
        )
    from nst_compare.measure import ITERATIONS, SIZE, Setting
    from nst_core.request import make_request

    usual: CommandOptions = {"backend": "numpy", "size": SIZE, "iterations": ITERATIONS}
    options = {**usual, **options}
    if iterations:
        options["iterations"] = iterations
    if optimizer:
        options["optimizer"] = cast("Optimizer", optimizer)
    found = carry_out(
        lambda: make_request(options, content, styles),
        backends,
        precision or [],
        Setting(device, timeout, threads),
        baseline,
        output,
        quiet=as_json,
    )
    if as_json:
        typer.echo(found.report.model_dump_json(indent=1))
    holds = found.report.holds and not found.report.grown
    raise typer.Exit(0 if holds else FAILED)


def carry_out(
    ask: Callable[[], "Request"],
    backends: str | None,
    precision: Sequence[str],
    setting: "Setting",
    path: Path | None,
    output: Path,
    *,
    quiet: bool,
) -> "Comparison":
    """Compares the backends, writes the report and prints its table.

    `path` is the path of the baseline.
    """
    from rich.console import Console

    from nst_compare import baseline, report
    from nst_compare.comparison import compare, described
    from nst_compare.measure import Subject, check_device, named, precisions

    if path and path.resolve() == (output / report.JSON).resolve():
        raise NstError(f"the report would overwrite its baseline '{path}': choose another -o")
    report.check_folder(output)
    device = setting.device
    names, modes = named(listed(backends, ())), precisions(device, precision)
    if device != "cpu":
        check_device(names, device)
    old = baseline.read(path) if path else None
    subject = Subject(ask())
    if old and path:
        baseline.check(old, described(subject), device, path)
    voice = Console(stderr=True, quiet=quiet)
    if note := subject.painting.note:
        voice.print(note, highlight=False, markup=False, soft_wrap=True)
    with voice.status("the reference") as status:

        def watch(task: "Task") -> None:
            status.update(f"{task.backend}, {task.precision.name}")

        found = compare(subject, names, modes, setting, watch)
        if old:
            found.report.baseline = str(path)
            found.report.grown = baseline.grown(old, found.report)
        report.write(found, output)
    if not quiet:
        Console().print(report.summary(found.report, output))
    return found
