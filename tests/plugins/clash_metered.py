"""Provider plug-ins for tests: the three kinds of paid API, behind a meter that stands outside of clash's own tables.

    metered   answers at once and honours an idempotency key: charges a key once
    oneshot   answers at once and knows no keys: charges every call
    queued    takes jobs: charges every submit, keeps the jobs in a folder
    stock     free, and answers with the same picture or clip whatever it is asked for: for films of many shots
    wordy     as metered, but its writer words every answer anew, and no two of its pictures are the same file

The meter is a file, one line per event: `charge <key> <slot>` when money is taken, `answer <key> <slot>` when the
answer is on its way. Environment:

    METER         the file; its folder `<METER>.jobs` holds the queue
    METER_COST    dollars a call (default 0)
    METER_DELAY   seconds that the work takes
    METER_FAIL    slots, comma-separated, that are refused (not charged)
    METER_HANG    how a call that was charged never answers: `await`, `thread` (a thread waits), `block` (the event
                  loop itself), `stubborn` (it goes on when it is cancelled), `job` (the job runs for ever)
    METER_BUSY    how many calls in all are refused with HTTP 429 (`busy - <slot>` in the meter)
    METER_AFTER   the Retry-After of these, in seconds (default: none)
    METER_CONTENT slots, comma-separated, whose content is refused
    METER_DROP    slots whose work is done and charged, but whose answer is dropped once
    METER_REVISION the models' revision (default: that of the local crafts)
    METER_BAD     slots whose work is charged, and answered with what is no clip
    METER_TAKES   if set, each file shows which take it is, a screenplay in its last shot; a picture also what was asked
    METER_CLIPS   what clips can have, comma-separated: `last_frame`, `sound` (a tone; it doubles the price)
    METER_LOCAL   a number: the free local models are those of another release, with this revision and other answers
    METER_READER  tables are read as in another release: of all voices just these, comma-separated, are no persons
    METER_VARIED  if set, no two files of `stock` have the same bytes, though they show the same
    METER_TINY    tiny sounds, of so many bytes or a little more, instead of the local crafts' files
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import secrets
import time
import wave
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from PIL import Image

from clash import local
from clash.errors import AmbiguousError, ProviderError
from clash.local import LocalProvider, voice
from clash.providers.ports import (
    Answer,
    Context,
    ImageRequest,
    Job,
    JobStatus,
    Kind,
    Quote,
    Request,
    ScreenplayRequest,
    SpeechRequest,
    VideoRequest,
)
from clash.story import beats, cues, speech
from clash.story.screenplay import shot_slot
from clash.story.unseen import Unseen

_MAKE = local._make


def slot_of(request: Request) -> str:
    """The slot that a request fills, as far as it can be told; words name themselves."""
    if isinstance(request, ImageRequest):
        if request.shot is not None:
            return f"{shot_slot(request.shot.number)}/keyframe"
        subject = request.character or request.location
        return f"{request.subject}:{subject.slug}" if subject else request.subject
    if isinstance(request, VideoRequest):
        return shot_slot(request.shot.number)
    return "screenplay" if isinstance(request, ScreenplayRequest) else f"speech:{request.text}".replace(" ", "_")


def _listed(name: str, slot: str) -> bool:
    return slot in os.environ.get(name, "").split(",")


def _meter(event: str, key: str, slot: str) -> None:
    # One write to a file opened for appending: whole even if the process is killed right after.
    descriptor = os.open(os.environ["METER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{event} {key} {slot}\n".encode())
    os.close(descriptor)


def _events(event: str) -> list[list[str]]:
    path = Path(os.environ["METER"])
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line.split() for line in lines if line.startswith(f"{event} ")]


def _marked(answer: Answer, mark: int) -> bytes:
    """The file with a mark: a picture has a patch, a clip other bytes."""
    if answer.media_type == "video/mp4":
        return answer.content + (12).to_bytes(4, "big") + b"free" + mark.to_bytes(4, "big")
    if answer.media_type == "application/json":
        screenplay = json.loads(answer.content)
        screenplay["scenes"][-1]["shots"][-1]["image_prompt"] += f" Variation {mark}."
        return json.dumps(screenplay).encode()
    if not answer.media_type.startswith("image/"):
        return answer.content
    picture, stream = Image.open(io.BytesIO(answer.content)).convert("RGB"), io.BytesIO()
    picture.paste((mark % 256, mark // 256 % 256, mark // 65536 % 256), (0, 0, picture.width // 2, picture.height // 2))
    picture.save(stream, "JPEG" if answer.media_type == "image/jpeg" else "PNG")
    return stream.getvalue()


def _varied(answer: Answer) -> bytes:
    """The same picture or clip in other bytes: with a comment that no other has."""
    mark = secrets.token_bytes(8)
    if answer.media_type == "video/mp4":
        return answer.content + (16).to_bytes(4, "big") + b"free" + mark
    if answer.media_type == "image/jpeg":
        return answer.content[:2] + b"\xff\xfe\x00\x0a" + mark + answer.content[2:]
    comment = b"tEXt" + b"mark\0" + mark.hex().encode()
    chunk = (len(comment) - 4).to_bytes(4, "big") + comment + zlib.crc32(comment).to_bytes(4, "big")
    return answer.content[:-12] + chunk + answer.content[-12:]


def tiny_sound(text: str, size: int = 800) -> bytes:
    """A twentieth of a second of sound, or `size` bytes of it, that differs by text."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes((text.encode() * size)[:size])
    return stream.getvalue()


