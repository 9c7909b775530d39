"""Text and pictures by the official `openai` SDK, from OpenAI or any server that speaks its API (OPENAI_BASE_URL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clash.config import Kind, Settings, load_settings
from clash.errors import AmbiguousError, ProviderError
from clash.providers.catalogue import Card, load_catalogue
from clash.providers.extras import module
from clash.providers.openai import conversation, pictures, screenwriter
from clash.providers.picture_prompts import image_prompts_revision
from clash.providers.ports import Answer, Context, ImageRequest, Quote, Request, ScreenplayRequest
from clash.providers.prices import load_prices
from clash.providers.transport import Downloads
from clash.redaction import without_password

_REVISION = 1
"""Counted up when the same messages and arguments would be sent differently."""
_DEFAULT_BASE_URL = str(Settings.model_fields["openai_base_url"].default)


class OpenAIProvider:
    """See `clash.providers.ports.Provider`. The API knows no idempotency keys, so a lost answer may be paid for."""

    name = "openai"
    idempotent = False
    concurrency = 6

    def __init__(self, settings: Settings | None = None) -> None:
        self.configure(settings or load_settings())

    def configure(self, settings: Settings) -> None:
        """Work with these settings. Raises `SettingsError` for a file of models or prices that cannot be read."""
        self._settings = settings
        self._catalogue = load_catalogue(settings)
        self._prices = load_prices(settings)
        self._client: Any = None
        self.endpoint = without_password(settings.openai_base_url)

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """Those that clash knows, and any other by its name: which there are, the server decides."""
        known = self._catalogue.ids(self.name)
        return {kind: (*known.get(kind, ()), "*") for kind in ("screenplay", "image")}

    def revision(self, model: str, request: Request) -> str:  # noqa: ARG002 - `identity` holds what depends on them
        """How requests are sent, and the server where it is not OpenAI's own."""
        return f"openai-{_REVISION}{self._server}"

    def identity(self, model: str, request: Request) -> Mapping[str, Any]:
        """See `clash.providers.ports.Identified`: the messages or the prompt, and the arguments beside them."""
        card = self._card(model, request)
        if isinstance(request, ScreenplayRequest):
            return screenwriter.identity_of(card, request)
        if isinstance(request, ImageRequest):
            return pictures.identity_of(card, request)
        raise self._cannot(request)

    def first_revision(self, model: str, request: Request) -> str:
        """See `clash.providers.ports.RevisedSince`: the wording of prompts, the model's card, the server."""
        card = self._card(model, request)
        texts = screenwriter.FIRST_PROMPTS if card.kind == "screenplay" else image_prompts_revision()
        return f"openai-1-{texts}-{card.first_digest}{self._server}"

    @property
    def _server(self) -> str:
        # As it is set, though it is recorded without a password: it decides which earlier answers serve again.
        base_url = self._settings.openai_base_url
        return "" if base_url == _DEFAULT_BASE_URL else f"-{base_url}"

    def quote(self, model: str, request: Request) -> Quote:
        """See `clash.providers.ports.Priced`. Tokens are guessed, so text is always an estimate."""
        card = self._card(model, request)
        if isinstance(request, ScreenplayRequest):
            return screenwriter.quote(card, self._prices, self.endpoint, request)
        if isinstance(request, ImageRequest):
            return pictures.quote(card, self._prices, request)
        raise self._cannot(request)

    def failure_is_free(self, status: int) -> bool:
        """See `clash.providers.ports.FailsFree`; `prices.toml` says which."""
        return self._prices.failure_is_free(self.name, self.endpoint, status)

    def require(self, model: str) -> None:  # noqa: ARG002 - all models need the same
        """Raise `SettingsError` for what would keep a request from being sent. Calls nobody."""
        module("genai_prices")
        self._connected()

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        """Ask for it. Raises `ProviderError`, `AmbiguousError` when the answer was lost, `SettingsError`."""
        card, client = self._card(model, request), self._connected()
        if isinstance(request, ScreenplayRequest):
            return await screenwriter.Screenwriter(client, card, self._prices, self.endpoint).write(request)
        if isinstance(request, ImageRequest):
            return await pictures.draw(
                client, card, self._prices, self.endpoint, Downloads.of(self._settings), request, context
            )
        raise self._cannot(request)

    async def probe(self) -> str:
        """What a free call says: that the key is good, or that a server is there. Raises `ClashError`."""
        client = self._connected()
        try:
            found = await client.models.list()
            return f"{len(found.data)} models"
        except Exception as error:
            meaning = conversation.meaning_of(error, "models")
            if isinstance(meaning, AmbiguousError):  # of a free request nothing is in doubt
                meaning = ProviderError(meaning.message, retryable=True)
            raise meaning from error

    def _connected(self) -> Any:
        if self._client is None:
            self._client = conversation.make_client(self._settings)
        return self._client

    def _card(self, model: str, request: Request) -> Card:
        kind: Kind = "screenplay" if isinstance(request, ScreenplayRequest) else "image"
        card = self._catalogue.of(self.name, model)
        return card if card is not None and card.kind == kind else Card(provider=self.name, id=model, kind=kind)

    def _cannot(self, request: Request) -> ProviderError:
        return ProviderError(f"the provider openai makes no {type(request).__name__}", code="unknown_model")
