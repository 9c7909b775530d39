"""A vendor with an HTTP API, as a TOML file says it: what is sent, where the answer stands, limits and prices."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, field_validator, model_validator

from clash.providers.http.template import names_in
from clash.providers.model_limits import ModelData, ModelLimits
from clash.providers.prices import Price, Unit

_CALL = re.compile(r"(GET|POST) (/\S*)")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_PATH = re.compile(r"[^.\s]+(\.[^.\s]+)*")
_COMMON = frozenset({"model", "seed", "call"})
_NAMES: Mapping[str, frozenset[str]] = {
    "image": frozenset(
        {"prompt", "width", "height", "size", "aspect_ratio"}
        | {"reference", "references", "reference_base64", "references_base64"}
    ),
    "video": frozenset(
        {"prompt", "width", "height", "size", "aspect_ratio", "resolution", "duration", "sound"}
        | {"keyframe", "keyframe_base64", "last_frame", "last_frame_base64"}
    ),
    "speech": frozenset({"text", "voice", "language"}),
}
"""What a body may name, by what its model makes."""
_OF_ADDRESSES = frozenset({"model", "job", "file", "call", "voice"})


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str | int) else value


def _texts(value: object) -> object:
    items = _listed(value)
    return tuple(str(item) for item in cast("tuple[object, ...]", items)) if isinstance(items, list | tuple) else items


Paths = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Where a value stands in an answer: `data.0.url`, or several of which the first that has one counts."""
Codes = Annotated[tuple[str, ...], BeforeValidator(_texts)]
"""A vendor's own words or numbers; `*` in one stands for any letters."""


class VendorData(ModelData):
    """A table of a vendor's file. A key that is not known is refused with those that are."""

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: object) -> object:
        if isinstance(value, Mapping):
            for key in cast("Mapping[str, object]", value):
                if key not in cls.model_fields:
                    import difflib  # only for what is wrong

                    near = difflib.get_close_matches(key, cls.model_fields, 1)
                    meant = f" (did you mean {near[0]}?)" if near else ""
                    raise ValueError(f"there is no key {key!r} here{meant}; allowed: {', '.join(cls.model_fields)}")
        return cast("object", value)


class States(VendorData):
    """A vendor's words for how a job stands, by ours. `lost`: it knows the job no longer, though it may have run."""

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


class Bill(VendorData):
    """What an answer says was billed: the number at `units`, of which `per` are one unit of the model's price.

    `variant`: where the answer says which of the model's prices holds (its resolution).
    """

    units: Paths
    per: Decimal = Field(default=Decimal(1), gt=0)
    variant: Paths = ()