def with_tone(clip: bytes, hertz: float = 440.0) -> bytes:
    """The clip with a tone as long as its picture."""
    import av
    import numpy as np

    target = io.BytesIO()
    with av.open(io.BytesIO(clip)) as source, av.open(target, "w", format="mp4") as made:
        picture = made.add_stream_from_template(source.streams.video[0])
        sound = made.add_stream("aac", rate=48_000, layout="mono")
        seconds = float(source.streams.video[0].duration * source.streams.video[0].time_base)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = picture
                made.mux(packet)
        tone = (0.2 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * 48_000)) / 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        made.mux(sound.encode(frame))
        made.mux(sound.encode(None))
    return target.getvalue()


def _of_another_release(number: int) -> None:
    """Give the free local models this revision: whole screenplays and pictures are others, lines are longer."""
    make = local._make

    def remade(request: Request, context: Context, folder: Path | None = None) -> Answer:
        if isinstance(request, SpeechRequest):
            return Answer(tiny_sound("\0", 2000 * number), "audio/wav", facts={"duration_s": number / 8})
        answer = make(request, context, folder)
        is_of_rows = isinstance(request, ScreenplayRequest) and request.established is not None
        return answer if is_of_rows else replace(answer, content=_marked(answer, number))

    local._make = remade
    local._REVISIONS = dict.fromkeys(local._REVISIONS, str(number))
    voice._SILENCE_REVISION = number
    voice._cast_revision = lambda *_: number


def _read_as_elsewhere() -> None:
    """Read tables as another release does, which knows other unseen voices."""
    known = beats._known_names
    beats._known_names = lambda *of: known(*of) - {*os.environ["METER_READER"].split(",")}
    for module in (beats, cues, speech):
        module.unseen_voice = lambda name: Unseen("source", name) if name and _listed("METER_READER", name) else None


class _Metered:
    """What the three kinds share."""

    endpoint = "https://metered.example/v1"
    concurrency = 4

    def __init__(self) -> None:
        self._local = LocalProvider()
        if local._make is _MAKE and "METER_LOCAL" in os.environ:
            _of_another_release(int(os.environ["METER_LOCAL"]))
        if "METER_READER" in os.environ:
            _read_as_elsewhere()

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        return self._local.models()

    def revision(self, model: str, request: Request) -> str:
        return os.environ.get("METER_REVISION") or self._local.revision(model, request)

    def takes_last_frame(self, model: str) -> bool:
        return _listed("METER_CLIPS", "last_frame")

    def makes_sound(self, model: str) -> bool:
        return _listed("METER_CLIPS", "sound")

    def quote(self, model: str, request: Request) -> Quote:
        price = Decimal(os.environ.get("METER_COST", "0"))
        if isinstance(request, VideoRequest) and request.generate_audio:
            price *= 2
        return Quote(price, unit_price_usd=price)

    async def _work(self, model: str, request: Request, context: Context) -> Answer:
        if _listed("METER_BAD", slot_of(request)):
            return Answer(b"<html>the service is busy</html>", "video/mp4")
        if "METER_TINY" in os.environ:
            size = int(os.environ["METER_TINY"])
            return Answer(tiny_sound(slot_of(request), size), "audio/wav", facts={"duration_s": 0.05})
        answer = await self._local.call(model, request, context)
        if isinstance(request, VideoRequest) and request.generate_audio:
            answer = Answer(with_tone(answer.content), answer.media_type, facts={"has_sound": True})
        if "METER_TAKES" not in os.environ:
            return answer
        shown = ""
        if isinstance(request, ImageRequest):
            shown = " ".join([request.prompt, *(reference.sha256 for reference in request.references)])
        mark = zlib.crc32(f"{shown} {context.take}".encode()) if shown or context.take > 1 else 0
        return replace(answer, content=_marked(answer, mark)) if mark else answer

    def _refuse(self, request: Request) -> None:
        slot = slot_of(request)
        if _listed("METER_FAIL", slot):
            raise ProviderError("the model is overloaded [/b] 过载", code="overloaded", retryable=True)
        if _listed("METER_CONTENT", slot):
            raise ProviderError(f"the content of {slot} was refused", code="content_refused", status_code=422)
        if len(_events("busy")) < int(os.environ.get("METER_BUSY", "0")):
            _meter("busy", "-", slot)
            after = os.environ.get("METER_AFTER")
            raise ProviderError(
                "too many requests",
                code="rate_limited",
                retryable=True,
                status_code=429,
                retry_after_s=float(after) if after else None,
            )

    async def _take_time(self) -> None:
        match os.environ.get("METER_HANG"):
            case "await":
                await asyncio.sleep(10**6)
            case "thread":
                await asyncio.to_thread(time.sleep, 10**6)
            case "block":
                time.sleep(10**6)  # noqa: ASYNC251 - as a careless plug-in does
            case "stubborn":
                while True:
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(10**6)
            case _:
                pass
        await asyncio.sleep(float(os.environ.get("METER_DELAY", "0")))


