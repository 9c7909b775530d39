"""Proxies and certificates of the environment: used as they are set, and explained where they cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from proxy_servers import (
    FILE,
    HOST,
    Listening,
    babbling,
    files,
    http_proxy,
    listening,
    make_certificate,
    silent,
    socks5,
)

from clash.errors import ProviderError, SettingsError
from clash.http import BoundedTransport, NotSentError
from clash.network import network_problems, require_network
from clash.network.proxies import Proxies
from clash.network.transport import NetworkTransport
from clash.providers.transport import Downloads

VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "SSLKEYLOGFILE",
)
MOST = 1 << 20
URL = f"https://{HOST}/a.png"


@pytest.fixture(autouse=True)
def no_network_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own set-up."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def file_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Listening]:
    """A host of files over https whose certificate is trusted."""
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with listening(files(certificate)) as server:
        yield server


# -- through a proxy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_connect_sends_the_host_name(
    variable: str, file_host: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is told the name of a host that nobody here could look up, and the file comes."""
    with listening(http_proxy(file_host.port)) as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert await Downloads().fetch(URL, most_bytes=MOST) == FILE
        assert proxy.asked == [f"{HOST}:443"]
        assert await Downloads().check_host(HOST) == f"through the proxy http://127.0.0.1:{proxy.port} ({variable})"


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_gets_the_host_name(
    scheme: str, file_host: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SOCKS works under both of its names, and the proxy looks the host up."""
    with listening(socks5(file_host.port)) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{proxy.port}")
        assert await Downloads().fetch(URL, most_bytes=MOST) == FILE
        assert proxy.asked == [f"{HOST}:443"]


async def test_a_socks_proxy_gets_user_and_password(file_host: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are written in the address, percent signs undone; a wrong password is told without it."""
    with listening(socks5(file_host.port, ("me", "p@ss"))) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://me:p%40ss@127.0.0.1:{proxy.port}")
        assert await Downloads().fetch(URL, most_bytes=MOST) == FILE
        assert proxy.logins == [("me", "p@ss")]
        monkeypatch.setenv("ALL_PROXY", f"socks5://me:hunter22@127.0.0.1:{proxy.port}")
        with pytest.raises(ProviderError) as caught:
            await Downloads().fetch(URL, most_bytes=MOST)
    assert "ALL_PROXY" in caught.value.message
    assert "hunter22" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/a",
        "https://169.254.169.254/a",
        "https://2130706433/a",
        "https://localhost/a",
        "https://metadata.google.internal/a",
        "https://10.0.0.1/a",
        "https://[::1]/a",
        "https://[fd00:ec2::254]/a",
        "https://router/a",
    ],
)
async def test_a_proxy_never_gets_a_private_address(
    url: str, file_host: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers and names of an internal network are refused before the proxy hears of them."""
    with listening(http_proxy(file_host.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(SettingsError) as caught:
            await Downloads().fetch(url, most_bytes=MOST)
        assert (caught.value.code, proxy.asked) == ("unsafe_address", [])


@pytest.mark.parametrize("way", ["refuses", "is silent", "babbles", "is not there"])
async def test_a_request_that_a_proxy_fails_was_not_sent(
    way: str, file_host: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the proxy does before a connection is there: nothing was sent, so nothing can have been bought."""
    serve = {"refuses": http_proxy(file_host.port, "403 No"), "is silent": silent}.get(way, babbling)
    for scheme in ("http", "socks5"):
        with listening(serve) as proxy:
            port = 9 if way == "is not there" else proxy.port
            monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")
            async with httpx.AsyncClient(
                transport=BoundedTransport(), timeout=httpx.Timeout(20, connect=0.5)
            ) as client:
                with pytest.raises(NotSentError, match="ALL_PROXY"):
                    await client.post(URL, json={})
    assert file_host.asked == []


async def test_a_failure_after_sending_may_have_arrived(
    file_host: Listening, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only what failed before the first byte counts as not sent."""
    with listening(silent) as server:
        async with httpx.AsyncClient(transport=NetworkTransport(), timeout=0.3) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(f"http://127.0.0.1:{server.port}/", json={})


# -- who is asked directly ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direct", "host", "port", "is_direct"),
    [
        ("*", "a.example", 443, True),
        ("", "a.example", 443, False),
        ("a.example", "a.example", 443, True),
        (".example", "a.example", 443, True),
        ("example", "notexample", 443, False),
        ("*.b.c", "a.b.c", 443, True),
        ("localhost,127.0.0.1", "127.0.0.1", 80, True),
        ("10.0.0.0/8", "10.9.8.7", 80, True),
        ("10.0.0.0/8", "11.0.0.1", 80, False),
        ("[::1]", "::1", 80, True),
        ("::1", "::1", 80, True),
        ("::1/128", "::1", 80, True),
        ("a.example:8443", "a.example", 8443, True),
        ("a b", "b", 80, True),
        ("a.example:8443", "a.example", 443, False),
        ("https://a.example", "a.example", 443, True),
        ("A.EXAMPLE", "a.example", 443, True),
        (",,", "a.example", 443, False),
    ],
)
def test_no_proxy_names_hosts_that_are_reached_directly(
    direct: str, host: str, port: int, is_direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names with all below them, numbers, networks, ports, in either case; nothing in it is an error."""
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv(variable, direct)
        assert (Proxies.of_environment().proxy_for("https", host, port) is None) == is_direct
        require_network()
        monkeypatch.delenv(variable)


def test_each_scheme_has_its_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """ALL_PROXY is for schemes without their own; a lower-case name overrides an upper-case one."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1")
    monkeypatch.setenv("HTTP_PROXY", "127.0.0.1:3128")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:8080")
    proxies = Proxies.of_environment()
    plain, secure = proxies.proxy_for("http", "a.example"), proxies.proxy_for("https", "a.example")
    assert plain is not None
    assert secure is not None
    assert (plain.address, plain.variable) == ("http://127.0.0.1:8080", "http_proxy")
    assert (secure.address, secure.variable) == ("socks5://127.0.0.1:1080", "ALL_PROXY")


# -- what cannot be used -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value",
    [
        "socks4://me:hunter22@127.0.0.1:1080",
        "ftp://127.0.0.1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://",
        "http://me:hunter22@:80",
        "http://[::1",
        "http://a b:80",
        "http://127.0.0.1:8\n0",
        "http://[::zz]:80",
        "http://a..b:80",
        "http://exa^mple:80",
        "://",
        "http:///x",
    ],
)
def test_a_bad_proxy_is_named(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable and never repeats the value, which may hold a password."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        NetworkTransport()
    assert (caught.value.code, caught.value.exit_code) == ("bad_proxy", 4)
    assert variable in caught.value.message
    assert "hunter22" not in f"{caught.value.message} {caught.value.hint}"
    assert [problem.message for problem in network_problems()] == [caught.value.message]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("kind", ["missing", "no PEM", "a folder", "a pipe", "an empty file", "a binary"])
def test_bad_certificates_are_named(variable: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is missing, no PEM, a folder without certificates, a pipe: the variable is named, nothing hangs."""
    if kind == "a pipe" and os.name == "nt":
        pytest.skip("Windows has no named pipes in folders")
    path = tmp_path / "ca"
    if kind == "no PEM":
        path.write_text("-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n")
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "an empty file":
        path.touch()
    elif kind == "a binary":
        path.write_bytes(bytes(range(1, 256)))
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(SettingsError) as caught:
        require_network()
    assert (caught.value.code, caught.value.exit_code) == ("bad_certificates", 4)
    assert variable in caught.value.message
    monkeypatch.delenv(variable)
    require_network()


def test_an_unreadable_certificate_is_named(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that this user may not read."""
    path = make_certificate(open_folder)
    path.chmod(0)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with unprivileged(), pytest.raises(SettingsError, match=r"SSL_CERT_FILE cannot be used: .* cannot be read"):
        require_network()


def test_a_key_log_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSLKEYLOGFILE is opened with the certificates."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "no" / "keys.log"))
    with pytest.raises(SettingsError, match="SSLKEYLOGFILE"):
        require_network()


async def test_certificates_of_a_bundle_are_trusted(
    file_host: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQUESTS_CA_BUNDLE counts where nothing else is set; without any of them the host is not trusted."""
    with listening(http_proxy(file_host.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(ProviderError, match="CERTIFICATE_VERIFY_FAILED"):
            await Downloads().fetch(URL, most_bytes=MOST)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        assert await Downloads().fetch(URL, most_bytes=MOST) == FILE
