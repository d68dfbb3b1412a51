"""`nst recipes`: the named recipes, what each computes, and what one's numbers are in another."""

import json
import shutil
from typing import Annotated

import typer

from nst_core.cli.options import Json, PreprocessingName
from nst_core.errors import FAILED

recipes = typer.Typer(help="List, show, compare and translate recipes.", no_args_is_help=True)

TOLERANCE = 1e-6  # of a translation, relative

RECIPE = "A recipe's name, a .toml file, or a finished picture."
Name = Annotated[str, typer.Argument(metavar="RECIPE", help=RECIPE)]
First = Annotated[str, typer.Argument(metavar="A", help=RECIPE)]
Second = Annotated[str, typer.Argument(metavar="B", help=RECIPE)]


@recipes.command("list")
def list_() -> None:
    """Every recipe: its network and optimiser, what it is, and where it is from."""
    from nst_core import recipe
    from nst_core.explain.sheet import index

    typer.echo(index([recipe.load(name) for name in recipe.names()], columns()))


@recipes.command()
def show(
    source: Name,
    latex: Annotated[
        bool, typer.Option("--latex", help="Markdown with the formula in LaTeX.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The formula of a recipe, made from its fields, and how its picture is found."""
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
    """The fields in which two recipes differ, and what each difference does."""
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
    size: Annotated[int, typer.Option(min=1, help="Longest side, in pixels.")] = 128,
    weights: Annotated[
        str | None,
        typer.Option(help="Default: those of the recipes if they are in the cache, else random."),
    ] = None,
    backend: Annotated[str, typer.Option(help="What computes the features.")] = "numpy",
    preprocessing: PreprocessingName = None,
    as_json: Json = False,
) -> None:
    """The weights with which B makes A's terms. Exits with 1 if both do not agree then."""
    from nst_core import recipe
    from nst_core.explain import scene, translate_text
    from nst_core.explain.translate import translate
    from nst_core.explain.untranslatable import check_fields

    one, other = recipe.load(a), recipe.load(b)
    check_fields(one, other)
    ask = scene.Ask(content, style, size, weights, backend, preprocessing)
    found = translate(one, other, scene.look(one, other, ask))
    if as_json:
        typer.echo(json.dumps(translate_text.as_json(found), indent=1, ensure_ascii=False))
    else:
        typer.echo(translate_text.as_text(found, columns()))
    raise typer.Exit(0 if found.deviation <= TOLERANCE else FAILED)


@recipes.command()
def schema() -> None:
    """The JSON Schema of a recipe."""
    from nst_core import recipe

    typer.echo(json.dumps(recipe.schema(), indent=1, ensure_ascii=False))


def columns() -> int:
    """Of the terminal; 80 where there is none."""
    return max(40, shutil.get_terminal_size().columns)
