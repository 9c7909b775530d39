"""fal's queue by the official client: a job is handed in once, asked about by its id, and what it made is looked at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import pytest
from emulator import Emulator
from emulator.material import CLIP_S, CLIPS, PICTURES, SPEECH, clip, job, picture, sound
from emulator.vendor_run import VendorRun
from PIL import Image

from clash.calls.content_key import references_of
from clash.errors import ClashError, PersonNeededError, ProviderError, SettingsError
from clash.providers.catalogue import load_catalogue
from clash.providers.fal import asking
from clash.providers.ports import Context, ImageRequest, Reference, SpeechRequest, VideoRequest
from clash.story.screenplay import Character, Location, Shot

VIDEO, IMAGE, VOICE = f"fal:{CLIPS}", f"fal:{PICTURES[0]}", "fal:fal-ai/kokoro"
SHOT = Shot(number=3, location="lamp-room", action="Mara strikes a match.", duration_s=4)
PRICE = 240_000
"""Micro-dollars of a clip of six seconds at $0.04 each."""


def video(vendor_run: VendorRun, frames: int = 96) -> VideoRequest:
    """A clip of four seconds."""
    keyframe = Reference(role="keyframe", sha256=vendor_run.assets.put(picture()), media_type="image/png")
    return VideoRequest(
        shot=SHOT, prompt="A match flares", keyframe=keyframe, frames=frames, fps=24, width=1280, height=720
    )


def keyframe(vendor_run: VendorRun) -> ImageRequest:
    """A keyframe with two people and a place to refer to."""
    people = (Character(slug="mara", name="Mara", look="teal coat"), Character(slug="tomas", name="Tomas"))
    roles = ("location:lamp-room", "character:mara", "character:tomas")
    return ImageRequest(
        subject="keyframe",
        prompt="",
        style="watercolour",
        width=2560,
        height=1440,
        shot=SHOT,
        cast=people,
        location=Location(slug="lamp-room", name="Lamp room"),
        references=tuple(
            Reference(role=role, sha256=vendor_run.assets.put(picture(hue=hue)), media_type="image/png")
            for hue, role in enumerate(roles)
        ),
    )


def clips(vendors: Emulator, address: str, *, billed: float | None = CLIP_S) -> None:
    """Every clip is the file at this address."""
    vendors.answers(job(CLIPS, {"video": {"url": address}}, billed=billed))


def cut_off(folder: Path, index_first: bool) -> bytes:
    """The first two thirds of a clip, whose index stands at its end (and is gone) or at its beginning (and lies)."""
    path = folder / "whole.mp4"
    options = {"movflags": "+faststart"} if index_first else {}
    with av.open(io.BytesIO(clip())) as source, av.open(str(path), "w", format="mp4", options=options) as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    return path.read_bytes()[: path.stat().st_size * 2 // 3]


async def refused(vendor_run: VendorRun, **changes: Any) -> ClashError:
    """How a clip fails."""
    with pytest.raises(ClashError) as caught:
        await vendor_run.set(**changes).call(VIDEO, video(vendor_run))
    return caught.value


# -- what works ------------------------------------------------------------------------------------------------------


async def test_a_clip_a_picture_and_a_voice_are_made_and_looked_at(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Each file is fetched at once and decoded; the tables hold its length and what fal billed."""
    vendors.answers(
        job(CLIPS, {"video": {"url": vendors.file("c.mp4", clip())}}, billed=6),
        job(PICTURES[1], {"images": [{"url": vendors.file("p.png", picture())}]}, billed=1),
        job(SPEECH, {"audio": {"url": vendors.file("s.wav", sound())}}),
    )
    moving = await vendor_run.call(VIDEO, video(vendor_run), "shot")
    still = await vendor_run.call(IMAGE, keyframe(vendor_run), "keyframe")
    words = SpeechRequest(text="Tell me how long", speaker="mara", voice="a young woman", language="en")
    spoken = await vendor_run.call(VOICE, words, "speech")
    assert (moving.facts["frames"], moving.facts["duration_s"]) == (150, 6.0)
    assert (moving.media_type, still.media_type, spoken.media_type) == ("video/mp4", "image/png", "audio/wav")
    assert spoken.facts == {"duration_s": 1.2}
    assert [(row["cost_micro"], row["precision"]) for row in await vendor_run.rows()] == [
        (240_000, "billed"),
        (80_000, "billed"),
        (320, "exact"),
    ]
    assert all(row["job_id"] for row in await vendor_run.rows())


