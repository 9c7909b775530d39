"""What a vendor answers, or its file says, that nobody can use: it is told, and nothing that was paid for is lost."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from emulator.material import picture
from http_vendors import served
from http_vendors.ark import Ark
from http_vendors.asked import keyframe, run_against, small_files
from test_vendor_files import ACME, written

from clash.assets import AssetStore
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import ProviderError, SettingsError
from clash.providers.http.exchange import Answered, asked_of
from clash.providers.http.files import read_vendor_file
from clash.providers.http.results import answer_of
from clash.providers.transport import Downloads
from clash.vocabulary import CallState

PICTURE = picture(128, 72)


@pytest.mark.parametrize(
    ("seed", "kept"),
    [("7", 7), (-7, -7), ("--5", None), ("5-", None), ("9" * 5000, None), ("٣", None), ("", None)],
)
async def test_a_seed_that_is_none_is_left_out(tmp_path: Path, seed: object, kept: int | None) -> None:
    """The picture is there and paid for; an odd seed beside it takes nothing away."""
    text = ACME.replace('result_is = "base64"', 'result_is = "base64"\nseed = "seed"')
    vendor = read_vendor_file(written(tmp_path, text))
    said = {"images": [{"base64": base64.b64encode(PICTURE).decode()}], "seed": seed}
    answer = await answer_of(vendor.endpoints["pictures"], vendor.models[1], Answered(b"", said), None, Downloads())
    assert answer.content == PICTURE
    assert answer.facts.get("seed") == kept


@pytest.mark.parametrize("line", ["x = " + "[" * 5000 + "]" * 5000, "concurrency_ = " + "9" * 5000])
def test_toml_without_end_is_told(tmp_path: Path, line: str) -> None:
    """Lists in lists, and a number of thousands of digits: the file is named."""
    with pytest.raises(SettingsError, match=r"acme\.toml is no TOML") as caught:
        read_vendor_file(written(tmp_path, f"{line}\n{ACME}"))
    assert caught.value.code == "bad_vendor_file"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("/v1/clips/${job}", "/v1/clips/${file}", "endpoints.clips.poll: ${file} is no part of an address; known: job"),
        ("POST /v1/images", "POST /v1/${job}", "${job} is no part of an address; known: call, model, voice"),
        ("poll_every_s = 3", 'probe = "GET /me?k=${key}"', "probe: ${key} is no part of an address; known: none"),
        ('"Bearer ${key}"', '"Bearer ${key}\\r\\nX: y"', "headers: the header Authorization may hold ASCII in one"),
        ('"Bearer ${key}"', '"Schlüssel ${key}"', "headers: the header Authorization may hold ASCII in one line"),
        ('"Bearer ${key}"', '"Bearer ${key} "', "with no space at either end"),
        ("{ Authorization", '{ "X y" = "1", Authorization', "'X y' is not the name of a header"),
        ("{ Authorization", '{ host = "else.example", Authorization', "the header host is written by clash"),
        ('"images.0.base64"', f'"images.{"9" * 5000}"', "has a place in a list of more than 6 digits"),
        ('"error.message"', '"error message"', "errors.message: 'error message' is not a path into JSON"),
        (
            "https://api.acme.example",
            "https://api.acme.example:99999",
            "base_url: cannot be used: its host or its",
        ),
        ("https://api.acme.example", "https://xn--a", "base_url: cannot be used: "),
        (
            'result = "output.url"',
            'result = "url"\nresult_headers = { x = "${call}" }',
            "no value of a header of a",
        ),
    ],
)
def test_what_no_request_can_carry_is_told(tmp_path: Path, before: str, after: str, told: str) -> None:
    """A file that would fail after a call is paid for is refused before the first one."""
    assert before in ACME
    with pytest.raises(SettingsError) as caught:
        read_vendor_file(written(tmp_path, ACME.replace(before, after)))
    assert told in caught.value.message


def test_only_calls_with_a_key_send_it(tmp_path: Path) -> None:
    """A header that names the call goes along where there is one, and is left out when a job is looked at."""
    vendor = read_vendor_file(written(tmp_path, ACME.replace("{ Authorization", '{ Once = "${call}", Authorization')))
    endpoint = vendor.endpoints["clips"]
    known = {"key": "k", "model": "reel-2"}
    submit = asked_of(vendor, endpoint, endpoint.submit, {**known, "call": "c"}, base_url="https://a.example", body={})
    poll = asked_of(vendor, endpoint, endpoint.poll, {**known, "job": "j"}, base_url="https://a.example")
    assert submit.headers == {"Once": "c", "Authorization": "Bearer k"}
    assert poll.headers == {"Authorization": "Bearer k"}


@pytest.mark.parametrize("place", ["provider.asked_of", "exchange.VendorClient._request_of"])
async def test_a_request_that_cannot_be_built(
    place: str, database: Database, lease: Lease, assets: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent: the call has failed and cost nothing, and none is unknown."""

    def broken(*_: object, **__: object) -> Mapping[str, str]:
        raise KeyError("job")

    with served(Ark(small_files())) as vendor:
        for name, value in vendor.environment.items():
            monkeypatch.setenv(name, value)
        run = run_against(vendor, database, lease, assets)
        monkeypatch.setattr(f"clash.providers.http.{place}", broken)
        with pytest.raises(ProviderError) as caught:
            await run.call("ark:doubao-seedream-4-5-251128", keyframe(assets), "slot")
        (row,) = await run.rows()
        assert (caught.value.code, row["state"], row["cost_micro"]) == ("not_sent", CallState.FAILED, 0)
        assert vendor.journal == []
