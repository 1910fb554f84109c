"""Playbooks of the venue: on this price path, with these orders, exactly this happens, at this time and price."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.unit.sim.markets import FIRST_OPEN_NS, bars, sessions, usd
from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.orders import Bracket, OrderIntent, OrderKind, OrderReport, OrderStatus, Role, Side
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.venue_orders import NewOrder, Refusal, Replacement, new_order

IDEAL = VenueConfig(half_spread_bps=0.0, sec_fee_usd_per_million=0.0, taf_usd_per_share=0.0)
Row = tuple[float, float, float, float]
FLAT = (100.0, 100.0, 100.0, 100.0)
BUY, SELL = Side.BUY, Side.SELL


def venue(*rows: tuple[float, float, float, float], config: VenueConfig = IDEAL, start_s: int = 0, missing: Sequence[int] = ()) -> Venue:
    history = bars("X", rows, missing=missing)
    return Venue({"X": history}, sessions(2), FIRST_OPEN_NS + start_s * NS_PER_S, config)


def at(seconds: float) -> int:
    return FIRST_OPEN_NS + round(seconds * NS_PER_S)


def told(subject: Venue) -> list[tuple[float, str, str, float]]:
    """(second, event, leg, price) of everything since the last call."""
    return [((u.ts_ns - FIRST_OPEN_NS) / NS_PER_S, u.event, u.order.leg, u.price_units / 10_000) for u in subject.drain()]


def fills(subject: Venue, to_s: float) -> list[tuple[float, float]]:
    """(second, price) of the fills up to a time."""
    subject.advance(at(to_s))
    return [(second, price) for second, event, _, price in told(subject) if event == "fill"]


def submit(subject: Venue, **order: object) -> OrderReport:
    values = {"symbol": "X", "side": BUY, "qty": 10} | order
    answer = subject.submit(NewOrder(**values))  # type: ignore[arg-type]
    assert isinstance(answer, OrderReport), answer
    return answer


def refused(subject: Venue, **order: object) -> Refusal:
    values = {"symbol": "X", "side": BUY, "qty": 10} | order
    answer = subject.submit(NewOrder(**values))  # type: ignore[arg-type]
    assert isinstance(answer, Refusal), answer
    return answer


# ---- market orders


@pytest.mark.parametrize(("second", "price"), [(0, 100.0), (14.9, 100.0), (15, 98.0), (30, 103.0), (45, 101.0), (59.9, 101.0)])
def test_market_order_fills_at_the_latest_point_of_the_minute(second: float, price: float) -> None:
    subject = venue((100.0, 103.0, 98.0, 101.0), FLAT)
    subject.advance(at(second))
    submit(subject)
    assert told(subject) == [(second, "new", "", 0.0), (second, "fill", "", price)]


def test_extremes_come_worst_first_for_what_is_held() -> None:
    row = (100.0, 103.0, 98.0, 99.0)  # closes lower: flat means high first
    flat, long, short = (venue(row, row) for _ in range(3))
    submit(long)
    submit(short, side=SELL)
    prices = []
    for subject in (flat, long, short):
        subject.advance(at(75))
        prices.append(subject.price_units("X") / 10_000)
    assert prices == [103.0, 98.0, 103.0]


def test_market_order_waits_for_a_minute_that_has_a_bar() -> None:
    subject = venue(FLAT, FLAT, FLAT, (101.0, 101.0, 101.0, 101.0), missing=(1, 2))
    subject.advance(at(65))
    submit(subject)
    assert [event for _, event, _, _ in told(subject)] == ["new"]
    assert subject.next_instant() == at(180)
    assert fills(subject, 180) == [(180, 101.0)]


def test_quotes_price_the_open_and_their_half_spread_everything_else() -> None:
    plain = bars("X", [(100.0, 100.5, 99.5, 100.0)] * 2)
    quoted = BarColumns(*(getattr(plain, name) for name in ("symbol", "minute_ns", "open", "high", "low", "close", "volume")))
    quoted = BarColumns(
        quoted.symbol,
        quoted.minute_ns,
        quoted.open,
        quoted.high,
        quoted.low,
        quoted.close,
        quoted.volume,
        bid=plain.open - usd(0.02),
        ask=plain.open + usd(0.03),
    )
    subject = Venue({"X": quoted}, sessions(1), FIRST_OPEN_NS, IDEAL)
    submit(subject)
    submit(subject, side=SELL)
    subject.advance(at(45))
    submit(subject)
    prices = [price for _, event, _, price in told(subject) if event == "fill"]
    assert prices == [100.03, 99.98, 100.025]


def test_assumed_half_spread_is_rounded_up() -> None:
    subject = venue((33.33, 33.33, 33.33, 33.33), config=VenueConfig(half_spread_bps=1.0))
    submit(subject)
    assert told(subject)[-1][3] == 33.3334  # 33.33 * 0.0001 = 0.003333, up to 0.0034


# ---- resting orders


def test_limit_and_stop_act_at_their_own_price_between_points() -> None:
    path = (100.0, 103.0, 97.0, 101.0)
    assert fills(_with(path, side=BUY, kind="limit", limit_units=usd(98)), 120) == [(75, 98.0)]
    assert fills(_with(path, side=BUY, kind="stop", stop_units=usd(102)), 120) == [(90, 102.0)]
    assert fills(_with(path, side=SELL, kind="limit", limit_units=usd(102)), 120) == [(90, 102.0)]
    assert fills(_with(path, side=SELL, kind="stop", stop_units=usd(98)), 120) == [(75, 98.0)]


def test_a_gap_at_the_open_fills_at_the_open() -> None:
    down, up = (95.0, 95.0, 95.0, 95.0), (105.0, 105.0, 105.0, 105.0)
    assert fills(_with(down, side=BUY, kind="limit", limit_units=usd(98)), 120) == [(60, 95.0)]
    assert fills(_with(down, side=SELL, kind="stop", stop_units=usd(98)), 120) == [(60, 95.0)]
    assert fills(_with(up, side=BUY, kind="stop", stop_units=usd(102)), 120) == [(60, 105.0)]
    assert fills(_with(up, side=SELL, kind="limit", limit_units=usd(102)), 120) == [(60, 105.0)]


def test_stop_pays_the_half_spread_and_limit_does_not() -> None:
    spread = VenueConfig(half_spread_bps=10.0)
    path = (100.0, 103.0, 97.0, 101.0)
    assert fills(_with(path, spread, side=SELL, kind="stop", stop_units=usd(98)), 120) == [(75, 97.902)]
    assert fills(_with(path, spread, side=SELL, kind="limit", limit_units=usd(102)), 120) == [(90, 102.0)]


def test_stop_limit_rests_as_a_limit_after_its_trigger() -> None:
    gap, back = (95.0, 95.5, 95.0, 95.2), (95.2, 99.0, 95.2, 99.0)
    subject = _with(gap, side=SELL, kind="stop_limit", stop_units=usd(98), limit_units=usd(97.5), more=[back])
    assert fills(subject, 120) == []  # triggered below its limit
    assert fills(subject, 180) == [(150, 97.5)]


def test_trailing_stop_follows_the_high() -> None:
    rows = [(101.0, 104.0, 101.0, 104.0), (104.0, 104.5, 102.0, 102.0)]
    subject = _with(rows[0], side=SELL, kind="trailing_stop", trail_units=usd(1.5), more=rows[1:])
    assert fills(subject, 120) == []
    assert subject.open_orders[0].hwm_units == usd(104)
    assert fills(subject, 180) == [(135, 102.5)]  # long: low first, from 104 through 102.50


def _with(
    row: tuple[float, float, float, float], config: VenueConfig = IDEAL, more: Sequence[tuple[float, ...]] = (), **order: object
) -> Venue:
    """A venue with one resting order before `row`; a seller holds the shares already."""
    subject = venue(FLAT, row, *more, config=config)
    if order["side"] is SELL:
        submit(subject)
    submit(subject, **order)
    subject.drain()
    return subject


def test_ioc_and_fok_do_not_rest() -> None:
    subject = venue(FLAT, FLAT)
    for tif in ("ioc", "fok"):
        submit(subject, kind="limit", limit_units=usd(99), time_in_force=tif)
        submit(subject, kind="limit", limit_units=usd(101), time_in_force=tif)
    events = [event for _, event, _, _ in told(subject)]
    assert events == ["new", "canceled", "new", "fill"] * 2 and subject.open_orders == ()


# ---- complex orders

BRACKET = {"order_class": "bracket", "take_profit_units": usd(102), "stop_loss_units": usd(98)}


def test_bracket_entry_and_stop_in_one_minute() -> None:
    subject = venue(FLAT, (100.0, 101.0, 97.0, 100.5))
    submit(subject, kind="limit", limit_units=usd(99.5), **BRACKET)
    subject.advance(at(120))
    assert told(subject) == [
        (0, "new", "", 0.0),
        (75, "fill", "", 99.5),
        (75, "new", "take_profit", 0.0),
        (75, "new", "stop_loss", 0.0),
        (75, "fill", "stop_loss", 98.0),
        (75, "canceled", "take_profit", 0.0),
    ]


def test_both_extremes_reach_a_leg_and_the_worse_one_wins() -> None:
    subject = venue(FLAT, (100.0, 103.0, 97.0, 100.0))
    submit(subject, **BRACKET)
    subject.drain()
    assert fills(subject, 120) == [(75, 98.0)]
    subject = venue(FLAT, (100.0, 103.0, 97.0, 100.0))
    short = {"order_class": "bracket", "take_profit_units": usd(98), "stop_loss_units": usd(102)}
    submit(subject, side=SELL, **short)
    subject.drain()
    assert fills(subject, 120) == [(75, 102.0)]


def test_target_partial_fill_shrinks_the_stop() -> None:
    config = VenueConfig(half_spread_bps=0.0, partial_fill_probability=1.0, seed=3)
    subject = venue(FLAT, *[(100.0, 103.0, 100.0, 103.0)] * 60, config=config)
    submit(subject, qty=100, **BRACKET)
    while subject.open_orders and (instant := subject.next_instant()) is not None:
        subject.advance(instant)
        for leg in (o for o in subject.open_orders if o.leg):
            sibling = next(o for o in subject.orders.values() if o.leg and o.id != leg.id)
            if sibling.is_open and leg.status is not OrderStatus.HELD:
                assert leg.remaining == sibling.remaining == abs(subject.positions["X"].qty)
    assert subject.positions == {}
    assert {u.event for u in subject.drain()} >= {"partial_fill", "restated", "fill", "canceled"}


def test_protection_rests_only_after_the_whole_entry() -> None:
    config = VenueConfig(half_spread_bps=0.0, partial_fill_probability=1.0, seed=1)
    subject = venue(FLAT, FLAT, FLAT, config=config)
    report = submit(subject, qty=100, **BRACKET)
    assert subject.report(report.broker_id).status is OrderStatus.PARTIALLY_FILLED
    assert {leg.status for leg in subject.report(report.broker_id).legs} == {OrderStatus.HELD}
    subject.cancel(report.broker_id)
    assert {leg.status for leg in subject.report(report.broker_id).legs} == {OrderStatus.CANCELED}
    assert 0 < subject.positions["X"].qty < 100


# ---- time


def test_orders_arrive_after_the_latency() -> None:
    subject = venue((100.0, 103.0, 98.0, 101.0), config=VenueConfig(half_spread_bps=0.0, latency_ms=20_000))
    report = submit(subject)
    assert report.status is OrderStatus.PENDING_NEW
    assert subject.next_instant() == at(20)
    assert fills(subject, 30) == [(20, 98.0)]
    resting = submit(subject, kind="limit", limit_units=usd(50))
    subject.advance(at(55))
    subject.cancel(resting.broker_id)
    assert subject.report(resting.broker_id).status is OrderStatus.PENDING_CANCEL
    subject.advance(at(75))
    assert subject.report(resting.broker_id).status is OrderStatus.CANCELED


def test_a_day_order_after_the_close_waits_for_the_next_session() -> None:
    table = sessions(2)
    tomorrow = bars("X", [FLAT], table.sessions[1].open_ns)
    subject = Venue({"X": tomorrow}, table, table.sessions[0].close_ns + NS_PER_MINUTE, IDEAL)
    report = submit(subject)
    assert report.status is OrderStatus.ACCEPTED
    subject.advance(table.sessions[1].open_ns)
    assert [u.event for u in subject.drain()] == ["accepted", "new", "fill"]


def test_only_extended_orders_trade_before_the_open() -> None:
    early = FIRST_OPEN_NS - 60 * NS_PER_MINUTE
    history = bars("X", [FLAT] * 120, early)
    subject = Venue({"X": history}, sessions(1), early, IDEAL)
    submit(subject, kind="limit", limit_units=usd(101), extended_hours=True)
    submit(subject)
    subject.advance(early + NS_PER_MINUTE)
    assert [o.filled_qty for o in subject.orders.values()] == [10, 0]
    subject.advance(FIRST_OPEN_NS)
    assert [o.filled_qty for o in subject.orders.values()] == [10, 10]


def test_fees_of_a_session_are_posted_at_its_close() -> None:
    subject = venue(FLAT, config=VenueConfig(half_spread_bps=0.0))
    submit(subject)
    submit(subject, side=SELL)
    assert subject.cash_units == usd(100_000) and subject.accrued_fee_units == usd(0.03)
    assert subject.next_instant() == sessions(1).sessions[0].close_ns
    subject.advance(sessions(1).sessions[0].close_ns)
    assert [a.kind for a in subject.activities] == ["FILL", "FILL", "FEE"]
    assert subject.cash_units == usd(100_000) - usd(0.03) and subject.next_instant() is None


def test_time_cannot_run_backwards() -> None:
    subject = venue(FLAT, start_s=10)
    with pytest.raises(AssertionError, match="backwards"):
        subject.advance(at(5))


# ---- refusals


def test_refusals() -> None:
    subject = venue(FLAT)
    assert refused(subject, order_class="bracket", take_profit_units=usd(102)).code == 40010001
    assert refused(subject, kind="stop", stop_units=usd(99), **BRACKET).code == 40010001
    assert refused(subject, kind="limit", limit_units=usd(100) + 50).code == 42210000
    assert refused(subject, **(BRACKET | {"take_profit_units": usd(97)})).message.startswith("take_profit.limit_price")
    assert refused(subject, time_in_force="opg").code == 42210000
    assert (
        refused(subject, kind="limit", limit_units=usd(100), order_class="oco", **_legs(102, 98)).message
        == "oco orders must be exit orders"
    )
    power = refused(subject, qty=4_001)
    assert (power.http_status, power.code) == (403, 40310000)
    assert power.extras == {"buying_power": "400000.00", "cost_basis": "400100.00"}


def _legs(target: float, stop: float) -> dict[str, object]:
    return {"take_profit_units": usd(target), "stop_loss_units": usd(stop)}


def test_a_position_cannot_be_turned_around_by_one_order() -> None:
    subject = venue(FLAT)
    submit(subject)
    assert refused(subject, side=SELL, qty=11).message == "insufficient qty available for order (requested: 11, available: 10)"
    submit(subject, side=SELL, kind="limit", limit_units=usd(101), qty=6)
    assert refused(subject, side=SELL, qty=5).extras["held_for_orders"] == "6"


def test_wash_trades_cross_and_others_do_not() -> None:
    subject = venue(FLAT)
    submit(subject)
    submit(subject, side=SELL, kind="limit", limit_units=usd(105), qty=5)
    assert refused(subject).extras["reject_reason"] == "opposite side market/stop order exists"
    assert refused(subject, kind="limit", limit_units=usd(105)).extras["reject_reason"] == "opposite side limit order exists"
    submit(subject, kind="limit", limit_units=usd(99))
    submit(subject, **BRACKET)  # complex orders are exempt


def test_small_accounts_have_no_margin_and_cannot_short() -> None:
    subject = venue(FLAT, config=VenueConfig(cash_usd=1_500, half_spread_bps=0.0))
    assert refused(subject, qty=16).extras["buying_power"] == "1500.00"
    assert refused(subject, side=SELL, qty=1).message == "account is not allowed to short"
    submit(subject, qty=15)


def test_replacing_too_much_is_refused() -> None:
    subject = venue(FLAT)
    report = submit(subject, kind="limit", limit_units=usd(99))
    for change, start in (
        (Replacement(qty=5_000), "insufficient buying power"),
        (Replacement(stop_units=usd(98)), "stop_price cannot be replaced"),
        (Replacement(limit_units=usd(99) + 1), "invalid limit_price"),
        (Replacement(limit_units=usd(99)), "order parameters are not changed"),
    ):
        answer = subject.replace(report.broker_id, change)
        assert isinstance(answer, Refusal) and answer.message.startswith(start), answer


def test_an_intent_becomes_the_order_it_means() -> None:
    intent = OrderIntent("id", "d", "X", SELL, 7, Role.EXIT, "flatten", usd(100), 0)
    assert new_order(intent) == NewOrder("X", SELL, 7, client_order_id="id")


def test_an_ocos_intent_has_its_limit_where_the_wire_has_it() -> None:
    intent = OrderIntent("id", "d", "X", SELL, 7, Role.TARGET, "protects", usd(100), 0, OrderKind.LIMIT, bracket=Bracket(usd(98), usd(102)))
    wanted = NewOrder("X", SELL, 7, "limit", limit_units=usd(102), client_order_id="id", order_class="oco", **_legs(102, 98))  # type: ignore[arg-type]
    assert new_order(intent) == wanted


def test_an_oco_whose_target_fills_as_it_comes_leaves_no_stop_behind() -> None:
    subject = venue(FLAT)
    submit(subject)
    told(subject)
    submit(subject, side=SELL, kind="limit", limit_units=usd(99), order_class="oco", **_legs(99, 98))
    assert [(event, leg) for _, event, leg, _ in told(subject)] == [
        ("new", "take_profit"),
        ("fill", "take_profit"),
        ("canceled", "stop_loss"),
    ]
    assert subject.open_orders == ()
