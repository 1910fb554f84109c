"""Random markets and rules that bind, and one run of each kind: the fast scan and the full simulation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from tradebot.core.config import EngineConfig
from tradebot.core.domain.bars import BarColumns, MarketGrid, market_grid
from tradebot.core.domain.commands import Command, RecordFill, RecordTrade, SubmitOrder
from tradebot.core.domain.events import CashPosted, Event
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.execution.order_type import ExecutionConfig
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.forecast.model import Answer
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.breaker import BreakerConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.sim.driver import Simulation
from tradebot.sim.outcome import Outcome, TradeRow
from tradebot.sim.scan import layout as at
from tradebot.sim.scan.backtest import Scan
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.witness import Witness

OPEN_NS = 1_381_152_600 * 10**9  # 2013-10-07 09:30 New York
DAY_NS = 86_400 * 10**9
BEFORE_OPEN_NS = 6 * 3600 * 10**9
Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dice:
    """A model that throws dice: what it says is a hash of the bar's prices."""

    model_id: str = "dice"
    features: tuple[str, ...] = ("open", "close")
    classes: tuple[str, ...] = ()
    answer: Answer = "probability"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: Float) -> Float:
        cents = np.round(rows[:, 0] * 7919.0 + rows[:, 1] * 104_729.0)
        return np.round(cents % 97.0 / 97.0, 2)  # many are equal: the order of symbols decides


def table_of(minutes: Sequence[int]) -> SessionTable:
    """Consecutive days from Monday 7 October 2013 on, as many as `minutes` has numbers, and one more that nobody trades."""
    monday = dt.date(2013, 10, 7)
    return SessionTable(
        tuple(
            Session(monday + dt.timedelta(d), OPEN_NS + d * DAY_NS, OPEN_NS + d * DAY_NS + m * NS_PER_MINUTE)
            for d, m in enumerate((*minutes, 60))
        )
    )


