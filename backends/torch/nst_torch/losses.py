"""The loss formulas of `nst_core.terms`, in PyTorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nst_core.backend import Targets
from nst_core.section import Norm
from nst_core.terms import compute
from nst_core.terms.gram import Gram
from nst_core.terms.laplacian import Laplacian, laplacian
from nst_core.terms.moments import Moments
from nst_core.terms.total_variation import TotalVariation, difference

Tensors = Mapping[str, Tensor]


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


def gram_matrix(F: Tensor, formula: Gram) -> Tensor:
    F = F.flatten(1)
    if formula.centred:
        F = single(F) - single(F).mean(1, keepdim=True)
    if formula.shift:
        F = single(F) + formula.shift
    return Product.apply(F) / formula.divisor(F.shape)


def single(F: Tensor) -> Tensor:
    """In single precision, or in double if it is."""
    return F.to(torch.promote_types(F.dtype, torch.float32))


def moments(F: Tensor, _formula: Moments) -> Tensor:
    F = single(F.flatten(1))
    mean = F.mean(1)
    variance = (F - mean[:, None]).square().mean(1)
    # the root of 0 has an infinite slope, and a constant channel is to have none
    varies = variance > 0
    return torch.stack([mean, torch.where(varies, variance, 1).sqrt() * varies])


def edges(x: Tensor, formula: Laplacian) -> Tensor:
    pools = torch.nn.functional.avg_pool2d(x.sum(0)[None], formula.pool)
    return laplacian(pools[0])


def error(d: Tensor, norm: Norm) -> Tensor:
    return d.square().sum() if norm == "squared" else d.abs().sum()


def total_variation(x: Tensor, formula: TotalVariation) -> Tensor:
    if formula.norm == "power":
        return squares(x, formula).pow(formula.exponent).sum()
    each = formula.directions(*x.shape[1:])
    return sum(s * error(difference(x, down, across), formula.norm) for down, across, s in each)


def squares(x: Tensor, formula: TotalVariation) -> Tensor:
    here = x[:, :-1, :-1]
    right = x[:, -1:, 1:] if formula.last_row else x[:, :-1, 1:]
    return (x[:, 1:, :-1] - here).square() + (right - here).square()


STATISTICS = {
    "content": compute.unchanged,
    "gram": gram_matrix,
    "tv": total_variation,
    "moments": moments,
    "laplacian": edges,
}


def errors(x: Tensor, features: Tensors, values: Tensors, targets: Targets) -> Tensor:
    """The error of every term of the recipe, in its order, before coefficient and weight."""
    return torch.stack(compute.errors(targets.terms, x, features, values, STATISTICS, error))
