"""The command line's side of the control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tradebot.core.domain.events import OperatorOrder
from tradebot.core.domain.faults import OperatorFault

TIMEOUT_S: Final = 5.0


class NotRunning(Exception):
    """No daemon answers on the socket."""


class ApiClient:
    """One request per call. Raises NotRunning, or OperatorFault when the daemon refuses."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask("GET", "/status")
        return answer

    def positions(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._ask("GET", "/positions")
        return answer

    def orders(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._ask("GET", "/orders")
        return answer

    def decisions(self) -> list[dict[str, Any]]:
        """The last minute's decision, one row per symbol."""
        answer: list[dict[str, Any]] = self._ask("GET", "/decisions")
        return answer

    def features(self) -> list[dict[str, Any]]:
        """The last minute's feature row of each symbol that had a bar in it; None for a value that is none."""
        answer: list[dict[str, Any]] = self._ask("GET", "/features")
        return answer

    def stop(self, reason: str = "tradebot stop") -> None:
        self._ask("POST", "/stop", {"reason": reason})

    def tell(self, order: OperatorOrder, reason: str) -> None:
        """A person's order, with its reason."""
        self._ask("POST", f"/{order.value}", {"reason": reason})

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        import httpx

        transport = httpx.HTTPTransport(uds=str(self._path))
        try:
            with httpx.Client(transport=transport, base_url="http://tradebot", timeout=TIMEOUT_S, trust_env=False) as client:
                response = client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise NotRunning(f"no daemon answers on {self._path}") from error
        answer = response.json()
        if response.is_error:
            raise OperatorFault(f"the daemon refuses: {answer.get('error', response.status_code)}")
        return answer