class Endpoint(VendorData):
    """How one kind of call is made: `submit`, then for jobs `poll`, then `fetch` where the result has its own address.

    `result` is where the file stands in the last answer: its address, or the file itself in `base64` or `hex`; with
    `result_is = "body"` the answer is the file.
    """

    submit: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=dict)
    job: Paths = ()
    poll: str = ""
    state: Paths = ()
    states: States | None = None
    failure_code: Paths = ()
    failure_message: Paths = ()
    failures_are_free: bool = False
    file: Paths = ()
    fetch: str = ""
    result: Paths = ()
    result_is: Literal["url", "base64", "hex", "body"] = "url"
    billed: Bill | None = None
    seed: Paths = ()
    find: str = ""
    found: Paths = ()

    @field_validator("submit", "poll", "fetch", "find")
    @classmethod
    def _is_a_call(cls, value: str) -> str:
        if not value:
            return value
        if not _CALL.fullmatch(value):
            raise ValueError(f"{value!r} is not GET or POST and a path: `POST /v1/clips`")
        if unknown := sorted(set(names_in(value)) - _OF_ADDRESSES):
            raise ValueError(f"${{{unknown[0]}}} is no part of an address; known: {', '.join(sorted(_OF_ADDRESSES))}")
        return value

    @field_validator("job", "state", "failure_code", "failure_message", "file", "result", "seed", "found")
    @classmethod
    def _are_paths(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if not _PATH.fullmatch(path):
                raise ValueError(f"{path!r} is not a path into JSON: `data.0.url`")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Endpoint:
        if self.job and not (self.poll and self.state and self.states):
            raise ValueError("an endpoint with `job` also needs `poll`, `state` and `states`")
        if self.states and not (self.states.succeeded and self.states.failed):
            raise ValueError("`states` needs the vendor's words for `succeeded` and `failed`")
        if not self.job and (self.poll or self.fetch or self.find):
            raise ValueError("`poll`, `fetch` and `find` are for jobs: `job` says where the job's id stands")
        if not self.result and self.result_is != "body":
            raise ValueError('`result` is missing: where the file stands in the answer, or result_is = "body"')
        if bool(self.find) != bool(self.found):
            raise ValueError("`find` and `found` belong together: the look-up, and where the job's id stands in it")
        if self.find and "call" not in {*names_in(self.body), *names_in(self.headers)}:
            raise ValueError('`find` looks for "$call", which neither `body` nor `headers` sends')
        return self


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
    `sound`, `seed`: what it can. `durations_at`: the seconds that a resolution is limited to. `tokens_per_s`: for
    models that are sold by tokens, how many a second of a clip takes at each resolution at most. `ideograph`: as how
    many characters a Chinese one is billed.
    """

    provider: str = ""
    endpoint: str
    name: str = ""
    body: dict[str, Any] = Field(default_factory=dict)
    last_frame: bool = False
    sound: bool = False
    seed: bool = False
    durations_at: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    tokens_per_s: dict[str, int] = Field(default_factory=dict)
    ideograph: int = Field(default=1, ge=1, le=10)
    prices: tuple[VendorPrice, ...] = ()


class Exchange(VendorData):
    """What one unit of a currency was worth in dollars."""

    currency: str
    usd: Decimal = Field(gt=0)
    checked_on: datetime.date
    source: str = Field(min_length=1)


class VendorFile(VendorData):
    """A vendor. `name` comes from the file's name; all else is in it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    title: str = Field(min_length=1)
    source: str = Field(min_length=1)
    checked_on: datetime.date
    base_url: str = Field(pattern=r"^https://[^\s?#@]+[^\s?#@/]$")
    base_url_setting: str
    key: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    idempotent: bool = False
    concurrency: int = Field(default=4, ge=1, le=256)
    poll_every_s: float = Field(default=5.0, gt=0, le=600)
    file_hosts: tuple[str, ...] = ()
    probe: str = ""
    errors: Errors = Field(default_factory=Errors)
    exchange: Exchange | None = None
    endpoints: dict[str, Endpoint] = Field(min_length=1)
    models: tuple[VendorModel, ...] = Field(min_length=1)

    @field_validator("key", "base_url_setting")
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
        return value

    @model_validator(mode="after")
    def _belongs_together(self) -> VendorFile:
        sent = {*names_in(self.headers)} | {name for one in self.endpoints.values() for name in names_in(one.headers)}
        if unknown := sorted(sent - {"key", "call"}):
            raise ValueError(f"headers: ${{{unknown[0]}}} is no value of a header; known: key, call")
        if ("key" in sent) != bool(self.key):
            raise ValueError("`key` names the variable of the key, and a header sends it as ${key}: one is missing")
        bodies = {name for one in self.endpoints.values() for name in names_in(one.body)}
        if self.idempotent and "call" not in sent | bodies:
            raise ValueError("`idempotent` needs a header or a value that sends ${call}, the key of the call")
        for place, model in enumerate(self.models):
            if fault := self._fault_of(model):
                raise ValueError(f"models.{place} ({model.id}): {fault}")
        return self

    def _fault_of(self, model: VendorModel) -> str | None:
        if model.endpoint not in self.endpoints:
            return f"there is no endpoint {model.endpoint!r}; known: {', '.join(self.endpoints)}"
        if model.kind not in _NAMES:
            return f"kind {model.kind!r} is not one of: {', '.join(_NAMES)}"
        named, known = set(names_in(self.body_of(model))), _NAMES[model.kind] | _COMMON
        if unknown := sorted(named - known):
            return f"the body names ${unknown[0]}; known for {model.kind}: {', '.join(sorted(known))}"
        for able in ("last_frame", "sound", "seed"):
            if getattr(model, able) and not named & {able, f"{able}_base64"}:
                return f"{able} = true, but the body does not name ${able}"
        if model.kind == "speech" and not model.languages:
            return "a speech model needs the voices of one language at least: [models.languages.en]"
        if unknown := sorted({*model.durations_at, *model.tokens_per_s} - {*model.resolutions, ""}):
            return f"there is no resolution {unknown[0]!r}; known: {', '.join(model.resolutions) or 'none'}"
        currencies = ["USD", *([self.exchange.currency] if self.exchange else [])]
        if unknown := sorted({price.currency for price in model.prices} - {*currencies}):
            return f"a price is in {unknown[0]}; known: {', '.join(currencies)} ([exchange] adds one)"
        return None

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


def parts_of(call: str) -> tuple[str, str]:
    """Return the method and the path of `POST /v1/clips`."""
    method, _, path = call.partition(" ")
    return method, path