def random_history(rng: np.random.Generator, symbol: str, sessions: Sequence[Session]) -> BarColumns:
    """Bars that jump, stand still and go missing, alone and in long stretches; some have quotes."""
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE, dtype=np.int64) for s in sessions])
    count, price = len(minute_ns), rng.choice([0.5, 3.0, 40.0, 900.0])
    step = rng.choice([0.0005, 0.004, 0.02])
    jumps = rng.normal(0.0, 0.08, count) * (rng.random(count) < rng.choice([0.0, 0.02]))
    path = price * np.exp(np.cumsum(rng.normal(0.0, step, count) + jumps))
    close = np.maximum(np.round(path * 10_000), 100).astype(np.int64)
    open_ = np.maximum(np.round(path * np.exp(rng.normal(0.0, step, count)) * 10_000), 100).astype(np.int64)
    if rng.random() < 0.7:
        close, open_ = np.maximum(close // 100 * 100, 100), np.maximum(open_ // 100 * 100, 100)
    reach = np.abs(rng.normal(0.0, step, (2, count)))
    high = np.maximum(open_, close) + (np.maximum(open_, close) * reach[0]).astype(np.int64)
    low = np.maximum(np.minimum(open_, close) - (np.minimum(open_, close) * reach[1]).astype(np.int64), 1)
    quotes: tuple[npt.NDArray[np.int64] | None, ...] = (None, None)
    if rng.random() < 0.3:
        half = rng.integers(0, 4, count) * rng.choice([1, 100])
        known = rng.random((2, count)) < 0.9
        quotes = (np.where(known[0], np.maximum(open_ - half, 1), 0), np.where(known[1], open_ + half, 0))
    keep = rng.random(count) >= rng.choice([0.0, 0.05, 0.4])
    if rng.random() < 0.3:
        begins, length = rng.integers(0, count), rng.integers(1, count)
        keep[begins : begins + length] = False
    volume = rng.integers(1, 5_000, count)
    return BarColumns(symbol, minute_ns, open_, high, low, close, volume, *quotes).rows(keep)


def random_config(rng: np.random.Generator) -> EngineConfig:
    """Rules of which each binds now and then; half of them are loose, so that much is traded."""
    loose = rng.random() < 0.5
    plain = SizingConfig(equity_fraction=float(rng.choice([0.02, 0.3, 1.0])), max_shares=int(rng.choice([0, 0, 7])))
    return EngineConfig(
        profile="dice",
        entry=EntryConfig(
            confidence_min=float(rng.choice([0.1, 0.6, 0.9])),
            price_usd_min=0.0 if loose else float(rng.choice([0.0, 1.0, 39.0])),
            price_usd_max=0.0 if loose else float(rng.choice([0.0, 45.0])),
        ),
        sizing=plain,
        exits=ExitsConfig(
            stop_fraction=float(rng.choice([0.001, 0.01, 0.3])),
            target_fraction=float(rng.choice([0.001, 0.02, 0.5])),
            flatten_before_close_min=int(rng.choice([1, 5, 55])),
        ),
        limits=LimitsConfig(positions_max=10, order_usd_max=1e6, daily_loss_fraction_max=1.0) if loose else random_limits(rng),
        execution=ExecutionConfig(
            entry_order=rng.choice(["market", "marketable_limit", "by_spread"]),
            limit_band_bps=float(rng.choice([0.5, 10.0, 60.0])),
            wide_spread_bps=float(rng.choice([0.5, 8.0])),
            entry_patience_s=float(rng.choice([0.0, 0.0, 90.0, 600.0, 86_400.0])),
            reprice_max=int(rng.choice([0, 1, 20])),
        ),
        breaker=BreakerConfig(day_loss=rng.choice(["refuse", "kill"]), drawdown_fraction_max=float(rng.choice([0.01, 0.1, 1.0, 1.0]))),
    )


def random_limits(rng: np.random.Generator) -> LimitsConfig:
    """Each limit is mostly off, or so near to what is traded that it binds now and then: with all at once nothing would trade."""

    def some(*values: float) -> float | Literal["off"]:
        return "off" if rng.random() < 0.85 else float(rng.choice(values))

    return LimitsConfig(
        positions_max=int(rng.choice([1, 2, 10])),
        order_usd_max=float(rng.choice([900.0, 50_000.0])),
        daily_loss_fraction_max=float(rng.choice([0.002, 0.05, 1.0])),
        order_shares_max="off" if rng.random() < 0.9 else int(rng.choice([5, 1000])),
        price_usd_min=some(2.0),
        price_usd_max=some(50.0),
        position_fraction_max=some(0.021, 0.31, 1.0),
        sector_fraction_max=some(0.05, 0.5),
        group_fraction_max=some(0.1, 0.6),
        gross_usd_max=some(1_000.0, 60_000.0),
        net_fraction_max=some(0.5, 1.0),
        leverage_max=some(0.4, 1.0),
        buying_power_multiple=float(rng.choice([1.0, 2.0])),
        cash_borrowed_fraction_max=float(rng.choice([0.0, 0.5])),
        var_fraction_max=some(0.001, 0.02, 0.1),
        historical_var_fraction_max=some(0.01, 0.1),
        drawdown_fraction_max=some(0.001, 0.1),
        orders_per_minute_max="off" if rng.random() < 0.9 else 1,
        notional_usd_per_minute_max=some(1_200.0, 30_000.0),
        symbol_interval_s_min=some(59.0, 120.0, 600.0),
        price_collar_fraction=float(rng.choice([0.0005, 0.05, 0.05])),
        data_age_s_max=float(rng.choice([1.0, 30.0, 30.0, 30.0])),
        headroom_fraction_below=some(0.3, 1.0),
        sectors={"S0": "first", "S1": "second", "S2": "second"},
        groups={} if rng.random() < 0.7 else {"S1": "pair", "S3": "pair"},
    )


def random_venue(rng: np.random.Generator) -> VenueConfig:
    return VenueConfig(
        cash_usd=float(rng.choice([1_500.0, 2_400.0, 100_000.0])),
        half_spread_bps=float(rng.choice([0.0, 1.0, 25.0])),
        sec_fee_usd_per_million=float(rng.choice([0.0, 17.40, 27.8])),
        taf_usd_per_share=float(rng.choice([0.0, 0.000119, 0.000195])),
        margin_multiplier=int(rng.choice([1, 4])),
        impact_y=float(rng.choice([0.0, 0.7, 5.0])),
    )


@dataclass
class Seen:
    """What a simulation did: (time, symbol, signed shares) of each order, with the price of each fill, and the trades."""

    orders: list[tuple[int, str, int]] = field(default_factory=list)
    fills: list[tuple[int, str, int, int]] = field(default_factory=list)
    fees_units: int = 0
    trades: dict[str, Trade] = field(default_factory=dict)

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, CashPosted):
            self.fees_units -= event.amount_units
        for command in commands:
            match command:
                case SubmitOrder(intent=intent):
                    self.orders.append((intent.decided_ns, intent.symbol, intent.side.sign * intent.qty))
                case RecordFill(fill=fill):
                    self.fills.append((fill.ts_event_ns, fill.symbol, fill.side.sign * fill.qty, fill.price_units))
                case RecordTrade(trade=trade):
                    self.trades[trade.trade_id] = trade


