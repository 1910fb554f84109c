"""Alpaca's JSON: decimal strings, RFC 3339 times, error bodies, and reading what clients send (WIRE.md section 2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD, usd_text
from tradebot.sim.venue_orders import Refusal

NEW_YORK = ZoneInfo("America/New_York")
MALFORMED = 40010001
UNAUTHORIZED = 40110000
NOT_FOUND = 40410000
INVALID = 42210000

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Refused(Exception):
    """A request that cannot be served; becomes an error body with Alpaca's status and code."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def refuse(http_status: int, code: int, message: str, **extras: object) -> Refused:
    return Refused(Refusal(http_status, code, message, extras))


def error_body(refusal: Refusal) -> dict[str, object]:
    return {"code": refusal.code, "message": refusal.message, **refusal.extras}


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_encode(body), status, dict(headers or {}), media_type="application/json")


def json_bytes(body: object) -> bytes:
    return _encode(body)


def parse_json(data: bytes | str) -> Any:
    """Raises msgspec.DecodeError when the text is no JSON."""
    return _decode(data)


async def read_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; 400 when it is none."""
    try:
        body = parse_json(await request.body() or b"{}")
    except msgspec.DecodeError as error:
        raise refuse(400, MALFORMED, "request body format is invalid") from error
    if not isinstance(body, dict):
        raise refuse(400, MALFORMED, "request body format is invalid")
    return body


# ---- times


@lru_cache(maxsize=4096)
def _utc_second(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339(ts_ns: int) -> str:
    """UTC with as many decimals as needed, up to nanoseconds."""
    second, rest = divmod(ts_ns, NS_PER_S)
    return f"{_utc_second(second)}{f'.{rest:09d}'.rstrip('0') if rest else ''}Z"


def rfc3339_or_none(ts_ns: int) -> str | None:
    return rfc3339(ts_ns) if ts_ns else None


def new_york_text(ts_ns: int) -> str:
    """Local time with its offset, as the clock endpoint writes it (whole microseconds)."""
    at = dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC).replace(microsecond=ts_ns % NS_PER_S // 1000)
    return at.astimezone(NEW_YORK).isoformat()


def parse_time(text: str, *, end_of_day: bool = False) -> int:
    """UTC nanoseconds from RFC 3339, a naive time (taken as UTC) or a date (New York midnight, or its last nanosecond)."""
    try:
        if len(text) == len("2013-10-04"):
            day = dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
            shift = dt.timedelta(days=1 if end_of_day else 0)
            return _ns_of(day + shift) - (1 if end_of_day else 0)
        whole, fraction = _split_fraction(text)
        at = dt.datetime.fromisoformat(whole)
    except ValueError as error:
        raise refuse(422, INVALID, f"invalid time: {text}") from error
    return _ns_of(at if at.tzinfo else at.replace(tzinfo=dt.UTC)) + fraction


def _ns_of(at: dt.datetime) -> int:
    return int(at.timestamp()) * NS_PER_S


def _split_fraction(text: str) -> tuple[str, int]:
    """The time without its decimals, and the decimals in nanoseconds. A `+` that a query turned into a space is put back."""
    text = text.strip().replace(" ", "+") if "T" in text else text
    head, point, tail = text.partition(".")
    if not point:
        return text, 0
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    return head + tail[len(digits) :], int(digits[:9].ljust(9, "0"))


# ---- numbers


def decimal_of(value: object, name: str) -> Decimal:
    """A number that came as a JSON number or as text; 422 when it is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise refuse(422, MALFORMED, f"invalid {name}: {value}") from error
    if not number.is_finite():
        raise refuse(422, MALFORMED, f"invalid {name}: {value}")
    return number


def price_units(value: object, name: str) -> int:
    """Units of a price; 422 when it is not positive or finer than 1e-4 dollars. None and "" are 0."""
    if value is None or value == "":
        return 0
    exact = decimal_of(value, name) * UNITS_PER_USD
    if exact <= 0:
        raise refuse(422, MALFORMED, f"{name} must be > 0")
    if exact != exact.to_integral_value():
        message = f"invalid {name} {value}. sub-penny increment does not fulfill minimum pricing criteria"
        raise refuse(422, INVALID, message)
    return int(exact)


def truthy(text: str | None) -> bool:
    """`true`, `True` and `1` as clients send them."""
    return (text or "").lower() in ("true", "1")


def money(units: int) -> str:
    """Dollars as Alpaca writes them: no needless zeros ("100000", "99.5")."""
    text = usd_text(units)
    return text.rstrip("0").rstrip(".")


def quotient(numerator: int, denominator: int, places: int = 8) -> str:
    """A fraction as decimal text; "0" when there is nothing to divide by."""
    if denominator == 0:
        return "0"
    text = f"{Decimal(numerator) / Decimal(denominator):.{places}f}"
    return text.rstrip("0").rstrip(".")
