"""Random rules of size of which each binds now and then."""

from __future__ import annotations

import numpy as np

from tradebot.core.portfolio.config import (
    CombinationConfig,
    HalfKellyConfig,
    KellyConfig,
    LeverageConfig,
    NoTradeConfig,
    PortfolioConfig,
    RiskFractionConfig,
    SizingConfig,
    VolatilityTargetConfig,
)


def random_sizing(rng: np.random.Generator) -> SizingConfig:
    """Any rule with any of what goes with it."""

    def now_and_then() -> bool:
        return bool(rng.random() < 0.4)

    rule = str(rng.choice(["equity_fraction", "risk_fraction", "kelly", "volatility_target"]))
    return SizingConfig(
        rule=rule,  # type: ignore[arg-type]
        equity_fraction=float(rng.choice([0.05, 0.4])) if rule == "equity_fraction" else 0.0,
        equity_fraction_max=float(rng.choice([0.0, 0.1, 0.6])),
        max_shares=int(rng.choice([0, 0, 9])),
        risk_fraction=RiskFractionConfig(
            fraction=float(rng.choice([0.0005, 0.02])),
            by_conviction=now_and_then(),
            var_fraction_max=float(rng.choice([0.0, 0.005, 0.1])),
        )
        if rule == "risk_fraction"
        else None,
        kelly=KellyConfig(trades_prior=float(rng.choice([0.0, 3.0])), floor=float(rng.choice([0.0, 0.05]))) if rule == "kelly" else None,
        volatility_target=VolatilityTargetConfig(target=float(rng.choice([0.05, 0.5])), weight_min=float(rng.choice([0.0, 0.05])))
        if rule == "volatility_target"
        else None,
        leverage=LeverageConfig() if now_and_then() else None,
        half_kelly=HalfKellyConfig(bars_prior=float(rng.choice([0.0, 30.0])), cap=0.7) if now_and_then() else None,
        combination=CombinationConfig(sessions_min=2) if now_and_then() else None,
        portfolio=PortfolioConfig(volatility_max=float(rng.choice([0.05, 0.4]))) if now_and_then() else None,
        no_trade=NoTradeConfig(cost_bps=float(rng.choice([0.1, 2.0])), margin_bps=0.5) if now_and_then() else None,
    )
