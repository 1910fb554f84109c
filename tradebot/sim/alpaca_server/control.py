"""The routes that a real broker does not have: moving simulated time, settling, and arming faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.sim.alpaca_server.faults import NAMES
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.storm import KINDS, Storm
from tradebot.sim.alpaca_server.wire import MALFORMED, answer, read_body, refuse
from tradebot.sim.venue_account import Holding


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


async def advance(request: Request) -> Response:
    """`{"until_ns": int}` -> `{"now_ns", "frames", "done"}`: one step of time (step mode only)."""
    simulator = _simulator(request)
    until_ns = (await read_body(request)).get("until_ns")
    if not simulator.step_mode:
        raise refuse(409, MALFORMED, "the clock runs by itself; only step mode (speed 0) can be advanced")
    if not isinstance(until_ns, int) or until_ns < simulator.now_ns:
        raise refuse(422, MALFORMED, f"until_ns must be an integer and not before now_ns ({simulator.now_ns})")
    simulator.advance(until_ns)
    return answer({"now_ns": simulator.now_ns, "frames": simulator.frames, "done": simulator.done})


async def frames(request: Request) -> Response:
    simulator = _simulator(request)
    return answer({"now_ns": simulator.now_ns, "frames": simulator.frames, "done": simulator.done})


async def arm(request: Request) -> Response:
    """`{"name": NAME, "count": 1, ...options}`; see `faults`."""
    simulator, body = _simulator(request), await read_body(request)
    name, count = body.pop("name", ""), body.pop("count", 1)
    if name not in NAMES or not isinstance(count, int):
        raise refuse(422, MALFORMED, f"unknown fault {name!r}; known: {', '.join(sorted(NAMES))}")
    simulator.faults.arm(name, count, **body)
    return answer(simulator.faults.as_json())


async def rage(request: Request) -> Response:
    """`{"seed", "rate", "faults"}`; see `storm`."""
    simulator, body = _simulator(request), await read_body(request)
    seed, rate, faults = body.get("seed", 0), body.get("rate", 0.05), body.get("faults")
    known = faults is None or (isinstance(faults, list) and all(isinstance(f, dict) and f.get("name") in KINDS for f in faults))
    if not isinstance(seed, int) or not isinstance(rate, int | float) or not 0 <= rate <= 1 or not known:
        raise refuse(422, MALFORMED, f"a storm is a seed, a rate of 0 to 1, and a list of faults of {', '.join(KINDS)}")
    simulator.faults.storm = Storm.of(seed, float(rate), faults)
    return answer(simulator.faults.as_json())


async def show(request: Request) -> Response:
    return answer(_simulator(request).faults.as_json())


async def clear(request: Request) -> Response:
    _simulator(request).faults.clear()
    return answer([])


async def status(request: Request) -> Response:
    """Stream a trading status: `{"symbol", "code", "message", "reason"}`."""
    body = await read_body(request)
    words = (str(body.get(name) or "") for name in ("symbol", "code", "message", "reason"))
    _simulator(request).data_stream.publish_status(*words)
    return answer({})


async def asset(request: Request) -> Response:
    """`{"symbol", "tradable", "shortable", "status"}`: what the list of assets says of a symbol from now on."""
    body = await read_body(request)
    said: dict[str, object] = {name: body[name] for name in ("tradable", "shortable", "status") if name in body}
    _simulator(request).assets[str(body.get("symbol") or "")] = said
    return answer(said)


async def split(request: Request) -> Response:
    """`{"symbol", "new": 2, "old": 1}`: what is held becomes more or fewer shares at the same cost; no order, no activity."""
    body = await read_body(request)
    held, new, old = _held(request, body), body.get("new"), body.get("old")
    if not isinstance(new, int) or not isinstance(old, int) or new < 1 or old < 1:
        raise refuse(422, MALFORMED, "a split is `new` shares for `old` ones, whole numbers from 1")
    held.qty = held.qty * new // old
    return answer({"qty": held.qty})


async def transfer(request: Request) -> Response:
    """`{"symbol", "qty"}`: so many shares come (or go, below 0) at the average cost, as by a transfer; no order, no activity."""
    body = await read_body(request)
    held, qty = _held(request, body), body.get("qty")
    if not isinstance(qty, int):
        raise refuse(422, MALFORMED, "qty must be whole shares")
    held.cost_units = held.cost_units * (held.qty + qty) // held.qty if held.qty else 0
    held.qty += qty
    return answer({"qty": held.qty})


def _held(request: Request, body: Mapping[str, Any]) -> Holding:
    symbol = str(body.get("symbol") or "")
    held = _simulator(request).venue.positions.get(symbol)
    if held is None or not held.qty:
        raise refuse(404, MALFORMED, f"nothing is held of {symbol!r}")
    return held


ROUTES = [
    Route("/sim/advance", advance, methods=["POST"]),
    Route("/sim/frames", frames, methods=["GET"]),
    Route("/sim/split", split, methods=["POST"]),
    Route("/sim/transfer", transfer, methods=["POST"]),
    Route("/sim/status", status, methods=["POST"]),
    Route("/sim/asset", asset, methods=["POST"]),
    Route("/sim/faults", arm, methods=["POST"]),
    Route("/sim/storm", rage, methods=["POST"]),
    Route("/sim/faults", show, methods=["GET"]),
    Route("/sim/faults", clear, methods=["DELETE"]),
]
