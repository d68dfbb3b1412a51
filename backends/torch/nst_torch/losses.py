"""The loss formulas of `nst_core.formulas`, in PyTorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nst_core.backend import Targets
from nst_core.formulas import difference, directions, gram_divisor
from nst_core.recipe import Content, Norm, Style, Term, TotalVariation


class Product(torch.autograd.Function):
    """F Fᵀ in at least single precision, and its gradient (D + Dᵀ) F in one product.

    Autograd by itself takes one for each of the two factors, and of features in bfloat16 it would
    want a copy in single precision to keep.
    """

    @staticmethod
    def forward(ctx: Any, F: Tensor) -> Tensor:
        ctx.save_for_backward(F)
        F = single(F)
        return F @ F.T

    @staticmethod
    def backward(ctx: Any, D: Tensor) -> Tensor:
        (F,) = ctx.saved_tensors
        return (D + D.T).to(F.dtype) @ F


def gram_matrix(F: Tensor, formula: Style) -> Tensor:
    F = F.flatten(1)
    if formula.centred:
        F = single(F) - single(F).mean(1, keepdim=True)
    if formula.shift:
        F = single(F) + formula.shift
    return Product.apply(F) / gram_divisor(formula, *F.shape)


def single(F: Tensor) -> Tensor:
    """In single precision, or in double if it is."""
    return F.to(torch.promote_types(F.dtype, torch.float32))


def error(d: Tensor, norm: Norm) -> Tensor:
    return d.square().sum() if norm == "squared" else d.abs().sum()


def total_variation(x: Tensor, formula: TotalVariation) -> Tensor:
    if formula.norm == "power":
        return squares(x, formula).pow(formula.exponent).sum()
    each = directions(formula, *x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


def squares(x: Tensor, formula: TotalVariation) -> Tensor:
    here = x[:, :-1, :-1]
    right = x[:, -1:, 1:] if formula.last_row else x[:, :-1, 1:]
    return (x[:, 1:, :-1] - here).square() + (right - here).square()


def term_error(
    term: Term, x: Tensor, features: Mapping[str, Tensor], values: Mapping[str, Tensor]
) -> Tensor:
    match term.formula:
        case Content() as formula:
            return error(features[term.tap] - values[term.name], formula.norm)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return error(G - values[term.name], "squared")
        case TotalVariation() as formula:
            return total_variation(x, formula)


def errors(
    x: Tensor, features: Mapping[str, Tensor], values: Mapping[str, Tensor], targets: Targets
) -> Tensor:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return torch.stack([term_error(term, x, features, values) for term in targets.terms])