async def test_a_clip_that_ends_on_a_picture_and_has_sound(vendor_run: VendorRun, vendors: Emulator) -> None:
    """The second picture and the wish for sound are sent under the model's own names; sound is quoted at its price."""
    model = "fal-ai/kling-video/v3/pro/image-to-video"
    vendors.answers(job(model, {"video": {"url": vendors.file("c.mp4", clip())}}, billed=4))
    end = Reference(role="last_frame", sha256=vendor_run.assets.put(picture(hue=9)), media_type="image/png")
    asked = video(vendor_run).model_copy(update={"last_frame": end, "generate_audio": True})
    made = await vendor_run.call(f"fal:{model}", asked)
    assert made.facts["has_sound"] is False
    card = load_catalogue(vendor_run.settings).of("fal", model)
    assert card is not None
    files = {one.sha256: vendor_run.assets.path(one.sha256) for one in references_of(asked)}
    sent = asking.asked_of(card, asked, Context(key="k", model=model, files=files)).arguments
    pictures = [str(sent[name]).partition(",") for name in ("start_image_url", "end_image_url")]
    assert {kind for kind, _, _ in pictures} == {"data:image/jpeg;base64"}
    assert pictures[0] != pictures[1]
    assert (sent["generate_audio"], sent["duration"]) == (True, "4")
    assert await vendor_run.costs() == [672_000]


