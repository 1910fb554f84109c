"""The simulated Alpaca as one ASGI application: REST and WebSocket on one port, with the door in front of it (keys and faults)."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradebot.sim.alpaca_server import control, rest_account, rest_data, rest_market, rest_orders, rest_positions, rest_screener
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import NOT_FOUND, UNAUTHORIZED, Refused, answer, error_body
from tradebot.sim.massive_server import rest_aggs
from tradebot.sim.venue_orders import Refusal

MASSIVE_STREAM, MASSIVE_REST = "/stocks", "/v2/aggs/"
RATE_LIMIT_HEADERS = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "0"}
_HTML = b"<html><head><title>503 Service Unavailable</title></head><body><h1>503 Service Unavailable</h1></body></html>"


def build_app(simulator: Simulator) -> ASGIApp:
    """The application of one simulator; control routes need no key."""
    routes = [
        *control.ROUTES,
        *rest_orders.ROUTES,
        *rest_account.ROUTES,
        *rest_positions.ROUTES,
        *rest_market.ROUTES,
        *rest_data.ROUTES,
        *rest_screener.ROUTES,
        *rest_aggs.ROUTES,
    ]
    rest = Starlette(routes=routes, exception_handlers={Refused: _refused, HTTPException: _http_error})
    rest.state.simulator = simulator
    door = Door(rest, simulator)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Sockets go to their hub directly: to reset a connection the hub needs uvicorn's own `send`, which Starlette would wrap.
        if scope["type"] == "http":
            await door(scope, receive, send)
        elif scope["path"] == "/stream":
            await simulator.trade_stream.serve(scope, receive, send)
        elif scope["path"] == MASSIVE_STREAM:
            await simulator.massive.serve(scope, receive, send)
        else:
            await simulator.data_stream.serve(scope, receive, send)

    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer(error_body(error.refusal), error.refusal.http_status)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer({"code": NOT_FOUND if error.status_code == 404 else 0, "message": error.detail}, error.status_code)


class Door:
    """In front of every HTTP request: time catches up, keys are checked, and armed HTTP faults strike."""

    def __init__(self, app: ASGIApp, simulator: Simulator) -> None:
        self._app = app
        self._simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/sim/"):
            await self._app(scope, receive, send)
            return
        self._simulator.catch_up()
        if scope["path"].startswith(MASSIVE_REST):
            fits = self._simulator.massive_key_fits(keys_of(scope)[0])
        else:
            fits = self._simulator.key_fits(*keys_of(scope))
        if not fits:
            refusal = Refusal(401, UNAUTHORIZED, "request is not authorized")
            await answer(error_body(refusal), 401)(scope, receive, send)
            return
        here = {"method": scope["method"], "path": scope["path"]}
        strikes = self._simulator.faults.take
        if strikes("http_hang", **here) is not None:
            await _hang(receive)
        elif strikes("http_429", **here) is not None:
            headers = {**RATE_LIMIT_HEADERS, "X-RateLimit-Reset": str(self._simulator.now_ns // 1_000_000_000 + 60)}
            await answer({"code": 42910000, "message": "rate limit exceeded"}, 429, headers)(scope, receive, send)
        elif strikes("http_503_html", **here) is not None:
            await Response(_HTML, 503, media_type="text/html")(scope, receive, send)
        elif strikes("http_504_after_accept", **here) is not None:
            await self._app(scope, receive, _swallow)
            await Response(b"", 504)(scope, receive, send)
        elif strikes("http_abort", **here) is not None:
            _reset(send)
        elif strikes("http_abort_after_accept", **here) is not None:
            await self._app(scope, receive, _swallow)
            _reset(send)
        elif strikes("http_cut_json", **here) is not None:
            await _cut(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _swallow(message: Message) -> None:
    """Where an answer goes that nobody will see."""


def _reset(send: Send) -> None:
    """A TCP reset in place of an answer."""
    cycle: Any = send.__self__  # type: ignore[attr-defined]  # uvicorn's cycle of one request knows its transport
    cycle.transport.abort()


async def _cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """The answer as it would be, without its second half."""
    said: list[Message] = []

    async def keep(message: Message) -> None:
        said.append(message)

    await app(scope, receive, keep)
    start, *bodies = said
    body = b"".join(message.get("body", b"") for message in bodies)
    await Response(body[: len(body) // 2], start["status"], media_type="application/json")(scope, receive, send)


async def _hang(receive: Receive) -> None:
    """Never answer; end when the client gives up."""
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


def keys_of(scope: Scope) -> tuple[str, str]:
    """Key and secret from the headers: APCA, Basic, or a bearer token (which is both)."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    if key := headers.get(b"apca-api-key-id"):
        return key.decode(), headers.get(b"apca-api-secret-key", b"").decode()
    scheme, _, value = headers.get(b"authorization", b"").decode().partition(" ")
    if scheme.lower() == "bearer":
        return value, value
    if scheme.lower() == "basic":
        try:
            key_text, _, secret = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return key_text, secret
    return "", ""
