"""Impact and borrow at the venue: who takes liquidity pays by the past sessions, who is short over a night pays for the night."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sim.markets import sessions, usd
from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.orders import OrderReport, Side
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.sim.impact import impact_tables, impact_units
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.venue_orders import NewOrder

TABLE = sessions(4, minutes=10)
IMPACT = VenueConfig(half_spread_bps=2.0, sec_fee_usd_per_million=0.0, taf_usd_per_share=0.0, impact_y=1.0)


def history() -> BarColumns:
    """Flat sessions at 100, 102, 101 and 100 dollars, 5,000 shares a minute."""
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE, dtype=np.int64) for s in TABLE.sessions])
    price = np.repeat([usd(p) for p in (100.0, 102.0, 101.0, 100.0)], 10)
    return BarColumns("X", minute_ns, price, price, price, price, np.full(len(price), 5_000, np.int64))


def bought(session: int, config: VenueConfig = IMPACT, **order: object) -> tuple[Venue, int]:
    """The venue after an order of 100 shares in the second minute of a session, and the price a share, 0 without a fill."""
    venue = Venue({"X": history()}, TABLE, TABLE.sessions[session].open_ns + NS_PER_MINUTE, config)
    answer = venue.submit(NewOrder(**({"symbol": "X", "side": Side.BUY, "qty": 100} | order)))  # type: ignore[arg-type]
    assert isinstance(answer, OrderReport), answer
    filled = venue.order(answer.broker_id)
    return venue, filled.filled_units // filled.qty


def expected(session: int, qty: int = 100) -> int:
    tables = impact_tables({"X": history()}, TABLE.sessions)
    return impact_units(int(history().close[session * 10]), qty, tables.sigma_day_fraction[session, 0], tables.adv_shares[session, 0], 1.0)


def test_a_market_order_pays_the_half_spread_and_then_what_it_moves() -> None:
    venue, price = bought(2)
    moved = expected(2)
    assert moved == 904  # 101 dollars * |102/100 - 1| * sqrt(100 / 50,000), rounded up
    assert price == usd(101.0) + 202 + moved
    assert (venue.spread_units, venue.impact_units) == (100 * 202, 100 * moved)


def test_a_sale_gets_less() -> None:
    venue, price = bought(2, side=Side.SELL)
    assert price == usd(101.0) - 202 - expected(2)
    assert venue.impact_units == 100 * expected(2)


def test_without_a_past_or_without_y_nothing_moves() -> None:
    assert bought(0)[1] == usd(100.0) + 200
    assert bought(2, VenueConfig(half_spread_bps=2.0))[1] == usd(101.0) + 202


def test_a_limit_holds_against_impact_and_an_order_that_was_waited_for_moves_nothing() -> None:
    limit = usd(101.05)
    venue, price = bought(2, kind="limit", limit_units=limit)
    assert price == limit
    assert venue.impact_units == 100 * (limit - usd(101.0) - 202)
    venue, _ = bought(2, kind="limit", limit_units=usd(100.5))
    venue.advance(TABLE.sessions[3].close_ns)
    assert venue.impact_units == 0


@pytest.mark.parametrize(("bps", "cost"), [(0.0, 0), (36.0, 1_100)])  # 10,100 dollars * 36 bp / 360 = 10.1 cents, rounded up
def test_a_short_position_pays_for_its_night_at_the_close(bps: float, cost: int) -> None:
    config = VenueConfig(half_spread_bps=0.0, sec_fee_usd_per_million=0.0, taf_usd_per_share=0.0, borrow_bps_per_year=bps)
    venue, _ = bought(2, config, side=Side.SELL)
    cash = venue.cash_units
    if bps:
        assert venue.next_instant() == TABLE.sessions[2].close_ns
    venue.advance(TABLE.sessions[2].close_ns + NS_PER_MINUTE)
    assert cash - venue.cash_units == cost
    assert [a.net_units for a in venue.activities if a.kind == "INT"] == ([-cost] if cost else [])


def test_what_is_long_borrows_nothing() -> None:
    venue, _ = bought(2, VenueConfig(borrow_bps_per_year=36.0))
    venue.advance(TABLE.sessions[2].close_ns + NS_PER_MINUTE)
    assert not [a for a in venue.activities if a.kind == "INT"]
