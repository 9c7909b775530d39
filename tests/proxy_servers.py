"""Servers on the loopback for tests of the network: a SOCKS5 proxy, an HTTP proxy, a host of files over https.

Both proxies write down what they are asked to connect to, and connect to the host of files whatever its name.
"""

from __future__ import annotations

import ipaddress
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "files.example"
FILE = b"a file from a host that only the proxy can find"


class Listening(socketserver.ThreadingTCPServer):
    """A server on a free port, with what it was asked for."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, serve: Callable[[Listening, socket.socket], None]) -> None:
        self.asked: list[str] = []
        self.logins: list[tuple[str, str]] = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    serve(outer, self.request)
                except (OSError, struct.error):
                    return  # the client went away

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])


@contextmanager
def listening(serve: Callable[[Listening, socket.socket], None]) -> Generator[Listening]:
    """Serve every connection in a thread of its own, until the end."""
    with Listening(serve) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def socks5(target: int, login: tuple[str, str] | None = None) -> Callable[[Listening, socket.socket], None]:
    """A SOCKS5 proxy (RFC 1928, 1929) that connects to a port of the loopback, whatever it is asked for."""

    def serve(server: Listening, client: socket.socket) -> None:
        _, count = _exactly(client, 2)
        methods = _exactly(client, count)
        method = 2 if login else 0
        if method not in methods:
            client.sendall(b"\x05\xff")
            return
        client.sendall(bytes((5, method)))
        if login:
            _, length = _exactly(client, 2)
            user = _exactly(client, length).decode()
            server.logins.append((user, _exactly(client, _exactly(client, 1)[0]).decode()))
            client.sendall(b"\x01\x00" if server.logins[-1] == login else b"\x01\x01")
        _, _, _, kind = _exactly(client, 4)
        if kind == 3:
            host = _exactly(client, _exactly(client, 1)[0]).decode()
        else:
            host = str(ipaddress.ip_address(_exactly(client, 4 if kind == 1 else 16)))
        (port,) = struct.unpack(">H", _exactly(client, 2))
        server.asked.append(f"{host}:{port}")
        client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        _pump(client, target)

    return serve


def http_proxy(target: int, status: str = "200 OK") -> Callable[[Listening, socket.socket], None]:
    """An HTTP proxy that answers CONNECT with a status and then connects to a port of the loopback."""

    def serve(server: Listening, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := client.recv(4096)):
                return
            head += more
        server.asked.append(head.split(b" ")[1].decode())
        client.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if status.startswith("200"):
            _pump(client, target)

    return serve


def silent(server: Listening, client: socket.socket) -> None:
    """A server that takes connections and never says anything."""
    while client.recv(4096):
        server.asked.append("something")


def babbling(server: Listening, client: socket.socket) -> None:
    """A server that speaks another protocol."""
    client.recv(4096)
    server.asked.append("something")
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 4)


def files(certificate: Path) -> Callable[[Listening, socket.socket], None]:
    """A host of files over https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(server: Listening, client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as connection:
            head = connection.recv(65536).decode()
            server.asked.append(head.split(" ")[1])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(FILE))
            if not head.startswith("HEAD"):
                connection.sendall(FILE)

    return serve


def make_certificate(folder: Path, host: str = HOST) -> Path:
    """A certificate for a host with its key, in PEM, good for a day: trusted by who trusts this file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return path


def _exactly(connection: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        if not (more := connection.recv(count - len(got))):
            raise OSError("closed")
        got += more
    return got


def _pump(client: socket.socket, port: int) -> None:
    """Carry bytes both ways until one side is done."""
    with socket.create_connection(("127.0.0.1", port)) as upstream:
        back = threading.Thread(target=_copy, args=(upstream, client), daemon=True)
        back.start()
        _copy(client, upstream)
        back.join(5)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while more := source.recv(65536):
            sink.sendall(more)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return  # either side went away
