"""`nst recipes`: lists, shows, compares and translates recipes."""

import json
import shutil
from typing import Annotated

import typer

from nst_core.cli.options import Json, PreprocessingName
from nst_core.errors import FAILED

recipes = typer.Typer(help="List, show, compare and translate recipes.", no_args_is_help=True)

TOLERANCE = 1e-6  # relative error of a translation: the terms are computed in double precision

RECIPE = "The name of a recipe, a .toml file, or a picture painted by nst."
Name = Annotated[str, typer.Argument(metavar="RECIPE", help=RECIPE)]
First = Annotated[str, typer.Argument(metavar="A", help=RECIPE)]
Second = Annotated[str, typer.Argument(metavar="B", help=RECIPE)]


@recipes.command("list")
def list_() -> None:
    """List the recipes with their network, optimiser, description and source."""
    from nst_core import recipe
    from nst_core.explain.sheet import index

    typer.echo(index([recipe.load(name) for name in recipe.names()], columns()))


@recipes.command()
def show(
    source: Name,
    latex: Annotated[
        bool, typer.Option("--latex", help="Print Markdown with the formulas in LaTeX.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the formulas of a recipe and the settings of its optimisation."""
    from nst_core import recipe
    from nst_core.explain import sheet

    found = recipe.load(source)
    if as_json:
        typer.echo(json.dumps(sheet.as_json(found), indent=1, ensure_ascii=False))
    else:
        text = sheet.as_latex(found) if latex else sheet.as_text(found, columns())
        typer.echo(text)


@recipes.command()
def diff(a: First, b: Second, as_json: Json = False) -> None:
    """List the fields in which two recipes differ, and the effect of each difference."""
    from dataclasses import asdict

    from nst_core import recipe
    from nst_core.explain import diff

    one, other = recipe.load(a), recipe.load(b)
    if as_json:
        found = [asdict(difference) for difference in diff.differences(one, other)]
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        typer.echo(diff.as_text(one, other, columns()))


@recipes.command()
def translate(
    a: First,
    b: Second,
    content: Annotated[str, typer.Argument(help="The photograph.")] = "sample:coffee",
    style: Annotated[str, typer.Argument(help="The painting.")] = "sample:night",
    size: Annotated[int, typer.Option(min=1, help="The longest side in pixels.")] = 128,
    weights: Annotated[
        str | None,
        typer.Option(
            help="The network's weights. Default: the recipes' weights if they are in the cache, "
            "otherwise random weights."
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="The backend that computes the features.")] = "numpy",
    preprocessing: PreprocessingName = None,
    as_json: Json = False,
) -> None:
    """Find the loss weights with which recipe B has the same terms as recipe A.

    The exit code is 1 if the terms differ even with these weights.
    """
    from nst_core import recipe
    from nst_core.explain import scene, translate_text
    from nst_core.explain.translate import translate
    from nst_core.explain.untranslatable import check_fields

    one, other = recipe.load(a), recipe.load(b)
    check_fields(one, other)
    ask = scene.SceneRequest(content, style, size, weights, backend, preprocessing)
    found = translate(one, other, scene.look(one, other, ask))
    if as_json:
        typer.echo(json.dumps(translate_text.as_json(found), indent=1, ensure_ascii=False))
    else:
        typer.echo(translate_text.as_text(found, columns()))
    raise typer.Exit(0 if found.deviation <= TOLERANCE else FAILED)


@recipes.command()
def schema() -> None:
    """Print the JSON schema of a recipe."""
    from nst_core import recipe

    typer.echo(json.dumps(recipe.schema(), indent=1, ensure_ascii=False))


def columns() -> int:
    """The width of the terminal in columns; 80 if there is no terminal."""
    return max(40, shutil.get_terminal_size().columns)
