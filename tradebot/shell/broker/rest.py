"""HTTP to Alpaca: timeouts on everything, GET and DELETE retried with a cap, POST sent exactly once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any, Final

import httpx
import msgspec

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.crash_points import traced

TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0, pool=5.0)
LIMITS: Final = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=300.0)
ATTEMPTS: Final = 4
BACKOFF_S: Final = 0.25
WAIT_S_MAX: Final = 60.0
RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
TOO_MANY: Final = 429
URLS_MAX: Final = 16
CLIENT_ERROR: Final = 400
SERVER_ERROR: Final = 500


class BrokerUnreachable(Exception):
    """No usable answer, after retries where they are allowed. Says what was asked, never with which keys."""


class BrokerRefusal(Exception):
    """A 4xx answer."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message


def refusal(response: httpx.Response) -> BrokerRefusal:
    """The error body of a 4xx; some have no code, some are no JSON."""
    try:
        body = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        return BrokerRefusal(response.status_code, 0, f"HTTP {response.status_code} without a readable body")
    code = body.get("code")
    return BrokerRefusal(response.status_code, code if isinstance(code, int) else 0, str(body.get("message", "")))


class Rest:
    """One host's client. Keys go into default headers and never into a message."""

    def __init__(self, base_url: str, credentials: Credentials, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.changes = 0  # requests that may have changed something at the server
        self._base = httpx.URL(base_url)
        self._urls: dict[str, httpx.URL] = {}
        self._extensions: dict[str, Any] = {"timeout": TIMEOUT.as_dict()}
        self._client = httpx.AsyncClient(
            verify=self._base.scheme == "https",  # nothing to verify on loopback, and loading certificates takes 40 ms
            headers=credentials.headers() | {"User-Agent": "tradebot", "Content-Type": "application/json"},
            timeout=TIMEOUT,
            limits=LIMITS,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )
        self._headers = self._client.headers.copy()
        self._headers["Host"] = self._base.netloc.decode("ascii")

    def _url(self, path: str) -> httpx.URL:
        """Parsed once for the few paths without an id: parsing costs more than the rest of a request's making."""
        known = self._urls.get(path)
        if known is None:
            known = self._base.join(path)
            if len(self._urls) < URLS_MAX:
                self._urls[path] = known
        return known

    async def post_once(self, path: str, body: bytes) -> httpx.Response:
        """Exactly one request on the wire. Raises httpx.TransportError (outcome unknown)."""
        return await self._once("POST", path, body)

    async def patch_once(self, path: str, body: bytes) -> httpx.Response:
        """As `post_once`."""
        return await self._once("PATCH", path, body)

    async def _once(self, method: str, path: str, body: bytes) -> httpx.Response:
        # Made here with the client's own headers: `build_request` merges and parses for longer than the rest of a send takes.
        extensions = {**self._extensions, **traced("order_sent_not_answered" if method == "POST" else "replacement_sent_not_answered")}
        request = httpx.Request(method, self._url(path), headers=self._headers, content=body, extensions=extensions)
        try:
            return await self._client.send(request)
        finally:
            self.changes += 1

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Decoded JSON. Raises BrokerRefusal on 4xx, BrokerUnreachable when retries are used up."""
        return await self._retried("GET", path, params)

    async def delete(self, path: str) -> Any:
        """As `get`; cancelling twice is the same as once. None on 204."""
        try:
            return await self._retried("DELETE", path, None)
        finally:
            self.changes += 1

    async def post_json(self, path: str, body: Mapping[str, Any]) -> Any:
        """A POST that is no order, sent once. Raises httpx.TransportError, BrokerRefusal, BrokerUnreachable."""
        response = await self._client.post(self._url(path), content=msgspec.json.encode(body))
        if response.status_code >= SERVER_ERROR:
            raise BrokerUnreachable(f"POST {path}: HTTP {response.status_code}")
        return _decoded(response)

    async def _retried(self, method: str, path: str, params: Mapping[str, str] | None) -> Any:
        why = ""
        for attempt in range(ATTEMPTS):
            wait_s = BACKOFF_S * 2**attempt * random.uniform(0.5, 1.5)
            try:
                response = await self._client.request(method, self._url(path), params=params)
                if response.status_code not in RETRIED:
                    return _decoded(response)
                why = f"HTTP {response.status_code}"
                wait_s = max(wait_s, _asked_wait_s(response))
            except httpx.TransportError as error:
                why = type(error).__name__
            except msgspec.DecodeError:
                why = "an answer that is no JSON"
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(min(wait_s, WAIT_S_MAX))
        raise BrokerUnreachable(f"{method} {path}: {why}, {ATTEMPTS} times")

    async def close(self) -> None:
        await self._client.aclose()


def _decoded(response: httpx.Response) -> Any:
    if response.status_code >= CLIENT_ERROR:
        raise refusal(response)
    return msgspec.json.decode(response.content) if response.content else None


def _asked_wait_s(response: httpx.Response) -> float:
    """What the server asks for: Retry-After in seconds, or the rate limit's reset instant against the answer's own date."""
    after = response.headers.get("Retry-After", "")
    if after.replace(".", "", 1).isdigit():
        return float(after)
    reset = response.headers.get("X-RateLimit-Reset", "")
    if response.status_code == TOO_MANY and reset.isdigit():
        from email.utils import parsedate_to_datetime  # only when a limit was hit

        date = response.headers.get("Date")
        if date:
            try:
                return max(0.0, float(reset) - parsedate_to_datetime(date).timestamp())
            except ValueError:
                return 0.0
    return 0.0


def key_fault(error: BrokerRefusal, where: str) -> OperatorFault | None:
    """Wrong or expired keys, as a fault of the operator."""
    if error.status in (401, 403):
        return OperatorFault(f"{where} does not accept the API key (HTTP {error.status}): check ALPACA_API_KEY and ALPACA_SECRET_KEY")
    return None
