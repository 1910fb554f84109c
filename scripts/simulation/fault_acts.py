"""How each fault of faults.FAULTS is done: begin it, and answer with what ends it."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable
from typing import Any, Final, NoReturn

from scripts.simulation import children
from scripts.simulation.http import REFUSED_CONNECTION, Answer, Question
from scripts.simulation.scene import Scene
from tradebot.core.domain.events import OperatorOrder
from tradebot.core.domain.orders import Side
from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.crash_points import POINTS, arm
from tradebot.sim.venue_orders import NewOrder

End = Callable[[], None]
SEEN_AFTER_NS: Final = 30 * NS_PER_S
HOUR_NS: Final = 3_600 * NS_PER_S
LONG_NS: Final = 48 * HOUR_NS


def _over() -> None:
    """A blow has no end of its own."""


# ---- the process


def kill(scene: Scene, chance: random.Random) -> End:
    world = scene.world
    world.restart_ns = chance.choice((5, 5, 5, 60, 1_200)) * NS_PER_S
    scene.watch.doubt.until_ns = world.now_ns + world.restart_ns
    world.timeline.after(chance.randrange(world.knobs.far_ms * 4) * 1_000_000, world.kill)
    return _over


def kill_at_point(scene: Scene, chance: random.Random) -> End:
    """At the n-th time at which the daemon comes to one of its crash points."""
    world = scene.world
    world.restart_ns = chance.choice((5, 60)) * NS_PER_S

    def die() -> NoReturn:
        scene.watch.doubt.until_ns = world.now_ns + world.restart_ns
        world.kill_here()

    arm(f"{chance.choice(sorted(POINTS))}:{chance.choice((1, 1, 2, 3))}", die)
    return lambda: arm("")


def terminate(scene: Scene, chance: random.Random) -> End:
    scene.world.restart_ns = 5 * NS_PER_S
    if scene.world.loop is not None:
        scene.world.loop.signal(signal.SIGTERM)
    return _over


def sleep(scene: Scene, chance: random.Random) -> End:
    loop = scene.world.loop
    if loop is None:
        return _over
    loop.freeze(scene.world.now_ns + LONG_NS)
    return loop.thaw


def block(scene: Scene, chance: random.Random) -> End:
    if scene.world.loop is not None:
        scene.world.loop.freeze(scene.world.now_ns + 10 * NS_PER_S)
    return _over


# ---- the trainer


def _training_ends(ending: children.Ending) -> Callable[[Scene, random.Random], End]:
    def begin(scene: Scene, chance: random.Random) -> End:
        scene.world.children.endings.append(ending)
        return _over

    return begin


trainer_killed = _training_ends(children.KILLED)
trainer_crashed = _training_ends(children.CRASHED)
endless_training = _training_ends(children.ENDLESS)
nan_model = _training_ends(children.promoted("not-a-number"))
constant_model = _training_ends(children.promoted("constant"))
tampered_model = _training_ends(children.promoted("tampered"))


# ---- the clock and the disk


def clock_hour(scene: Scene, chance: random.Random) -> End:
    return _clock(scene, chance.choice((-HOUR_NS, HOUR_NS)))


def clock_seconds(scene: Scene, chance: random.Random) -> End:
    return _clock(scene, chance.choice((-3, 3)) * NS_PER_S)


def _clock(scene: Scene, error_ns: int) -> End:
    wall = scene.world.wall
    wall.step(error_ns)
    return lambda: wall.step(0)


def _disk(words: str) -> Callable[[Scene, random.Random], End]:
    def begin(scene: Scene, chance: random.Random) -> End:
        disk = scene.world.disk
        disk.error = words

        def end() -> None:
            disk.error = ""

        return end

    return begin


disk_full = _disk("database or disk is full")
disk_broken = _disk("disk I/O error")
disk_locked = _disk("database is locked")


def disk_slow(scene: Scene, chance: random.Random) -> End:
    disk = scene.world.disk
    disk.slow_ns = 5 * NS_PER_S

    def end() -> None:
        disk.slow_ns = 0

    return end


def kill_on_slow_disk(scene: Scene, chance: random.Random) -> End:
    slow = disk_slow(scene, chance)

    def end() -> None:
        kill(scene, chance)
        slow()

    return end


# ---- the broker's REST hosts


def _strikes(rate: float, *kinds: str, where: str = "") -> Callable[[Scene, random.Random], End]:
    """A request meets one of `kinds` with a probability."""

    def begin(scene: Scene, chance: random.Random) -> End:
        often = chance.choice((rate, rate, 1.0))

        def strike(question: Question) -> str:
            if where and not question.path.startswith(where):
                return ""
            return chance.choice(kinds) if chance.random() < often else ""

        strikes = scene.world.weather.strikes
        strikes.append(strike)
        return lambda: strikes.remove(strike)

    return begin


timeouts = _strikes(0.5, "timeout_before", "timeout_after")
gateway_504 = _strikes(0.6, "504_after")
too_many = _strikes(0.5, "429", "429_retry_after")
html = _strikes(0.5, "html_200", "503")
truncated = _strikes(0.5, "truncated")
no_descriptors = _strikes(0.9, REFUSED_CONNECTION)
no_positions = _strikes(1.0, "503", "500", "timeout_before", where="/v2/positions")
revoked = _strikes(1.0, "401")


def forbidden(scene: Scene, chance: random.Random) -> End:
    words = chance.choice(("insufficient qty available for order", "potential wash trade detected", "insufficient buying power"))
    return _refuse_orders(scene, chance, words, lambda question: True)


def untradable(scene: Scene, chance: random.Random) -> End:
    symbol = chance.choice(sorted(scene.world.market.histories)).encode()
    return _refuse_orders(scene, chance, f"asset {symbol.decode()} is not tradable", lambda question: symbol in question.body)


def _refuse_orders(scene: Scene, chance: random.Random, words: str, hits: Callable[[Question], bool]) -> End:
    broker = scene.world.broker

    def refuse(question: Question) -> Answer | None:
        if question.method == "POST" and question.path == "/v2/orders" and hits(question):
            return Answer(403, json.dumps({"code": 40310000, "message": words}).encode())
        return None

    broker.refusals.append(refuse)
    return lambda: broker.refusals.remove(refuse)


def _armed(name: str, count: int, **options: Any) -> Callable[[Scene, random.Random], End]:
    """A switch of the simulated Alpaca (alpaca_server/faults.py)."""

    def begin(scene: Scene, chance: random.Random) -> End:
        faults = scene.world.simulator.faults
        faults.arm(name, count, **options)
        armed = faults.armed[-1]

        def end() -> None:
            armed.count = 0

        return end

    return begin


stuck_cancel = _armed("stuck_pending_cancel", 3)
late_volume = _armed("late_updated_bar", 40)


def missing_bars(scene: Scene, chance: random.Random) -> End:
    symbol = chance.choice(sorted(scene.world.market.histories))
    return _armed(chance.choice(("data_bar_drop", "missing_minute")), 10_000, symbol=symbol)(scene, chance)


def inconsistent(scene: Scene, chance: random.Random) -> End:
    """Young orders are in no list and no look-up yet."""
    world = scene.world

    def blur(question: Question, answer: Answer) -> Answer:
        if question.method != "GET" or not question.path.startswith("/v2/orders") or answer.status_code != 200:
            return answer
        now_ns, orders = world.now_ns, world.simulator.venue.orders

        def is_young(row: Any) -> bool:
            order = orders.get(str(row.get("id"))) if isinstance(row, dict) else None
            return order is not None and now_ns - order.created_ns < SEEN_AFTER_NS

        body = _read(answer)
        if isinstance(body, list):
            return Answer(200, json.dumps([row for row in body if not is_young(row)]).encode())
        return Answer(404, b'{"code":40410000,"message":"order not found"}') if isinstance(body, dict) and is_young(body) else answer

    blurs = world.weather.blurs
    blurs.append(blur)
    return lambda: blurs.remove(blur)


def _read(answer: Answer) -> Any:
    """None where another fault has spoilt it."""
    try:
        return json.loads(answer.content)
    except ValueError:
        return None


def strange_equity(scene: Scene, chance: random.Random) -> End:
    value = chance.choice(("NaN", "0", None, "-1000", "", "Infinity"))

    def blur(question: Question, answer: Answer) -> Answer:
        if question.path != "/v2/account" or answer.status_code != 200:
            return answer
        body = _read(answer)
        return Answer(200, json.dumps(body | {"equity": value}).encode()) if isinstance(body, dict) else answer

    blurs = scene.world.weather.blurs
    blurs.append(blur)
    return lambda: blurs.remove(blur)


def slow_wire(scene: Scene, chance: random.Random) -> End:
    weather = scene.world.weather
    weather.slow_ns = 4 * NS_PER_S

    def end() -> None:
        weather.slow_ns = 0

    return end


def unreachable(scene: Scene, chance: random.Random) -> End:
    world = scene.world
    ends = [_strikes(1.0, REFUSED_CONNECTION, "timeout_before")(scene, chance)]
    world.weather.closed_streams |= {"trade", "data"}
    for stream in ("trade", "data"):
        world.sockets.cut(stream, abrupt=True)

    def end() -> None:
        ends[0]()
        world.weather.closed_streams.clear()

    return end


# ---- others who trade


def by_hand(scene: Scene, chance: random.Random) -> End:
    """Somebody buys or sells a few shares in the broker's web page."""
    symbol = chance.choice(sorted(scene.world.market.histories))
    scene.world.catch_up()
    venue = scene.world.simulator.venue
    held = venue.positions.get(symbol)
    side = Side.SELL if held is not None and held.qty > 0 and chance.random() < 0.5 and venue.available_qty(symbol) > 0 else Side.BUY
    qty = max(1, min(5, venue.available_qty(symbol))) if side is Side.SELL else chance.randrange(1, 6)
    scene.watch.doubt.strangers.add(symbol)
    scene.acted.append(f"by hand: {side} {qty} {symbol}")
    venue.place(NewOrder(symbol, side, qty, client_order_id=f"by-hand-{scene.world.now_ns}"))
    scene.world.simulator.flush()
    return _over


