"""Settings: flag > environment > `.env` in the working directory > default.

Flags are laid over by the caller; the other three are pydantic-settings' own order.
"""

from __future__ import annotations

import json
import logging
import os
import re
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from clash import redaction
from clash.dotenv_file import DotEnv, misspelt, read_dotenv
from clash.errors import SettingsError, UsageError

logger = logging.getLogger(__name__)
DOT_ENV = Path(".env")

Kind = Literal["screenplay", "image", "video", "speech"]
_SIZE = re.compile(r"(\d{2,5})\s*[xX×]\s*(\d{2,5})")


class ProviderLimit(BaseModel):
    """What one provider may be asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: int | None = Field(default=None, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0)


class Settings(BaseSettings):
    """Everything that can be set, with its default."""

    # By alias only: a BUDGET or SIZE in somebody's environment is none of ours.
    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: str = Field(
        default="sqlite:///./data/checkpoints.db", validation_alias="DATABASE_URL",
        description="Where runs are kept: sqlite:///relative/path.db, sqlite:////absolute/path.db, or d1://NAME.",
    )  # fmt: skip
    cloudflare_account_id: str | None = Field(
        default=None, validation_alias="CLOUDFLARE_ACCOUNT_ID",
        description="The Cloudflare account of a D1 database.",
    )  # fmt: skip
    cloudflare_api_token: SecretStr | None = Field(
        default=None, validation_alias="CLOUDFLARE_API_TOKEN",
        description="A token of that account with the permission D1: Edit.",
    )  # fmt: skip
    cloudflare_api_base_url: str = Field(
        default="https://api.cloudflare.com/client/v4", validation_alias="CLOUDFLARE_API_BASE_URL",
        description="Where D1 is asked: Cloudflare's API, or what stands in for it.",
    )  # fmt: skip
    d1_requests: int | None = Field(
        default=None, ge=60, validation_alias="CLASH_D1_REQUESTS",
        description="Requests in 5 minutes that a run makes at most; by default 1100 of the 1200 of Cloudflare's API.",
    )  # fmt: skip
    database_wait_s: float = Field(
        default=300, ge=0, le=86_400, validation_alias="CLASH_DATABASE_WAIT",
        description="Seconds that a run waits for Cloudflare D1 while it does not answer; a look waits 20 at most.",
    )  # fmt: skip
    cf_account_id: str | None = Field(
        default=None, validation_alias="CF_ACCOUNT_ID",
        description="The older name of CLOUDFLARE_ACCOUNT_ID.",
    )  # fmt: skip
    cf_api_token: SecretStr | None = Field(
        default=None, validation_alias="CF_API_TOKEN",
        description="The older name of CLOUDFLARE_API_TOKEN.",
    )  # fmt: skip
    d1_database_id: str | None = Field(
        default=None, validation_alias="D1_DATABASE_ID",
        description="The D1 database where DATABASE_URL is d1:// and names none.",
    )  # fmt: skip
    asset_store: str = Field(
        default="file://./data/assets", validation_alias="ASSET_STORE",
        description="Everything that was made, by content: file://path, or s3://bucket/prefix for several machines.",
    )  # fmt: skip
    asset_cache: Path = Field(
        default=Path("data/assets"), validation_alias="ASSET_CACHE",
        description="With ASSET_STORE=s3://...: the folder on this machine that works for the bucket.",
    )  # fmt: skip
    aws_access_key_id: str | None = Field(
        default=None, validation_alias="AWS_ACCESS_KEY_ID",
        description="The key of ASSET_STORE=s3://..., as for every S3 tool.",
    )  # fmt: skip
    aws_secret_access_key: SecretStr | None = Field(
        default=None, validation_alias="AWS_SECRET_ACCESS_KEY",
        description="Its secret.",
    )  # fmt: skip
    aws_session_token: SecretStr | None = Field(
        default=None, validation_alias="AWS_SESSION_TOKEN",
        description="The token that goes with temporary keys.",
    )  # fmt: skip
    aws_region: str | None = Field(
        default=None, validation_alias="AWS_REGION",
        description="The bucket's region; not needed for R2 and MinIO.",
    )  # fmt: skip
    aws_default_region: str | None = Field(
        default=None, validation_alias="AWS_DEFAULT_REGION",
        description="The same, where AWS_REGION is not set.",
    )  # fmt: skip
    aws_endpoint_url_s3: str | None = Field(
        default=None, validation_alias="AWS_ENDPOINT_URL_S3",
        description="Where S3 is asked, if not at Amazon: https://ACCOUNT.r2.cloudflarestorage.com.",
    )  # fmt: skip
    aws_endpoint_url: str | None = Field(
        default=None, validation_alias="AWS_ENDPOINT_URL",
        description="The same, where AWS_ENDPOINT_URL_S3 is not set.",
    )  # fmt: skip
    output_dir: Path = Field(
        default=Path("output"), validation_alias="CLASH_OUTPUT_DIR",
        description="Films go to <this folder>/<thread>/film.mp4.",
    )  # fmt: skip
    concurrency: int | None = Field(
        default=None, ge=1, le=256, validation_alias="CLASH_CONCURRENCY",
        description="Calls in flight at once per provider; by default what the provider advises.",
    )  # fmt: skip
    limits: Annotated[dict[str, ProviderLimit], NoDecode] = Field(
        default_factory=dict, validation_alias="CLASH_LIMITS",
        description='Per provider, as JSON: {"fal": {"concurrency": 8, "requests_per_minute": 60}}.',
    )  # fmt: skip
    attempts: int = Field(
        default=3, ge=1, le=20, validation_alias="CLASH_ATTEMPTS",
        description="How often a call that may be tried again is tried in one process.",
    )  # fmt: skip
    retry_wait_s: float = Field(
        default=1.0, ge=0, le=600, validation_alias="CLASH_RETRY_WAIT_S",
        description="Seconds before the second try, unless the provider asks for more; then longer each time.",
    )  # fmt: skip
    rate_limit_wait_s: float = Field(
        default=600.0, ge=0, le=86_400, validation_alias="CLASH_RATE_LIMIT_WAIT_S",
        description="Seconds that a call which is refused for too many requests (HTTP 429) is waited for.",
    )  # fmt: skip
    call_timeout_s: float = Field(
        default=3600.0, gt=0, le=604_800, validation_alias="CLASH_CALL_TIMEOUT_S",
        description="Seconds that one call may take; then its answer counts as lost.",
    )  # fmt: skip
    job_timeout_s: float = Field(
        default=3600.0, gt=0, le=604_800, validation_alias="CLASH_JOB_TIMEOUT_S",
        description="Seconds that a process waits for one job; its id is kept, and resume looks again.",
    )  # fmt: skip
    stop_timeout_s: float = Field(
        default=30.0, gt=0, le=86_400, validation_alias="CLASH_STOP_TIMEOUT_S",
        description="Seconds within which a run ends after Ctrl-C or SIGTERM, whatever is in flight.",
    )  # fmt: skip
    budget: Decimal | None = Field(
        default=None, ge=0, le=1_000_000, validation_alias="CLASH_BUDGET",
        description="Dollars that a new run may spend; empty: no limit.",
    )  # fmt: skip
    screenplay_model: str = Field(
        default="local:screenwriter", validation_alias="CLASH_SCREENPLAY_MODEL",
        description="provider:model that turns the story into a screenplay.",
    )  # fmt: skip
    image_model: str = Field(
        default="local:illustrator", validation_alias="CLASH_IMAGE_MODEL",
        description="provider:model that draws cards and keyframes.",
    )  # fmt: skip
    video_model: str = Field(
        default="local:cinematographer", validation_alias="CLASH_VIDEO_MODEL",
        description="provider:model that makes the clips.",
    )  # fmt: skip
    speech_model: str = Field(
        default="local:voice", validation_alias="CLASH_SPEECH_MODEL",
        description="provider:model that speaks narration and dialogue.",
    )  # fmt: skip
    preset: str | None = Field(
        default=None, validation_alias="CLASH_PRESET",
        description="A named set of models, such as draft or final; a model that is set by itself goes before it.",
    )  # fmt: skip
    presets: Annotated[dict[str, dict[Kind, str]], NoDecode] = Field(
        default={}, validation_alias="CLASH_PRESETS",
        description='Your own presets, as JSON: {"cheap": {"image": "fal:fal-ai/flux-2/turbo"}}.',
    )  # fmt: skip
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias="OPENAI_API_KEY",
        description="The key for openai: models.",
    )  # fmt: skip
    openai_base_url: str = Field(
        default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL",
        description="Where openai: models are asked: OpenAI, or any server that speaks its API.",
    )  # fmt: skip
    fal_key: SecretStr | None = Field(
        default=None, validation_alias="FAL_KEY",
        description="The key for fal: models.",
    )  # fmt: skip
    fal_base_url: str | None = Field(
        default=None, validation_alias="FAL_BASE_URL",
        description="What stands in for fal's hosts (it is told the host in x-fal-target-host); empty: fal itself.",
    )  # fmt: skip
    models_file: Path | None = Field(
        default=None, validation_alias="CLASH_MODELS_FILE",
        description="A TOML file whose models and presets go before those that clash knows.",
    )  # fmt: skip
    prices_file: Path | None = Field(
        default=None, validation_alias="CLASH_PRICES_FILE",
        description="A TOML file whose prices go before those that clash knows.",
    )  # fmt: skip
    allow_unpriced: bool = Field(
        default=False, validation_alias="CLASH_ALLOW_UNPRICED",
        description="Whether a model may be called whose price nobody knows; it then counts as free.",
    )  # fmt: skip
    allow_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), validation_alias="CLASH_ALLOW_HOSTS",
        description="Hosts (host or host:port, commas between) that files may come from though they are not public.",
    )  # fmt: skip
    fake_ip_ranges: Annotated[tuple[IPv4Network | IPv6Network, ...] | None, NoDecode] = Field(
        default=None, validation_alias="CLASH_FAKE_IP_RANGES",
        description="Ranges that a proxy's resolver answers names with (commas between), or none; by default"
        " 198.18.0.0/15 where a proxy is set or every name answers from it.",
    )  # fmt: skip
    langsmith: bool = Field(
        default=False, validation_alias="CLASH_LANGSMITH",
        description="Whether LangSmith may trace runs, if its own variables (LANGSMITH_TRACING) say so: it is sent the"
        " words of the story.",
    )  # fmt: skip
    size: str = Field(
        default="1280x720", validation_alias="CLASH_SIZE",
        description="The film's width x height in pixels, both even.",
    )  # fmt: skip
    fps: int = Field(
        default=24, validation_alias="CLASH_FPS",
        description="Frames a second, 8 to 60.",
    )  # fmt: skip

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # replaced by ours
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _DotEnvSource(settings_cls)

    @field_validator(
        "d1_requests", "concurrency", "budget", "preset", "openai_api_key", "fal_key", "fal_base_url", "models_file",
        "prices_file", "fake_ip_ranges", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _remember_secrets(self) -> Self:
        """From now on nothing that this process prints or stores holds a key or password of these settings."""
        secrets = redaction.known()
        for name, field in type(self).model_fields.items():
            variable, value = str(field.validation_alias), getattr(self, name)
            if isinstance(value, SecretStr):
                secrets.remember(variable, value.get_secret_value())
            elif isinstance(value, str) and "://" in value:
                secrets.remember_url(variable, value)
        return self

    @field_validator("limits", "presets", mode="before")
    @classmethod
    def _read_json(cls, value: object) -> object:
        return json.loads(value or "{}") if isinstance(value, str) else value

    @field_validator("allow_hosts", mode="before")
    @classmethod
    def _read_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(host for part in value.split(",") if (host := part.strip().lower()))

    @field_validator("fake_ip_ranges", mode="before")
    @classmethod
    def _read_ranges(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part for part in re.split(r"[,\s]+", value) if part]
        return () if value.strip().lower() == "none" else tuple(_network(part) for part in parts) or None

    @field_validator("openai_base_url", "fal_base_url", "cloudflare_api_base_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and (fault := _fault_of_address(value)):
            raise ValueError(fault)
        return value

    @field_validator("size")
    @classmethod
    def _is_a_size(cls, value: str) -> str:
        try:
            width, height = parse_size(value)
        except UsageError as error:
            raise ValueError(error.message) from error
        return f"{width}x{height}"

    @field_validator("fps")
    @classmethod
    def _is_a_rate(cls, value: int) -> int:
        try:
            return check_fps(value)
        except UsageError as error:
            raise ValueError(error.message) from error


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no range of addresses such as 198.18.0.0/15") from None


def _fault_of_address(value: str) -> str | None:
    """What keeps a text from being the address of a server; None for a good one. The text is not repeated."""
    if re.search(r"[\x00-\x20\x7f]", value):
        return "it holds a space or a line break"
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname or ""
        if ":" in host:
            ip_address(host)
        else:
            host.encode("idna")
    except ValueError:
        return "its host or its port cannot be one"
    if parts.scheme.lower() not in ("http", "https") or not host:
        return "it is no http:// or https:// address"
    if port == 0 or re.search(r"[^\w.:%-]", host):
        return "its host or its port cannot be one"
    return "it has a query or a fragment, which no server's address has" if parts.query or parts.fragment else None


class _DotEnvSource(PydanticBaseSettingsSource):
    """The settings that `.env` of the working directory holds, whatever else stands in it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        variable = str(field.validation_alias)
        return dotenv_values().get(variable), variable, False

    def __call__(self) -> dict[str, Any]:
        names = setting_names()
        return {name: value for name, value in dotenv_values().items() if name in names}


