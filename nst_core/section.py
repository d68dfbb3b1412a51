"""The base class of every part of a recipe: a validated, immutable model.

The docstring below a field is its documentation in the JSON schema and in `nst recipes diff`. Its
first paragraph says what the field is. The last one, if there are two, says what changes when the
field changes.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Taps = Annotated[dict[str, Weight], Field(min_length=1)]
Norm = Literal["squared", "absolute"]


class Section(BaseModel):
    """A part of a recipe: immutable, and unknown fields are not allowed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def effect(cls, field: str) -> str:
        """The effect of a change: the last paragraph of the field's docstring, on one line."""
        description = cls.model_fields[field].description or ""
        return " ".join(description.rpartition("\n\n")[2].split())
