"""A vendor's file is decoded from its first byte to its last, within limits of size and length."""

from __future__ import annotations

import asyncio

import pytest
from emulator.material import clip, picture, sound
from raw_server import answer, raw_server

from clash.errors import ProviderError
from clash.providers import media
from clash.providers.media import examined
from clash.providers.ports import Kind


def refused(kind: Kind, content: bytes) -> str:
    """Why a file is refused."""
    with pytest.raises(ProviderError) as caught:
        examined(kind, content)
    assert caught.value.code == "bad_answer"
    return caught.value.message


def test_good_files_are_described() -> None:
    """Type, size and length of a clip, a picture and a voice."""
    assert examined("video", clip())[1]["frames"] == 150
    assert examined("image", picture())[0] == "image/png"
    assert examined("speech", sound()) == ("audio/wav", {"duration_s": 1.2})


@pytest.mark.parametrize("content", [b"", b"x", b"\xff", b"\xff\xff", b"ID3", b"....ftyp", b"RIFF....WAVE", b"<html>"])
@pytest.mark.parametrize("kind", ["image", "video", "speech"])
def test_a_few_bytes_are_not_a_file(kind: Kind, content: bytes) -> None:
    """However they begin."""
    refused(kind, content)


def test_what_would_be_decoded_for_hours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many frames, too many pixels in all of them, too large a picture, too long a voice."""
    monkeypatch.setattr(media, "_MOST_FRAMES", 100)
    assert "150 frames" in refused("video", clip())
    monkeypatch.setattr(media, "_MOST_FRAMES", 1000)
    monkeypatch.setattr(media, "_MOST_DECODED_PIXELS", 1_000_000)
    assert "too large" in refused("video", clip())
    monkeypatch.setattr(media, "_MOST_PIXELS", 1000)
    assert "too large" in refused("image", picture())
    monkeypatch.setattr(media, "_LONGEST_S", 1.0)
    assert "more than 1 s" in refused("speech", sound())


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}/a.wav\n",
        "v=0\nc=IN IP4 127.0.0.1\nm=audio 1 RTP/AVP 0\na=control:{}/a\n",
    ],
)
async def test_a_list_of_addresses_is_not_a_file(text: str) -> None:
    """A playlist in the place of a voice or a clip: nothing that it names is opened."""
    async with raw_server(lambda _: [answer(b"")]) as server:
        for kind in ("speech", "video", "image"):
            await asyncio.to_thread(refused, kind, text.format(server.url).encode())
    assert server.connections == 0
