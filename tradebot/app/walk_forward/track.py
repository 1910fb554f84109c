"""The track record of a walk-forward: every tested session once, under the newest model that there was, and what stands beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tradebot.app.market import Market
from tradebot.app.walk_forward.folder import FoldResult
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.learning.evidence.arrays import sharpe_of
from tradebot.learning.evidence.inputs import EvidenceInput, Null, Target, TrialCount
from tradebot.learning.evidence.inputs import Trades as PricedTrades
from tradebot.learning.evidence.nulls import Prices, p_value, random_entries
from tradebot.settings import Settings
from tradebot.sim.benchmarks import benchmarks_of
from tradebot.sim.outcome import CostWaterfall, TradeRow

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

DELAYED: Final = "lag_1"
DRAWS: Final = 1000
_START_UNITS: Final = 10**12  # of a benchmark: large, so that rounding says nothing


class NullDraws(msgspec.Struct, frozen=True):
    """`learning.evidence.inputs.Null` as plain values."""

    name: str
    statistic: str
    observed: float
    draws: tuple[float, ...]
    p: float
    note: str = ""


class Track(msgspec.Struct, frozen=True):
    """Tuples by session, returns as fractions of the session's first equity; `by_strategy` by session and strategy."""

    profile: str
    run: str
    fidelity: str
    zero_cost: bool
    dates: tuple[dt.date, ...]
    net: tuple[float, ...]
    gross: tuple[float, ...]
    exposure: tuple[float, ...]
    turnover: tuple[float, ...]
    delayed: tuple[float, ...]
    benchmarks: dict[str, tuple[float, ...]]
    strategies: tuple[str, ...]
    by_strategy: tuple[tuple[float, ...], ...]
    nulls: tuple[NullDraws, ...]
    trades: tuple[TradeRow, ...]
    symbols: tuple[str, ...]
    costs: CostWaterfall
    orders: int  # these three: of all that was tested, sessions that two folds test counted twice
    fills: int
    refusals: int


def join(settings: Settings, market: Market, run: str, fidelity: str, results: Sequence[FoldResult]) -> Track:
    """The folds' kept sessions, one after the other, beside what the market alone and luck would have earned on them."""
    dates = tuple(d for r in results for d in r.dates[: r.kept])
    sessions = market.between(dates[0], dates[-1])
    assert tuple(s.date for s in sessions) == dates, "the folds keep every session between the first and the last"
    net = np.array([x for r in results for x in r.net[: r.kept]])
    equity = _first_equity(settings, results)
    trades = tuple(t for r in results for t in _kept(r, sessions))
    strategies, by_strategy = _by_strategy(trades, sessions, equity)
    return Track(
        profile=settings.profile,
        run=run,
        fidelity=fidelity,
        zero_cost=settings.costs.zero,
        dates=dates,
        net=tuple(net.tolist()),
        gross=tuple(x for r in results for x in r.gross[: r.kept]),
        exposure=tuple(x for r in results for x in r.exposure[: r.kept]),
        turnover=_turnover(trades, sessions, equity),
        delayed=tuple(x for r in results for x in r.nulls[DELAYED][0][: r.kept]) if all(DELAYED in r.nulls for r in results) else (),
        benchmarks=_benchmarks(market, sessions),
        strategies=strategies,
        by_strategy=by_strategy,
        nulls=(*_drawn(net, results), _random_entries(market, sessions, trades, settings.model.seed)),
        trades=trades,
        symbols=tuple(sorted(market.histories)),
        costs=_costs(trades),
        orders=sum(r.orders for r in results),
        fills=sum(r.fills for r in results),
        refusals=sum(r.refusals for r in results),
    )


def evidence_of(track: Track, trials: TrialCount, configurations: Float | None) -> EvidenceInput:
    """What the honesty report asks for. `configurations` (S, M) are the trials between which somebody chose, on the same sessions."""
    return EvidenceInput(
        profile=track.profile,
        source=f"walk-forward {track.run}, {track.fidelity}",
        out_of_sample=True,
        dates=track.dates,
        net=np.array(track.net),
        gross=np.array(track.gross),
        trials=trials,
        turnover=np.array(track.turnover),
        delayed=np.array(track.delayed) if track.delayed else None,
        benchmarks={name: np.array(values) for name, values in track.benchmarks.items()},
        strategies=track.strategies,
        by_strategy=np.array(track.by_strategy) if track.strategies else None,
        configurations=configurations,
        trades=priced(track.trades, track.symbols),
        nulls=tuple(
            Null(name=n.name, statistic=n.statistic, observed=n.observed, draws=np.array(n.draws), p=n.p, note=n.note) for n in track.nulls
        ),
        target=Target(),
        zero_cost=track.zero_cost,
    )