async def test_what_fal_bills_goes_before_the_price(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Eight units billed for a clip that was quoted at six."""
    clips(vendors, vendors.file("c.mp4", clip()), billed=8)
    await vendor_run.call(VIDEO, video(vendor_run))
    (row,) = await vendor_run.rows()
    assert (row["quoted_cost_micro"], row["cost_micro"], row["precision"]) == (PRICE, 320_000, "billed")


def test_people_and_places_are_shown_to_the_model(vendor_run: VendorRun) -> None:
    """References go along as small JPEGs, people first, and the prompt says which of them is who."""
    request = keyframe(vendor_run)
    card = load_catalogue(vendor_run.settings).of("fal", PICTURES[0])
    assert card is not None
    files = {reference.sha256: vendor_run.assets.path(reference.sha256) for reference in request.references}
    asked = asking.asked_of(card, request, Context("key", card.id, files))
    assert asked.endpoint == PICTURES[1]
    assert asked.arguments["aspect_ratio"] == "16:9"
    assert [uri.partition(",")[0] for uri in asked.arguments["image_urls"]] == ["data:image/jpeg;base64"] * 3
    assert "picture 1 is Mara" in asked.arguments["prompt"]
    assert "picture 2 is Tomas" in asked.arguments["prompt"]
    assert "picture 3 is Lamp room" in asked.arguments["prompt"]
    assert "teal coat" in asked.arguments["prompt"]


def test_the_keyframe_is_the_clip_s_first_picture(vendor_run: VendorRun) -> None:
    """The very keyframe is sent, and the shortest length that the model makes and the shot fits into."""
    import base64

    request = video(vendor_run, frames=24 * 7)
    card = load_catalogue(vendor_run.settings).of("fal", CLIPS)
    assert card is not None
    files = {request.keyframe.sha256: vendor_run.assets.path(request.keyframe.sha256)}
    arguments = asking.asked_of(card, request, Context("key", card.id, files)).arguments
    assert (arguments["duration"], arguments["resolution"]) == (8, "1080p")
    sent = base64.b64decode(str(arguments["image_url"]).partition(",")[2])
    with Image.open(io.BytesIO(sent)) as first:
        assert first.size == (672, 384)


async def test_a_shot_longer_than_any_clip_is_not_paid(vendor_run: VendorRun, vendors: Emulator) -> None:
    """The error says how long the model's clips can be."""
    with pytest.raises(ClashError, match="at most 20 s") as caught:
        await vendor_run.call(VIDEO, video(vendor_run, frames=24 * 21))
    assert caught.value.exit_code == 2
    assert (vendors.journal(), await vendor_run.rows()) == ([], [])


# -- the way there ---------------------------------------------------------------------------------------------------


async def test_a_busy_queue_is_asked_again_as_late_as_it_says(vendor_run: VendorRun, vendors: Emulator) -> None:
    """429 with Retry-After: fal's own client would have tried ten times at once; the ledger waits, and counts."""
    clips(vendors, vendors.file("c.mp4", clip()))
    vendors.fault("/fal/", "answer", method="POST", status=429, headers={"retry-after": "0.2"}, body={"detail": "busy"})
    await vendor_run.call(VIDEO, video(vendor_run))
    assert await vendor_run.states() == ["failed", "succeeded"]
    assert len(vendors.submits()) == 1


@pytest.mark.parametrize("action", ["drop", "work"])
async def test_a_submit_whose_answer_is_lost_is_never_repeated(
    vendor_run: VendorRun, vendors: Emulator, action: str
) -> None:
    """The connection breaks after the job was sent. fal's client would hand it in again; here a person decides."""
    clips(vendors, vendors.file("c.mp4", clip()))
    vendors.fault("/fal/", action, method="POST")
    for _ in range(2):
        with pytest.raises(PersonNeededError):
            await vendor_run.call(VIDEO, video(vendor_run))
    assert await vendor_run.states() == ["unknown"]
    assert len(vendors.submits()) == (1 if action == "work" else 0)


async def test_a_ticket_that_cannot_be_read_counts_as_lost(vendor_run: VendorRun, vendors: Emulator) -> None:
    """A submit answered with broken JSON: the job may be running."""
    vendors.fault("/fal/", "answer", method="POST", status=200, body='{"request_id": "a1b')
    with pytest.raises(PersonNeededError):
        await vendor_run.call(VIDEO, video(vendor_run))


async def test_trouble_while_a_job_is_waited_for_costs_nothing(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Broken connections, 503 and malformed answers between submit and result: the same job is asked about again."""
    clips(vendors, vendors.file("c.mp4", clip()))
    vendors.fault("/requests/", "drop", method="GET")
    vendors.fault("/requests/", "answer", method="GET", status=503, body={})
    await vendor_run.call(VIDEO, video(vendor_run))
    vendors.fault("/requests/", "answer", method="GET", status=200, body="{malformed")
    await vendor_run.call(VIDEO, video(vendor_run, frames=168), "another")
    assert len(vendors.submits()) == 2
    assert await vendor_run.states() == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("status", "body", "code", "exit_code"),
    [
        (401, {"detail": "Cannot access application"}, "refused_key", 4),
        (403, {"detail": "Exhausted balance"}, "no_credit", 1),
        (403, {"detail": "Cannot access application"}, "refused_key", 4),
        (402, {"detail": "pay first"}, "no_credit", 1),
        (422, {"detail": [{"loc": ["body", "duration"], "msg": "not a length"}]}, "bad_request", 1),
        (422, {"detail": [{"type": "content_policy_violation", "msg": "flagged"}]}, "content_refused", 1),
    ],
)
async def test_a_refused_submit_says_why_and_costs_nothing(
    vendor_run: VendorRun, vendors: Emulator, status: int, body: dict[str, Any], code: str, exit_code: int
) -> None:
    """fal's words reach the person; the job is handed in once."""
    vendors.fault("/fal/", "answer", times=9, method="POST", status=status, body=body)
    error = await refused(vendor_run)
    assert (error.code, error.exit_code, error.retryable) == (code, exit_code, False)
    assert (await vendor_run.states(), await vendor_run.costs()) == (["failed"], [0])


# -- what the job came to --------------------------------------------------------------------------------------------


async def test_a_job_that_fails_is_told_in_fal_s_words(vendor_run: VendorRun, vendors: Emulator) -> None:
    """The queue says so: the job cost nothing, and is not handed in again when it was its own fault."""
    clips(vendors, vendors.file("c.mp4", clip()))
    body = {"status": "COMPLETED", "logs": [], "error": "the model ran out of frames", "error_type": "generation_error"}
    vendors.fault("/status", "answer", method="GET", status=200, body=body)
    error = await refused(vendor_run)
    assert (error.code, "ran out of frames" in error.message) == ("job_failed", True)
    assert (await vendor_run.costs(), len(vendors.submits())) == ([0], 1)


async def test_a_job_whose_runner_died_is_handed_in_again(vendor_run: VendorRun, vendors: Emulator) -> None:
    """That was nobody's fault, and cost nothing."""
    clips(vendors, vendors.file("c.mp4", clip()))
    body = {"status": "COMPLETED", "logs": [], "error": "gone", "error_type": "runner_disconnected"}
    vendors.fault("/status", "answer", method="GET", status=200, body=body)
    await vendor_run.call(VIDEO, video(vendor_run))
    assert await vendor_run.states() == ["failed", "succeeded"]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (422, {"detail": [{"type": "content_policy_violation", "msg": "flagged"}]}, "content_refused"),
        (500, {"detail": "the model crashed"}, "job_failed"),
        (404, {"detail": "Request not found"}, "expired"),
    ],
)
async def test_a_result_that_is_none_ends_the_job_and_counts_as_paid(
    vendor_run: VendorRun, vendors: Emulator, status: int, body: dict[str, Any], code: str
) -> None:
    """Refused content, a crash, a result kept no longer: to wait for it would be in vain."""
    clips(vendors, vendors.file("c.mp4", clip()))
    vendors.fault(
        "/requests/[^/]+$", "answer", times=9, method="GET", status=status, body=body, headers={"x-fal-request-id": "x"}
    )
    error = await refused(vendor_run)
    assert error.code == code
    assert (await vendor_run.states(), await vendor_run.costs()) == (["failed"], [PRICE])
    assert len(vendors.submits()) == 1


