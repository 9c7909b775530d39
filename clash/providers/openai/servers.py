"""Where text and pictures are asked, and with which key: each craft may have a server of its own.

A key goes to the server that it belongs to and to no other: OPENAI_API_KEY to OPENAI_BASE_URL, the key of a craft to
the address of that craft.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from clash.config import Kind, Settings
from clash.errors import SettingsError
from clash.providers.credentials import check_sendable, key_of, vendor_key

_OPENAI_HOST = "api.openai.com"
_PORTS = {"http": 80, "https": 443}
_LOCAL_NAMES = (".localhost", ".local", ".lan", ".internal", ".home.arpa")
CRAFTS: tuple[Kind, ...] = ("screenplay", "image")
"""What servers with OpenAI's API make here."""


@dataclass(frozen=True)
class OwnProgram:
    """A program that serves models on one's own machine: where it is found, how it is started, how it gets a model."""

    title: str
    address: str
    start: str
    get: str
    list: str


OLLAMA = OwnProgram("Ollama", "http://localhost:11434/v1", "ollama serve", "ollama pull", "ollama list")
LM_STUDIO = OwnProgram("LM Studio", "http://localhost:1234/v1", "lms server start", "lms get", "lms ls")


@dataclass(frozen=True)
class Server:
    """An address, its key, and the variables that a person sets them by."""

    base_url: str
    base_url_variable: str
    key_variable: str
    key: str | None = field(default=None, repr=False)
    own: OwnProgram | None = None
    """The program that is asked, where it is one of one's own."""

    def how_to_reach(self) -> str | None:
        """What to do where nobody answers; None where nothing is known of the server."""
        if self.own is None:
            return None
        return f"start {self.own.title} ({self.own.start}), or set {self.base_url_variable} to where it runs"

    def how_to_get(self, model: str) -> str | None:
        """What to do where the model is not there; None where nothing is known of the server."""
        if self.own is None:
            return None
        return f"{self.own.get} {model} (those that are there: {self.own.list})"

    @property
    def is_free(self) -> bool:
        """Whether it is a server of one's own: on this machine or its network, and without a key to bill."""
        return self.key is None and is_local(self.base_url)

    @property
    def takes_openai_variables(self) -> bool:
        """Whether it is the server of OPENAI_BASE_URL, for which the other variables of OpenAI's SDK are set."""
        return self.key_variable == "OPENAI_API_KEY"

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own."""
        return urlsplit(self.base_url).hostname == _OPENAI_HOST

    def sendable_key(self) -> str:
        """The key; a word in its place for servers of one's own, which want none. Raises `SettingsError`."""
        if self.key is None and self.is_openai:
            raise SettingsError(
                f"{self.key_variable} is not set",
                code="missing_key",
                hint="put the key into .env or the environment; or use a local: model, which needs none",
            )
        if self.key is not None and not self.key.strip():
            raise SettingsError(f"{self.key_variable} is blank", code="bad_key", hint="put the key there, or unset it")
        if self.key is not None:
            check_sendable(self.key_variable, self.key)
        return self.key or "none"


def address_of(kind: Kind, settings: Settings) -> str:
    """Return where a craft is asked, without looking for its key, which may be in a keyring."""
    own = {"screenplay": settings.screenplay_base_url, "image": settings.image_base_url}[kind]
    return own or settings.openai_base_url


def server_of(kind: Kind, settings: Settings) -> Server:
    """Return the server of a craft: its own if it has one, else that of OPENAI_BASE_URL."""
    own_url = {"screenplay": settings.screenplay_base_url, "image": settings.image_base_url}[kind]
    own_secret = {"screenplay": settings.screenplay_api_key, "image": settings.image_api_key}[kind]
    craft = kind.upper()
    own_key = f"CLASH_{craft}_API_KEY"
    base_url, url_variable = address_of(kind, settings), f"CLASH_{craft}_BASE_URL"
    if own_url is None:
        url_variable = "OPENAI_BASE_URL"
    if own_secret is not None:
        return Server(base_url, url_variable, own_key, key_of(own_key, own_secret) or "")
    if own_url is not None and (kept := key_of(own_key, None)):
        return Server(base_url, url_variable, own_key, kept)
    if origin(base_url) != origin(settings.openai_base_url):
        return Server(base_url, url_variable, own_key)
    shared = vendor_key("openai", settings)
    if shared is None and settings.openai_api_key is not None:
        shared = ""
    return Server(base_url, url_variable, "OPENAI_API_KEY", shared)


def own_server_of(kind: Kind, settings: Settings, program: OwnProgram) -> Server:
    """Return the server of a craft if it has one of its own, else where the program is found; that is sent no key."""
    if settings.screenplay_base_url is not None:
        return replace(server_of(kind, settings), own=program)
    craft = f"CLASH_{kind.upper()}"
    return Server(program.address, f"{craft}_BASE_URL", f"{craft}_API_KEY", own=program)


def origin(address: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address: a key that is for one of these is for no other."""
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme)


def is_local(address: str) -> bool:
    """Whether an address is on this machine or its own network, as far as its words say."""
    host = (urlsplit(address).hostname or "").lower().rstrip(".")
    try:
        number = ip_address(host.partition("%")[0])
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_NAMES)
    return number.is_private or number.is_loopback or number.is_link_local
