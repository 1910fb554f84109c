"""Sizes in the loop: `core.portfolio.sizer.Sizer` over plain numbers, of the same functions in the same order.

A profile of plain sizes (a fixed share of equity) never comes here. tests/unit/sim/test_scan_sizes.py holds both together.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.kernels.kernel import kernel
from tradebot.core.portfolio import evidence as at
from tradebot.core.portfolio import kelly, leverage, no_trade, pairs, risk_fraction, sizing, volatility, volatility_target
from tradebot.core.portfolio.config import SizingConfig
from tradebot.core.portfolio.pairs import pairs_step
from tradebot.core.portfolio.volatility import ANNUAL, MINUTES_A_YEAR, RATIO, STD, volatility_step
from tradebot.sim.scan.layout import BUSY, LIMIT, QTY, REFERENCE, WANT, Book, Bool, Float, Int, Sizes

expected_gain = kernel(no_trade.expected_gain)
inside_band = kernel(no_trade.inside_band)
risk_size = kernel(risk_fraction.risk_size)
kelly_edge = kernel(kelly.kelly_edge)
kelly_size = kernel(kelly.kelly_size)
sharpe_of = kernel(kelly.sharpe_of)
half_kelly = kernel(kelly.half_kelly)
target_weight = kernel(volatility_target.target_weight)
leverage_of = kernel(leverage.leverage_of)
room_for = kernel(pairs.room_for)
correlation = kernel(pairs.correlation)
var_95 = kernel(pairs.var_95)
shares_of = kernel(sizing.shares_of)
shares_floor = kernel(sizing.shares_floor)

PLAIN, EQUITY_FRACTION, RISK_FRACTION, KELLY, VOLATILITY_TARGET = 0, 1, 2, 3, 4
_RULES: Final = {"equity_fraction": 1, "risk_fraction": 2, "kelly": 3, "volatility_target": 4}


class SizeRules(NamedTuple):
    """SizingConfig as numbers; what a profile does not have is 0, and its `has_` false."""

    rule: int
    equity_fraction: float
    equity_fraction_max: float
    max_shares: int
    has_band: bool
    cost_bps: float
    margin_bps: float
    horizon_min: float
    has_combination: bool
    sessions_min: float
    risk_fraction: float
    by_conviction: bool
    var_fraction_max: float
    kelly_fraction: float
    kelly_base: float
    kelly_cap: float
    kelly_floor: float
    trades_prior: float
    target: float
    volatility_floor: float
    volatility_ceiling: float
    weight_max: float
    weight_min: float
    budget: float
    has_leverage: bool
    lowest: float
    highest: float
    has_half_kelly: bool
    half_share: float
    half_cap: float
    sharpe_min: float
    bars_prior: float
    has_portfolio: bool
    volatility_max: float
    weighs_portfolio: bool


def size_rules(config: SizingConfig) -> SizeRules:
    risk, bet, target = config.risk_fraction, config.kelly, config.volatility_target
    band, most, half, whole = config.no_trade, config.leverage, config.half_kelly, config.portfolio
    return SizeRules(
        rule=PLAIN if config.is_plain else _RULES[config.rule],
        equity_fraction=float(config.equity_fraction),
        equity_fraction_max=float(config.equity_fraction_max),
        max_shares=config.max_shares,
        has_band=band is not None,
        cost_bps=0.0 if band is None else float(band.cost_bps),
        margin_bps=0.0 if band is None else float(band.margin_bps),
        horizon_min=0.0 if band is None else float(band.horizon_min),
        has_combination=config.combination is not None,
        sessions_min=0.0 if config.combination is None else float(config.combination.sessions_min),
        risk_fraction=0.0 if risk is None else float(risk.fraction),
        by_conviction=risk is not None and risk.by_conviction,
        var_fraction_max=0.0 if risk is None else float(risk.var_fraction_max),
        kelly_fraction=0.0 if bet is None else float(bet.kelly_fraction),
        kelly_base=0.0 if bet is None else float(bet.base),
        kelly_cap=0.0 if bet is None else float(bet.cap),
        kelly_floor=0.0 if bet is None else float(bet.floor),
        trades_prior=0.0 if bet is None else float(bet.trades_prior),
        target=0.0 if target is None else float(target.target),
        volatility_floor=0.0 if target is None else float(target.volatility_floor),
        volatility_ceiling=0.0 if target is None else float(target.volatility_ceiling),
        weight_max=0.0 if target is None else float(target.weight_max),
        weight_min=0.0 if target is None else float(target.weight_min),
        budget=0.0 if target is None else float(target.budget),
        has_leverage=most is not None,
        lowest=0.0 if most is None else float(most.lowest),
        highest=0.0 if most is None else float(most.highest),
        has_half_kelly=half is not None,
        half_share=0.0 if half is None else float(half.share),
        half_cap=0.0 if half is None else float(half.cap),
        sharpe_min=0.0 if half is None else float(half.sharpe_min),
        bars_prior=0.0 if half is None else float(half.bars_prior),
        has_portfolio=whole is not None,
        volatility_max=0.0 if whole is None else float(whole.volatility_max),
        weighs_portfolio=config.weighs_portfolio,
    )


def sizes_of(config: SizingConfig, grid: MarketGrid, evidence: Float | None) -> Sizes:
    """What the live steps would have seen at each minute of a grid, from its first row on, bit for bit. `evidence` is the opinions'."""
    minutes, symbols = grid.present.shape
    if config.is_plain:
        return Sizes(np.zeros((0, 0, 0)), np.zeros((0, 0, 0)), np.zeros((0, 0)))
    opens = np.array([session.open_ns for session in grid.sessions], np.int64)[grid.session_of]
    count = symbols * (symbols - 1) // 2 if config.weighs_portfolio else 0
    seen, correlations = np.empty((minutes, symbols, volatility.SEEN)), np.empty((minutes, count))
    memory, now, together = volatility.new_memory(symbols), volatility.nothing_seen(symbols), pairs.new_pairs(symbols)
    _see(
        memory, now, together,
        grid.minute_ns // NS_PER_MINUTE, opens // NS_PER_MINUTE, np.ascontiguousarray(grid.close), np.ascontiguousarray(grid.present),
        config.weighs_portfolio, seen, correlations,
    )  # fmt: skip
    told = np.zeros((minutes, symbols, at.WIDTH)) if evidence is None else np.ascontiguousarray(evidence)
    return Sizes(seen, told, correlations)


