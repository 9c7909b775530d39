"""Text and pictures by the official `openai` SDK, from OpenAI or any server that has its API.

`openai:` models are asked at OPENAI_BASE_URL or at the address of their craft. `ollama:` and `lmstudio:` are servers on
this machine: they write screenplays, need no key and cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from clash.config import FIELDS, Kind, Settings, load_settings
from clash.errors import AmbiguousError, ProviderError
from clash.providers.catalogue import Card, load_catalogue
from clash.providers.extras import module
from clash.providers.openai import conversation, pictures, screenwriter
from clash.providers.openai.chat import Chat
from clash.providers.openai.servers import (
    CRAFTS,
    LM_STUDIO,
    OLLAMA,
    OwnProgram,
    Server,
    address_of,
    own_server_of,
    server_of,
)
from clash.providers.openai.styles import learned_of
from clash.providers.picture_prompts import image_prompts_revision
from clash.providers.ports import Answer, Context, ImageRequest, Quote, Request, ScreenplayRequest
from clash.providers.prices import Tokens, load_prices
from clash.providers.transport import Downloads
from clash.redaction import without_password

_REVISION = 1
"""Counted up when the same messages and arguments would be sent differently."""
_NO_LIST = {404, 405, 501}
"""What servers answer that do not list their models."""
_A_TOKEN_EACH_WAY = Tokens(1, 1)
_DEFAULT_BASE_URL = str(FIELDS["openai_base_url"].default)


class OpenAIProvider:
    """See `clash.providers.ports.Provider`. The API knows no idempotency keys, so a lost answer may be paid for."""

    name = "openai"
    idempotent = False
    concurrency = 6
    crafts: ClassVar[tuple[Kind, ...]] = CRAFTS

    def __init__(self, settings: Settings | None = None) -> None:
        self.configure(settings or load_settings())

    def configure(self, settings: Settings) -> None:
        """Work with these settings. Raises `SettingsError` for a file of models or prices that cannot be read."""
        self._settings = settings
        self._catalogue = load_catalogue(settings)
        self._prices = load_prices(settings)
        self._servers: dict[Kind, Server] = {}
        self._clients: dict[Server, Any] = {}
        self.endpoint = self.endpoint_for("screenplay")

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """Those that clash knows, and any other by its name: which there are, the server decides."""
        known = self._catalogue.ids(self.name)
        return {kind: (*known.get(kind, ()), "*") for kind in self.crafts}

    def server(self, kind: Kind) -> Server:
        """Where this craft is asked, and with which key, which is looked for once."""
        if kind not in self._servers:
            self._servers[kind] = self._found(kind)
        return self._servers[kind]

    def address(self, kind: Kind) -> str:
        """Where this craft is asked."""
        return address_of(kind, self._settings)

    def _found(self, kind: Kind) -> Server:
        return server_of(kind, self._settings)

    def endpoint_for(self, kind: Kind) -> str:
        """See `clash.providers.endpoints.HasEndpoints`."""
        return without_password(self.address(kind if kind in self.crafts else self.crafts[0]))

    def revision(self, model: str, request: Request) -> str:  # noqa: ARG002 - `identity` holds what depends on the model
        """How requests are sent, and the server where it is not OpenAI's own."""
        return f"openai-{_REVISION}{self._of_address(_kind_of(request))}"

    def identity(self, model: str, request: Request) -> Mapping[str, Any]:
        """See `clash.providers.ports.Identified`: the messages or the prompt, and the arguments beside them."""
        card = self._card(model, request)
        if isinstance(request, ScreenplayRequest):
            return screenwriter.identity_of(card, request)
        if isinstance(request, ImageRequest):
            return pictures.identity_of(card, request)
        raise self._cannot(request)

    def first_revision(self, model: str, request: Request) -> str | None:
        """See `clash.providers.ports.RevisedSince`: the wording of prompts, the model's card, the server."""
        card = self._card(model, request)
        texts = screenwriter.FIRST_PROMPTS if card.kind == "screenplay" else image_prompts_revision()
        return f"openai-1-{texts}-{card.first_digest}{self._of_address(card.kind)}"

    def _of_address(self, kind: Kind) -> str:
        # As it is set, though it is recorded without a password: it decides which earlier answers serve again.
        base_url = self.address(kind)
        return "" if base_url == _DEFAULT_BASE_URL else f"-{base_url}"

    def quote(self, model: str, request: Request) -> Quote:
        """See `clash.providers.ports.Priced`. Tokens are guessed, so text is always an estimate."""
        card = self._card(model, request)
        if isinstance(request, ScreenplayRequest):
            return screenwriter.quote(card, self._prices, self.server("screenplay"), request)
        if isinstance(request, ImageRequest):
            return pictures.quote(card, self._prices, self.server("image"), request)
        raise self._cannot(request)

    def failure_is_free(self, status: int) -> bool:
        """See `clash.providers.ports.FailsFree`; `prices.toml` says which."""
        endpoints = {self.endpoint_for(kind) for kind in self.crafts}
        return all(self._prices.failure_is_free(self.name, endpoint, status) for endpoint in endpoints)

    def require(self, model: str) -> None:
        """Raise `SettingsError` for what would keep a request from being sent. Calls nobody."""
        known: list[Kind] = [
            card.kind for card in self._catalogue.cards if (card.provider, card.id) == (self.name, model)
        ]
        self.require_for(known[0] if known else self.crafts[0], model)

    def require_for(self, kind: Kind, model: str) -> None:
        """See `clash.providers.registry.DemandingPerCraft`. What is free needs no price list."""
        priced = self._prices.own_token_cost(f"{self.name}:{model}", _A_TOKEN_EACH_WAY) is not None
        if not self.server(kind).is_free and not priced:
            module("genai_prices")
        self._connected(kind)

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        """Ask for it. Raises `ProviderError`, `AmbiguousError` when the answer was lost, `SettingsError`."""
        card = self._card(model, request)
        if isinstance(request, ScreenplayRequest):
            server = self.server("screenplay")
            chat = Chat(self._connected("screenplay"), card, self._prices, server, context.most_usd)
            return await screenwriter.Screenwriter(chat, card).write(request)
        if isinstance(request, ImageRequest):
            return await pictures.draw(
                self._connected("image"),
                card,
                self._prices,
                self.server("image"),
                Downloads.of(self._settings),
                request,
                context,
            )
        raise self._cannot(request)

    async def probe(self) -> str:
        """What a free call says: that the key is good, or that a server is there. Raises `ClashError`."""
        return f"{len(await self.listed('screenplay'))} models"

    async def probe_model(self, kind: Kind, model: str) -> str:
        """See `clash.providers.registry.ProbedPerModel`."""
        listed, server = await self.listed(kind), self.server(kind)
        count = "1 model" if len(listed) == 1 else f"{len(listed)} models"
        if model in listed or f"{model}:latest" in listed:
            return f"{count}, {model} is one of them"
        if server.own is not None or server.is_openai:
            raise ProviderError(
                f"{without_password(server.base_url)} has no model {model}",
                code="unknown_model",
                hint=server.how_to_get(model) or "choose a model that this key may use",
            )
        # Not every gateway lists what it has.
        return f"{count}; its list does not name {model}" if listed else "a server answers there"

    def style_of(self, model: str) -> str | None:
        """See `clash.providers.registry.ProbedPerModel`."""
        learned = learned_of(self.address("screenplay"), model)
        return learned.style.value if learned.answered else None

    async def listed(self, kind: Kind) -> tuple[str, ...]:
        """Ask the server of a craft which models it has, which costs nothing; none where it keeps no list.

        Raises `ClashError`.
        """
        client, server = self._connected(kind), self.server(kind)
        try:
            found = await client.models.list()
            return tuple(str(one.id) for one in found.data)
        except Exception as error:
            meaning = conversation.meaning_of(error, self.name, server)
            if isinstance(meaning, AmbiguousError):  # of a free request nothing is in doubt
                meaning = ProviderError(meaning.message, retryable=True)
            if isinstance(meaning, ProviderError) and meaning.status_code in _NO_LIST and server.own is None:
                return ()
            raise meaning from error

    def _connected(self, kind: Kind) -> Any:
        server = self.server(kind)
        if server not in self._clients:
            self._clients[server] = conversation.make_client(server)
        return self._clients[server]

    def _card(self, model: str, request: Request) -> Card:
        kind = _kind_of(request)
        card = self._catalogue.of(self.name, model)
        return card if card is not None and card.kind == kind else Card(provider=self.name, id=model, kind=kind)

    def _cannot(self, request: Request) -> ProviderError:
        return ProviderError(f"the provider {self.name} makes no {type(request).__name__}", code="unknown_model")


