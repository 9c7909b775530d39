"""The ports: what a provider is asked, what it answers, and what it must promise.

A provider is found by name through the entry-point group `clash.providers`. Its methods are called only by
`clash.calls.ledger`, which has written down beforehand what is about to be bought. There are three kinds:

    Provider, idempotent False   answers at once; a call whose answer was lost may have been paid
    Provider, idempotent True    answers at once; the same `Context.key` again costs nothing more
    JobProvider                  takes a job, and is asked later; the job's id is stored before the first poll

Each may also be `Priced` (what a call will cost), `Searchable` (whether a call was ever seen), `Identified` (what
decides an answer), `FailsFree` (which failures are not billed), `Multilingual` (which languages it speaks), and
`TakesLastFrame` and `MakesSound` (what its clips can have: `clash.providers.clip_abilities`). Each may have a
`timeout_s`: seconds that a call or a job takes at most (CLASH_CALL_TIMEOUT_S and CLASH_JOB_TIMEOUT_S hold in any case).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from clash.story.screenplay import (
    Character,
    Location,
    Movement,
    Screenplay,
    Shot,
    ShotSize,
    SparseValue,
    Story,
    TimeOfDay,
    Value,
    Weather,
)
from clash.vocabulary import Kind as Kind


class Reference(Value):
    """A file already in the asset store that a request refers to. `role` is a slot such as `character:mara`."""

    role: str
    sha256: str
    media_type: str


class Caption(Value):
    """Words heard from `start_s` to `end_s` (seconds from the start of the shot). `speaker` may be ""."""

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


class Neighbour(Value):
    """A shot that is there already, next to rows that are to be written."""

    location: str
    time: TimeOfDay
    weather: Weather
    characters: tuple[str, ...]
    action: str
    size: ShotSize
    movement: Movement


class Neighbours(Value):
    """What a row that is to be written comes between. `shown` are the places that the film has shown before it."""

    before: Neighbour | None = None
    after: Neighbour | None = None
    shown: tuple[str, ...] = ()
    follows: bool = False
    """Whether the row comes right after the row that stands before it in the request's story."""
    same_scene: bool = False
    """Whether its scene is that of the row above it in the table."""


class Established(Value):
    """A screenplay of which some rows are to be written, new or anew.

    Style, cast and places stay as they are: an answer repeats those that it needs, and adds only new ones.
    """

    title: str
    style: str
    characters: tuple[Character, ...]
    locations: tuple[Location, ...]
    neighbours: tuple[Neighbours, ...]
    """One for each row of the request's story, in its order."""
    narrated: bool = False
    """Whether descriptions are read aloud, because the table has no words of its own."""


class CastMember(Value):
    """Somebody or something that a person has cast: the name to be used, and what is to be seen of it ("": open)."""

    name: str
    kind: Literal["character", "location", "prop"] = "character"
    look: str = ""


class ScreenplayRequest(SparseValue):
    """Turn a story into a screenplay. Answer: JSON of `Screenplay` (`application/json`).

    With `established`, `story` holds only the rows to be written; of the answer only their shots are taken, and the
    people and places that are new. `note` is what a person says of the screenplay that there is, so that the next is
    better. `cast` is given: the writer uses these names, and contradicts no look. A writer that knows none of these
    writes the rows that it is given.
    """

    omitted_when_unset: ClassVar[frozenset[str]] = frozenset({"established", "note", "cast"})

    story: Story
    established: Established | None = None
    note: str = ""
    cast: tuple[CastMember, ...] = ()

    @property
    def asks_for_more(self) -> bool:
        """Whether more than the story is told, which clash 0.1 could not do."""
        return bool(self.established or self.note or self.cast)


