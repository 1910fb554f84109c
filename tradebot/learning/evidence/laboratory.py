"""A whole piece of research in miniature, on a synthetic market: learn, trade, try twelve ways, report the best one, and be judged.

It does on purpose what people do: it looks at all twelve results and shows the best. The evidence must see through that. Each half hour a
ridge regression, fitted anew each quarter on all that went before, forecasts the next half hour from ten features; a position of all equity
is held for that half hour where the forecast is larger than a multiple of what a round trip costs. A decision on minute t trades at the
open of t + 1 and gives it back at the open of t + 1 + horizon.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.evidence.arrays import Float, Int, sharpe_of
from tradebot.learning.evidence.inputs import EvidenceInput, Trades
from tradebot.learning.evidence.nulls import Prices, delayed_usd, random_entries
from tradebot.learning.evidence.report import HonestyReport, build_report
from tradebot.learning.evidence.synthetic import MINUTES, SyntheticMarket
from tradebot.learning.evidence.trial import Trial
from tradebot.learning.evidence.trials import count_trials

LEARNED_FIRST: Final = 126  # sessions before the first one that counts
STEP: Final = 63  # sessions between two fits
RIDGE: Final = 100.0
DAY_MIN: Final = 1440
EQUITY_USD: Final = 100_000.0


@dataclass(frozen=True, slots=True)
class Configuration:
    """One way that somebody tries."""

    features: Literal["all", "even", "odd"]  # the signal is an even one
    cost_multiple: float
    long_only: bool

    @property
    def name(self) -> str:
        return f"{self.features}_cost{self.cost_multiple:g}_{'long' if self.long_only else 'both'}"

    @property
    def columns(self) -> slice:
        return {"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}[self.features]


CONFIGURATIONS: Final = tuple(
    Configuration(features, multiple, long_only)
    for features in ("all", "even", "odd")
    for multiple in (0.5, 1.5)
    for long_only in (False, True)
)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Of the sessions that count, (S, D): rows are decided at `minute` (D,). `earned` is the log return from entry to exit."""

    minute: Int
    features: Float  # (S, D, F)
    earned: Float


def research(market: SyntheticMarket, draws: int, seed: int, ways: Sequence[Configuration] = CONFIGURATIONS) -> HonestyReport:
    """Everything from the market to the verdict on the best of `ways`. The same market and seed: the same report."""
    decisions = decisions_of(market)
    cost = market.world.round_trip
    sides = {c.name: sides_of(forecasts_of(decisions, c.columns), c, cost) for c in ways}
    simple = np.expm1(decisions.earned[LEARNED_FIRST:])
    gross = np.column_stack([(s * simple).sum(axis=1) for s in sides.values()])
    net = np.column_stack([(s * simple - np.abs(s) * cost).sum(axis=1) for s in sides.values()])
    best = int(sharpe_of(net, axis=0).argmax())
    side = list(sides.values())[best]
    dates = tuple(dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(len(net)))
    trades, prices = trades_of(market, decisions, side), prices_of(market)
    held = market.price[LEARNED_FIRST:, -1]
    before = np.concatenate((market.price[LEARNED_FIRST : LEARNED_FIRST + 1, 0], held[:-1]))
    late = np.bincount(prices.session_of[np.searchsorted(prices.minute_ns, trades.entry_ns)], delayed_usd(trades, prices), len(net))
    return build_report(
        EvidenceInput(
            profile="laboratory",
            source=f"best of {len(ways)} on a synthetic market",
            out_of_sample=True,
            dates=dates,
            net=net[:, best],
            gross=gross[:, best],
            trials=count_trials(_trials(net, dates, ways)),
            delayed=net[:, best] + late / EQUITY_USD,
            benchmarks={"buy_and_hold": held / before - 1.0},
            strategies=tuple(sides),
            by_strategy=net,
            configurations=net if len(ways) > 1 else None,
            trades=trades,
            nulls=(random_entries(trades, prices, draws, seed),),
            draws=draws,
            seed=seed,
        )
    )


def decisions_of(market: SyntheticMarket) -> Decisions:
    """Every `horizon_min` minutes, as long as what is bought can be sold by the close."""
    h = market.world.horizon_min
    minute = np.arange(0, MINUTES - h, h)
    earned = np.log(market.price[:, minute + 1 + h] / market.price[:, minute + 1])
    return Decisions(minute, market.features[:, minute], earned)


def forecasts_of(decisions: Decisions, columns: slice) -> Float:
    """(S, D) log returns, each session by a fit on the sessions before the quarter that it is in."""
    features = decisions.features[:, :, columns]
    sessions, _, width = features.shape
    found = np.empty(decisions.earned[LEARNED_FIRST:].shape)
    for first in range(LEARNED_FIRST, sessions, STEP):
        x, y = features[:first].reshape(-1, width), decisions.earned[:first].ravel()
        weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(width), x.T @ (y - y.mean()))
        found[first - LEARNED_FIRST : first - LEARNED_FIRST + STEP] = y.mean() + features[first : first + STEP] @ weights
    return found


def sides_of(forecast: Float, configuration: Configuration, cost: float) -> Float:
    """1 long, -1 short, 0 flat."""
    side = np.sign(forecast) * (np.abs(forecast) > configuration.cost_multiple * cost)
    found: Float = np.maximum(side, 0.0) if configuration.long_only else side
    return found


def prices_of(market: SyntheticMarket) -> Prices:
    """The sessions that count, a day apart."""
    price = market.price[LEARNED_FIRST:]
    sessions = len(price)
    minute_ns = (np.arange(sessions)[:, None] * DAY_MIN + np.arange(MINUTES + 1)) * NS_PER_MINUTE
    return Prices(minute_ns.ravel(), np.repeat(np.arange(sessions), MINUTES + 1), price.reshape(-1, 1))


def trades_of(market: SyntheticMarket, decisions: Decisions, side: Float) -> Trades:
    """One round trip for each position, with all equity, which stays what it is."""
    session, decided = np.nonzero(side)
    entry_min = session * DAY_MIN + decisions.minute[decided] + 1
    signs = side[session, decided]
    full = np.full(len(session), EQUITY_USD)
    world = market.world
    return Trades(
        symbol_of=np.zeros(len(session), np.int64),
        entry_ns=entry_min * NS_PER_MINUTE,
        exit_ns=(entry_min + world.horizon_min) * NS_PER_MINUTE,
        notional_usd=full,
        gross_usd=full * signs * np.expm1(decisions.earned[LEARNED_FIRST:][session, decided]),
        spread_usd=full * 2.0 * world.half_spread,
        fees_usd=full * world.fees,
        impact_usd=full * 2.0 * world.impact,
        borrow_usd=full * 0.0,
        side=signs.astype(np.int64),
    )


def _trials(net: Float, dates: tuple[dt.date, ...], ways: Sequence[Configuration]) -> list[Trial]:
    """What the ledger would hold of them."""
    numbers = tuple(d.year * 10_000 + d.month * 100 + d.day for d in dates)
    return [
        Trial(what="backtest", profile="laboratory", settings_sha256=c.name, dates=numbers, returns=tuple(net[:, k].tolist()))
        for k, c in enumerate(ways)
    ]
