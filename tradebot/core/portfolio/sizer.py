"""A minute's sizes: from an opinion to whole shares, one factor after the other, each with its name.

    rule -> leverage -> half Kelly -> portfolio -> most a position may be -> buying power -> shares_floor

A `Sizer` lives for a minute. It knows what is held and what was asked for before, so the second size of a minute is scaled by the first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tradebot.core.portfolio import evidence as at
from tradebot.core.portfolio import pairs, volatility
from tradebot.core.portfolio.config import SizingConfig
from tradebot.core.portfolio.kelly import half_kelly, kelly_edge, kelly_size, sharpe_of
from tradebot.core.portfolio.leverage import leverage_of
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.portfolio.no_trade import expected_gain, inside_band
from tradebot.core.portfolio.risk_fraction import risk_size
from tradebot.core.portfolio.sizing import shares_floor, shares_of
from tradebot.core.portfolio.volatility_target import target_weight

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one size is asked for. `stop_units` is where the loss is taken, 0 = nowhere."""

    n: int  # place in the universe
    conviction: float  # a forecast or position in [-1, 1], or a probability
    price_units: int
    stop_units: int
    cash_units: int  # what may still be spent


@dataclass(frozen=True, slots=True)
class Sized:
    """Shares, each known factor by its name in the order in which it came, and why there are none: "" where there are some."""

    shares: int
    factors: Mapping[str, float]
    reason: str = ""