def _kind_of(request: Request) -> Kind:
    return "screenplay" if isinstance(request, ScreenplayRequest) else "image"


class _OwnServer(OpenAIProvider):
    """A server on one's own machine. Its models are the same wherever it runs, so its address decides no identity."""

    idempotent = True
    """To ask again costs nothing."""
    concurrency = 1
    crafts: ClassVar[tuple[Kind, ...]] = ("screenplay",)
    program: ClassVar[OwnProgram]

    def address(self, kind: Kind) -> str:  # noqa: ARG002 - it writes screenplays alone
        """The address of the craft, if that is set; else where such a server is found on this machine."""
        return self._settings.screenplay_base_url or self.program.address

    def _found(self, kind: Kind) -> Server:
        return own_server_of(kind, self._settings, self.program)

    def _of_address(self, kind: Kind) -> str:  # noqa: ARG002 - it is the same for all
        return ""

    def first_revision(self, model: str, request: Request) -> str | None:  # noqa: ARG002 - clash 0.1 had no such provider
        """There was none in clash 0.1."""
        return None


class OllamaProvider(_OwnServer):
    """`ollama:MODEL`: a model of Ollama, on this machine unless CLASH_SCREENPLAY_BASE_URL says otherwise."""

    name = "ollama"
    program: ClassVar[OwnProgram] = OLLAMA


class LMStudioProvider(_OwnServer):
    """`lmstudio:MODEL`: a model of LM Studio, on this machine unless CLASH_SCREENPLAY_BASE_URL says otherwise."""

    name = "lmstudio"
    program: ClassVar[OwnProgram] = LM_STUDIO
