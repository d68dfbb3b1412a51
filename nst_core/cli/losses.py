"""`nst losses`: the terms of the loss for an existing picture."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from nst_core.cli.options import Json, shared

if TYPE_CHECKING:
    from nst_core.request import CommandOptions


@shared(without="optimizer iterations init seed", exact=True)
def losses(
    image: Annotated[str, typer.Argument(help="The picture to evaluate.")],
    content: Annotated[str, typer.Option(help="The photograph.")],
    style: Annotated[list[str], typer.Option(help="A painting; may be repeated.")],
    options: "CommandOptions",
    as_json: Json = False,
) -> None:
    """Print the terms of the loss for IMAGE, without optimising it.

    IMAGE is resized to the final size of the plan. The JSON object holds the
    "total", the weighted terms "content", "style" and "tv", the same terms
    without their weights as "raw", and the name of the network's "weights".
    "content" and "style" have one number for each layer. If each of several
    styles has its own terms (style.combine = "losses"), the keys are "style1",
    "style2" and so on.
    """
    from nst_core.cli.terminal import show, terms_table
    from nst_core.evaluation import Evaluation
    from nst_core.request import make_request

    evaluation = Evaluation(make_request(options, content, style), image)
    for note in evaluation.notes():
        typer.echo(note, err=True)
    terms = evaluation.terms()
    show(json.dumps(evaluation.as_json(terms)) if as_json else terms_table(terms))
