"""A host whose certificate nobody vouches for gets no key: the connection ends before a request is sent."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server, socket

import pytest

from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.broker.rest import BrokerUnreachable, Rest
from tradebot.shell.feeds.reconnect import open_socket

KEYS = Credentials("PKCANARY", "canary-tls-61")


@dataclass
class Impostor:
    """`heard` is what came through TLS, `refusals` how many clients broke off the handshake."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    refusals: int = 0


def _serve(listener: socket, context: ssl.SSLContext, impostor: Impostor) -> None:
    while True:
        try:
            wire, _ = listener.accept()
        except OSError:
            return  # closed
        wire.settimeout(5)
        try:
            with context.wrap_socket(wire, server_side=True) as tls:
                heard = tls.recv(65_536)
                if heard:
                    impostor.heard.append(heard)
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        except (ssl.SSLError, OSError):
            impostor.refusals += 1


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[Impostor]:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with create_server(("127.0.0.1", 0)) as listener:
        made = Impostor(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, context, made), daemon=True)
        thread.start()
        yield made


@pytest.mark.needs("openssl")
async def test_rest_sends_no_key_to_a_self_signed_host(impostor: Impostor) -> None:
    rest = Rest(f"https://127.0.0.1:{impostor.port}", KEYS)
    try:
        with pytest.raises(BrokerUnreachable, match="ConnectError") as refused:
            await rest.get("/v2/account")
    finally:
        await rest.close()
    assert "canary" not in str(refused.value)
    assert impostor.heard == []
    assert impostor.refusals >= 1


@pytest.mark.needs("openssl")
async def test_a_stream_opens_to_no_self_signed_host(impostor: Impostor) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await open_socket(f"wss://127.0.0.1:{impostor.port}/stream")
    assert impostor.heard == []


@pytest.mark.needs("openssl")
def test_the_impostor_would_hear_who_does_not_verify(impostor: Impostor) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket() as plain:
        plain.connect(("127.0.0.1", impostor.port))
        with context.wrap_socket(plain) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert tls.recv(100).startswith(b"HTTP/1.1 200")
    assert impostor.heard == [b"GET / HTTP/1.1\r\n\r\n"]
