"""A paid request reaches fal and OpenAI once, however the answer breaks, and odd answers are errors in plain words."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from paid_requests import card, settings_for, speech
from raw_server import CHUNKED, Asked, Part, answer, free_port, raw_server
from test_http_transport import BROKEN

from clash.config import Settings
from clash.errors import AmbiguousError, ClashError, ProviderError, SettingsError
from clash.http import Limits
from clash.providers.fal import transport as fal_transport
from clash.providers.openai import OpenAIProvider, conversation
from clash.providers.ports import Context, ScreenplayRequest
from clash.story.reader import read_story

STORY = read_story(b"scene,location,description\n1,Sea,A boat on the sea.\n", name="s.csv")


@dataclass(frozen=True)
class Paid:
    """One kind of paid request: how it is made."""

    name: str
    ask: Callable[[Settings], Any]


def screenplay(settings: Settings) -> Any:
    """Text from OpenAI."""
    return OpenAIProvider(settings).call("gpt-5-mini", ScreenplayRequest(story=STORY), Context("key", "gpt-5-mini"))


PAID = [Paid("fal", speech), Paid("openai text", screenplay), Paid("openai picture", card)]
each_paid = pytest.mark.parametrize("paid", PAID, ids=lambda paid: paid.name)
TICKET: dict[str, Any] = {
    "request_id": "job-1",
    "response_url": "https://queue.fal.run/fal-ai/kokoro/requests/job-1",
    "status_url": "https://queue.fal.run/x",
    "cancel_url": "https://queue.fal.run/x",
    "status": "IN_QUEUE",
}


async def outcome(paid: Paid, parts: list[Part], **server_options: Any) -> tuple[ClashError, list[Asked]]:
    """The error of one paid request that is answered with these bytes, and what was asked."""
    async with raw_server(lambda _: parts, **server_options) as server:
        with pytest.raises(ClashError) as caught:
            await paid.ask(settings_for(server.url))
        await asyncio.sleep(0)
    return caught.value, server.asked


@each_paid
@pytest.mark.parametrize("how", BROKEN)
async def test_a_paid_request_is_sent_once(paid: Paid, how: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever breaks: one POST, an unknown call for a person to decide about, and no warning in any log."""
    error, asked = await outcome(paid, BROKEN[how])
    assert ([one.method for one in asked], type(error)) == (["POST"], AmbiguousError)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@each_paid
async def test_an_answer_cut_anywhere_is_not_asked_for_again(paid: Paid) -> None:
    """In its headers and at any byte of its body, plain and in chunks."""
    body = json.dumps(TICKET).encode()
    whole = answer(body)
    chunks = CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    for sent in (whole, chunks):
        for place in range(1, len(sent), 23):
            error, asked = await outcome(paid, [sent[:place], "reset" if place % 2 else b""])
            assert (type(error), len(asked)) == (AmbiguousError, 1), place


@each_paid
@pytest.mark.parametrize("read", [0, 30, 300])
async def test_a_request_that_breaks_half_way_is_not_sent_again(paid: Paid, read: int) -> None:
    """The server may have had enough of it: one connection, one unknown call."""
    async with raw_server(lambda _: [], reads=read) as server:
        with pytest.raises(AmbiguousError):
            await paid.ask(settings_for(server.url))
    assert server.connections == 1


@each_paid
async def test_an_answer_that_never_ends_ends(paid: Paid, monkeypatch: pytest.MonkeyPatch) -> None:
    """By time, whether it stalls or drips; one POST, and the call is unknown."""
    monkeypatch.setattr(fal_transport, "_LIMITS", Limits(body_bytes=1 << 20, answer_s=0.2))
    for name in ("_ANSWER_S", "_OWN_ANSWER_S"):
        monkeypatch.setattr(conversation, name, 0.2)
    drip: list[Part] = [b" ", "drip"]
    late: list[list[Part]] = [["stall"], [answer(b"{", length=500), "stall"], [answer(b"", length=500), *drip * 50]]
    for parts in late:
        error, asked = await outcome(paid, parts)
        assert (type(error), len(asked)) == (AmbiguousError, 1)


