"""A vendor with an HTTP API, as a TOML file says it: what is sent, where the answer stands, limits and prices."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from clash.providers.http.template import names_in
from clash.providers.model_limits import ModelData, ModelLimits, checked_seconds
from clash.providers.prices import Price, Unit
from clash.server_addresses import fault_of_address

_CALL = re.compile(r"(GET|POST) (/\S*)")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_PATH = re.compile(r"[^.\s]+(\.[^.\s]+)*")
_LONGEST_INDEX = 6
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"([!-~]([\t -~]*[!-~])?)?")
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""Headers that say how a request is sent, which no file decides."""
_OF_ADDRESSES: Mapping[str, frozenset[str]] = {
    "submit": frozenset({"model", "call", "voice"}),
    "submit_with_last_frame": frozenset({"model", "call", "voice"}),
    "poll": frozenset({"model", "job"}),
    "fetch": frozenset({"model", "job", "file"}),
    "find": frozenset({"model", "call"}),
    "probe": frozenset(),
}
"""What the address of each call may name: what is known when it is asked."""


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str | int) else value


def _texts(value: object) -> object:
    items = _listed(value)
    return tuple(str(item) for item in cast("tuple[object, ...]", items)) if isinstance(items, list | tuple) else items


def checked_paths(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths. Raises `ValueError` for one that is none."""
    for path in value:
        if not _PATH.fullmatch(path):
            raise ValueError(f"{path!r} is not a path into JSON: `data.0.url`")
        if any(step.isdecimal() and len(step) > _LONGEST_INDEX for step in path.split(".")):
            raise ValueError(f"{path[:60]!r} has a place in a list of more than {_LONGEST_INDEX} digits")
    return value


Paths = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(checked_paths)]
"""Where a value stands in an answer: `data.0.url`, or several of which the first that has one counts."""


def checked_headers(value: dict[str, str]) -> dict[str, str]:
    """Return the headers. Raises `ValueError` for one that no request can carry, or that clash writes itself."""
    for name, text in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name[:60]!r} is not the name of a header: letters, digits and -")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"the header {name} is written by clash; leave it out")
        if not _HEADER_VALUE.fullmatch(text):
            raise ValueError(f"the header {name} may hold ASCII in one line, with no space at either end")
    return value


Headers = Annotated[dict[str, str], AfterValidator(checked_headers)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_texts)]
"""A vendor's own words or numbers; `*` in one stands for any letters."""


class VendorData(ModelData):
    """A table of a vendor's file. `clash.providers.http.vendor_faults` says what is wrong in one."""


class States(VendorData):
    """A vendor's words for how a job stands, by ours. `lost`: it knows the job no longer, though it may have run.

    `true` and `false` are words as well, and "" stands for an answer without a state.
    """

    queued: Codes = ()
    running: Codes = ()
    succeeded: Codes = ()
    failed: Codes = ()
    lost: Codes = ()


class Errors(VendorData):
    """Where an error says what it is, and what the vendor's codes mean.

    `ok`: the codes of an answer that is none; only where they are named are codes in an answer with HTTP 200 looked at.
    `unsure`: a paid call may have been made all the same. A code that stands nowhere is a refusal.
    """

    code: Paths = ()
    message: Paths = ()
    ok: Codes = ()
    rate_limited: Codes = ()
    retry: Codes = ()
    unsure: Codes = ()
    refused_content: Codes = ()
    no_credit: Codes = ()
    refused_key: Codes = ()
    missing: Codes = ()


class BillPart(VendorData):
    """One line of a bill: the number at `units`, and what `per` of them cost in dollars."""

    units: Paths
    usd: Decimal = Field(ge=0, le=100_000)
    per: Decimal = Field(default=Decimal(1), gt=0)


class Bill(VendorData):
    """What an answer says was billed: the number at `units`, of which `per` are one unit of the model's price.

    `variant`: where the answer says which of the model's prices holds (its resolution). Or `parts`, which are summed
    up: for a vendor that counts something else than what its price list names (tokens, credits).
    """

    units: Paths = ()
    per: Decimal = Field(default=Decimal(1), gt=0)
    variant: Paths = ()
    parts: tuple[BillPart, ...] = ()


class Endpoint(VendorData):
    """How one kind of call is made: `submit`, then for jobs `poll`, then `fetch` where the result has its own address.

    `result` is where the file stands in the last answer: its address, or the file itself in `base64` or `hex`; with
    `result_is = "body"` the answer is the file. `result_headers` go along when the file is fetched from the vendor's
    own address, and nowhere else. `submit_with_last_frame` is where a clip is asked for that ends on a given picture.
    `failed_if` and `refused_if`: a value there says that the job failed, or that its content was refused. With
    `failures_are_free` a failed job is handed in again.
    """

    submit: str
    submit_with_last_frame: str = ""
    headers: Headers = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=dict)
    job: Paths = ()
    poll: str = ""
    state: Paths = ()
    states: States | None = None
    failure_code: Paths = ()
    failure_message: Paths = ()
    failures_are_free: bool = False
    failed_if: Paths = ()
    refused_if: Paths = ()
    file: Paths = ()
    fetch: str = ""
    result: Paths = ()
    result_is: Literal["url", "base64", "hex", "body"] = "url"
    result_headers: Headers = Field(default_factory=dict)
    billed: Bill | None = None
    seed: Paths = ()
    find: str = ""
    found: Paths = ()

    @field_validator("submit", "submit_with_last_frame", "poll", "fetch", "find")
    @classmethod
    def _is_a_call(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            return value
        if not _CALL.fullmatch(value):
            raise ValueError(f"{value!r} is not GET or POST and a path: `POST /v1/clips`")
        return _of_known_names(value, str(info.field_name))


class VendorPrice(VendorData):
    """What one `unit` of a model costs; `variant` as in prices.toml. Day and source are the file's unless given."""

    unit: Unit
    price: Decimal = Field(ge=0, le=100_000)
    variant: str = ""
    currency: str = "USD"
    checked_on: datetime.date | None = None
    source: str = ""


class VendorModel(VendorData, ModelLimits):
    """A model of a vendor: its endpoint, what it can make, and what it costs.

    `body` is laid over the endpoint's. `name` is what the vendor calls it, where `id` is another word. `last_frame`,
    `sound`, `seed`: what it can. `sound_always`: its clips always have sound, and nothing asks for it. `sound_words`:
    what is sent for sound and for silence, where it is not true and false. `last_frame_at`, `sound_at`: the only
    resolutions that can do it. `durations_at`: the seconds that a resolution is limited to; `durations_with_last_frame`
    those of a clip with a last frame. `tokens_per_s`: for models that are sold by tokens, how many a second of a clip
    takes at each resolution at most. `ideograph`: as how many characters a Chinese one is billed. `estimated`: the
    price is about what a call costs, because the vendor counts something else.
    """

    provider: str = ""
    endpoint: str
    name: str = ""
    body: dict[str, Any] = Field(default_factory=dict)
    last_frame: bool = False
    sound: bool = False
    sound_always: bool = False
    sound_words: tuple[str, str] | None = None
    seed: bool = False
    last_frame_at: tuple[str, ...] = ()
    sound_at: tuple[str, ...] = ()
    durations_at: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    durations_with_last_frame: tuple[int, ...] = ()
    tokens_per_s: dict[str, int] = Field(default_factory=dict)
    ideograph: int = Field(default=1, ge=1, le=10)
    estimated: bool = False
    prices: tuple[VendorPrice, ...] = ()

    @field_validator("durations_with_last_frame")
    @classmethod
    def _are_lengths_too(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        checked_seconds(value)
        return value

    @field_validator("durations_at")
    @classmethod
    def _are_lengths_by_resolution(cls, value: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        for lengths in value.values():
            checked_seconds(lengths)
        return value


class Exchange(VendorData):
    """What one unit of a currency was worth in dollars."""

    currency: str
    usd: Decimal = Field(gt=0)
    checked_on: datetime.date
    source: str = Field(min_length=1)


class VendorFile(VendorData):
    """A vendor. `name` comes from the file's name; all else is in it.

    With `auth = "jwt-hs256"` headers send `${token}`: signed with the value of the variable `secret`, for the one of
    `key`, as RFC 7519 has it.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    title: str = Field(min_length=1)
    source: str = Field(min_length=1)
    checked_on: datetime.date
    base_url: str = Field(pattern=r"^https://[^\s?#@]+[^\s?#@/]$")
    base_url_setting: str
    key: str = ""
    secret: str = ""
    auth: Literal["", "jwt-hs256"] = ""
    headers: Headers = Field(default_factory=dict)
    idempotent: bool = False
    concurrency: int = Field(default=4, ge=1, le=256)
    poll_every_s: float = Field(default=5.0, gt=0, le=600)
    file_hosts: tuple[str, ...] = ()
    probe: str = ""
    errors: Errors = Field(default_factory=Errors)
    exchange: Exchange | None = None
    endpoints: dict[str, Endpoint] = Field(min_length=1)
    models: tuple[VendorModel, ...] = Field(min_length=1)

    @field_validator("key", "secret", "base_url_setting")
    @classmethod
    def _is_a_variable(cls, value: str) -> str:
        if value and not _VARIABLE.fullmatch(value):
            raise ValueError(f"{value!r} is not the name of an environment variable: `ACME_API_KEY`")
        return value

    @field_validator("probe")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value and not value.startswith("GET /"):
            raise ValueError(f"{value!r} is not GET and a path: a probe costs nothing")
        return _of_known_names(value, "probe")

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        from httpx import URL, InvalidURL

        fault = fault_of_address(value)
        try:
            _ = URL(value).host  # the names of hosts are decoded here
        except (InvalidURL, UnicodeError) as error:
            fault = fault or str(error)
        if fault:
            raise ValueError(f"cannot be used: {fault}")
        return value

    @property
    def keys(self) -> tuple[str, ...]:
        """The variables that hold what a request is signed with."""
        return tuple(name for name in (self.key, self.secret) if name)

    def body_of(self, model: VendorModel) -> dict[str, Any]:
        """The template of what a model is sent."""
        return {**self.endpoints[model.endpoint].body, **model.body}

    def price_list(self) -> tuple[Price, ...]:
        """The prices of all models, in dollars."""
        rate = {"USD": Decimal(1)} | ({self.exchange.currency: self.exchange.usd} if self.exchange else {})
        return tuple(
            Price(
                model=f"{self.name}:{model.id}",
                unit=price.unit,
                price=price.price * rate[price.currency],
                variant=price.variant,
                checked_on=price.checked_on or self.checked_on,
                source=price.source or self.source,
            )
            for model in self.models
            for price in model.prices
        )


def _of_known_names(address: str, call: str) -> str:
    """Return the address. Raises `ValueError` where it names what is not known when this call is made."""
    known = sorted(_OF_ADDRESSES[call])
    if unknown := sorted(set(names_in(address)).difference(known)):
        listed = ", ".join(known) or "none"
        raise ValueError(f"${{{unknown[0]}}} is no part of an address; known: {listed}")
    return address


def parts_of(call: str) -> tuple[str, str]:
    """Return the method and the path of `POST /v1/clips`."""
    method, _, path = call.partition(" ")
    return method, path
