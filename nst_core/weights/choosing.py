"""`auto`: the recipe's own weights if they are available, otherwise a replacement."""

import logging
import time
from pathlib import Path

from nst_core.errors import WeightsError
from nst_core.weights.failure import FetchError
from nst_core.weights.fetching import fetch
from nst_core.weights.loading import load
from nst_core.weights.parameters import Weights
from nst_core.weights.sets import SETS, WeightSet
from nst_core.weights.store import cached, weights_dir

AUTO = "auto"
REPLACEMENT = "vgg16-caffe"  # it is available wherever Python packages are
RETRY_SECONDS = 3600.0

logger = logging.getLogger(__name__)


def resolve(
    wanted: str, recipe_set: str, *, preprocessing: str | None = None, progress: bool = False
) -> tuple[Weights, str | None]:
    """The weights to paint with, and a message if they are not the recipe's own.

    Only `auto` can lead to a replacement; any other name is passed to `load`, with `preprocessing`
    for a file that does not name its own. A failed download is recorded in the cache and not
    repeated within one hour. Raises WeightsError if neither the recipe's set nor the replacement
    is available.
    """
    if wanted != AUTO:
        return load(wanted, preprocessing=preprocessing, progress=progress), None
    reason = _obstacle(recipe_set, progress)
    if reason is None:
        return load(recipe_set, preprocessing=preprocessing), None
    refusal = f"weights {recipe_set} cannot be downloaded here ({reason})"
    try:
        weights = load(REPLACEMENT, progress=progress)
    except FetchError as error:
        neither = f"{refusal}, and neither can {error.name} ({error.reason})"
        raise WeightsError(f"{neither}; {error.cure}") from error
    return weights, f"{refusal}; using {REPLACEMENT} instead"


def _obstacle(name: str, progress: bool) -> str | None:
    """Why the set `name` cannot be downloaded; None if `load` can use it."""
    weight_set = SETS.get(name)
    if weight_set is None or name == REPLACEMENT or cached(name) is not None:
        return None
    reason = _remembered(name)
    if reason is None:
        reason = _attempt(weight_set, progress)
        _remember(name, reason)
    return reason


def _attempt(weight_set: WeightSet, progress: bool) -> str | None:
    try:
        fetch(weight_set, progress=progress)
    except FetchError as error:
        return error.reason
    return None


def _marker(name: str) -> Path:
    return weights_dir() / f"{name}.unreachable"


def _remembered(name: str) -> str | None:
    try:
        age = time.time() - _marker(name).stat().st_mtime
        return _marker(name).read_text("utf-8") if 0 <= age < RETRY_SECONDS else None
    except OSError:
        return None


def _remember(name: str, reason: str | None) -> None:
    try:
        if reason is None:
            _marker(name).unlink(missing_ok=True)
        else:
            weights_dir().mkdir(parents=True, exist_ok=True)
            _marker(name).write_text(reason, "utf-8")
    except OSError as error:
        logger.info("the cache cannot remember whether %s is in reach: %s", name, error)
