"""`nst losses`: every term of the total at a picture that exists."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from nst_core.cli.options import Json, shared

if TYPE_CHECKING:
    from nst_core.request import CommandOptions


@shared(without="optimizer iterations init seed", exact=True)
def losses(
    image: Annotated[str, typer.Argument(help="The picture to judge.")],
    content: Annotated[str, typer.Option(help="The photograph.")],
    style: Annotated[list[str], typer.Option(help="A painting; may be repeated.")],
    options: "CommandOptions",
    as_json: Json = False,
) -> None:
    """Print every term of the total at IMAGE, without optimising.

    IMAGE is brought to the size that the plan ends with. The JSON holds the
    "total", the weighted terms as "content", "style" and "tv", the same without
    their weights as "raw", and the name of the network's "weights". "content"
    and "style" have a number for each layer. Several styles that have a term
    each (style.combine = "losses") are "style1", "style2" and so on.
    """
    from nst_core.cli.terminal import show, terms_table
    from nst_core.evaluation import Evaluation
    from nst_core.request import make_request

    evaluation = Evaluation(make_request(options, content, style), image)
    for note in evaluation.notes():
        typer.echo(note, err=True)
    terms = evaluation.terms()
    show(json.dumps(evaluation.as_json(terms)) if as_json else terms_table(terms))
