"""A paid request reaches fal and OpenAI once, however the answer breaks, and odd answers are errors in plain words."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from raw_server import CHUNKED, Asked, Part, answer, free_port, raw_server
from test_http_transport import BROKEN

from clash.config import Settings
from clash.errors import AmbiguousError, ClashError, ProviderError, SettingsError
from clash.http import Limits
from clash.providers.fal import FalProvider
from clash.providers.fal import transport as fal_transport
from clash.providers.fal.queue import Queue
from clash.providers.openai import OpenAIProvider, conversation
from clash.providers.ports import Context, ImageRequest, Job, ScreenplayRequest, SpeechRequest
from clash.story.reader import read_story
from clash.story.screenplay import Character

STORY = read_story(b"scene,location,description\n1,Sea,A boat on the sea.\n", name="s.csv")
MARA = Character(slug="mara", name="Mara", look="teal coat")
KEY = "k" * 40


@dataclass(frozen=True)
class Paid:
    """One kind of paid request: how it is made."""

    name: str
    ask: Callable[[Settings], Any]


def settings_for(url: str) -> Settings:
    """Both vendors at one address."""
    host = url.removeprefix("http://")
    return Settings.model_validate(
        {
            "FAL_KEY": KEY,
            "FAL_BASE_URL": url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{url}/v1",
            "CLASH_ALLOW_HOSTS": host,
        }
    )


def speech(settings: Settings) -> Any:
    """A job for fal's queue."""
    request = SpeechRequest(text="Tell me how long", speaker="mara", language="en")
    return FalProvider(settings).submit("fal-ai/kokoro", request, Context("key", "fal-ai/kokoro"))


def screenplay(settings: Settings) -> Any:
    """Text from OpenAI."""
    return OpenAIProvider(settings).call("gpt-5-mini", ScreenplayRequest(story=STORY), Context("key", "gpt-5-mini"))


def card(settings: Settings) -> Any:
    """A picture from OpenAI."""
    request = ImageRequest(subject="character", prompt="", style="ink", width=1024, height=1024, character=MARA)
    return OpenAIProvider(settings).call("gpt-image-1", request, Context("key", "gpt-image-1"))


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
    for module in (fal_transport, conversation):
        monkeypatch.setattr(module, "_LIMITS", Limits(body_bytes=1 << 20, answer_s=0.2))
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


# -- what is paid for is kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/x/requests/job-1",
        "http://queue.fal.run/fal-ai/kokoro/requests/job-1",
        "",
        None,
        5,
        "https://queue.fal.run/other",
        "https://[bad",
        "https://queue.fal.run@evil.example/requests/job-1",
    ],
)
async def test_a_job_is_kept_whatever_is_said_of_where_it_is(where: object) -> None:
    """Its id is enough: fal's own address of it is known."""
    body = json.dumps({**TICKET, "response_url": where}).encode()
    async with raw_server(lambda _: [answer(body)]) as server:
        job = await speech(settings_for(server.url))
    assert job == Job("job-1", f"{server.url}/fal-ai/kokoro/requests/job-1")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        ["reset"],
        [answer(b"<html>")],
        [answer(b"[]")],
        [answer(DEEP)],
        [answer(b'{"status": 5}')],
        [answer(b'{"status": {}}')],
        [answer(b"<html>", status=404)],
        [answer(b"<html>", status=422)],
        [answer(b"{}", status=500)],
        [answer(b"{", status=404, length=500)],
        [answer(b"{}", status=999)],
        [answer(b'{"status": "IN_PROGRESS"}')],
    ],
)
async def test_a_job_is_never_given_up_for_an_odd_answer(parts: list[Part]) -> None:
    """What a proxy or a broken connection says of a job that is paid for is asked again, not believed."""
    async with raw_server(lambda _: parts) as server:
        provider = FalProvider(settings_for(server.url))
        job = Job("job-1", f"{server.url}/fal-ai/kokoro/requests/job-1")
        for look in (provider.poll, provider.fetch):
            with pytest.raises(ProviderError) as caught:
                await look("fal-ai/kokoro", job)
            assert caught.value.retryable, caught.value.message


async def test_a_redirect_of_a_poll_keeps_the_job() -> None:
    """It says which setting to look at, and is no failure of the job."""
    async with raw_server(lambda _: [answer(b"", "Location: https://elsewhere.example/", status=302)]) as server:
        job = Job("job-1", f"{server.url}/fal-ai/kokoro/requests/job-1")
        with pytest.raises(SettingsError, match="elsewhere"):
            await FalProvider(settings_for(server.url)).poll("fal-ai/kokoro", job)


