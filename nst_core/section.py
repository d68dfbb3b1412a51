"""What every part of a recipe is: a validated, immutable model whose fields explain themselves.

The docstring below a field is its documentation everywhere: in the JSON Schema, in `nst recipes
diff` and in the reference. Its first paragraph says what the field is; the last one, if there are
two, says what changes when the field does.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Taps = Annotated[dict[str, Weight], Field(min_length=1)]
Norm = Literal["squared", "absolute"]


class Section(BaseModel):
    """A part of a recipe: immutable, and without any field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def effect(cls, field: str) -> str:
        """What changes when the field does: the last paragraph of its docstring, on one line."""
        description = cls.model_fields[field].description or ""
        return " ".join(description.rpartition("\n\n")[2].split())
