"""`nst losses`: every term of the total at a picture that exists."""

import json
from typing import Annotated

import typer

from nst_core.cli.options import (
    Backend,
    Colour,
    ContentWeight,
    Device,
    DtypeName,
    Exact,
    Json,
    MaxPixels,
    PreprocessingName,
    RecipeName,
    Set,
    Size,
    StyleScale,
    StyleWeight,
    TvWeight,
    WeightsName,
    make_request,
)


def losses(
    image: Annotated[str, typer.Argument(help="The picture to judge.")],
    content: Annotated[str, typer.Option(help="The photograph.")],
    style: Annotated[list[str], typer.Option(help="A painting; may be repeated.")],
    backend: Backend = None,
    recipe: RecipeName = None,
    weights: WeightsName = None,
    preprocessing: PreprocessingName = None,
    size: Size = None,
    device: Device = None,
    dtype: DtypeName = None,
    exact: Exact = True,
    content_weight: ContentWeight = None,
    style_weight: StyleWeight = None,
    tv_weight: TvWeight = None,
    style_scale: StyleScale = None,
    colour: Colour = None,
    set_: Set = None,
    max_pixels: MaxPixels = None,
    as_json: Json = False,
) -> None:
    """Print every term of the total at IMAGE, without optimising.

    IMAGE is brought to the size that the plan ends with. The JSON holds the
    "total", the weighted terms as "content", "style" and "tv", the same without
    their weights as "raw", and the name of the network's "weights". "content"
    and "style" have a number for each layer. Several styles that have a term
    each (style.combine = "losses") are "style1", "style2" and so on.
    """
    given = locals() | {"styles": style}
    from nst_core.cli.terminal import show, terms_table
    from nst_core.evaluation import Evaluation

    evaluation = Evaluation(make_request(recipe, given), image)
    for note in evaluation.notes():
        typer.echo(note, err=True)
    terms = evaluation.terms()
    show(json.dumps(evaluation.as_json(terms)) if as_json else terms_table(terms))
