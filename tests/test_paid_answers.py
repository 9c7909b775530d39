"""What was paid for is kept, whatever a server says of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from paid_requests import card, settings_for, speech
from raw_server import Asked, Part, answer, raw_server

from clash.errors import ProviderError, SettingsError
from clash.providers.fal import FalProvider
from clash.providers.fal.queue import Queue
from clash.providers.openai import OpenAIProvider
from clash.providers.ports import Job

TICKET: dict[str, Any] = {
    "request_id": "job-1",
    "response_url": "https://queue.fal.run/fal-ai/kokoro/requests/job-1",
    "status_url": "https://queue.fal.run/x",
    "cancel_url": "https://queue.fal.run/x",
    "status": "IN_QUEUE",
}
DEEP = b"[" * 200_000


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
    """Neither a proxy nor a `.env` of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
