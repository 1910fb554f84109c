"""Feature lists that a profile can name, and the check of the ones that it spells out."""

from __future__ import annotations

from typing import Final

from tradebot.core.features.institutional import INSTITUTIONAL
from tradebot.core.features.lag_names import LAG_NAMES

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

META_QQQ: Final = (
    # price
    "price_change_1m", "price_change_3m", "price_change_5m", "price_change_15m", "price_change_30m", "price_change_60m", "gap_rel",
    "range_rel", "body_share", "upper_shadow_share", "lower_shadow_share", "close_location", "price_position_20", "price_position_60",
    "session_position",
    # volatility
    "volatility_3m", "volatility_5m", "volatility_15m", "volatility_20", "vol_of_vol", "volatility_ratio_5_20", "volatility_percentile",
    "parkinson_20", "yang_zhang_20", "garch_ratio",
    # volume
    "volume_ratio", "volume_imbalance", "volume_change", "volume_ratio_10_50", "relative_volume_session", "money_flow_20",
    # momentum
    "momentum_3m", "momentum_5m", "momentum_15m", "momentum_30m", "momentum_60m", "momentum_acceleration", "momentum_change_5",
    "momentum_skip_15", "linear_momentum_15", "up_share_20", "range_momentum_10", "first_half_hour_return",
    # trend
    "trend_3_10", "ma_spread_2_8", "ema_spread_9_21", "trend_direction_50", "trend_strength_20", "adx_14", "aroon_oscillator_25",
    "macd_hist_rel",
    # signal strength
    "signal_strength", "trend_strength_15", "volume_confirmed_momentum", "momentum_noise_ratio_20",
    # time
    "hour", "day_of_week", "minutes_to_close", "is_half_day",
    # microstructure
    "net_buying_pressure", "kyle_lambda", "amihud_illiquidity", "roll_spread_20", "corwin_schultz_20", "vpin_50", "order_flow_imbalance_20",
    "kyle_lambda_rel_60",
    # patterns, bands, oscillators, statistics
    "breakout_high_5", "breakout_low_5", "channel_high_20", "channel_low_20", "candle_engulfing", "narrow_range_7", "zscore_20",
    "bollinger_width_20", "keltner_position_20", "vwap_deviation", "vwap_zscore", "rsi_14", "stochrsi_14", "cci_20", "mfi_14", "tsi_25_13",
    "hurst_64", "autocorrelation_1", "variance_ratio_5", "permutation_entropy_60", "kalman_innovation", "kalman_slope",
)  # fmt: skip

SEQUENCE: Final = LAG_NAMES
DOLLAR_PROFIT: Final = (
    *SEQUENCE,
    # price, volatility, volume, momentum, trend
    "price_position_60", "session_position", "gap_open", "previous_close_change", "vwap_deviation", "volatility_20", "garch_ratio",
    "volume_ratio_10_50", "relative_volume_session", "momentum_15m", "momentum_60m", "trend_strength_20", "adx_14", "macd_hist_rel",
    # patterns, microstructure, time
    "narrow_range_7", "breakout_high_5", "breakout_low_5", "order_flow_imbalance_20", "kyle_lambda_rel_60", "vpin_50", "roll_spread_20",
    "minutes_to_close",
    # what trees would have to find in the lags
    "zscore_20_tf5", "zscore_20_tf15", "zscore_20_tf60", "rsi_14_tf5", "rsi_14_tf15", "rsi_14_tf60", "volatility_20_tf5",
    "volatility_20_tf15", "volatility_20_tf60",
)  # fmt: skip

SETS: Final[dict[str, tuple[str, ...]]] = {
    "raw": RAW, "scale_free": SCALE_FREE, "both": BOTH, "meta_qqq": META_QQQ, "sequence": SEQUENCE, "dollar_profit": DOLLAR_PROFIT,
    "institutional": INSTITUTIONAL,
}  # fmt: skip
"""`raw` is the eleven of SYSTEMS.md section 2, `scale_free` its forms that transfer between symbols; `meta_qqq` what the meta-selector of
section 1 reads: the named ones of the seed, and at least as many of each family as it asks for. `sequence` is what networks read bar by
bar; `dollar_profit` is that and what section 4 names, for trees too; `institutional` is what section 3's specialists read."""


def feature_names(selection: str | tuple[str, ...]) -> tuple[str, ...]:
    """Names of a set, or the names themselves. Raises KeyError for an unknown set; names are the settings' to check."""
    return SETS[selection] if isinstance(selection, str) else selection
