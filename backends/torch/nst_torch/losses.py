"""The loss formulas of `nst_core.formulas`, in PyTorch."""

from collections.abc import Mapping

import torch
from torch import Tensor

from nst_core.backend import Targets
from nst_core.formulas import gram_divisor
from nst_core.recipe import Content, Reduction, Style, Term, TotalVariation


def gram_matrix(F: Tensor, formula: Style) -> Tensor:
    F = F.flatten(1)
    return F @ F.T / gram_divisor(formula, *F.shape)


def content_loss(F: Tensor, P: Tensor, formula: Content) -> Tensor:
    return formula.factor * squared_error(F, P, formula.reduction)


def style_loss(G: Tensor, A: Tensor, formula: Style) -> Tensor:
    return formula.factor * squared_error(G, A, formula.reduction)


def squared_error(y: Tensor, target: Tensor, reduction: Reduction) -> Tensor:
    error = (y - target).square()
    if reduction == "relative":
        energy = target.square().sum()
        return error.sum() / energy.where(energy > 0, 1.0)
    return error.mean() if reduction == "mean" else error.sum()


def total_variation(x: Tensor, formula: TotalVariation) -> Tensor:
    down, across = x.diff(dim=-2), x.diff(dim=-1)
    if formula.norm == "absolute":
        down, across = down.abs(), across.abs()
    else:
        down, across = down.square(), across.square()
    if formula.reduction == "mean":
        return down.mean() + across.mean()
    return down.sum() + across.sum()


def term_value(
    term: Term, x: Tensor, features: Mapping[str, Tensor], values: Mapping[str, Tensor]
) -> Tensor:
    match term.formula:
        case Content() as formula:
            return content_loss(features[term.tap], values[term.name], formula)
        case Style() as formula:
            G = gram_matrix(features[term.tap], formula)
            return style_loss(G, values[term.name], formula)
        case TotalVariation() as formula:
            return total_variation(x, formula)


def raw_terms(
    x: Tensor, features: Mapping[str, Tensor], values: Mapping[str, Tensor], targets: Targets
) -> Tensor:
    """Every term of the recipe, in its order, before its weight."""
    return torch.stack([term_value(term, x, features, values) for term in targets.terms])