class ImageRequest(Value):
    """Make one picture of `width` x `height` pixels. Answer: `image/png`, `image/jpeg` or `image/webp`.

    `subject` says which of the following is set: a card of `character`, a card of `location`, or the keyframe of
    `shot` (then `location` is its place and `cast` its characters, in the order the shot names them).
    """

    subject: Literal["character", "location", "keyframe"]
    prompt: str
    style: str
    width: int
    height: int
    character: Character | None = None
    location: Location | None = None
    shot: Shot | None = None
    cast: tuple[Character, ...] = ()
    references: tuple[Reference, ...] = ()


class VideoRequest(SparseValue):
    """Make one clip: `frames` frames at `fps`, `width` x `height`. Answer: `video/mp4`.

    The `keyframe` is the clip's picture (first frame). The clip has no lettering: `captions` say which words are heard
    in it, and when; `slate` is a short technical line about it ("SC 02  SHOT 003  MS  PUSH IN"). Both are laid over the
    clip when the film is cut, if the film is to have them. `last_frame`: the picture that the clip ends on.
    `generate_audio`: the clip has the sound of what is seen (no speech, no music). Both are set only for a model that
    can do it: see `clash.providers.clip_abilities`.
    """

    omitted_when_unset: ClassVar[frozenset[str]] = frozenset({"last_frame", "generate_audio"})

    shot: Shot
    prompt: str
    keyframe: Reference
    frames: int
    fps: int
    width: int
    height: int
    captions: tuple[Caption, ...] = ()
    slate: str = ""
    last_frame: Reference | None = None
    generate_audio: bool = False

    @property
    def asks_for_more(self) -> bool:
        """Whether it asks for what clash 0.1 could not ask for."""
        return self.last_frame is not None or self.generate_audio


class SpeechRequest(SparseValue):
    """Speak `text`. Answer: `audio/wav` (PCM, mono or stereo, any rate).

    `speaker` is a character's slug, or "narrator"; `voice` is prose about the voice, or a voice's id; `language` is a
    BCP 47 tag. `voice_id` is the voice that the provider chose for this person (`clash.providers.voices.CastsVoices`).
    """

    omitted_when_unset: ClassVar[frozenset[str]] = frozenset({"voice_id"})

    text: str
    speaker: str
    voice: str = ""
    language: str
    voice_id: str = ""


Request = ScreenplayRequest | ImageRequest | VideoRequest | SpeechRequest


@dataclass(frozen=True)
class Context:
    """What a provider may use beside the request: the call's key and the files it refers to."""

    key: str
    """The idempotency key of this call (hex): the same for every try at it, in whichever process."""
    model: str
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """sha256 of each reference to its file."""
    take: int = 1
    """Which of several answers to this very request is wanted; counts from 1."""
    seed: int = 0
    """For models that take one: from 0 to 2^31 - 1, the same for every try at this call, another for another take."""
    most_usd: Decimal | None = None
    """What this call may cost within the run's budget; None without a budget, and for a call that is quoted as free.

    For a provider that makes several paid requests in one call: it stops before the one that would pass this.
    """

    def path_of(self, reference: Reference) -> Path:
        """The file of a reference."""
        return self.files[reference.sha256]


@dataclass(frozen=True)
class Answer:
    """What came back: the file itself, and what is known of its cost.

    `cost_usd` is None where the provider does not say. `facts` are small plain values about the file
    (`{"duration_s": 2.5}`), kept with the asset. `response` is kept, bounded, in the log of calls.
    """

    content: bytes
    media_type: str
    cost_usd: Decimal | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    response: Mapping[str, Any] = field(default_factory=dict[str, Any])


@runtime_checkable
class Provider(Protocol):
    """Answers at once.

    `idempotent`: to call again with the same key costs nothing more and gives the same answer, so a call that
    died half way may simply be made again.
    """

    name: str
    endpoint: str
    idempotent: bool
    concurrency: int

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """The models per kind of request; the first is the default."""
        ...

    def revision(self, model: str, request: Request) -> str:
        """What would change the answer though the request stays the same (a version of the renderer, a voice)."""
        ...

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        """Make it. Raises `ProviderError` when it cannot."""
        ...


