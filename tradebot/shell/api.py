"""Control over a Unix socket that only its owner may open: what the daemon is doing, and what a person tells it to do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.core.domain.events import OperatorOrder
from tradebot.core.domain.faults import OperatorFault

Look = Callable[[], Any]
ORDERS = {f"/{order.value}": order for order in OperatorOrder}


class _Server(uvicorn.Server):
    """The daemon owns the signals, not its API."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Api:
    """`looks` maps a GET path to what it answers; `tell` takes an operator's order with its reason; `stop` ends the daemon."""

    def __init__(
        self, path: Path, looks: Mapping[str, Look], tell: Callable[[OperatorOrder, str], None], stop: Callable[[str], None]
    ) -> None:
        self._path = path
        self._looks = looks
        self._tell = tell
        self._stop = stop
        routes = [Route(name, self._show, methods=["GET"]) for name in looks]
        routes += [Route(name, self._order, methods=["POST"]) for name in ORDERS]
        routes.append(Route("/stop", self._end, methods=["POST"]))
        self._socket = _private_socket(path)
        self._server = _Server(uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, lifespan="off", ws="none"))

    async def run(self) -> None:
        await self._server.serve(sockets=[self._socket])

    def close(self) -> None:
        self._server.should_exit = True
        self._socket.close()
        self._path.unlink(missing_ok=True)

    async def _show(self, request: Request) -> Response:
        return _json(self._looks[request.url.path]())

    async def _order(self, request: Request) -> Response:
        """A person's order needs a reason: it is journaled with it."""
        reason = await _reason(request)
        if not reason:
            return _json({"error": "a reason is needed"}, 400)
        self._tell(ORDERS[request.url.path], reason)
        return _json({"told": request.url.path[1:], "reason": reason}, 202)

    async def _end(self, request: Request) -> Response:
        reason = await _reason(request) or "asked over the control socket"
        self._stop(reason)
        return _json({"stopping": reason}, 202)


async def _reason(request: Request) -> str:
    try:
        body = msgspec.json.decode(await request.body() or b"{}")
    except msgspec.DecodeError:
        return ""
    reason = body.get("reason") if isinstance(body, dict) else None
    return reason.strip() if isinstance(reason, str) else ""


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _private_socket(path: Path) -> socket.socket:
    """Bound with mode 0600 from its first moment. The instance lock is held: a file in its place is a dead daemon's."""
    path.unlink(missing_ok=True)
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        own.bind(str(path))
    except OSError as error:
        own.close()
        raise OperatorFault(f"cannot open the control socket {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    own.listen(16)
    own.setblocking(False)
    return own
