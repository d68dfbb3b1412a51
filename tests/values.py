"""Kinds of terms as functions of arrays, for tests: the target comes second, the formula last."""

from nst_core.terms.formula import total_error


def gram_matrix(F, formula):
    return formula.statistic(F)


def content_loss(F, P, formula):
    return formula.value(F, P, 1)


def style_loss(G, A, formula, pixels=1):
    """Of Gram matrices, not of features."""
    return formula.coefficient(A, pixels) * total_error(G - A)


def total_variation(x, formula):
    return formula.value(x, None, 1)


def with_gradient(x, target, formula, pixels=1):
    return formula.evaluate(x, target, pixels)
