"""Capital among strategies: inverse covariance times mean, with both estimates shrunk, long only, at a target volatility.

    S      = (1 - d) sample covariance + d m I          m = trace / K, d the closed form of Ledoit and Wolf (2004)
    mu     = (1 - p) mean + p mu0                        p = (K + 2) / (K + 2 + D (mean - mu0 1)' S^-1 (mean - mu0 1)), Jorion (1986)
    w      = argmin of w' S w / 2 - mu' w over w >= 0     which is S^-1 mu where that has no negative part
    scaled = w * target / sqrt(252 w' S w)

D sessions of K strategies' net returns; mu0 is the mean of the minimum-variance portfolio. A strategy never gets less than nothing: its
signals have a sign of their own, and trading against them would be another strategy. All is nothing where no mean is above 0.

Source: SYSTEMS.md section 5; seeds/004 section 5.3; Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
matrices" (2004), as scikit-learn's LedoitWolf; Jorion, "Bayes-Stein Estimation for Portfolio Analysis" (1986); Bro and de Jong, "A fast
non-negativity-constrained least squares algorithm" (1997).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

SESSIONS_A_YEAR: Final = 252.0


def shrunk_covariance(returns: Float) -> tuple[Float, float]:
    """(S (K, K), d) of returns (D, K), D >= 2."""
    count, width = returns.shape
    centred = returns - returns.mean(axis=0)
    sample = centred.T @ centred / count
    level = float(np.trace(sample)) / width
    squares = centred * centred
    scatter = float((squares.T @ squares).sum()) / count - float((sample * sample).sum())
    away = float((sample * sample).sum()) - width * level * level
    shrinkage = min(max(scatter / count, 0.0) / away, 1.0) if away > 0.0 else 1.0
    return (1.0 - shrinkage) * sample + shrinkage * level * np.eye(width), shrinkage


def shrunk_mean(returns: Float, covariance: Float) -> Float:
    """mu (K,) of returns (D, K) with their covariance (K, K), which must be positive definite."""
    count, width = returns.shape
    mean = returns.mean(axis=0)
    safest = np.linalg.solve(covariance, np.ones(width))
    common = float(safest @ mean) / float(safest.sum())
    off = mean - common
    distance = count * float(off @ np.linalg.solve(covariance, off))
    share = (width + 2.0) / (width + 2.0 + distance)
    shrunk: Float = (1.0 - share) * mean + share * common
    return shrunk


def long_only(covariance: Float, mean: Float) -> Float:
    """w (K,) >= 0 that is best for a positive definite covariance, by active sets."""
    width = len(mean)
    w, active = np.zeros(width), np.zeros(width, np.bool_)
    least = 1e-12 * max(float(np.abs(mean).max(initial=0.0)), 1e-300)
    for _ in range(3 * width):
        pull = np.where(active, -math.inf, mean - covariance @ w)
        if float(pull.max(initial=-math.inf)) <= least:
            break
        active[int(np.argmax(pull))] = True
        best = _inside(covariance, mean, active)
        while active.any() and float(best[active].min()) <= 0.0:
            falling = active & (best <= 0.0)
            step = float((w[falling] / (w[falling] - best[falling])).min())
            w = w + step * (best - w)
            active &= w > 1e-15 * float(np.abs(w).max())
            best = _inside(covariance, mean, active)
        w = best
    return w


def _inside(covariance: Float, mean: Float, active: npt.NDArray[np.bool_]) -> Float:
    """The unconstrained best of the active ones, 0 for the others."""
    best = np.zeros(len(mean))
    if active.any():
        best[active] = np.linalg.solve(covariance[np.ix_(active, active)], mean[active])
    return best


def combination(returns: Float, target: float) -> Float:
    """Multiples of capital (K,) >= 0 for strategies with these net returns a session (D, K), together as volatile as `target` a year.

    All 0 where there is too little to tell (D < 3, no variance, a number that is none) or nothing earns.
    """
    count, width = returns.shape
    if count < 3 or width == 0 or not np.isfinite(returns).all():
        return np.zeros(width)
    covariance, _ = shrunk_covariance(returns)
    level = float(np.trace(covariance)) / width
    if not level > 0.0:
        return np.zeros(width)
    covariance = covariance + 1e-9 * level * np.eye(width)  # two strategies that are one have no inverse
    w = long_only(covariance, shrunk_mean(returns, covariance))
    risk = math.sqrt(SESSIONS_A_YEAR * float(w @ covariance @ w))
    return w * (target / risk) if risk > 0.0 else np.zeros(width)


def shares_among(returns: Float) -> Float:
    """(K,) in [0, 1]: what the combination holds of each strategy, over what it holds most of. All 0 where it holds none."""
    w = combination(returns, 1.0)
    most = float(w.max(initial=0.0))
    return w / most if most > 0.0 else w