def setting_names() -> frozenset[str]:
    """The variables that are settings."""
    return frozenset(str(field.validation_alias) for field in Settings.model_fields.values())


def dotenv_values() -> dict[str, str]:
    """What `.env` of the working directory sets, by the name in capitals. Raises `SettingsError`."""
    found = read_dotenv(DOT_ENV, setting_names())
    return {name.upper(): value for name, value in found.values.items() if value is not None}


def load_settings() -> Settings:
    """Return the settings in force here. Raise `SettingsError` naming the variable that cannot be used.

    Secrets of the environment and of `.env`, be they plug-ins' keys, are replaced in all that this process prints and
    stores from now on. What looks like a setting and is none is logged as a warning, once.
    """
    found = read_dotenv(DOT_ENV, setting_names())
    for variables in (os.environ, found.values):
        redaction.known().remember_variables(variables)
    _warn(found)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        why = first["msg"].removeprefix("Value error, ")
        raise SettingsError(
            f"the setting {name} cannot be used: {why}", hint="check the environment and .env"
        ) from None


_told: set[str] = set()


def _warn(found: DotEnv) -> None:
    names = setting_names()
    sentences = [
        *found.unreadable,
        *misspelt(found.values, names, where=str(DOT_ENV)),
        *misspelt(os.environ, names, where="the environment", ours_only=True),
    ]
    for sentence in sentences:
        if sentence not in _told:
            _told.add(sentence)
            logger.warning("%s", sentence)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height in pixels of `1280x720`. Raises `UsageError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"size {text!r} is not WIDTHxHEIGHT", hint="for example --size 1280x720")
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2:
        raise UsageError(f"size {text!r}: width and height must both be even (H.264 4:2:0)")
    if not (64 <= width <= 4096 and 64 <= height <= 4096):
        raise UsageError(f"size {text!r}: width and height must be between 64 and 4096")
    return width, height


def check_fps(fps: int) -> int:
    """The frame rate itself, if it is one. Raises `UsageError`."""
    if not 8 <= fps <= 60:
        raise UsageError(f"fps {fps} is not between 8 and 60")
    return fps
