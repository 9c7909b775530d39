"""Files from the network: only what is public is fetched, and nothing secret is written down."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
from emulator import Emulator

from clash.errors import ProviderError, SettingsError
from clash.network.certificates import certificates
from clash.providers.transport import Downloads
from clash.redaction import redacted, redacted_text, safe_url

MOST = 1 << 20


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.215.14/plain-http",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://172.16.0.9/",
        "https://169.254.169.254/latest/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://localhost/",
        "file:///etc/passwd",
        "ftp://93.184.215.14/a",
        "data:text/plain,hello",
        "https:///nowhere",
    ],
)
async def test_nothing_private_is_fetched(url: str) -> None:
    """Loopback, private networks, the cloud's own addresses, other schemes, however they are written."""
    with pytest.raises(SettingsError) as caught:
        await Downloads().fetch(url, most_bytes=MOST)
    assert (caught.value.code, caught.value.exit_code) == ("unsafe_address", 4)


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name is at these addresses."""

    async def getaddrinfo(self: object, host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


async def test_a_public_name_at_a_private_address_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name counts by where it leads, and one private address among public ones is enough."""
    resolving_to(monkeypatch, "93.184.215.14", "10.0.0.7")
    with pytest.raises(SettingsError, match=r"10\.0\.0\.7 is not public"):
        await Downloads().fetch("https://cdn.example/a.mp4", most_bytes=MOST)


async def test_the_address_that_was_checked_is_the_one_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the number, under the name's certificate: no second look-up can lead it elsewhere."""
    resolving_to(monkeypatch, "93.184.215.14")
    asked: list[tuple[str, str, str]] = []

    async def answer(self: object, request: httpx.Request, **_: Any) -> httpx.Response:
        asked.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        return httpx.Response(200, stream=httpx.ByteStream(b"file"), request=request)

    monkeypatch.setattr(httpx.AsyncClient, "send", answer)
    assert await Downloads().fetch("https://cdn.example/a.mp4?sig=x", most_bytes=MOST) == b"file"
    assert asked == [("93.184.215.14", "cdn.example", "cdn.example")]


async def test_a_host_is_allowed_with_its_port_only(vendors: Emulator) -> None:
    """`host:port` names one service of a machine, not all of them."""
    address = vendors.file("a.txt", b"hello")
    host = vendors.url.removeprefix("http://")
    assert await Downloads((host,)).fetch(address, most_bytes=MOST) == b"hello"
    with pytest.raises(SettingsError):
        await Downloads(("127.0.0.1:1",)).fetch(address, most_bytes=MOST)


async def test_only_a_few_redirects_are_followed(vendors: Emulator) -> None:
    """Five hops lead to the file; a circle ends."""
    allowed = Downloads((vendors.url.removeprefix("http://"),))
    address = vendors.file("a.txt", b"hello")
    assert await allowed.fetch(f"{vendors.url}/files/to?{address}", most_bytes=MOST) == b"hello"
    vendors.fault("/files/circle", "answer", times=99, status=302, headers={"location": "/files/circle"})
    with pytest.raises(ProviderError, match="redirected more than 5 times"):
        await allowed.fetch(f"{vendors.url}/files/circle", most_bytes=MOST)


async def test_a_file_is_bounded_in_size_and_time(vendors: Emulator) -> None:
    """What is too large or too slow is given up."""
    host = vendors.url.removeprefix("http://")
    address = vendors.file("big.bin", b"x" * 5000)
    with pytest.raises(ProviderError) as caught:
        await Downloads((host,)).fetch(address, most_bytes=4999)
    assert caught.value.code == "too_large"
    vendors.fault("/files/", "wait", ms=900)
    with pytest.raises(ProviderError, match="did not come within") as caught:
        await Downloads((host,), longest_s=0.2).fetch(address, most_bytes=MOST)
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [(404, "expired", False), (403, "expired", False), (410, "expired", False), (503, "provider", True)],
)
async def test_what_a_store_answers_is_understood(vendors: Emulator, status: int, code: str, retryable: bool) -> None:
    """Gone for good, or only just now."""
    vendors.fault("/files/", "answer", status=status)
    with pytest.raises(ProviderError) as caught:
        await Downloads((vendors.url.removeprefix("http://"),)).fetch(f"{vendors.url}/files/a", most_bytes=MOST)
    assert (caught.value.code, caught.value.retryable) == (code, retryable)


async def test_a_file_cut_short_can_be_fetched_again(vendors: Emulator) -> None:
    """The store promises more than it sends."""
    vendors.fault("/files/", "answer", status=200, headers={"content-length": "100"}, body="short")
    with pytest.raises(ProviderError) as caught:
        await Downloads((vendors.url.removeprefix("http://"),), longest_s=3).fetch(
            f"{vendors.url}/files/a", most_bytes=MOST
        )
    assert caught.value.retryable


def test_nothing_recorded_contains_a_secret() -> None:
    """Keys, signatures, users and files written out in a text are left out of it; the rest stays."""
    text = redacted_text(
        "GET https://me:pw@v3.fal.media/a.mp4?X-Amz-Signature=abc Authorization: Key 0123456789ab:cdef"
        " sk-proj-abcdefgh12345678 data:image/png;base64,iVBORw0KGgo= the end"
    )
    assert text == "GET https://v3.fal.media/a.mp4 Authorization: *** *** <image/png, 34 characters> the end"
    value = redacted({"api_key": "x", "video": {"url": "https://a.b/c.mp4?t=1"}, "n": [1, 2.5, None, True]})
    assert value == {"api_key": "***", "video": {"url": "https://a.b/c.mp4"}, "n": [1, 2.5, None, True]}
    assert len(redacted_text("x" * 10_000)) == 2000
    assert safe_url("https://a.b/c?d#e") == "https://a.b/c"


def test_certificates_are_checked() -> None:
    """No setting turns that off."""
    import ssl

    assert certificates().verify_mode is ssl.CERT_REQUIRED
    assert certificates().check_hostname


@pytest.mark.parametrize("url", ["https://xn--a/a.mp4", "https://cdn.example/\ud800.mp4", "https://cdn.example:port/a"])
async def test_an_address_that_is_none_is_told(url: str) -> None:
    """A host that no name can be, a text that cannot be encoded, a port that there is not."""
    with pytest.raises(ProviderError, match="is no address") as caught:
        await Downloads(("cdn.example",)).fetch(url, most_bytes=MOST)
    assert caught.value.code == "bad_address"
    caught.value.message.encode()  # it can be written into a database and to a terminal


async def test_a_redirect_that_leads_nowhere(vendors: Emulator) -> None:
    """Without a `Location` it is an answer like any that is no file, and may be asked for again."""
    vendors.fault("/files/", "answer", status=302)
    with pytest.raises(ProviderError, match="answered HTTP 302") as caught:
        await Downloads((vendors.url.removeprefix("http://"),)).fetch(f"{vendors.url}/files/a", most_bytes=MOST)
    assert caught.value.retryable
