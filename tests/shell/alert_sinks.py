"""Who listens at the other end of an alert: an HTTP endpoint that can be sick, and a mail server, both on loopback."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class HttpSink(ThreadingHTTPServer):
    """Keeps what it is sent. `status` is its answer; `hang_s` is how long it thinks before."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.hang_s = 0.0
        super().__init__(("127.0.0.1", 0), _Post)

    def url(self, scheme: str = "json", tail: str = "") -> str:
        return f"{scheme}://127.0.0.1:{self.server_address[1]}/{tail}"

    def wait(self, count: int, patience_s: float = 20.0) -> list[dict[str, Any]]:
        """What came, once there are `count` of it."""
        end = time.monotonic() + patience_s
        while len(self.got) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.got) >= count, f"{len(self.got)} messages instead of {count}: {self.got}"
        return self.got


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sink = self.server
        assert isinstance(sink, HttpSink)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(sink.hang_s)
        if sink.status == 200:
            sink.got.append(json.loads(body))
        self.send_response(sink.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class MailSink(socketserver.ThreadingTCPServer):
    """A mail server that takes everything. `got` holds each message's lines."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[list[str]] = []
        super().__init__(("127.0.0.1", 0), _Mail)

    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.server_address[1]}?mode=insecure&from=bot@example.com&to=me@example.com"


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        sink = self.server
        assert isinstance(sink, MailSink)
        self._say("220 sink")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    self._say("354 go on")
                    lines = list(iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), "."))
                    sink.got.append(lines)
                    self._say("250 taken")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 good")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def listening(*sinks: socketserver.BaseServer) -> Iterator[None]:
    for sink in sinks:
        threading.Thread(target=sink.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield
    finally:
        for sink in sinks:
            sink.shutdown()
            sink.server_close()