@dataclass(frozen=True)
class Quote:
    """What a call will cost: `units` of `unit` at `unit_price_usd` each. `estimated`: the bill may differ."""

    cost_usd: Decimal
    units: Decimal = Decimal(1)
    unit: str = "call"
    unit_price_usd: Decimal = Decimal(0)
    estimated: bool = False


FREE = Quote(Decimal(0))


@runtime_checkable
class Priced(Protocol):
    """A provider that knows beforehand what a call costs. One that is not `Priced` is free."""

    def quote(self, model: str, request: Request) -> Quote:
        """What this request will cost. Raises `SettingsError` (code `unpriced`) for a model without a price."""
        ...


@dataclass(frozen=True)
class Job:
    """A job that a provider has taken. `endpoint` is where it was submitted, and is to be polled."""

    id: str
    endpoint: str


@dataclass(frozen=True)
class JobStatus:
    """How a job stands. `cost_usd` of a failed one is what it was billed all the same."""

    state: Literal["queued", "running", "succeeded", "failed"]
    message: str = ""
    retryable: bool = False
    cost_usd: Decimal | None = None


@runtime_checkable
class JobProvider(Protocol):
    """Takes jobs. Every method raises `ProviderError`; `AmbiguousError` where a submit may have gone through.

    `poll_every_s`: seconds between two looks at a job.
    """

    name: str
    endpoint: str
    idempotent: bool
    concurrency: int
    poll_every_s: float

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """See `Provider.models`."""
        ...

    def revision(self, model: str, request: Request) -> str:
        """See `Provider.revision`."""
        ...

    async def submit(self, model: str, request: Request, context: Context) -> Job | Answer:
        """Hand the job in. A model that answers at once gives its answer here, and is never polled."""
        ...

    async def poll(self, model: str, job: Job) -> JobStatus:
        """Look at it, from whichever process."""
        ...

    async def fetch(self, model: str, job: Job) -> Answer:
        """Download what a succeeded job made, at once: results expire."""
        ...


@runtime_checkable
class Searchable(Protocol):
    """A provider that can say what became of a call whose answer was lost."""

    async def find(self, model: str, request: Request, context: Context) -> Answer | Job | None:
        """The answer or the job of the call with this `Context.key`; None if it never arrived."""
        ...


@runtime_checkable
class FailsFree(Protocol):
    """A provider that knows, from its vendor's own words, which errors of the server are not billed."""

    def failure_is_free(self, status: int) -> bool:
        """Whether a paid call that was answered with this HTTP status (408, 5xx) is never billed."""
        ...


@runtime_checkable
class Identified(Protocol):
    """A provider that says itself what decides an answer. For any other, `default_identity` says it."""

    def identity(self, model: str, request: Request) -> Mapping[str, Any]:
        """Exactly what is sent for this request, as plain JSON; sha256 digests stand for files.

        Two requests of one identity are one call: the second is answered from the asset store and costs nothing.
        """
        ...


@runtime_checkable
class RevisedSince(Protocol):
    """A provider whose `revision` is no longer what it was in clash 0.1, where calls may have been paid for."""

    def first_revision(self, model: str, request: Request) -> str | None:
        """What `revision` was in clash 0.1; None where what was made then should not serve any more."""
        ...


@runtime_checkable
class Multilingual(Protocol):
    """A provider that knows which languages its models speak. Any other is taken to speak all."""

    def languages(self, model: str) -> tuple[str, ...] | None:
        """Return the BCP 47 tags of the languages that a speech model speaks; None: any."""
        ...


@runtime_checkable
class KeepsTime(Protocol):
    """A provider that answers in silence where nobody is heard, so that the film is made all the same."""

    def silence(self, model: str, language: str) -> str | None:
        """Return one sentence on why there is silence in this language and what to do; None where there is a voice."""
        ...


AnyProvider = Provider | JobProvider


def screenplay_of(content: bytes) -> Screenplay:
    """The screenplay in an answer's content."""
    return Screenplay.model_validate_json(content)
