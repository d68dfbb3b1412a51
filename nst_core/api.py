"""The Python door: what `import nst_core as nst` offers.

    import nst_core as nst

    painting = nst.paint("photo.jpg", "painting.jpg", backend="torch", size=512)
    painting.save("out.png")

A picture is a path, `sample:NAME`, a Pillow image, or an array of shape (height, width),
(height, width, 3) or (height, width, 4): bytes from 0 to 255, or floating point in [0, 1].
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

from nst_core import registry
from nst_core.backend import Terms
from nst_core.evaluation import Evaluation
from nst_core.held import Held, hold
from nst_core.images import Picture
from nst_core.registry import Listing
from nst_core.request import CommandOptions, Options, Request, make_request
from nst_core.run import Job, Progress, Result

if TYPE_CHECKING:
    from nst_compare.models import Report

Source = str | Path | Held


def paint(
    content: Source,
    style: Source | Sequence[Source],
    *,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> Result:
    """The photograph `content` painted in the manner of one style or of several.

    `progress` is called before each step with the stage of the plan and a snapshot of the
    painting. Raises NstError, in one line, if the request cannot be met, and Interrupted, which
    has the picture so far as its `result`, on Ctrl-C.
    """
    return Job(request(content, style, options)).paint(progress or (lambda *_: None))


def losses(
    image: Source,
    content: Source,
    style: Source | Sequence[Source],
    **options: Unpack[Options],
) -> Terms:
    """Every term of the total at `image`, brought to the size that the plan ends with."""
    judged = source(image)
    held = [judged] if isinstance(judged, Picture) else []
    asked = request(content, style, {"exact": True, **options}, held)
    return Evaluation(asked, name(judged)).terms()


def backends() -> list[Listing]:
    """Every backend that is installed, with its problem if it cannot run; nothing is imported."""
    return registry.listing()


def compare(
    content: Source,
    style: Source | Sequence[Source],
    *,
    backends: Sequence[str] = (),
    timeout: float = 600.0,
    **options: Unpack[Options],
) -> "Report":
    """Every backend against the float64 truth and the others, as `nst compare`; `.holds` sums up.

    Without `backends`, those that are ready are compared, each in a process of its own.
    """
    from nst_compare import comparison, measure

    device = options.get("device", "cpu")
    options.setdefault("size", measure.SIZE)
    options.setdefault("iterations", measure.ITERATIONS)
    options["backend"] = "numpy"  # which reads the pictures and is the truth
    return comparison.compare(
        measure.Subject(request(content, style, options)),
        measure.named(backends),
        measure.precisions(device),
        measure.Setting(device, timeout, None),
        lambda _: None,
    ).report


def request(
    content: Source,
    style: Source | Sequence[Source],
    options: Options,
    held: Sequence[Picture] = (),
) -> Request:
    """What the options ask for; `held` are further pictures in memory that may be named."""
    photograph, paintings = source(content), [source(one) for one in several(style)]
    pictures = [one for one in (photograph, *paintings, *held) if isinstance(one, Picture)]
    by_name = {picture.source: picture for picture in pictures}
    names = [name(one) for one in paintings]
    # a call may be given all that a command line is, but for its texts
    return make_request(cast(CommandOptions, options), name(photograph), names, by_name)


def several(style: Source | Sequence[Source]) -> Sequence[Source]:
    """One style or more, as a sequence."""
    return style if isinstance(style, Sequence) and not isinstance(style, str) else [style]


def source(what: Source) -> str | Picture:
    """The path, or what is in memory as a picture."""
    return str(what) if isinstance(what, str | Path) else hold(what)


def name(what: str | Picture) -> str:
    """What stands for the picture in a request."""
    return what if isinstance(what, str) else what.source
