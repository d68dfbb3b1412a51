"""The L-BFGS direction exactly, and how far rounding may take a program that computes it.

`exact_direction` is equation 7.17 of Nocedal & Wright in 60 decimal digits. `rounding_bound` is
the error analysis of their algorithm 7.4, to first order in the unit u. An operation on n numbers
errs by at most (n + 4)·u of the sum of the absolute values of its terms, in whatever order it adds
them and whether or not it fuses a product into a sum. What follows it is linear, and carries its
error to the direction. So the bound is the same on every processor.
"""

from decimal import Decimal, localcontext

import numpy as np

DIGITS = 60
UNIT = 2.0**-53


def exact_direction(s, y, g):
    """−H g, rounded once; H is γI with γ = y·s / y·y of the newest pair, updated with each."""
    with localcontext() as context:
        context.prec = DIGITS
        s, y, g = (np.vectorize(Decimal)(array) for array in (s, y, g))
        gamma = (s[-1] @ y[-1]) / (y[-1] @ y[-1])
        return exact_product(s, y, gamma, -g).astype(float)


def exact_product(s, y, gamma, v):
    """H v with H = (I − ρsyᵀ) H' (I − ρysᵀ) + ρssᵀ, where H' knows the older pairs alone."""
    if not len(s):
        return gamma * v
    rho = 1 / (y[-1] @ s[-1])
    along = rho * (s[-1] @ v)
    product = exact_product(s[:-1], y[:-1], gamma, v - along * y[-1])
    return product + (along - rho * (y[-1] @ product)) * s[-1]


def rounding_bound(s, y, g, unit=UNIT):
    """A bound of the error of each coordinate of −H g by two loops; s, y: (pairs, n), oldest first.

    With q ← q − αy, α = ρ s·q, in the first loop and r ← r + (α − β)s, β = ρ y·r, in the second.
    Without pairs the direction is −g.
    """
    share = (g.size + 4) * unit
    if not len(s):
        return share * np.abs(g)
    S, Y, rho = np.abs(s), np.abs(y), 1 / (s * y).sum(1)
    # a product with ρ errs by its own share and by that of ρ, whose sum y·s may cancel
    shares = share * (1 + rho * (S * Y).sum(1))
    H, onward = inverses(s, y, rho), carriers(s, y, rho)

    q, alphas, bound = -g, np.zeros(len(s)), 0.0
    for i in reversed(range(len(s))):
        alphas[i] = rho[i] * (s[i] @ q)
        # an error of α goes into q, and from there into r, and into r itself
        both = onward[i + 1] @ s[i] - onward[i] @ H[i] @ y[i]
        bound += np.abs(both) * shares[i] * rho[i] * (S[i] @ np.abs(q))
        bound += np.abs(onward[i] @ H[i]) @ (share * (np.abs(q) + np.abs(alphas[i]) * Y[i]))
        q = q - alphas[i] * y[i]
    r = H[0] @ q
    bound += np.abs(onward[0]) @ (shares[-1] * np.abs(r))
    for i in range(len(s)):
        beta = rho[i] * (y[i] @ r)
        local = shares[i] * rho[i] * (Y[i] @ np.abs(r)) * S[i]
        local += share * (np.abs(r) + (np.abs(alphas[i]) + np.abs(beta)) * S[i])
        bound += np.abs(onward[i + 1]) @ local
        r = r + (alphas[i] - beta) * s[i]
    return bound + share * np.abs(r)


def inverses(s, y, rho):
    """H of no pair, γI, of the oldest, …, of all: what the rest of both loops does to q."""
    eye = np.eye(s.shape[1])
    found = [eye / (rho[-1] * (y[-1] @ y[-1]))]
    for s_k, y_k, rho_k in zip(s, y, rho, strict=True):
        right = eye - rho_k * np.outer(y_k, s_k)
        found.append(right.T @ found[-1] @ right + rho_k * np.outer(s_k, s_k))
    return found


def carriers(s, y, rho):
    """What the second loop does to r before the oldest pair, the next, …, after all: I."""
    eye = np.eye(s.shape[1])
    found = [eye]
    for s_k, y_k, rho_k in reversed(list(zip(s, y, rho, strict=True))):
        found.append(found[-1] @ (eye - rho_k * np.outer(s_k, y_k)))
    return found[::-1]
