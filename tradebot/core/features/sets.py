"""Feature lists that a profile can name, and the check of the ones that it spells out."""

from __future__ import annotations

from typing import Final

RAW: Final = (
    "open", "high", "low", "close", "volume", "typical_price", "vwap", "vwap_deviation", "macd", "macd_signal", "macd_hist",
)  # fmt: skip
SCALE_FREE: Final = (
    "open_rel", "high_rel", "low_rel", "typical_rel", "return_1m", "vwap_deviation", "macd_rel", "macd_signal_rel", "macd_hist_rel",
    "volume_ratio_ema20",
)  # fmt: skip
BOTH: Final = (
    "open", "high", "low", "close", "volume", "typical_price", "open_rel", "high_rel", "low_rel", "typical_rel", "return_1m", "vwap",
    "vwap_deviation", "macd", "macd_signal", "macd_hist", "macd_rel", "macd_signal_rel", "macd_hist_rel", "volume_ratio_ema20",
)  # fmt: skip

SETS: Final[dict[str, tuple[str, ...]]] = {"raw": RAW, "scale_free": SCALE_FREE, "both": BOTH}
"""`raw` is the eleven of SYSTEMS.md section 2, `scale_free` its forms that transfer between symbols."""


def feature_names(selection: str | tuple[str, ...]) -> tuple[str, ...]:
    """Names of a set, or the names themselves. Raises KeyError for an unknown set; names are the settings' to check."""
    return SETS[selection] if isinstance(selection, str) else selection