@dataclass(slots=True)
class Sizer:
    """`held` is what is held or working, in units of money by the symbol's place (-1: outside the universe), short below 0.

    `evidence` (N, W) is of the leading strategies (evidence.py), None where there are none.
    """

    config: SizingConfig
    memory: SizingState
    equity_units: int
    held: dict[int, int]
    evidence: Float | None = None
    _variance: float = field(default=math.nan, init=False)

    def size(self, asked: Candidate) -> Sized:
        """Shares to buy; none for whatever is not known."""
        config = self.config
        if config.is_plain:
            shares = shares_of(self.equity_units, asked.price_units, config.equity_fraction, config.max_shares)
            return Sized(shares, {"equity_fraction": config.equity_fraction})
        factors: dict[str, float] = {}
        size, reason = self.fraction(asked, factors)
        factors = {name: value for name, value in factors.items() if math.isfinite(value)}
        if reason:
            return Sized(0, factors, reason)
        shares = shares_of(self.equity_units, asked.price_units, size, config.max_shares)
        if config.leverage is not None:
            shares = min(shares, shares_floor(float(asked.cash_units), asked.price_units))
        return Sized(shares, factors)

    def fraction(self, asked: Candidate, factors: dict[str, float]) -> tuple[float, str]:
        """The multiple of equity that a position should be, or 0 and why; writes the `factors` that led there."""
        reason = self._refusal(asked, factors)
        if reason:
            return 0.0, reason
        size, reason = self._rule(asked, factors)
        if not reason:
            size, reason = self._extras(asked, size, factors)
        if reason:
            return 0.0, reason
        size = min(size, self.config.equity_fraction_max or size)
        factors["fraction"] = size
        return size, ""

    def took(self, n: int, notional_units: int) -> None:
        """The size became an order."""
        self.held[n] = self.held.get(n, 0) + notional_units
        self._variance = math.nan

    def _refusal(self, asked: Candidate, factors: dict[str, float]) -> str:
        """What forbids any size."""
        if self.equity_units <= 0:
            return "no equity to size by"
        band = self.config.no_trade
        if band is None:
            return ""
        gain = expected_gain(asked.conviction, self._seen(asked.n, volatility.ANNUAL), band.horizon_min)
        factors["gain_bps"] = gain * 1e4
        margin_bps = band.margin_bps
        if self.config.learns_margin:
            spread = expected_gain(1.0, self._seen(asked.n, volatility.ANNUAL), band.horizon_min)
            margin_bps = max(self.memory.margin.cut, 0.0) * spread * 1e4 if spread > 0.0 else math.inf
            factors["margin_bps"] = margin_bps
        if not inside_band(gain, band.cost_bps, margin_bps):
            return ""
        if not math.isfinite(margin_bps):
            return "no-trade band: too few forecasts have come true or false yet"
        return f"no-trade band: {gain * 1e4:.2f} bps to gain, {2.0 * band.cost_bps + margin_bps:.2f} to pay"

    def _rule(self, asked: Candidate, factors: dict[str, float]) -> tuple[float, str]:
        """The rule's multiple of equity, or why there is none."""
        config, share = self.config, self._share(asked.n)
        if share < 1.0:
            factors["strategy_share"] = share
        if share <= 0.0:
            return 0.0, "the combination gives the leading strategy nothing"
        if config.rule == "risk_fraction":
            size, reason = self._risk_fraction(asked, factors)
        elif config.rule == "kelly":
            size, reason = self._kelly(asked, factors)
        elif config.rule == "volatility_target":
            return self._volatility_target(asked, share, factors)
        else:
            size, reason = config.equity_fraction, ""
            factors["equity_fraction"] = size
        return size * share, reason

    def _risk_fraction(self, asked: Candidate, factors: dict[str, float]) -> tuple[float, str]:
        rule = self.config.risk_fraction
        assert rule is not None, "settings refuse a rule without its section"
        distance = (asked.price_units - asked.stop_units) / asked.price_units if asked.price_units > 0 and asked.stop_units > 0 else 0.0
        conviction = asked.conviction if rule.by_conviction else 1.0
        score = min(pairs.var_95(self._portfolio_variance()) / rule.var_fraction_max, 1.0) if rule.var_fraction_max else 0.0
        factors |= {"risk": rule.fraction, "conviction": conviction, "risk_score": score, "stop_distance": distance}
        if score >= 1.0:
            return 0.0, f"VaR of what is held >= {rule.var_fraction_max:.2%} of equity"
        size = risk_size(rule.fraction, conviction, score, distance)
        return (size, "") if size > 0.0 else (0.0, "no stop or no conviction to size by")

    def _kelly(self, asked: Candidate, factors: dict[str, float]) -> tuple[float, str]:
        rule, row = self.config.kelly, self._row(asked.n)
        assert rule is not None, "settings refuse a rule without its section"
        won, lost, gains, losses = (float(row[i]) for i in (at.WON, at.LOST, at.GAINS, at.LOSSES))
        edge, bar = kelly_edge(won, lost, gains, losses, rule.trades_prior), self._seen(asked.n, volatility.STD)
        strength = float(row[at.STRENGTH])
        factors |= {"won": won, "lost": lost, "kelly": edge, "strength": strength, "bar_volatility": bar}
        if not edge > 0.0:
            return 0.0, f"no edge: won {won:.1f}, lost {lost:.1f} of the leading strategy's trades"
        size = kelly_size(edge, strength, bar, rule.kelly_fraction, rule.base, rule.cap, rule.floor)
        return (size, "") if size > 0.0 else (0.0, "volatility or strength not known")

    def _volatility_target(self, asked: Candidate, share: float, factors: dict[str, float]) -> tuple[float, str]:
        rule, annual = self.config.volatility_target, self._seen(asked.n, volatility.ANNUAL)
        assert rule is not None, "settings refuse a rule without its section"
        factors |= {"target": rule.target, "volatility": annual, "conviction": asked.conviction, "budget": rule.budget * share}
        if not annual >= 0.0:
            return 0.0, "volatility not known yet"
        size = target_weight(
            max(annual, rule.volatility_floor), asked.conviction, rule.budget * share, rule.target, rule.volatility_floor,
            rule.volatility_ceiling, rule.weight_max, rule.weight_min,
        )  # fmt: skip
        return (size, "") if size > 0.0 else (0.0, f"weight below {rule.weight_min:.1%}")

    def _extras(self, asked: Candidate, size: float, factors: dict[str, float]) -> tuple[float, str]:
        """Leverage, half Kelly and the portfolio, in this order."""
        config = self.config
        if config.leverage is not None:
            factors["leverage"] = leverage_of(self._seen(asked.n, volatility.RATIO), config.leverage.lowest, config.leverage.highest)
            size *= factors["leverage"]
        if config.half_kelly is not None:
            rule, row = config.half_kelly, self._row(asked.n)
            mean, variance, bars = float(row[at.MEAN]), float(row[at.VARIANCE]), float(row[at.BARS])
            sharpe = sharpe_of(mean, variance, bars, rule.bars_prior, volatility.MINUTES_A_YEAR)
            most = half_kelly(mean, variance, bars, rule.bars_prior, rule.share, rule.cap) if sharpe > rule.sharpe_min else 0.0
            factors |= {"sharpe": sharpe, "half_kelly": most}
            if not most > 0.0:
                return 0.0, f"half Kelly: the leading strategy's Sharpe ratio {sharpe:.2f} is not above {max(rule.sharpe_min, 0.0):g}"
            size = min(size, most * min(abs(asked.conviction), 1.0))
        if config.portfolio is not None:
            size = min(size, config.equity_fraction_max or size)
            room = self._room(asked.n, size, config.portfolio.volatility_max)
            factors["portfolio_room"] = room
            if not room > 0.0:
                return 0.0, f"portfolio volatility is at {config.portfolio.volatility_max:.0%} or not known"
            size *= room
        return size, ""

    def _room(self, n: int, weight: float, volatility_max: float) -> float:
        annual = self.memory.seen[:, volatility.ANNUAL]
        variance = self._portfolio_variance()
        if not math.isfinite(variance):
            return 0.0
        together = pairs.covariance_with(n, self._weights(), annual, self.memory.pairs)
        return pairs.room_for(weight, float(annual[n]), together, variance, volatility_max)

    def _portfolio_variance(self) -> float:
        if math.isnan(self._variance):
            weights = self._weights()
            known = -1 not in weights and len(self.memory.seen) > 0
            annual = self.memory.seen[:, volatility.ANNUAL]
            self._variance = pairs.portfolio_variance(weights, annual, self.memory.pairs) if known or not weights else math.inf
        return self._variance

    def _weights(self) -> dict[int, float]:
        """In the order of the universe, so that sums come out the same whichever way the positions came."""
        return {n: units / self.equity_units for n, units in sorted(self.held.items()) if units}

    def _seen(self, n: int, column: int) -> float:
        return float(self.memory.seen[n, column]) if len(self.memory.seen) else math.nan

    def _row(self, n: int) -> Float:
        return self.evidence[n] if self.evidence is not None else np.zeros(at.WIDTH)

    def _share(self, n: int) -> float:
        """What the combination gives the leading strategy: all without one, and while it knows too little."""
        rule, row = self.config.combination, self._row(n)
        if rule is None or row[at.SESSIONS] < rule.sessions_min:
            return 1.0
        return float(row[at.SHARE])