@kernel
def _see(
    memory: Float, now: Float, together: Float, minutes: Int, opens: Int, close: Int, present: Bool, with_pairs: bool, seen: Float,
    correlations: Float,
) -> None:  # fmt: skip
    """`SizingState.step` over T minutes."""
    for t in range(len(minutes)):
        volatility_step(memory, minutes[t], opens[t], close[t], present[t], now)
        for n in range(close.shape[1]):
            seen[t, n, ANNUAL], seen[t, n, STD], seen[t, n, RATIO] = now[n, ANNUAL], now[n, STD], now[n, RATIO]
        if with_pairs:
            pairs_step(together, memory)
            place = 0
            for i in range(close.shape[1]):
                for j in range(i):
                    correlations[t, place] = correlation(together, i, j)
                    place += 1


@kernel
def rho(correlations: Float, i: int, j: int) -> float:
    """The correlation of two symbols in a row of `Sizes.correlations`."""
    if i == j:
        return 1.0
    high, low = max(i, j), min(i, j)
    return float(correlations[high * (high - 1) // 2 + low])


@kernel
def variance_of(units: Int, equity: int, seen: Float, correlations: Float) -> float:
    """`pairs.portfolio_variance` of what is held or asked for, in units of money (N,)."""
    total = 0.0
    for i in range(len(units)):
        if units[i] == 0:
            continue
        w, s = units[i] / equity, seen[i, ANNUAL]
        if not math.isfinite(s):
            return math.inf
        for j in range(len(units)):
            if units[j]:
                v = units[j] / equity
                total += w * v * s * seen[j, ANNUAL] * rho(correlations, i, j)
    return max(total, 0.0)


@kernel
def covariance_of(n: int, units: Int, equity: int, seen: Float, correlations: Float) -> float:
    """`pairs.covariance_with`."""
    total = 0.0
    for j in range(len(units)):
        if units[j]:
            total += units[j] / equity * seen[n, ANNUAL] * seen[j, ANNUAL] * rho(correlations, n, j)
    return total


@kernel
def fraction_of(
    rules: SizeRules, conviction: float, price: int, stop: int, seen: Float, row: Float, variance: float, covariance: float
) -> float:
    """`Sizer.fraction`: the multiple of equity that a position should be, 0 for a refusal. `seen` (3,) and `row` (W,) are the symbol's."""
    if rules.has_band:
        gain = expected_gain(conviction, seen[ANNUAL], rules.horizon_min)
        if inside_band(gain, rules.cost_bps, rules.margin_bps):
            return 0.0
    share = 1.0
    if rules.has_combination and row[at.SESSIONS] >= rules.sessions_min:
        share = row[at.SHARE]
    if share <= 0.0:
        return 0.0
    size = 0.0
    if rules.rule == EQUITY_FRACTION:
        size = rules.equity_fraction * share
    elif rules.rule == RISK_FRACTION:
        score = min(var_95(variance) / rules.var_fraction_max, 1.0) if rules.var_fraction_max else 0.0
        if score >= 1.0:
            return 0.0
        distance = (price - stop) / price if price > 0 and stop > 0 else 0.0
        size = risk_size(rules.risk_fraction, conviction if rules.by_conviction else 1.0, score, distance) * share
    elif rules.rule == KELLY:
        edge = kelly_edge(row[at.WON], row[at.LOST], row[at.GAINS], row[at.LOSSES], rules.trades_prior)
        size = share * kelly_size(
            edge, row[at.STRENGTH], seen[STD], rules.kelly_fraction, rules.kelly_base, rules.kelly_cap, rules.kelly_floor
        )
    elif seen[ANNUAL] >= 0.0:
        size = target_weight(
            max(seen[ANNUAL], rules.volatility_floor), conviction, rules.budget * share, rules.target,
            rules.volatility_floor, rules.volatility_ceiling, rules.weight_max, rules.weight_min,
        )  # fmt: skip
    if not size > 0.0:
        return 0.0
    if rules.has_leverage:
        size *= leverage_of(seen[RATIO], rules.lowest, rules.highest)
    if rules.has_half_kelly:
        mean, spread, bars = row[at.MEAN], row[at.VARIANCE], row[at.BARS]
        most = 0.0
        if sharpe_of(mean, spread, bars, rules.bars_prior, MINUTES_A_YEAR) > rules.sharpe_min:
            most = half_kelly(mean, spread, bars, rules.bars_prior, rules.half_share, rules.half_cap)
        if not most > 0.0:
            return 0.0
        size = min(size, most * min(abs(conviction), 1.0))
    most_of_all = rules.equity_fraction_max if rules.equity_fraction_max else size
    if rules.has_portfolio:
        size = min(size, most_of_all)
        room = room_for(size, seen[ANNUAL], covariance, variance, rules.volatility_max) if math.isfinite(variance) else 0.0
        if not room > 0.0:
            return 0.0
        size *= room
    return min(size, rules.equity_fraction_max if rules.equity_fraction_max else size)


@kernel
def size_of(
    rules: SizeRules, sizes: Sizes, t: int, n: int, conviction: float, price: int, stop: int, equity: int, free: int, units: Int
) -> int:
    """`Sizer.size`: whole shares. `units` (N,) are held, working or asked for at this minute, `free` the cash that is left."""
    if rules.rule == PLAIN:
        return int(shares_of(equity, price, rules.equity_fraction, rules.max_shares))
    if equity <= 0:
        return 0
    variance = covariance = 0.0
    if rules.weighs_portfolio:
        variance = variance_of(units, equity, sizes.seen[t], sizes.correlations[t])
        if rules.has_portfolio:
            covariance = covariance_of(n, units, equity, sizes.seen[t], sizes.correlations[t])
    fraction = fraction_of(rules, conviction, price, stop, sizes.seen[t, n], sizes.evidence[t, n], variance, covariance)
    shares = shares_of(equity, price, fraction, rules.max_shares) if fraction > 0.0 else 0
    return min(shares, shares_floor(float(free), price)) if rules.has_leverage else shares


@kernel
def weigh(book: Book) -> None:
    """What is held, and what waits at the price that it saw or its limit: what this minute's sizes are weighed against."""
    for n in range(len(book.units)):
        book.units[n] = 0
    for i in range(book.account[BUSY]):
        n = book.busy[i]
        row = book.rows[n]
        book.units[n] = row[QTY] * book.marks[n] + row[WANT] * max(row[REFERENCE], row[LIMIT])
