"""What holds on every path, for any orders that a generator can think of."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sim.markets import random_bars, sessions
from tradebot.core.domain.orders import OrderReport, Side
from tradebot.core.domain.units import NS_PER_S
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.venue_orders import NewOrder, Refusal, Replacement

TABLE = sessions(2, minutes=30)
KINDS = ("market", "market", "limit", "stop", "stop_limit", "trailing_stop")


def run(seed: int, config: VenueConfig, *, stop_at_instants: bool) -> tuple[Venue, list[object]]:
    """A random customer on a random market, over both sessions and the night between; gives the venue and everything it said."""
    rng = random.Random(seed)
    histories = {name: random_bars(name, TABLE, seed + n, quotes=bool(n)) for n, name in enumerate(("A", "B"))}
    venue = Venue(histories, TABLE, TABLE.sessions[0].open_ns - 10 * NS_PER_S, config)
    said: list[object] = []
    for session in TABLE.sessions:
        at_ns = max(venue.now_ns, session.open_ns - 120 * NS_PER_S)
        while at_ns < session.close_ns + 60 * NS_PER_S:
            at_ns += rng.choice((1, 7, 15, 40, 60, 180)) * NS_PER_S
            while stop_at_instants and (instant := venue.next_instant()) is not None and instant < at_ns:
                venue.advance(instant)
            venue.advance(at_ns)
            said += venue.drain()
            said.append(act(rng, venue))
    venue.advance(TABLE.sessions[-1].close_ns + 10**15)
    return venue, [*said, *venue.drain()]


def act(rng: random.Random, venue: Venue) -> object:
    orders = list(venue.orders)
    match rng.randrange(8):
        case 0 if orders:
            return venue.cancel(rng.choice(orders))
        case 1 if orders:
            price = venue.price_units("A") + rng.randint(-30, 30) * 100
            return venue.replace(rng.choice(orders), Replacement(qty=rng.choice((None, 1, 30)), limit_units=max(price, 100)))
        case _:
            return venue.submit(request(rng, venue))


def request(rng: random.Random, venue: Venue) -> NewOrder:
    symbol, side, kind = rng.choice(("A", "B")), rng.choice((Side.BUY, Side.SELL)), rng.choice(KINDS)
    price = venue.price_units(symbol)

    def near(low: int, high: int) -> int:
        return max(price - price % 100 + rng.randint(low, high) * 100, 100)

    order_class = rng.choice(("simple", "simple", "bracket", "oco", "oto"))
    up = near(5, 30), near(-30, -5)
    target, stop = up if (side is Side.BUY) != (order_class == "oco") else up[::-1]
    complex_order = order_class != "simple"
    return NewOrder(
        symbol,
        side,
        rng.randint(1, 60),
        "limit" if order_class == "oco" else kind,
        rng.choice(("day", "day", "gtc", "ioc", "fok")) if not complex_order else rng.choice(("day", "gtc")),
        limit_units=near(-15, 15) if kind in ("limit", "stop_limit") or order_class == "oco" else 0,
        stop_units=near(-15, 15) if kind in ("stop", "stop_limit") else 0,
        trail_units=rng.randint(1, 20) * 100 if kind == "trailing_stop" else 0,
        order_class=order_class,
        take_profit_units=target if order_class in ("bracket", "oco") else 0,
        stop_loss_units=stop if complex_order else 0,
    )


CONFIGS = st.builds(
    VenueConfig,
    half_spread_bps=st.sampled_from((0.0, 1.0, 12.5)),
    latency_ms=st.sampled_from((0, 0, 250, 20_000)),
    partial_fill_probability=st.sampled_from((0.0, 0.3, 1.0)),
    seed=st.integers(0, 3),
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), config=CONFIGS)
def test_books_balance_and_every_order_ends(seed: int, config: VenueConfig) -> None:
    venue, said = run(seed, config, stop_at_instants=False)
    start = round(config.cash_usd * 10_000)
    assert venue.cash_units == start + sum(a.net_units for a in venue.activities)
    held = {s: 0 for s in ("A", "B")}
    filled: dict[str, tuple[int, int]] = {}
    for activity in venue.activities:
        if (order := activity.order) is not None:
            held[order.symbol] += order.side.sign * activity.qty
            qty, units = filled.get(order.id, (0, 0))
            filled[order.id] = qty + activity.qty, units + activity.qty * activity.price_units
    assert {s: q for s, q in held.items() if q} == {s: h.qty for s, h in venue.positions.items()}
    for order in venue.orders.values():
        assert (order.filled_qty, order.filled_units) == filled.get(order.id, (0, 0))
        assert 0 <= order.filled_qty <= order.qty, "overfilled"
        assert (order.status == "filled") == (order.remaining == 0 and not order.is_open)
        if order.time_in_force != "gtc" and order.created_ns < TABLE.sessions[-1].close_ns:
            assert not order.is_open, "a day order outlived its day"
    assert venue.accrued_fee_units == 0
    answers = [row for row in said if isinstance(row, (OrderReport, Refusal))]
    assert answers


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), config=CONFIGS)
def test_same_calls_same_story_however_time_is_cut(seed: int, config: VenueConfig) -> None:
    """A rerun is identical, ids included, and stopping at every instant in between changes nothing."""
    (one, said_one), (two, said_two), (cut, said_cut) = (run(seed, config, stop_at_instants=how) for how in (False, False, True))
    assert said_one == said_two == said_cut
    assert one.activities == two.activities == cut.activities
    assert one.cash_units == two.cash_units == cut.cash_units


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), config=CONFIGS)
def test_next_instant_is_never_late(seed: int, config: VenueConfig) -> None:
    """Nothing is said before the instant that was announced."""
    rng = random.Random(seed)
    histories = {name: random_bars(name, TABLE, seed + n, quotes=bool(n)) for n, name in enumerate(("A", "B"))}
    venue = Venue(histories, TABLE, TABLE.sessions[0].open_ns, config)
    for _ in range(60):
        act(rng, venue)
        venue.drain()
        cash, announced = venue.cash_units, venue.next_instant()
        if announced is None:
            announced = venue.now_ns + 60 * NS_PER_S
        if announced > venue.now_ns + 1:
            venue.advance(announced - 1)
            assert venue.drain() == [] and venue.cash_units == cash
        venue.advance(announced)
        venue.drain()
