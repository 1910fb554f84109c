"""The names of the lagged columns (lags.py). Without a kernel: settings are read by commands that must answer at once."""

from __future__ import annotations

from typing import Final

LAGS: Final = {"1m": 30, "5m": 12, "15m": 8, "60m": 6, "1d": 5}
"""Lags of each timeframe, newest last in time: `lag5m_ret_11` is the oldest of 5 minutes."""
CHANNELS: Final = ("ret", "range", "rvol")


def lag_name(timeframe: str, channel: str, lag: int) -> str:
    """The column of a timeframe of LAGS, a channel of CHANNELS, and a lag."""
    return f"lag{timeframe}_{channel}_{lag}"


LAG_NAMES: Final = tuple(
    lag_name(timeframe, channel, lag) for timeframe, lags in LAGS.items() for channel in CHANNELS for lag in range(lags)
)