@pytest.mark.parametrize("units", ["1e30", "-1", "NaN", "many", "²", ""])
async def test_an_impossible_bill_is_none(units: str) -> None:
    """A header that cannot be a number of units says nothing of the cost."""
    async with raw_server(lambda _: [answer(b"{}", f"x-fal-billable-units: {units}")]) as server:
        queue = Queue(settings_for(server.url))
        job = Job("job-1", f"{server.url}/fal-ai/kokoro/requests/job-1")
        with pytest.raises(ProviderError):
            await queue.result(job)
    assert queue.billed_units(job) is None


def png() -> bytes:
    """A small picture."""
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(stream, "PNG")
    return stream.getvalue()


USAGES: list[Any] = [
    None,
    5,
    "many",
    [],
    {},
    {"input_tokens": "a", "output_tokens": None},
    {"input_tokens": float("nan")},
    {"input_tokens": 1e300, "output_tokens": -5, "input_tokens_details": 3},
    {"input_tokens": 10, "output_tokens": 20, "input_tokens_details": {"image_tokens": 900}},
]


@pytest.mark.parametrize("usage", USAGES, ids=str)
async def test_a_picture_is_kept_whatever_is_said_of_its_cost(usage: object) -> None:
    """Usage of another shape counts as none."""
    import base64

    body = json.dumps({"data": [{"b64_json": base64.b64encode(png()).decode()}], "usage": usage}).encode()
    async with raw_server(lambda _: [answer(body, "Content-Type: text/plain")]) as server:
        made = await card(settings_for(server.url))
    assert made.facts == {"width": 64, "height": 64}
    assert made.cost_usd is None or 0 < made.cost_usd < 1


@pytest.mark.parametrize(
    "data",
    [
        {"b64_json": 5},
        {"b64_json": "!"},
        {"url": 5},
        {"url": "https://[bad"},
        {"url": "file:///etc/passwd"},
        {},
        {"url": "https://127.0.0.1/x"},
        {"b64_json": "aGVsbG8="},
        {"url": "\ud800"},
    ],
    ids=str,
)
async def test_a_picture_that_is_none_counts_as_paid(data: dict[str, Any]) -> None:
    """It was drawn: the price is on the error, and nobody draws it again unasked."""
    async with raw_server(lambda _: [answer(json.dumps({"data": [data]}).encode())]) as server:
        with pytest.raises(ProviderError) as caught:
            await card(settings_for(server.url))
    assert (caught.value.retryable, (caught.value.cost_usd or 0) > 0) == (False, True)
    assert len(server.asked) == 1


async def test_a_picture_that_breaks_off_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """To fetch it costs nothing; the picture is asked for once."""
    from clash.providers.openai import pictures

    monkeypatch.setattr(pictures, "_LONGEST_WAIT_S", 0.0)
    fetched: list[str] = []

    def answering(asked: Asked) -> list[Part]:
        if asked.method == "POST":
            host = asked.head.lower().partition(b"host: ")[2].partition(b"\r\n")[0].decode()
            return [answer(json.dumps({"data": [{"url": f"http://{host}/file.png"}]}).encode())]
        fetched.append(asked.path)
        if len(fetched) == 1:
            return [answer(png(), length=1 << 20)]
        return [answer(gzip.compress(png()), "Content-Encoding: gzip")]

    async with raw_server(answering) as server:
        made = await card(settings_for(server.url))
    assert (made.facts["width"], len(server.posts), len(fetched)) == (64, 1, 2)


async def test_a_file_that_unpacks_without_end_is_refused() -> None:
    """A download is bounded as unpacked, not only as sent."""
    from clash.providers.transport import Downloads

    bomb = answer(gzip.compress(b" " * (32 << 20)), "Content-Encoding: gzip")
    async with raw_server(lambda _: [bomb]) as server:
        with pytest.raises(ProviderError) as caught:
            await Downloads((server.url.removeprefix("http://"),)).fetch(f"{server.url}/f", most_bytes=1 << 20)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", DEEP, b"<html>", b'{"data": 5}', b'{"status": []}', b""])
@pytest.mark.parametrize("provider", [FalProvider, OpenAIProvider])
async def test_a_probe_of_an_odd_server_is_told(provider: type[FalProvider | OpenAIProvider], body: bytes) -> None:
    """`doctor` says what is wrong with the answer; to have asked cost nothing."""
    async with raw_server(lambda _: [answer(body)]) as server:
        with pytest.raises(ProviderError) as caught:
            await provider(settings_for(server.url)).probe()
    assert type(caught.value) is ProviderError


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor a `.env` of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
