"""The rows of the JSON reports of `nst check` and `nst compare`.

Infinity and NaN are stored as null.
"""

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from nst_core.conformance import judge


def finite(number: Any) -> Any:
    return number if number is None or math.isfinite(number) else None


Number = Annotated[float | None, BeforeValidator(finite)]


class Row(BaseModel):
    """One error and its budget."""

    model_config = ConfigDict(extra="forbid")

    level: int
    """0 exact, 1 operation, 2 features, 3 gradient, 4 step, 5 path, 6 result."""
    name: str = ""
    """The name of the level."""
    case: str = ""
    """The case of `nst check` in which it was measured."""
    what: str
    kind: str = ""
    """conv, relu, pool, a kind of statistic such as gram, a term by its name, features, kinks,
    gradient, step, path, total or distance."""
    at: str = ""
    """The layer, tap or step."""
    measured: Number
    budget: Number
    ratio: Number
    """measured / budget; null if it is infinite."""
    holds: bool

    @classmethod
    def of(cls, row: judge.Row, case: str = "") -> "Row":
        """The row as it is reported."""
        return cls(
            level=row.level,
            name=judge.LEVELS[row.level],
            case=case,
            what=row.what,
            kind=row.kind,
            at=row.at,
            measured=float(row.measured),
            budget=float(row.budget),
            ratio=float(row.ratio),
            holds=bool(row.holds),
        )
