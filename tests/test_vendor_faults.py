"""What a vendor answers, or its file says, that nobody can use: it is told, and nothing that was paid for is lost."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from emulator.material import picture
from test_vendor_files import ACME, written

from clash.errors import SettingsError
from clash.providers.http.exchange import Answered
from clash.providers.http.files import read_vendor_file
from clash.providers.http.results import answer_of
from clash.providers.transport import Downloads

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
