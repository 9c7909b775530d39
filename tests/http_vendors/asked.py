"""Requests to the vendors of `http_vendors`, and a run whose calls go to one of them."""

from __future__ import annotations

import io

import av
from emulator.material import clip, picture, sound
from emulator.vendor_run import VendorRun

from clash.assets import AssetStore
from clash.config import Settings
from clash.database.lease import Lease
from clash.database.port import Database
from clash.providers.http.provider import HttpProvider
from clash.providers.ports import ImageRequest, Reference, SpeechRequest, VideoRequest
from clash.story.screenplay import Character, Location, Shot
from http_vendors import Vendor

SHOT = Shot(number=3, location="lamp-room", action="Mara strikes a match.", duration_s=4)


def small_files() -> dict[str, bytes]:
    """What every vendor makes: a picture, a clip of two seconds, a sound."""
    files = {"picture.png": picture(128, 72), "clip.mp4": clip(2, (160, 90), 8), "sound.wav": sound(0.6, 16_000)}
    return {**files, "sound.mp3": mp3(files["sound.wav"])}


def mp3(content: bytes) -> bytes:
    """A WAV as MP3."""
    stream = io.BytesIO()
    with av.open(io.BytesIO(content)) as read, av.open(stream, "w", format="mp3") as written:
        track = written.add_stream("libmp3lame", rate=44_100, layout="mono")
        resampler = av.AudioResampler(track.format, "mono", 44_100)
        for frame in [*read.decode(audio=0), None]:
            for part in resampler.resample(frame):
                written.mux(track.encode(part))
        written.mux(track.encode(None))
    return stream.getvalue()


def run_against(vendor: Vendor, database: Database, lease: Lease, assets: AssetStore, **settings: object) -> VendorRun:
    """A run whose environment leads to this vendor. Jobs are looked at without a pause."""
    allowed = {"CLASH_ALLOW_HOSTS": vendor.environment["CLASH_ALLOW_HOSTS"]}
    run = VendorRun(database, lease, assets, Settings(**{**allowed, **settings}))
    provider = run.registry.provider(type(vendor).__name__.lower())
    assert isinstance(provider, HttpProvider)
    provider.poll_every_s = 0.01
    return run


def video(assets: AssetStore, *, last_frame: bool = False, sound: bool = False, seconds: int = 4) -> VideoRequest:
    """A clip of a keyframe."""
    end = Reference(role="last_frame", sha256=assets.put(picture(400, 320, 9)), media_type="image/png")
    return VideoRequest(
        shot=SHOT,
        prompt="A match flares",
        keyframe=Reference(role="keyframe", sha256=assets.put(picture(400, 320)), media_type="image/png"),
        frames=seconds * 24,
        fps=24,
        width=1280,
        height=720,
        last_frame=end if last_frame else None,
        generate_audio=sound,
    )


def keyframe(assets: AssetStore) -> ImageRequest:
    """A keyframe with two people and a place to refer to."""
    roles = ("location:lamp-room", "character:mara", "character:tomas")
    return ImageRequest(
        subject="keyframe",
        prompt="",
        style="watercolour",
        width=1280,
        height=720,
        shot=SHOT,
        cast=(Character(slug="mara", name="Mara", look="teal coat"), Character(slug="tomas", name="Tomas")),
        location=Location(slug="lamp-room", name="Lamp room"),
        references=tuple(
            Reference(role=role, sha256=assets.put(picture(64, 48, hue)), media_type="image/png")
            for hue, role in enumerate(roles)
        ),
    )


def words(text: str = "Tell me how long", language: str = "en") -> SpeechRequest:
    """A line of a young woman."""
    return SpeechRequest(text=text, speaker="mara", voice="a young woman", language=language)
