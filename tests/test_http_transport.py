"""Each request is sent once, and its answer is whole or an error, whatever a server does."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable, Iterable

import httpx
import pytest
from raw_server import CHUNKED, Asked, Part, answer, endless, free_port, raw_server

from clash.http import (
    AnswerLostError,
    BoundedTransport,
    ExchangeError,
    Limits,
    NotSentError,
    RedirectedError,
    json_of,
    retry_after_s,
)

WHOLE = b'{"id": "job-1"}'
SMALL = Limits(body_bytes=1 << 20, answer_s=2.0)
LATE = Limits(body_bytes=1 << 20, answer_s=0.3)
Answering = Callable[[Asked], Iterable[Part]]


async def ask(url: str, limits: Limits = SMALL, *, method: str = "POST", json_only: bool = True) -> httpx.Response:
    """One request over the transport."""
    async with httpx.AsyncClient(transport=BoundedTransport(limits, json_only=json_only)) as client:
        return await client.request(method, f"{url}/paid", json={"prompt": "x" * 2000}, headers={"x-key": "k"})


async def error_of(answering: Answering, limits: Limits = SMALL, *, method: str = "POST") -> tuple[ExchangeError, int]:
    """The error of one request, and how often the server was asked."""
    async with raw_server(answering) as server:
        with pytest.raises(ExchangeError) as caught:
            await ask(server.url, limits, method=method)
    return caught.value, len(server.asked)


@pytest.mark.parametrize(
    "packed",
    [
        answer(WHOLE),
        answer(gzip.compress(WHOLE), "Content-Encoding: gzip"),
        answer(zlib.compress(WHOLE), "Content-Encoding: Deflate"),
        answer(WHOLE, "Content-Type: text/plain"),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + answer(WHOLE),
        CHUNKED + b"f\r\n" + WHOLE + b"\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n" + WHOLE,
    ],
)
async def test_a_complete_answer_arrives_unpacked(packed: bytes) -> None:
    """Plain or packed, with a length or in chunks, after interim answers: the same JSON, and the type says so."""
    async with raw_server(lambda _: [packed]) as server:
        response = await ask(server.url)
    assert (response.json(), response.headers["content-type"]) == ({"id": "job-1"}, "application/json")
    assert b"accept-encoding: gzip\r\n" in server.asked[0].head.lower()


BROKEN: dict[str, list[Part]] = {
    "closed before the headers": [],
    "reset before the headers": ["reset"],
    "closed in the headers": [b"HTTP/1.1 200 OK\r\nContent-Le"],
    "not HTTP": [b"220 smtp ready\r\n"],
    "reset in the body": [answer(WHOLE, length=500), "reset"],
    "cut chunk": [CHUNKED + b"400\r\n" + WHOLE],
    "chunk of no size": [CHUNKED + b"zz\r\n" + WHOLE],
    "no last chunk": [CHUNKED + b"f\r\n" + WHOLE + b"\r\n"],
    "two lengths": [answer(WHOLE, "Content-Length: 3")],
    "wrong gzip": [answer(WHOLE, "Content-Encoding: gzip")],
    "cut gzip": [answer(gzip.compress(WHOLE)[:-4], "Content-Encoding: gzip")],
    "other packing": [answer(WHOLE, "Content-Encoding: br")],
    "packed twice": [answer(gzip.compress(gzip.compress(WHOLE)), "Content-Encoding: gzip, gzip")],
    "no content": [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "odd status": [answer(WHOLE, status=999)],
    "switching protocols": [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
    "a web page": [answer(b"<html>hello</html>", "Content-Type: text/html")],
    "not UTF-8": [answer(b'{"id": "\xff\xfe"}')],
    "see other": [answer(b"", "Location: /elsewhere", status=303)],
    "5xx that breaks off": [answer(WHOLE, status=500, length=500)],
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_request_whose_answer_breaks_is_sent_once(how: str) -> None:
    """After a POST the answer is lost, and nobody says that it was not sent."""
    error, count = await error_of(lambda _: BROKEN[how])
    assert (type(error), error.repeatable, count) == (AnswerLostError, False, 1)


async def test_an_answer_cut_at_any_byte_is_lost() -> None:
    """From its first byte to its last but one."""
    whole = answer(WHOLE)
    for place in range(0, len(whole), 7):
        error, count = await error_of(lambda _, end=place: [whole[:end]])
        assert (type(error), count) == (AnswerLostError, 1), place


@pytest.mark.parametrize(
    "late",
    [
        ["stall"],
        [b"HTTP/1.1 200 OK\r\n", "stall"],
        [answer(WHOLE, length=500), "stall"],
        [answer(b"", length=500), *[b" ", "drip"] * 100],
        [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n", "drip"] * 100],
        [b"HTTP/1.1 100 Continue\r\n\r\n", "drip"] * 100,
    ],
)
async def test_no_answer_takes_longer_than_its_limit(late: list[Part]) -> None:
    """A server that stalls, or sends a byte now and then, or interim answers for ever."""
    error, count = await error_of(lambda _: late, LATE)
    assert (type(error), count) == (AnswerLostError, 1)


BOMB = gzip.compress(b" " * (64 << 20))
LARGE = {
    "body": lambda: endless(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "headers": lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 8000 + b"\r\n"),
    "one header": lambda: endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 8000),
    "chunk extension": lambda: endless(CHUNKED + b"1;", b"y" * 8000),
    "trailers": lambda: endless(CHUNKED + b"0\r\n", b"X: " + b"y" * 8000 + b"\r\n"),
    "gzip bomb": lambda: [answer(BOMB, "Content-Encoding: gzip")],
}


@pytest.mark.parametrize("what", LARGE)
async def test_no_answer_is_larger_than_its_limit(what: str) -> None:
    """Endless bodies, headers and trailers, and a small body that unpacks to a large one."""
    tracemalloc.start()
    try:
        error, count = await error_of(lambda _: LARGE[what](), Limits(1 << 20, 20.0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (type(error), count) == (AnswerLostError, 1)
    assert peak < 8 << 20


async def test_a_request_that_nobody_received_was_not_sent() -> None:
    """No server, no such scheme, a header that cannot be written: not one byte of the request left."""
    with pytest.raises(NotSentError):
        await ask(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotSentError):
        await ask("gopher://127.0.0.1")
    async with raw_server(lambda _: [answer(WHOLE)]) as server:
        transport = BoundedTransport(SMALL)
        request = httpx.Request("POST", server.url, headers={"x-key": "two\nlines"}, content=b"{}")
        with pytest.raises(NotSentError):
            await transport.handle_async_request(request)
    assert server.asked == []


@pytest.mark.parametrize("read", [0, 200, 1000])
async def test_a_request_cut_short_may_have_arrived(read: int) -> None:
    """The server resets the connection after some bytes of it."""
    async with raw_server(lambda _: [], reads=read) as server:
        with pytest.raises(AnswerLostError):
            await ask(server.url)
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_redirect_is_followed(status: int, method: str) -> None:
    """A redirect to another host, another scheme or another path is told, not followed."""
    async with raw_server(lambda _: [answer(WHOLE)]) as other:
        for place in (f"{other.url}/?token=secret", "ftp://example.com/", "/elsewhere", "//example.com/x"):
            error, count = await error_of(
                lambda _, to=place: [answer(b"", f"Location: {to}", status=status)], method=method
            )
            assert (type(error), count) == (RedirectedError, 1)
            assert "secret" not in error.message
    assert other.asked == []


@pytest.mark.parametrize("status", [400, 401, 422, 429])
@pytest.mark.parametrize("end", [[], ["reset"]])
async def test_a_refusal_whose_text_is_cut_short_is_a_refusal(status: int, end: list[Part]) -> None:
    """A 4xx to a POST says by its status that nothing was made."""
    async with raw_server(lambda _: [answer(b"too many", status=status, length=500), *end]) as server:
        response = await ask(server.url)
    assert (response.status_code, len(server.asked)) == (status, 1)


async def test_only_the_beginning_of_an_endless_error_is_read() -> None:
    """A status and 64 KB of words are enough."""
    head = CHUNKED.replace(b"200 OK", b"500 X")
    async with raw_server(lambda _: endless(head, b"10000\r\n" + b" " * 65536 + b"\r\n")) as server:
        response = await ask(server.url)
    assert (response.status_code, len(response.content)) == (500, 64 << 10)


async def test_a_paid_request_gets_its_own_connection() -> None:
    """A server may close an idle connection just as it is used again: a POST is never sent on one."""
    once = answer(WHOLE).replace(b"Connection: close\r\n", b"")
    client = httpx.AsyncClient(transport=BoundedTransport(SMALL))
    async with raw_server(lambda _: [once, "stall"]) as server, client:
        for _ in range(3):
            await client.post(server.url, json={})
    assert (server.connections, len(server.asked)) == (3, 3)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 100_000, "deep"),
        (b"[" * 80 + b"]" * 80, "deep"),
        (b'{"a":' * 80 + b"1" + b"}" * 80, "deep"),
        (b"[" + b"[]," * 300_000 + b"[]]", "values"),
        (b"1" * 10_000, "digits"),
        (b"", "Expecting"),
        (b'{"a": 1', "Expecting"),
    ],
)
def test_json_that_is_too_deep_or_too_long_is_refused(body: bytes, why: str) -> None:
    """As an error that says which, not as a crash."""
    with pytest.raises(ValueError, match=why):
        json_of(body)


def test_only_values_count_not_the_letters_of_strings() -> None:
    """A long text full of commas and brackets is one value, also where it has escaped quotes."""
    text = 'a{ "b ], \\ ' * 100_000
    assert json_of(json.dumps({"said": text}).encode()) == {"said": text}


@pytest.mark.parametrize("end", [b"", b"\\", b'\\"'])
def test_a_string_that_never_ends_takes_no_longer(end: bytes) -> None:
    """It is refused as what it is: no JSON."""
    with pytest.raises(ValueError, match="Unterminated"):
        json_of(b'{"a": "' + b'\\",[{' * 200_000 + end)


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"null", b'{"a": NaN, "a": 1e999}', b"[" * 64 + b"]" * 64])
def test_other_json_is_read_as_it_is(body: bytes) -> None:
    """The caller checks what it contains."""
    json_of(body)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("-1", 0.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("²", None),
        ("1e99", None),
        ("nan", None),
        ("inf", None),
        ("１２", None),
        ("1_0", None),
        ("9" * 400, None),
        ("1, 2", None),
        ("0x10", None),
        ("Thu, 99 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_how_long_to_wait_is_read_from_the_answer(header: str, seconds: float | None) -> None:
    """A number of seconds, or a date; anything else counts as nothing said."""
    assert retry_after_s({"retry-after": header}, now=60.0) == seconds
