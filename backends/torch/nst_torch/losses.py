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
    """F Fᵀ in single precision or better, with its gradient (D + Dᵀ) F as a single product.

    Autograd would compute one product for each factor, and for bfloat16 features it would keep a
    copy in single precision.
    """

    @staticmethod
    def forward(ctx: Any, F: Tensor) -> Tensor:
        ctx.save_for_backward(F)
        F = single(F)
        return F @ F.T

    @staticmethod
    def backward(ctx: Any, D: Tensor) -> Tensor:
        (F,) = ctx.saved_tensors
        # in the precision of the features, as the rest of the backward pass
        return (D + D.T).to(F.dtype) @ F


def gram_matrix(F: Tensor, formula: Gram) -> Tensor:
    F = F.flatten(1)
    if formula.centred:  # in single precision, because the mean and F nearly cancel
        F = single(F) - single(F).mean(1, keepdim=True)
    if formula.shift:
        F = single(F) + formula.shift
    return Product.apply(F) / formula.divisor(F.shape)


def single(F: Tensor) -> Tensor:
    """F in single precision, or in double precision if it already is."""
    return F.to(torch.promote_types(F.dtype, torch.float32))


def moments(F: Tensor, _formula: Moments) -> Tensor:
    F = single(F.flatten(1))
    mean = F.mean(1)
    # not mean(F²) − mean², which loses all digits if a channel is nearly constant
    variance = (F - mean[:, None]).square().mean(1)
    # the derivative of √v is infinite at 0; that of a constant channel is defined as 0
    varies = variance > 0
    return torch.stack([mean, torch.where(varies, variance, 1).sqrt() * varies])


def edges(x: Tensor, formula: Laplacian) -> Tensor:
    # like the core, avg_pool2d drops incomplete squares at the border
    pools = torch.nn.functional.avg_pool2d(x.sum(0)[None], formula.pool)
    return laplacian(pools[0])


def error(d: Tensor, norm: Norm) -> Tensor:
    # the derivative of |d| at 0 is 0 in PyTorch, as in the reference
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
    """The error of every term in the recipe's order, without its coefficient and weight."""
    return torch.stack(compute.errors(targets.terms, x, features, values, STATISTICS, error))
