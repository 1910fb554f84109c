"""The fast backtest: opinions of a whole history in, what they would have come to out.

    fast_backtest(config, venue, grid, conviction, valid) == Outcome of Simulation on the same venue, to the last unit

where the venue has no latency and fills whole orders. A decision on a minute meets the symbol's next bar's open; limits that wait, stops
and targets rest at the venue and act inside the bars, the worst case first (sim/venue_tape.py). What it can't do stands in able.py.
tests/property/test_scan.py holds both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tradebot.core.config import EngineConfig
from tradebot.core.domain.bars import TAPE, MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S, units_nearest
from tradebot.core.execution.exits import flatten_ns
from tradebot.core.execution.order_type import STYLES
from tradebot.core.risk.limits import rules_of as limit_rules_of
from tradebot.core.selection.entry import price_bounds_units
from tradebot.sim.impact import ImpactTables, impact_tables_of
from tradebot.sim.outcome import CostWaterfall, Outcome
from tradebot.sim.scan import layout as at
from tradebot.sim.scan.able import fees_of, why_full
from tradebot.sim.scan.groups import known_by_session, sectors_of
from tradebot.sim.scan.layout import Bars, Book, Bool, Days, Float, Int, Rules, Wishes, new_book
from tradebot.sim.scan.sizes import size_rules, sizes_of
from tradebot.sim.scan.trades import ScanTrades
from tradebot.sim.venue_config import VenueConfig

_ROOM = 1 << 14
_NONE = np.zeros((0, 0), np.int64)
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Scan:
    """The scan's own tables, as `layout` names their columns; `fills` and `orders` are empty unless a log was asked for."""

    book: Book
    trades: Int
    fills: Int
    orders: Int


def fast_backtest(
    config: EngineConfig,
    venue: VenueConfig,
    grid: MarketGrid,
    conviction: Float,
    valid: Bool,
    exits: Bool | None = None,
    first_minute: int = 0,
    *,
    grace_s: float = 2.0,
    impact: ImpactTables | None = None,
    seen: MarketGrid | None = None,
) -> Outcome:
    """What trading by these opinions from row `first_minute`, a session's first minute, on would have come to.

    `grid` is the venue's market, with quotes where it trades on quotes. `conviction` (T, N) is a probability or a forecast, `valid` (T, N)
    where it may open a position, `exits` (T, N) where it closes one. `impact` are the tables of the sessions, by default from what the
    grid itself holds of the past. `seen` is the market as the profile perceives it, by default as it is traded. Raises OperatorFault for
    what stands in sim/scan/able.py.
    """
    scanned = scan_market(config, venue, grid, conviction, valid, exits, first_minute, grace_s=grace_s, impact=impact, seen=seen)
    return outcome(config, venue, grid, conviction, first_minute, scanned)


def scan_market(
    config: EngineConfig,
    venue: VenueConfig,
    grid: MarketGrid,
    conviction: Float,
    valid: Bool,
    exits: Bool | None = None,
    first_minute: int = 0,
    *,
    grace_s: float = 2.0,
    impact: ImpactTables | None = None,
    seen: MarketGrid | None = None,
    evidence: Float | None = None,
    log_rows: int = 0,
) -> Scan:
    """As `fast_backtest`, with the raw tables. `evidence` (T, N, W) is what sizes read of the leading strategies (Opinions.evidence);
    `log_rows` > 0 keeps that many orders and fills.
    """
    from tradebot.sim.scan.scan import scan

    rules = rules_of(config, venue, grace_s)
    assert conviction.shape == valid.shape == grid.present.shape, "one opinion for each minute and symbol"
    minutes, symbols = grid.present.shape
    days = days_of(config, grid, first_minute)
    book = new_book(symbols, minutes, len(days.first), units_nearest(venue.cash_usd))
    book.account[at.ROW] = first_minute
    bars = _bars(grid, venue, impact, first_minute)
    spread = _spreads(seen or grid) if config.execution.entry_order == "by_spread" else _NONE
    closing = np.zeros((0, 0), np.bool_) if exits is None else _plain(exits)
    sizes = sizes_of(config.sizing, seen or grid, evidence)
    sector, before = sectors_of(config.limits, grid.symbols), known_by_session(config.limits, grid, first_minute)
    wishes = Wishes(
        _plain(conviction), _plain(valid), closing, spread, _anchors(seen or grid), sector, before.groups, before.risk, sizes
    )  # fmt: skip
    trades = np.empty((_ROOM + 2 * symbols, at.TRADE_WIDTH), np.int64)
    fills, orders = np.zeros((log_rows, at.LOG_WIDTH), np.int64), np.zeros((log_rows, at.LOG_WIDTH), np.int64)
    while not scan(bars, wishes, days, rules, grid.minute_ns, book, trades, fills, orders, 2 * symbols):
        trades = np.concatenate([trades, np.empty_like(trades)])
    account = book.account
    return Scan(book, trades[: account[at.TRADES]], fills[: account[at.FILLS]], orders[: account[at.ORDERS]])


