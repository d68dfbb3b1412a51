"""The options that several commands share."""

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from nst_core.errors import NstError

Command = Callable[..., None]

PAINTING, COMPUTATION, OUTPUT = "The painting", "The computation", "Output"
# the options that the user's settings may fill in every command
COMPUTED = {"backend", "weights", "preprocessing", "device", "dtype", "exact", "max_pixels"}
FLAG = " "  # in place of the word bool beside a flag


def complete_backends(incomplete: str) -> list[str]:
    """Shell completion: the names of installed backends."""
    from nst_core import registry

    return [line.name for line in registry.listing() if line.name.startswith(incomplete)]


def complete_recipes(incomplete: str) -> list[str]:
    """Shell completion: the built-in recipes. The shell itself adds files."""
    from nst_core import recipe

    return [name for name in recipe.names() if name.startswith(incomplete)]


def complete_weights(incomplete: str) -> list[str]:
    """Shell completion: the named weight sets."""
    from nst_core.weights.sets import SETS

    return [name for name in ("auto", *SETS) if name.startswith(incomplete)]


def complete_pictures(incomplete: str) -> list[str]:
    """Shell completion: the sample pictures."""
    from nst_core.samples import PAINTINGS, PHOTOGRAPHS

    samples = (f"sample:{name}" for name in (*PHOTOGRAPHS, *PAINTINGS))
    return [name for name in samples if name.startswith(incomplete)]


PreprocessingName = Annotated[
    str | None,
    typer.Option(
        "--preprocessing",
        metavar="NAME",
        help="The preprocessing that a weights file was trained with: caffe, hed, torchvision or "
        "none.",
        rich_help_panel=COMPUTATION,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar=FLAG,
        help="Print the result as JSON and nothing else.",
        rich_help_panel=OUTPUT,
    ),
]
Folder = Annotated[Path, typer.Option("-o", "--output", help="The folder of the results.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


class Shared:
    """The options that several commands share: those of `request.Options`, with their help texts.

    Commands list them in this order. An option that is not on the command line is None.
    """

    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The backend: torch, tf, keras, keras:torch, keras:jax, numpy, or another "
            "installed one.",
            autocompletion=complete_backends,
            rich_help_panel=COMPUTATION,
        ),
    ]
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            metavar="RECIPE",
            help="The name of a recipe (see 'nst recipes list'), a .toml file, or a picture "
            "painted by nst.",
            autocompletion=complete_recipes,
            rich_help_panel=PAINTING,
        ),
    ]
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            metavar="NAME",
            help="A set of weights (see 'nst weights list'), a file, or auto, which uses the "
            "recipe's weights if they are available.",
            autocompletion=complete_weights,
            rich_help_panel=COMPUTATION,
        ),
    ]
    preprocessing: PreprocessingName
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS", help="The longest side of the painting.", rich_help_panel=PAINTING
        ),
    ]
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The device: auto, cpu, cuda or cuda:N.",
            rich_help_panel=COMPUTATION,
        ),
    ]
    dtype: Annotated[
        str | None,
        typer.Option(
            "--dtype",
            metavar="NAME",
            help="The precision of the layers: float32, float64 or bfloat16.",
            rich_help_panel=COMPUTATION,
        ),
    ]
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact/--fast",
            metavar=FLAG,
            help="Compute the same bits every time and without TF32, or as fast as possible.",
            rich_help_panel=COMPUTATION,
        ),
    ]
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The optimiser: lbfgs, adam, native-adam or sgd.",
            rich_help_panel=PAINTING,
        ),
    ]
    iterations: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The number of optimiser steps at the finest scale.",
            rich_help_panel=PAINTING,
        ),
    ]
    init: Annotated[
        str | None,
        typer.Option(
            metavar="START",
            help="The image that the painting starts from: content, style, noise, or a picture.",
            rich_help_panel=PAINTING,
        ),
    ]
    content_weight: Annotated[
        float | None,
        typer.Option(
            metavar="W",
            help="A larger weight keeps more of the photograph.",
            rich_help_panel=PAINTING,
        ),
    ]
    style_weight: Annotated[
        float | None,
        typer.Option(
            metavar="W",
            help="A larger weight takes on more of the style.",
            rich_help_panel=PAINTING,
        ),
    ]
    tv_weight: Annotated[
        float | None,
        typer.Option(
            metavar="W",
            help="A larger weight of total variation makes the painting smoother.",
            rich_help_panel=PAINTING,
        ),
    ]
    style_scale: Annotated[
        float | None,
        typer.Option(
            metavar="FACTOR",
            help="The size of the style picture relative to the painting. A larger factor makes "
            "the strokes larger.",
            rich_help_panel=PAINTING,
        ),
    ]
    colour: Annotated[
        str | None,
        typer.Option(
            "--colour",
            "--color",
            metavar="METHOD",
            help="How to keep the photograph's colours: keep-luminance, match-linear, "
            "match-cholesky or match-histogram. With none, the painting has the style's colours.",
            rich_help_panel=PAINTING,
        ),
    ]
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The seed of the random noise, with --init noise.",
            rich_help_panel=PAINTING,
        ),
    ]
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change any field of the recipe or its plan, such as plan.lbfgs.history=10.",
            rich_help_panel=PAINTING,
        ),
    ]
    max_pixels: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Refuse pictures that have more pixels than this.",
            rich_help_panel=COMPUTATION,
        ),
    ]


def shared(
    without: str = "", *, painting: bool = True, **defaults: Any
) -> Callable[[Command], Command]:
    """A decorator that replaces a command's parameter `options` by the shared options.

    Options named in `without` are left out. The command receives `options` as a dictionary of the
    values that the user gave, of `defaults` for options that the user did not give, and of the
    user's settings; without `painting`, only of settings that say how the painting is computed.
    Raises TypeError for the name of an option that does not exist.
    """
    left_out = set(without.split())
    hints = get_type_hints(Shared, include_extras=True)
    if strange := (left_out | defaults.keys()) - hints.keys():
        raise TypeError(f"no shared option is called {', '.join(strange)}")
    made = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=hint)
        for name, hint in hints.items()
        if name not in left_out
    ]

    def decorate(command: Command) -> Command:
        own = {one.name for one in made} | (signature(command).parameters.keys() & {"keep_alpha"})

        def counts(name: str) -> bool:
            return (painting and (name in own or "." in name)) or name in own & COMPUTED

        def called(**given: Any) -> None:
            options = {one.name: given.pop(one.name) for one in made}
            options = {k: v for k, v in options.items() if v not in (None, [])}
            with_settings(lambda settings: command(**given, options=options | settings), counts)

        parameters = [
            new
            for one in signature(command).parameters.values()
            for new in (made if one.name == "options" else [one.replace(kind=one.KEYWORD_ONLY)])
        ]
        called.__name__, called.__doc__ = command.__name__, command.__doc__
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        called.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return called

    return decorate


def with_settings(command: Callable[[dict[str, Any]], None], counts: Callable[[str], bool]) -> None:
    """Runs the command with the user's settings that count; an error names those it is about."""
    from nst_core import settings

    found = {name: setting for name, setting in settings.read().items() if counts(name)}
    try:
        command({"settings": found} if found else {})
    except NstError as error:
        error.add_note(settings.involved(found, str(error)))
        raise


def listed(given: str | None, default: Sequence[str]) -> tuple[str, ...]:
    """The names in a comma-separated list, without repetitions; `default` if `given` is None."""
    if given is None:
        return tuple(default)
    return tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
