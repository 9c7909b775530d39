"""Pictures, clips and speech by the official `fal-client`: jobs in fal's queue, whose ids outlive the process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx

from clash.config import Kind, Settings, load_settings
from clash.errors import ProviderError, UsageError
from clash.providers.catalogue import Card, load_catalogue
from clash.providers.fal import asking, queue
from clash.providers.json_paths import at
from clash.providers.media import examined
from clash.providers.picture_prompts import image_prompts_revision, video_prompts_revision
from clash.providers.ports import Answer, Context, ImageRequest, Job, JobStatus, Quote, Request, VideoRequest
from clash.providers.prices import load_prices
from clash.providers.transport import Downloads
from clash.redaction import redacted, without_password

_REVISION = 1
"""Counted up when the same arguments would be sent differently: pictures prepared in another way."""
_MOST_BYTES: Mapping[Kind, int] = {"screenplay": 1 << 20, "image": 64 << 20, "video": 1 << 30, "speech": 128 << 20}
_PAUSE_S = 1.0


class FalProvider:
    """See `clash.providers.ports.JobProvider`. The queue knows no idempotency keys; its jobs are asked about by id."""

    name = "fal"
    idempotent = False
    concurrency = 8
    poll_every_s = 2.0

    def __init__(self, settings: Settings | None = None) -> None:
        self.configure(settings or load_settings())

    def configure(self, settings: Settings) -> None:
        """Work with these settings. Raises `SettingsError` for a file of models or prices that cannot be read."""
        self._settings = settings
        self._catalogue = load_catalogue(settings)
        self._prices = load_prices(settings)
        self.file_hosts = self._catalogue.file_hosts.get(self.name, ())
        self._queue: queue.Queue | None = None
        self._base_url = (settings.fal_base_url or queue.QUEUE).rstrip("/")
        self.endpoint = without_password(self._base_url)
        self.serves_files_itself = self.endpoint != queue.QUEUE

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """Those that the catalogue describes: of any other, nobody knows what it is to be asked."""
        return self._catalogue.ids(self.name)

    def revision(self, model: str, request: Request) -> str:  # noqa: ARG002 - `identity` holds what depends on them
        """How pictures are prepared, and the gateway where it is not fal itself."""
        return f"fal-{_REVISION}{self._gateway}"

    def identity(self, model: str, request: Request) -> Mapping[str, Any]:
        """See `clash.providers.ports.Identified`: the endpoint and the arguments that are sent to it."""
        return asking.identity_of(self._card(model), request)

    def first_revision(self, model: str, request: Request) -> str:
        """See `clash.providers.ports.RevisedSince`: the wording of prompts, the model's card, the gateway."""
        texts = ""
        if isinstance(request, ImageRequest):
            texts = image_prompts_revision()
        elif isinstance(request, VideoRequest):
            texts = video_prompts_revision()
        return f"fal-1-{texts}-{self._card(model).first_digest}{self._gateway}"

    @property
    def _gateway(self) -> str:
        # As it is set, though it is recorded without a password: it decides which earlier answers serve again.
        return "" if self._base_url == queue.QUEUE else f"-{self._base_url}"

    def languages(self, model: str) -> tuple[str, ...] | None:
        """See `clash.providers.ports.Multilingual`: those that the model's card has voices for."""
        return tuple(self._card(model).languages)

    def takes_last_frame(self, model: str) -> bool:
        """See `clash.providers.clip_abilities.TakesLastFrame`: those whose card says how it is told."""
        return self._card(model).takes_last_frame

    def makes_sound(self, model: str) -> bool:
        """See `clash.providers.clip_abilities.MakesSound`: those whose card names the argument for it."""
        return bool(self._card(model).sound_argument)

    def quote(self, model: str, request: Request) -> Quote:
        """See `clash.providers.ports.Priced`."""
        return asking.quote(self._card(model), self._prices, request)

    def failure_is_free(self, status: int) -> bool:
        """See `clash.providers.ports.FailsFree`; `prices.toml` says which."""
        return self._prices.failure_is_free(self.name, self.endpoint, status)

    def require(self, model: str) -> None:  # noqa: ARG002 - all models need the same
        """Raise `SettingsError` for what would keep a request from being sent. Calls nobody."""
        self._connected()

    async def check_file_host(self, host: str) -> str:
        """See `clash.providers.file_hosts.FileHosts`."""
        return await self._downloads.check_host(host)

    async def submit(self, model: str, request: Request, context: Context) -> Job:
        """Hand the job in, once."""
        asked = await asyncio.to_thread(asking.asked_of, self._card(model), request, context)
        return await self._connected().submit(asked.endpoint, asked.arguments)

    async def poll(self, model: str, job: Job) -> JobStatus:  # noqa: ARG002 - the job says where it is
        """Look at it."""
        return await self._connected().poll(job)

    async def fetch(self, model: str, job: Job) -> Answer:
        """Download what it made, at once, and decode all of it. Raises `ProviderError`, `SettingsError`."""
        card, jobs = self._card(model), self._connected()
        cost: Decimal | None = None
        try:
            try:
                body = await jobs.result(job)
            finally:
                cost = self._billed(card, jobs.billed_units(job))
            return await self._file(card, body, cost)
        except ProviderError as error:
            # None: fal did not say; then it counts as what it was quoted.
            raise error.with_(cost_usd=cost) from error.__cause__

    async def _file(self, card: Card, body: dict[str, Any], cost: Decimal | None) -> Answer:
        address, most = _at(body, card.result), _MOST_BYTES[card.kind]
        content = await self._downloads.fetch(address, most_bytes=most)
        try:
            media_type, facts = await asyncio.to_thread(examined, card.kind, content)
        except ProviderError:
            # A store of files that was not ready yet is told from a file that is bad by asking once more.
            await asyncio.sleep(_PAUSE_S)
            content = await self._downloads.fetch(address, most_bytes=most)
            media_type, facts = await asyncio.to_thread(examined, card.kind, content)
        return Answer(content, media_type, cost_usd=cost, facts=facts, response=redacted(body))

    async def probe(self) -> str:
        """What a free call says: that the key is good. Raises `ClashError`."""
        return await self._connected().probe()

    @property
    def _downloads(self) -> Downloads:
        return Downloads.of(self._settings)

    def _billed(self, card: Card, units: Decimal | None) -> Decimal | None:
        if self._prices.depend_on_sound(card.spec):
            return None  # a job does not say whether its clip has sound; then it counts as what it was quoted
        price = self._prices.unit_price(card.spec)
        return None if units is None or price is None else units * price.price

    def _connected(self) -> queue.Queue:
        if self._queue is None:
            self._queue = queue.Queue(self._settings)
        return self._queue

    def _card(self, model: str) -> Card:
        card = self._catalogue.of(self.name, model)
        if card is None:
            raise UsageError(
                f"there is no model fal:{model} in the catalogue",
                code="unknown_model",
                hint="`clash models` lists those that are; CLASH_MODELS_FILE can add it",
            )
        return card


def _at(body: dict[str, Any], path: str) -> str:
    """The address of the file in an answer: `images.0.url`. Raises `ProviderError` if there is none."""
    here = at(body, [path])
    if not isinstance(here, str) or not _is_an_address(here):
        said = str(redacted(body))[:300].encode("utf-8", "replace").decode("utf-8")
        raise ProviderError(f"the answer has no {path}: {said}", code="bad_answer")
    return here


def _is_an_address(text: str) -> bool:
    try:
        return bool(httpx.URL(text).scheme)
    except (httpx.InvalidURL, ValueError):
        return False
