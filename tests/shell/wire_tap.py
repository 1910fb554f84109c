"""A recording HTTP server on loopback that answers what it is told: for requests that no well-behaved broker would see."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Tap:
    url: str
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = field(default_factory=dict)
    seen: list[tuple[str, str, Any]] = field(default_factory=list)

    def will(self, method: str, path: str, *answers: tuple[int, Any]) -> None:
        """The answers in turn; the last one stays. A status of 0 closes the connection without an answer."""
        self.answers[method, path] = list(answers)

    def bodies(self, method: str, path: str) -> list[Any]:
        return [body for m, p, body in self.seen if (m, p) == (method, path)]


@contextmanager
def tapped() -> Iterator[Tap]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            path = self.path.split("?")[0]
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            tap.seen.append((self.command, path, json.loads(raw) if raw else None))
            script = tap.answers.get((self.command, path), [(404, {"message": "not scripted"})])
            status, body = script.pop(0) if len(script) > 1 else script[0]
            if status == 0:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    tap = Tap(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield tap
    finally:
        server.shutdown()
        server.server_close()
