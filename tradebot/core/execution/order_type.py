"""Which kind of order: by its role, its urgency and the spread.

| what | order |
|---|---|
| an exit of any kind (stop, flatten, emergency, an opinion that turned) | market: what reduces risk does not wait for a price |
| an entry | "marketable_limit": a limit a little beyond the price that the decision saw, so it fills at once or not at a bad price |
| | "market": whatever it costs |
| | "by_spread": a marketable limit; where the quoted spread is wide, a passive limit at its own side of the market |

A bracket's entry is a market or a limit order, and its limit lies at least a cent inside stop and target (WIRE.md 2.2): where no limit fits
between them, the entry goes at the market.

`entry_limit_units` is a plain function of numbers: the engine calls it as it stands, the fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le

from tradebot.core.domain.orders import Bracket, OrderKind
from tradebot.core.domain.units import UNITS_PER_USD, usd_text

EntryOrder = Literal["market", "marketable_limit", "by_spread"]

MARKET: Final = 0
MARKETABLE: Final = 1
BY_SPREAD: Final = 2
STYLES: Final[dict[str, int]] = {"market": MARKET, "marketable_limit": MARKETABLE, "by_spread": BY_SPREAD}

_CENT: Final = 100  # the tick from a dollar up, and how far a bracket's legs lie from its base at any price
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionConfig:
    """How entries are ordered. `limit_band_bps`: how far beyond the price that the decision saw a marketable limit lies.

    `wide_spread_bps`: "by_spread" rests passively from this quoted spread on. `entry_patience_s`: an entry that has not filled is
    cancelled at the first decided minute after so long, 0 = at the next one. `reprice_max`: how often a symbol may be tried again in a
    session after entries that did not fill.
    """

    entry_order: EntryOrder = "market"
    limit_band_bps: Annotated[float, Gt(0), Le(1000)] = 25.0
    wide_spread_bps: Annotated[float, Gt(0), Le(10_000)] = 20.0
    entry_patience_s: Annotated[float, Ge(0), Le(_DAY_S)] = _DAY_S
    reprice_max: Annotated[int, Ge(0), Le(100)] = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of order, its limit (0 = none) and why."""

    kind: OrderKind
    limit_units: int
    reason: str


AT_MARKET: Final = Choice(OrderKind.MARKET, 0, "market: the profile asks for it")
URGENT: Final = Choice(OrderKind.MARKET, 0, "market: an exit does not wait")
CRAMPED: Final = Choice(OrderKind.MARKET, 0, "market: no limit fits between stop and target")


def entry_limit_units(
    price_units: int,
    spread_units: int,
    stop_units: int,
    target_units: int,
    style: int,
    limit_band_bps: float,
    wide_spread_bps: float,
) -> int:
    """The limit of a long entry, 0 = at the market. `spread_units` is the quoted spread that the decision saw, 0 = none is known.

    A marketable limit is the price and the band, rounded up to the tick, never below the price. A passive one is half the spread below the
    price, rounded down to the tick.
    """
    if style == MARKET:
        return 0
    if style == BY_SPREAD and spread_units > 0 and spread_units * 10_000.0 >= price_units * wide_spread_bps:
        limit = price_units - (spread_units + 1) // 2
        if limit >= UNITS_PER_USD:
            limit -= limit % _CENT
    else:
        limit = round(price_units * (1.0 + limit_band_bps * 0.0001))
        if limit >= UNITS_PER_USD:
            limit = -(-limit // _CENT) * _CENT
        limit = min(limit, target_units - _CENT)
        if limit < price_units:
            return 0
    return limit if stop_units + _CENT <= limit <= target_units - _CENT else 0


def choose_entry(price_units: int, spread_units: int, bracket: Bracket, config: ExecutionConfig) -> Choice:
    """The order of a protected long entry. `price_units` is what the decision saw, `spread_units` the quoted spread (0 = not known)."""
    style = STYLES[config.entry_order]
    if style == MARKET:
        return AT_MARKET
    limit = entry_limit_units(
        price_units, spread_units, bracket.stop_units, bracket.target_units, style, config.limit_band_bps, config.wide_spread_bps
    )
    if not limit:
        return CRAMPED
    if limit < price_units:
        return Choice(OrderKind.LIMIT, limit, f"passive limit: the spread of {usd_text(spread_units)} is wide for {usd_text(price_units)}")
    return Choice(OrderKind.LIMIT, limit, f"marketable limit: within {config.limit_band_bps:g} bps of {usd_text(price_units)}")


def chased_reason(unfilled: int, config: ExecutionConfig) -> str:
    """Why a symbol is not tried again after `unfilled` entries in a row that did not fill, "" where it may be."""
    return f"{unfilled} entries did not fill: execution.reprice_max is {config.reprice_max}" if unfilled > config.reprice_max else ""