@each_paid
async def test_what_was_never_sent_may_be_sent_later(paid: Paid) -> None:
    """Where nobody listens: it is told so, and another try costs nothing."""
    with pytest.raises(ProviderError) as caught:
        await paid.ask(settings_for(f"http://127.0.0.1:{free_port()}"))
    assert (type(caught.value), caught.value.code, caught.value.retryable) == (ProviderError, "unreachable", True)


@each_paid
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_prompt_goes_to_no_other_host(paid: Paid, status: int) -> None:
    """A redirect ends the call with the setting to look at; the other host hears nothing."""
    async with raw_server(lambda _: [answer(b"{}")]) as other:
        for place in (f"{other.url}/v1/x", "https://127.0.0.1:1/x", "/elsewhere"):
            error, asked = await outcome(paid, [answer(b"", f"Location: {place}", status=status)])
            assert (type(error), error.code, len(asked)) == (SettingsError, "redirected", 1)
            assert "BASE_URL" in str(error.hint)
    assert other.connections == 0


DEEP = b"[" * 200_000
ODD_JSON = [
    b"[]",
    b"3",
    b'"text"',
    b"null",
    b"{}",
    b"NaN",
    b"true",
    DEEP,
    b'{"a":' * 5000,
    b"1e999",
    b"9" * 5000,
    b"[" + b"1," * 300_000 + b"1]",
    b'{"choices": {}, "data": {}, "request_id": {}}',
    b'{"choices": [], "data": [], "request_id": ""}',
    b'{"choices": [null], "data": [null], "request_id": null}',
    b'{"choices": [[]], "data": [3], "request_id": 3}',
    b'{"choices": [{"message": 3}], "data": "x", "request_id": ["a"]}',
    b'{"choices": NaN, "data": NaN, "request_id": NaN}',
    b'{"choices": [{"message": {"content": 5}}], "data": 1e400, "request_id": "a/../../b"}',
    b'{"choices": [{"message": {"content": {"a": 1}}}], "data": null, "request_id": "\\ud800"}',
]


@each_paid
@pytest.mark.parametrize("body", ODD_JSON, ids=lambda body: body[:40].decode("latin-1"))
async def test_json_of_another_shape_is_a_lost_answer(paid: Paid, body: bytes) -> None:
    """Lists, numbers, nothing, wrong types, missing fields, too deep or too much: paid perhaps, and asked once."""
    error, asked = await outcome(paid, [answer(body)])
    assert (type(error), len(asked)) == (AmbiguousError, 1)
    assert len(error.message) < 600


ODD_WORDS = [
    b"[]",
    b"3",
    DEEP,
    b"[" * 900 + b"]" * 900,
    b"\xff\xfe",
    b"<html>",
    b"",
    b'{"detail": {"a": [1]}, "error": 5}',
    b'{"error_type": ["a"]}',
    b'{"error": {"message": {}, "code": ["x"], "type": 5}}',
    b'{"detail": "\\ud800", "error": {"message": "\\ud800"}}',
]


@each_paid
@pytest.mark.parametrize("words", ODD_WORDS)
async def test_a_refusal_in_odd_words_is_a_refusal(paid: Paid, words: bytes) -> None:
    """HTTP 422 says that nothing was made, whatever stands in its body."""
    error, asked = await outcome(paid, [answer(words, status=422)])
    assert (type(error), error.code, error.retryable, len(asked)) == (ProviderError, "bad_request", False, 1)


@each_paid
async def test_a_refusal_is_told_in_the_server_s_words(paid: Paid) -> None:
    """Also where they do not stand in the place that OpenAI has for them."""
    error, _ = await outcome(paid, [answer(b'{"detail": "no such model"}', status=422)])
    assert "no such model" in error.message


@each_paid
@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("²", None), ("-1", 0.0), ("1e99", None), ("", None), ("soon", None)]
)
async def test_an_odd_retry_after_is_no_advice(paid: Paid, header: str, seconds: float | None) -> None:
    """The call was refused and may be made later; only a number or a date says when."""
    said = answer(b"{}", f"Retry-After: {header}", status=429)
    error, asked = await outcome(paid, [said])
    assert isinstance(error, ProviderError)
    assert (error.code, error.retryable, error.retry_after_s, len(asked)) == ("rate_limited", True, seconds, 1)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor a `.env` of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
