"""The wire to the broker's REST hosts: the simulated Alpaca's own routes, called at the instant at which a request arrives there.

`Rest` (timeouts, retries, what it makes of an answer) is the daemon's real one; only the httpx client below it is replaced. What may go
wrong on the way is drawn from `Weather`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, Protocol
from urllib.parse import unquote

import httpx

from scripts.simulation.loop import NS_PER_S
from scripts.simulation.timeline import Timeline
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.broker.rest import Rest
from tradebot.sim.alpaca_server import rest_account, rest_data, rest_market, rest_orders, rest_positions
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import Refused, error_body, json_bytes

MS: Final = 1_000_000
TIMEOUT_NS: Final = 10 * NS_PER_S
HTML: Final = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Question:
    method: str
    path: str
    params: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """What `Rest` reads of an httpx.Response."""

    status_code: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Weather(Protocol):
    """What happens to one question: how long it and its answer travel, and what becomes of both."""

    def travel_ns(self) -> tuple[int, int]: ...

    def strike(self, question: Question) -> str:
        """ "" or one of STRIKES."""
        ...

    def blur(self, question: Question, answer: Answer) -> Answer:
        """The answer as an inconsistent broker gives it."""
        ...


def _timed_out(world: Broker, question: Question) -> Answer | None:
    return None


def _accepted_and_timed_out(world: Broker, question: Question) -> Answer | None:
    world.serve(question)
    return None


def _accepted_504(world: Broker, question: Question) -> Answer | None:
    world.serve(question)
    return Answer(504, b"")


def _truncated(world: Broker, question: Question) -> Answer | None:
    answer = world.serve(question)
    return Answer(answer.status_code, answer.content[: len(answer.content) // 2] or b"{")


def _html(world: Broker, question: Question) -> Answer | None:
    world.serve(question)
    return Answer(200, HTML)


def _bad_request_500(world: Broker, question: Question) -> Answer | None:
    return Answer(500, HTML)


STRIKES: Final[dict[str, Callable[[Broker, Question], Answer | None]]] = {
    "timeout_before": _timed_out,
    "timeout_after": _accepted_and_timed_out,
    "504_after": _accepted_504,
    "500": _bad_request_500,
    "503": lambda world, question: Answer(503, HTML),
    "429": lambda world, question: Answer(429, b'{"code":42910000,"message":"rate limit exceeded"}'),
    "429_retry_after": lambda world, question: Answer(429, b'{"code":42910000,"message":"rate limit exceeded"}', {"Retry-After": "3"}),
    "401": lambda world, question: Answer(401, b'{"code":40110000,"message":"request is not authorized"}'),
    "html_200": _html,
    "truncated": _truncated,
}
REFUSED_CONNECTION: Final = "connect"  # nobody listens: known at once


class Broker:
    """The simulated Alpaca's routes without a server. `seen` is told of each question that arrives, before and with its answer."""

    def __init__(self, simulator: Simulator, catch_up: Callable[[], None]) -> None:
        self.simulator = simulator
        self._catch_up = catch_up
        self._app = SimpleNamespace(state=SimpleNamespace(simulator=simulator))
        self.arrives: Callable[[Question], None] = lambda question: None
        self.answered: Callable[[Question, Answer], None] = lambda question, answer: None
        self.told: Callable[[Question, Answer], None] = lambda question, answer: None  # what goes back
        self.refusals: list[Callable[[Question], Answer | None]] = []
        self._exact: dict[tuple[str, str], Any] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Any]] = []
        routes = [*rest_orders.ROUTES, *rest_account.ROUTES, *rest_positions.ROUTES, *rest_market.ROUTES, *rest_data.ROUTES]
        for route in routes:
            for method in route.methods or ():
                if "{" in route.path:
                    self._patterns.append((method, route.path_regex, route.endpoint))
                else:
                    self._exact[method, route.path] = route.endpoint

    def serve(self, question: Question) -> Answer:
        """Carry a question out, now."""
        self._catch_up()
        self.arrives(question)
        answer = self._serve(question)
        self.answered(question, answer)
        return answer

    def _serve(self, question: Question) -> Answer:
        for refuse in self.refusals:
            if (refused := refuse(question)) is not None:
                return refused
        endpoint, found = self._endpoint(question)
        if endpoint is None:
            return Answer(404, b'{"code":40410000,"message":"Not Found"}')
        request = SimpleNamespace(app=self._app, query_params=question.params, path_params=found, body=_body_of(question))
        try:
            response = _run(endpoint(request))
        except Refused as error:
            return Answer(error.refusal.http_status, json_bytes(error_body(error.refusal)))
        return Answer(response.status_code, bytes(response.body))

    def _endpoint(self, question: Question) -> tuple[Any, Mapping[str, str]]:
        exact = self._exact.get((question.method, question.path))
        if exact is not None:
            return exact, {}
        for method, pattern, endpoint in self._patterns:
            if method == question.method and (match := pattern.match(question.path)):
                return endpoint, {name: unquote(value) for name, value in match.groupdict().items()}
        return None, {}


def _body_of(question: Question) -> Callable[[], Awaitable[bytes]]:
    async def body() -> bytes:
        return question.body

    return body


def _run(coroutine: Any) -> Any:
    """A coroutine that never waits for anything but itself."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a route of the simulated broker waits")


class Client:
    """What `Rest` uses of httpx.AsyncClient, over the simulated wire."""

    def __init__(self, broker: Broker, timeline: Timeline, weather: Weather, headers: httpx.Headers) -> None:
        self._broker = broker
        self._timeline = timeline
        self._weather = weather
        self.headers = headers

    async def request(self, method: str, url: httpx.URL, params: Mapping[str, str] | None = None) -> Answer:
        return await self._ask(Question(method, url.path, dict(params or {}), b""))

    async def send(self, request: httpx.Request) -> Answer:
        return await self._ask(Question(request.method, request.url.path, {}, request.content))

    async def post(self, url: httpx.URL, content: bytes) -> Answer:
        return await self._ask(Question("POST", url.path, {}, content))

    async def _ask(self, question: Question) -> Answer:
        """Raises httpx.TransportError as httpx does."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        there_ns, back_ns = self._weather.travel_ns()
        strike = self._weather.strike(question)
        if strike == REFUSED_CONNECTION:
            self._timeline.after(there_ns, lambda: _settle(future, None))
            await future
            raise httpx.ConnectError("connection refused")

        def arrive() -> None:
            answer = STRIKES[strike](self._broker, question) if strike else self._broker.serve(question)
            if answer is None:
                self._timeline.after(max(TIMEOUT_NS - there_ns, 0), lambda: _settle(future, None))
            else:
                answer = self._weather.blur(question, answer)
                self._broker.told(question, answer)
                self._timeline.after(back_ns, lambda: _settle(future, answer))

        self._timeline.after(there_ns, arrive)
        answer = await future
        if answer is None:
            raise httpx.ReadTimeout("no answer in time")
        return answer

    async def aclose(self) -> None:
        pass


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done() and not future.get_loop().is_closed():
        future.set_result(value)


class WireRest(Rest):
    """The daemon's REST client over the simulated wire."""

    def __init__(self, base_url: str, credentials: Credentials, broker: Broker, timeline: Timeline, weather: Weather) -> None:
        super().__init__(base_url, credentials)
        client: Any = Client(broker, timeline, weather, self._client.headers)
        self._client = client