def simulate(config: EngineConfig, venue_config: VenueConfig, histories: Sequence[BarColumns], table: SessionTable, grid: MarketGrid,
             first: int, model: Dice | None) -> tuple[Seen, Engine, Venue, Outcome]:  # fmt: skip
    """The full simulation of the sessions from index `first` on, those before it for warming up."""
    venue = Venue({b.symbol: b for b in histories}, table, grid.sessions[first].open_ns - BEFORE_OPEN_NS, venue_config)
    engine = Engine(config, table, {} if model is None else {model.model_id: model})
    seen, witness = Seen(), Witness(engine, venue, grid.sessions[first:])

    def observe(event: Event, commands: Sequence[Command]) -> None:
        seen.observe(event, commands)
        witness.observe(event, commands)

    Simulation(engine, venue, grid, observer=observe).run("" if model is None else model.model_id)
    return seen, engine, venue, witness.outcome()


def assert_same(fast: Outcome, full: Outcome) -> None:
    """Everything that an Outcome says; trades of one instant in any order."""
    for name in ("symbols", "sessions", "cash_units", "start_units", "orders", "fills", "refusals", "costs"):
        assert getattr(fast, name) == getattr(full, name), name
    for name in ("minute_ns", "equity_units", "exposure_units"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(full, name), name)
    assert sorted(fast.trades, key=_place) == sorted(full.trades, key=_place)


def _place(trade: TradeRow) -> tuple[int, str]:
    return trade.entry_ns, trade.symbol


def logged(scan: Scan, symbols: tuple[str, ...]) -> tuple[list[tuple[int, str, int]], list[tuple[int, str, int, int]]]:
    """Orders and fills of a scan in the words of `Seen`."""
    account = scan.book.account
    assert account[at.ORDERS] == len(scan.orders), "the log was too short"
    assert account[at.FILLS] == len(scan.fills), "the log was too short"
    orders = [(int(r[0]), symbols[r[1]], int(r[2])) for r in scan.orders]
    return orders, [(int(r[0]), symbols[r[1]], int(r[2]), int(r[3])) for r in scan.fills]


def market(rng: np.random.Generator, symbols: int, minutes: Sequence[int]) -> tuple[list[BarColumns], SessionTable, MarketGrid]:
    table = table_of(minutes)
    days = table.sessions[: len(minutes)]
    histories = [random_history(rng, f"S{n}", days) for n in range(symbols)]
    return histories, table, market_grid(histories, days)