class KeyedProvider(_Metered):
    """Charges a key once, however often it is called with it."""

    name = "metered"
    idempotent = True

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        self._refuse(request)
        slot, known = slot_of(request), [key for _, key, _ in _events("charge")]
        if context.key not in known:
            _meter("charge", context.key, slot)
        await self._take_time()
        answer = await self._work(model, request, context)
        if _listed("METER_DROP", slot) and context.key not in known:
            raise AmbiguousError("the connection was closed before the answer")
        _meter("answer", context.key, slot)
        return answer


class WordyProvider(KeyedProvider):
    """Words every screenplay anew, and makes another file of every picture, as models of vendors do."""

    name = "wordy"

    async def _work(self, model: str, request: Request, context: Context) -> Answer:
        answer = await super()._work(model, request, context)
        if isinstance(request, ImageRequest):
            # Behind the end of the picture, where no decoder looks.
            return Answer(answer.content + secrets.token_bytes(8), answer.media_type, facts=answer.facts)
        if not isinstance(request, ScreenplayRequest):
            return answer
        document = json.loads(answer.content)
        for scene in document["scenes"]:
            for shot in scene["shots"]:
                words = f"Seen anew ({secrets.token_hex(4)})"
                for field in ("action", "image_prompt", "video_prompt"):
                    shot[field] = f"{shot[field]} {words}."
        return Answer(json.dumps(document).encode(), answer.media_type, facts=answer.facts)


class StockProvider:
    """Makes one picture of each size and one clip of each length, and answers with them at once."""

    name = "stock"
    endpoint = "stock"
    idempotent = True
    concurrency = 64

    def __init__(self) -> None:
        self._local = LocalProvider()
        self._made: dict[tuple[object, ...], Answer] = {}

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        return self._local.models()

    def revision(self, model: str, request: Request) -> str:
        return "1"

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        if isinstance(request, ImageRequest):
            kind: tuple[object, ...] = (model, request.width, request.height)
        elif isinstance(request, VideoRequest):
            kind = (model, request.width, request.height, request.frames, request.fps)
        else:
            return await self._local.call(model, request, context)
        if kind not in self._made:
            self._made[kind] = await self._local.call(model, request, context)
        answer = self._made[kind]
        return replace(answer, content=_varied(answer)) if os.environ.get("METER_VARIED") else answer


class OneShotProvider(_Metered):
    """Charges every call, and forgets it."""

    name = "oneshot"
    idempotent = False

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        self._refuse(request)
        slot = slot_of(request)
        before = [charged for _, _, charged in _events("charge")]
        _meter("charge", context.key, slot)
        await self._take_time()
        answer = await self._work(model, request, context)
        if _listed("METER_DROP", slot) and slot not in before:
            raise TimeoutError("no answer within 30 s")
        _meter("answer", context.key, slot)
        return answer


class QueuedProvider(_Metered):
    """Charges every submit; a job is a file, so it outlives the process that submitted it."""

    name = "queued"
    idempotent = False
    poll_every_s = 0.01

    async def submit(self, model: str, request: Request, context: Context) -> Job:
        self._refuse(request)
        folder, job = Path(f"{os.environ['METER']}.jobs"), secrets.token_hex(8)
        folder.mkdir(exist_ok=True)
        answer = await self._work(model, request, context)
        if "METER_TINY" not in os.environ:
            (folder / f"{job}.content").write_bytes(answer.content)
        described = {"slot": slot_of(request), "media_type": answer.media_type, "facts": dict(answer.facts), "polls": 0}
        (folder / f"{job}.json").write_text(json.dumps(described), encoding="utf-8")
        slot, before = slot_of(request), [charged for _, _, charged in _events("charge")]
        _meter("charge", job, slot)
        await self._take_time()
        if _listed("METER_DROP", slot) and slot not in before:
            raise AmbiguousError("the connection was closed before the answer")
        return Job(job, self.endpoint)

    async def poll(self, model: str, job: Job) -> JobStatus:
        path = Path(f"{os.environ['METER']}.jobs") / f"{job.id}.json"
        if not path.exists():
            raise ProviderError(f"there is no job {job.id}", code="no_such_job", status_code=404)
        if os.environ.get("METER_HANG") == "job":
            return JobStatus("running")
        await self._take_time()
        return JobStatus("succeeded")

    async def fetch(self, model: str, job: Job) -> Answer:
        folder = Path(f"{os.environ['METER']}.jobs")
        described = json.loads((folder / f"{job.id}.json").read_text(encoding="utf-8"))
        if "METER_TINY" in os.environ:
            content = tiny_sound(described["slot"], int(os.environ["METER_TINY"]))
        else:
            content = (folder / f"{job.id}.content").read_bytes()
        _meter("answer", job.id, described["slot"])
        return Answer(content, described["media_type"], facts=described["facts"])
