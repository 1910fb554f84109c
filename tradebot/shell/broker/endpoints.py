"""Where Alpaca is: its paper hosts, its live hosts, or one loopback server that answers for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from tradebot.core.domain.faults import OperatorFault

PAPER_URL: Final = "https://paper-api.alpaca.markets"
LIVE_URL: Final = "https://api.alpaca.markets"
DATA_URL: Final = "https://data.alpaca.markets"
DATA_STREAM_URL: Final = "wss://stream.data.alpaca.markets"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key pair. The secret never shows in a repr, so neither in a log nor in a traceback's locals."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        return {"APCA-API-KEY-ID": self.key_id, "APCA-API-SECRET-KEY": self.secret}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Origins of the REST hosts and full URLs of the streams."""

    trading_url: str
    data_url: str
    trade_stream_url: str
    data_stream_url: str

    @property
    def is_live(self) -> bool:
        """Real money."""
        return urlsplit(self.trading_url).hostname == urlsplit(LIVE_URL).hostname


def endpoints(base_url: str | None, feed: str = "iex") -> Endpoints:
    """From one base URL: None is Alpaca paper; Alpaca's own trading hosts keep their data hosts; any other origin serves everything.

    Raises OperatorFault when the URL is none.
    """
    base = (base_url or PAPER_URL).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise OperatorFault(f"the broker's base URL must look like https://host or http://127.0.0.1:PORT, not {base!r}")
    stream = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    if base in (PAPER_URL, LIVE_URL):
        return Endpoints(base, DATA_URL, f"{stream}/stream", f"{DATA_STREAM_URL}/v2/{feed}")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise OperatorFault(f"keys are not sent without encryption: use https for {parts.hostname}")
    return Endpoints(base, base, f"{stream}/stream", f"{stream}/v2/{feed}")


def guard_live(where: Endpoints, *, live: bool, pinned_account: str | None, account_number: str) -> None:
    """Real money needs two keys: it is asked for, and the account is the pinned one. Raises OperatorFault."""
    if pinned_account is not None and pinned_account != account_number:
        raise OperatorFault(f"the keys belong to account {account_number}, but the profile pins account {pinned_account}")
    if where.is_live and not (live and pinned_account is not None):
        raise OperatorFault("live trading needs --live and the account number pinned in the profile")
    if live and not where.is_live:
        raise OperatorFault("--live was given, but the broker's address is not the live one")
