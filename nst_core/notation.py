r"""Equations in LaTeX, with the few commands that KaTeX knows and `plain` can write in Unicode."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isclose

HAT, BAR = "\u0302", "\u0304"  # combining signs

_SIGNS = {
    r"\cdot": "·", r"\sum": "Σ", r"\nabla": "∇", r"\odot": "⊙", r"\downarrow": "↓",
    r"\rightarrow": "→", r"\searrow": "↘", r"\swarrow": "↙", r"\mu": "μ", r"\sigma": "σ",
    r"\Delta": "Δ", r"\ ": " ", "-": "−", "'": "′",
    "_l": "ₗ", "_x": "ₓ", "d_": "d", "Σ ": "Σ", "{": "", "}": "",
}  # fmt: skip
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"


@dataclass(frozen=True)
class Equation:
    """`left = right`, both in LaTeX, and a remark in words, such as the layers."""

    left: str
    right: str
    where: str = ""

    @property
    def latex(self) -> str:
        """A row of an `aligned` environment."""
        remark = f" && {words(self.where)}" if self.where else ""
        return f"{self.left} &= {self.right}{remark}"


def layered(name: str, letter: str, body: str, taps: Mapping[str, float]) -> Iterator[Equation]:
    """A term at a single layer, or a sum over layers and a second equation with their shares."""
    where = f"at {', '.join(taps)}"
    if len(taps) == 1:
        yield Equation(term(name), product(*map(factor, taps.values()), body), where)
        return
    shares = [number(share) for share in taps.values()]
    yield Equation(term(name), product(rf"\sum_l {letter}_l", body))
    alike = len(set(shares)) == 1
    yield Equation(f"{letter}_l", shares[0] if alike else ", ".join(shares), where)


def number(value: float) -> str:
    """The number with up to six digits if that is exact, else as a fraction, else twelve digits."""
    if float(f"{value:.6g}") != value:
        found = Fraction(value).limit_denominator(1000)
        if isclose(found, value, rel_tol=1e-12):
            return rf"\tfrac{{{found.numerator}}}{{{found.denominator}}}"
    if value and not 1e-3 <= abs(value) < 1e5:
        digits, _, exponent = f"{value:.11e}".partition("e")
        digits = digits.rstrip("0").rstrip(".")
        return ("" if digits == "1" else rf"{digits} \cdot ") + f"10^{{{int(exponent)}}}"
    return f"{value:.12g}"


def factor(value: float) -> str:
    """The number as a factor; empty if it is 1."""
    return "" if value == 1 else number(value)


def product(*factors: str) -> str:
    """The product of the factors that are not empty."""
    return r" \cdot ".join(part for part in factors if part)


def fraction(top: str, bottom: str) -> str:
    """A fraction; only the numerator if the denominator is empty."""
    return rf"\frac{{{top}}}{{{bottom}}}" if bottom else top


def error(difference: str, norm: str = "squared") -> str:
    """The sum of the squares or absolute values of the difference."""
    if norm == "absolute":
        return rf"\sum |{difference}|"
    return rf"\sum ({difference})^2" if " " in difference else rf"\sum {difference}^2"


def term(name: str) -> str:
    """A name in upright letters."""
    return rf"\text{{{name}}}"


def words(text: str) -> str:
    """A remark in upright letters."""
    return term(text.replace("_", r"\_"))


def plain(formula: str) -> str:
    """An equation of this module in Unicode, on one line."""
    found = re.sub(r"\\(?:text|mathrm)\{(\w+)\}", r"\1", formula)
    found = re.sub(r" ?\\, ?", "·", found)
    found = re.sub(r"\\tfrac\{(\d+)\}\{(\d+)\}", r"\1/\2", found)
    found = re.sub(r"\^\\top", "ᵀ", found)
    found = re.sub(r"\^(?:\{(-?\d+)\}|(\d))", _raised, found)
    found = re.sub(rf"\\sqrt{_GROUP}", r"√(\1)", found)
    found = re.sub(rf"\\frac{_GROUP}{_GROUP}", _over, found)
    found = re.sub(r"\\hat (\w)", rf"\1{HAT}", found)
    found = re.sub(r"\\bar (\w)", rf"\1{BAR}", found)
    for sign, spelled in _SIGNS.items():
        found = found.replace(sign, spelled)
    return found


def columns(line: str) -> int:
    """The width of a line in columns; combining characters have no width."""
    return sum(sign not in (HAT, BAR) for sign in line)


def _raised(match: re.Match[str]) -> str:
    return (match[1] or match[2]).translate(_RAISED)


def _over(match: re.Match[str]) -> str:
    whole = "·" not in re.sub(r"\([^()]*\)", "", match[2])
    return f"{match[1]} / {match[2] if whole else f'({match[2]})'}"
