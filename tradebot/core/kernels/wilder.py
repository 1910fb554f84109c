"""Wilder's smoothing, one step."""

from __future__ import annotations

from tradebot.core.kernels.kernel import kernel


@kernel
def wilder_step(mean: float, value: float, bars: float) -> float:
    """`mean + (value - mean) / bars`: the moving average of Wilder (1978), New Concepts in Technical Trading Systems.

    What a start left behind fades by (1 - 1/bars) a bar; TA-Lib's ATR, ADX and RSI are this after their own starts have faded.
    """
    return mean + (value - mean) / bars
