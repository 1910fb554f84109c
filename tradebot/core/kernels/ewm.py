"""Exponentially weighted mean, one step."""

from __future__ import annotations

from tradebot.core.kernels.kernel import kernel


@kernel
def ewm_step(mean: float, value: float, span: float) -> float:
    """`mean + alpha (value - mean)` with `alpha = 2 / (span + 1)`.

    The recursive form of pandas `ewm(span=span, adjust=False).mean()`; seed it with the first value.
    """
    return mean + (2.0 / (span + 1.0)) * (value - mean)