def rules_of(config: EngineConfig, venue: VenueConfig, grace_s: float) -> Rules:
    """The numbers that the scan reads. Raises OperatorFault for what it can't do as the full simulation does."""
    reason = why_full(config, venue, grace_s)
    if reason:
        raise OperatorFault(reason)
    low, high = price_bounds_units(config.entry)
    book = config.playbook
    sec, taf = fees_of(venue)
    return Rules(
        confidence_min=config.entry.confidence_min if book is None else book.selection.forecast_min,
        price_units_min=low,
        price_units_max=high,
        sizing=size_rules(config.sizing),
        limits=limit_rules_of(config.limits),
        stop_fraction=config.exits.stop_fraction,
        target_fraction=config.exits.target_fraction,
        order_interval_s_min=0.0 if book is None or book.gates is None else float(book.gates.order_interval_s_min),
        grace_ns=int(grace_s * NS_PER_S),
        half_spread=round(venue.half_spread_bps * 1_000_000),
        margin_multiplier=venue.margin_multiplier,
        sec_num=sec.numerator,
        sec_den=sec.denominator,
        taf_num=taf.numerator,
        taf_den=taf.denominator,
        impact_y=float(venue.impact_y),
        entry_style=STYLES[config.execution.entry_order],
        limit_band_bps=float(config.execution.limit_band_bps),
        wide_spread_bps=float(config.execution.wide_spread_bps),
        patience_ns=round(config.execution.entry_patience_s * NS_PER_S),
        reprice_max=config.execution.reprice_max,
        day_loss_kills=config.breaker.day_loss == "kill",
        drawdown_fraction_max=float(config.breaker.drawdown_fraction_max),
    )


def days_of(config: EngineConfig, grid: MarketGrid, first_minute: int) -> Days:
    """The sessions from `first_minute` on."""
    first, end = (
        grid.session_of.searchsorted(np.arange(len(grid.sessions))),
        grid.session_of.searchsorted(np.arange(len(grid.sessions)), side="right"),
    )
    traded = np.flatnonzero((first >= first_minute) & (end > first))
    assert len(traded) == 0 or first[traded[0]] == first_minute, "trading starts with a session's first minute"
    sessions = [grid.sessions[s] for s in traded]
    return Days(
        first[traded].astype(np.int64),
        end[traded].astype(np.int64),
        np.array([s.open_ns for s in sessions], np.int64),
        np.array([s.close_ns for s in sessions], np.int64),
        np.array([flatten_ns(s.close_ns, config.exits) for s in sessions], np.int64),
    )


def outcome(
    config: EngineConfig,
    venue: VenueConfig,
    grid: MarketGrid,
    conviction: Float,
    first_minute: int,
    scanned: Scan,
    leaders: Int | None = None,
    strategies: tuple[str, ...] = (),
    regimes: Int | None = None,
    labels: tuple[str, ...] = (),
) -> Outcome:
    """A scan's tables as an Outcome. `leaders` and `regimes` (T, N) place names in `strategies` and `labels`, -1 = none."""
    book, account = scanned.book, [int(x) for x in scanned.book.account]
    start, cash = units_nearest(venue.cash_usd), account[at.CASH]
    held = int((book.rows[:, at.QTY] * book.marks).sum())
    trades = ScanTrades(
        scanned.trades, grid.symbols, conviction, book.marks, book.fees, book.sold, config.exits, leaders, strategies, regimes, labels,
        (account[at.TRIP_EQUITY], account[at.TRIP_START]),
    )  # fmt: skip
    spread, fees, impact = account[at.SPREAD], account[at.FEES], account[at.IMPACT]
    traded = range(int(grid.session_of[first_minute]), len(grid.sessions)) if first_minute < len(grid.session_of) else range(0)
    return Outcome(
        symbols=grid.symbols,
        sessions=tuple(grid.sessions[s] for s in traded),
        minute_ns=grid.minute_ns[first_minute:],
        equity_units=book.equity[first_minute:],
        exposure_units=book.exposure[first_minute:],
        cash_units=cash,
        start_units=start,
        trades=trades,
        orders=account[at.ORDERS],
        fills=account[at.FILLS],
        refusals=account[at.REFUSALS],
        costs=CostWaterfall(cash + held - start + spread + fees + impact, spread, fees, impact),
    )


def _bars(grid: MarketGrid, venue: VenueConfig, impact: ImpactTables | None, first_minute: int) -> Bars:
    quotes = (_NONE, _NONE)
    if grid.tape is not None and grid.tape[..., :2].any():
        quotes = (np.ascontiguousarray(grid.tape[..., TAPE.index("bid")]), np.ascontiguousarray(grid.tape[..., TAPE.index("ask")]))
    sigma = adv = np.zeros((0, len(grid.symbols)))
    if venue.impact_y and first_minute < len(grid.session_of):
        tables, first = impact or impact_tables_of(grid), int(grid.session_of[first_minute])
        sigma, adv = tables.sigma_day_fraction[first:], tables.adv_shares[first:]
    opens, highs, lows, closes = (_plain(x) for x in (grid.open, grid.high, grid.low, grid.close))
    return Bars(opens, highs, lows, closes, *quotes, _plain(grid.present), _plain(sigma), _plain(adv))


def _spreads(grid: MarketGrid) -> Int:
    """The quoted spreads (T, N), 0 where none is known or it is crossed: `MinuteClosed.spread_units` of every minute."""
    if grid.tape is None:
        return _NONE
    bid, ask = grid.tape[..., TAPE.index("bid")], grid.tape[..., TAPE.index("ask")]
    return np.ascontiguousarray(np.where((bid > 0) & (ask > bid), ask - bid, 0))


def _anchors(grid: MarketGrid) -> Int:
    """`MinuteClosed.anchor_units` of every minute (T, N); (0, 0) where no quote is known at all."""
    if grid.tape is None:
        return _NONE
    bid, ask = grid.tape[..., TAPE.index("bid")], grid.tape[..., TAPE.index("ask")]
    quoted = (bid > 0) & (ask > bid)
    return np.ascontiguousarray(np.where(quoted, (bid + ask) // 2, grid.close)) if quoted.any() else _NONE


def _plain(values: npt.NDArray[T]) -> npt.NDArray[T]:
    """In the one layout that the scan is compiled for; no copy where it has it."""
    return np.ascontiguousarray(values)
