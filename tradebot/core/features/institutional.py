"""What the five specialists of the institutional system read (SYSTEMS.md section 3), and all of it once: the set `institutional`."""

from __future__ import annotations

from typing import Final

TREND: Final = (
    "momentum_15m", "momentum_30m", "momentum_60m", "momentum_3m_tf60", "trend_direction_50", "trend_strength_20", "adx_14",
    "aroon_oscillator_25", "supertrend_direction", "ema_spread_9_21", "ma_spread_2_8_tf60", "macd_hist_rel", "efficiency_ratio_10",
    "price_position_60", "session_position", "gap_open", "previous_close_change", "minutes_to_close",
)  # fmt: skip
MEAN_REVERSION: Final = (
    "price_change_30m", "price_change_15m", "zscore_20", "zscore_20_tf5", "zscore_20_tf15", "rsi_14", "rsi_14_tf5",
    "bollinger_percent_b_20", "keltner_position_20", "vwap_deviation", "vwap_zscore", "cci_20", "stochrsi_14", "williams_r_14",
    "variance_ratio_5", "autocorrelation_1", "hurst_64", "half_life_60", "kalman_innovation", "volatility_20", "volume_ratio_10_50",
    "minutes_to_close",
)  # fmt: skip
VOLATILITY: Final = (
    "garch_volatility_1", "garch_volatility_60", "garch_ratio", "garch_surprise", "ewma_volatility", "volatility_20", "volatility_60",
    "vol_of_vol", "volatility_percentile", "volatility_ratio_5_20", "parkinson_20", "yang_zhang_20", "realized_variance_60",
    "jump_share_60", "session_volatility", "volume_ratio_10_50", "minutes_from_open", "minutes_to_close",
)  # fmt: skip
MICROSTRUCTURE: Final = (
    "return_1m", "price_change_3m", "net_buying_pressure", "order_flow_imbalance_20", "vpin_50", "bulk_buy_share", "kyle_lambda_rel_60",
    "amihud_return_20", "roll_spread_20", "corwin_schultz_20", "volume_imbalance", "volume_change", "volume_ratio", "close_location",
    "upper_shadow_share", "lower_shadow_share", "body_share", "volatility_5m", "autocorrelation_1", "vwap_deviation",
)  # fmt: skip
REGIME: Final = (
    "volatility_20", "volatility_50", "volatility_ratio_20_240", "volatility_zscore_240", "volatility_percentile", "garch_ratio",
    "trend_strength_20", "price_change_15m", "momentum_60m", "adx_14", "choppiness_14", "efficiency_ratio_10", "variance_ratio_5",
    "hurst_64", "volume_ratio_10_50", "minutes_from_open", "minutes_to_close",
)  # fmt: skip

INSTITUTIONAL: Final[tuple[str, ...]] = tuple(dict.fromkeys((*TREND, *MEAN_REVERSION, *VOLATILITY, *MICROSTRUCTURE, *REGIME)))