def liquidation(scene: Scene, chance: random.Random) -> End:
    """The broker cancels what rests on a position and sells it."""
    scene.world.catch_up()
    venue = scene.world.simulator.venue
    held = sorted(s for s, p in venue.positions.items() if p.qty > 0)
    if not held:
        return _over
    symbol = chance.choice(held)
    scene.watch.doubt.strangers.add(symbol)
    scene.acted.append(f"liquidation of {symbol}")
    for order in venue.open_orders:
        if order.symbol == symbol and order.is_open:
            venue.cancel(order.id)
    qty = venue.available_qty(symbol)
    if qty > 0:
        venue.place(NewOrder(symbol, Side.SELL, qty, client_order_id=f"liquidation-{scene.world.now_ns}"))
    scene.world.simulator.flush()
    return _over


# ---- a person


def pause(scene: Scene, chance: random.Random) -> End:
    return _ordered(scene, OperatorOrder.PAUSE)


def kill_switch(scene: Scene, chance: random.Random) -> End:
    return _ordered(scene, OperatorOrder.KILL)


def flatten(scene: Scene, chance: random.Random) -> End:
    return _ordered(scene, OperatorOrder.FLATTEN)


def _ordered(scene: Scene, order: OperatorOrder) -> End:
    scene.say(order, "simulated")

    def end() -> None:
        scene.say(OperatorOrder.RESUME, "simulated: all is well again")

    return end