def priced(trades: Sequence[TradeRow], symbols: Sequence[str]) -> PricedTrades:
    """Closed trades as columns, money in dollars."""
    closed = [t for t in trades if not t.is_open]

    def usd(units: Sequence[int]) -> Float:
        return np.array(units, np.float64) / UNITS_PER_USD

    spread = usd([t.spread_units for t in closed])
    return PricedTrades(
        symbol_of=np.array([symbols.index(t.symbol) for t in closed], np.int64),
        entry_ns=np.array([t.entry_ns for t in closed], np.int64),
        exit_ns=np.array([t.exit_ns for t in closed], np.int64),
        notional_usd=usd([abs(t.qty) * t.entry_units for t in closed]),
        gross_usd=usd([t.pnl_units for t in closed]) + spread,
        spread_usd=spread,
        fees_usd=usd([t.fees_units for t in closed]),
        impact_usd=np.zeros(len(closed)),
        borrow_usd=np.zeros(len(closed)),
        side=np.array([1 if t.qty > 0 else -1 for t in closed], np.int64),
    )


def _drawn(net: Float, results: Sequence[FoldResult]) -> tuple[NullDraws, ...]:
    """The folds' own nulls, joined draw by draw. Their daily Sharpe ratio."""
    found = []
    for name in sorted(set.intersection(*(set(r.nulls) for r in results)) - {DELAYED}):
        count = min(len(r.nulls[name]) for r in results)
        drawn = np.array([[x for r in results for x in r.nulls[name][n][: r.kept]] for n in range(count)])
        if drawn.shape[1] < 2:
            continue
        ratios, observed = sharpe_of(drawn), float(sharpe_of(net))
        found.append(NullDraws(name, "daily Sharpe ratio", observed, tuple(ratios.tolist()), p_value(observed, ratios)))
    return tuple(found)


def _random_entries(market: Market, sessions: Sequence[Session], trades: Sequence[TradeRow], seed: int) -> NullDraws:
    grid = market.grid(sessions)
    price = np.where(grid.present, grid.open / UNITS_PER_USD, np.nan)
    null = random_entries(priced(trades, grid.symbols), Prices(grid.minute_ns, grid.session_of, price), DRAWS, seed)
    return NullDraws(null.name, null.statistic, null.observed, tuple(null.draws.tolist()), null.p, null.note)


def _benchmarks(market: Market, sessions: Sequence[Session]) -> dict[str, tuple[float, ...]]:
    """Each session's return: its last equity over the one before it."""
    grid = market.grid(sessions)
    last = np.searchsorted(grid.session_of, np.arange(len(sessions)), side="right") - 1
    found = {}
    for benchmark in benchmarks_of(grid, grid.minute_ns, _START_UNITS):
        equity = np.concatenate(([_START_UNITS], benchmark.equity_units[last])).astype(np.float64)
        if benchmark.name != "cash":
            found[benchmark.name.replace(" ", "_")] = tuple((equity[1:] / equity[:-1] - 1.0).tolist())
    return found


def _first_equity(settings: Settings, results: Sequence[FoldResult]) -> Float:
    """(S,) equity at the start of each kept session."""
    start = round(settings.simulation.cash_usd * UNITS_PER_USD)
    return np.array([x for r in results for x in (start, *r.equity_units)[: r.kept]], np.float64)


def _kept(result: FoldResult, sessions: Sequence[Session]) -> list[TradeRow]:
    """A fold's trades of the sessions that count."""
    kept = set(result.dates[: result.kept])
    rows = _session_of(result.trades, sessions).tolist()
    return [trade for trade, row in zip(result.trades, rows, strict=True) if row >= 0 and sessions[row].date in kept]


def _session_of(trades: Sequence[TradeRow], sessions: Sequence[Session]) -> Int:
    """Which session each trade began in, -1 = none of these."""
    entry = np.array([t.entry_ns for t in trades], np.int64)
    opens, closes = (np.array([getattr(s, edge) for s in sessions], np.int64) for edge in ("open_ns", "close_ns"))
    row = np.searchsorted(opens, entry, side="right") - 1
    inside: Int = np.where((row >= 0) & (entry < closes[np.maximum(row, 0)]), row, -1)
    return inside


def _turnover(trades: Sequence[TradeRow], sessions: Sequence[Session], equity: Float) -> tuple[float, ...]:
    """Notional bought and sold over equity, by the session of the entry."""
    traded = np.zeros(len(sessions))
    notional = np.array([abs(t.qty) * (t.entry_units + t.exit_units) for t in trades], np.float64)
    np.add.at(traded, _session_of(trades, sessions), notional)
    return tuple((traded / equity).tolist())


def _by_strategy(
    trades: Sequence[TradeRow], sessions: Sequence[Session], equity: Float
) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
    """Net returns by session and by the strategy that led the entry; none for a profile without strategies."""
    names = tuple(sorted({t.strategy for t in trades if t.strategy}))
    earned = np.zeros((len(sessions), len(names)))
    for trade, row in zip(trades, _session_of(trades, sessions).tolist(), strict=True):
        if trade.strategy:
            earned[row, names.index(trade.strategy)] += trade.pnl_units - trade.fees_units
    return names, tuple(tuple(row) for row in (earned / equity[:, None]).tolist())


def _costs(trades: Sequence[TradeRow]) -> CostWaterfall:
    """Of the trades; what their own size moved the price by is in the spread."""
    spread, fees = sum(t.spread_units for t in trades), sum(t.fees_units for t in trades)
    return CostWaterfall(sum(t.pnl_units for t in trades) + spread, spread, fees)