async def test_a_failed_result_costs_what_fal_says_it_billed(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Nothing, if fal says nothing was billed."""
    clips(vendors, vendors.file("c.mp4", clip()))
    headers = {"x-fal-request-id": "x", "x-fal-billable-units": "0"}
    vendors.fault("/requests/[^/]+$", "answer", method="GET", status=500, body={"detail": "oops"}, headers=headers)
    assert (await refused(vendor_run)).code == "job_failed"
    assert await vendor_run.costs() == [0]


async def test_a_file_that_has_expired_ends_the_job(vendor_run: VendorRun, vendors: Emulator) -> None:
    """The result names a file that is no longer there: paid, and told."""
    clips(vendors, f"{vendors.url}/files/long-gone.mp4")
    assert (await refused(vendor_run)).code == "expired"
    assert await vendor_run.costs() == [PRICE]


@pytest.mark.parametrize("what", ["empty", "index gone", "frames gone", "a web page", "a sound"])
async def test_a_file_that_is_no_clip_is_fetched_again_then_told(
    vendor_run: VendorRun, vendors: Emulator, tmp_path: Path, what: str
) -> None:
    """Looked at twice, since stores may be late; paid, and never handed in again by itself."""
    contents = {
        "empty": lambda: b"",
        "index gone": lambda: cut_off(tmp_path, False),
        "frames gone": lambda: cut_off(tmp_path, True),
        "a web page": lambda: b"<html></html>",
        "a sound": sound,
    }
    clips(vendors, vendors.file("bad.mp4", contents[what]()))
    error = await refused(vendor_run)
    assert error.code == "bad_answer"
    assert (await vendor_run.states(), await vendor_run.costs()) == (["failed"], [PRICE])
    assert (vendors.fetched(), len(vendors.submits())) == (["bad.mp4"] * 2, 1)


async def test_an_answer_without_a_file_is_told(vendor_run: VendorRun, vendors: Emulator) -> None:
    """A result of another form than the catalogue says."""
    vendors.answers(job(CLIPS, {"film": {}}))
    error = await refused(vendor_run)
    assert (error.code, "video.url" in error.message) == ("bad_answer", True)


# -- where files come from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "elsewhere", ["http://169.254.169.254/latest/meta-data", "https://127.0.0.1/secret", "file:///etc/passwd"]
)
@pytest.mark.parametrize("redirected", [False, True])
async def test_no_file_is_fetched_from_a_private_address(
    vendor_run: VendorRun, vendors: Emulator, elsewhere: str, redirected: bool
) -> None:
    """Neither by name nor by redirect; the job is kept, to be fetched when the address is allowed."""
    clips(vendors, f"{vendors.url}/files/to?{elsewhere}" if redirected else elsewhere)
    error = await refused(vendor_run)
    assert isinstance(error, SettingsError)
    assert (error.code, error.exit_code) == ("unsafe_address", 4)
    assert await vendor_run.states() == ["submitted"]
    assert vendors.fetched() == []


async def test_an_allowed_host_is_what_makes_the_difference(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Off by default: the emulator's files are refused without the setting, and the job's file comes with it."""
    clips(vendors, vendors.file("c.mp4", clip()))
    assert (await refused(vendor_run, allow_hosts=())).code == "unsafe_address"
    made = await vendor_run.call(VIDEO, video(vendor_run))
    assert made.facts["frames"] == 150
    assert len(vendors.submits()) == 1


async def test_a_job_is_asked_about_where_it_was_handed_in(vendor_run: VendorRun, vendors: Emulator) -> None:
    """With another FAL_BASE_URL by then, nobody else is told the key."""
    clips(vendors, f"{vendors.url}/files/to?https://127.0.0.1/")
    await refused(vendor_run)
    asked = len(vendors.journal())
    error = await refused(vendor_run, fal_base_url=f"{vendors.url}/other")
    assert (error.code, len(vendors.journal())) == ("other_endpoint", asked)


async def test_nothing_secret_is_written_down(vendor_run: VendorRun, vendors: Emulator) -> None:
    """No key, no signed address and no picture stands in the log of calls."""
    address = vendors.file("c.mp4", clip())
    clips(vendors, f"{address}?X-Amz-Signature=very-secret")
    await vendor_run.call(VIDEO, video(vendor_run))
    (row,) = await vendor_run.rows()
    text = str({name: row[name] for name in ("request", "response", "error_message")})
    assert "c.mp4" in text
    for secret in ("very-secret", "key-of-the-tests", "base64"):
        assert secret not in text


async def test_a_picture_larger_than_any_is_not_swallowed(
    vendor_run: VendorRun, vendors: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download stops at its limit."""
    from clash.providers import fal

    monkeypatch.setattr(fal, "_MOST_BYTES", {"video": 1000})
    clips(vendors, vendors.file("c.mp4", clip()))
    error = await refused(vendor_run)
    assert isinstance(error, ProviderError)
    assert error.code == "too_large"
