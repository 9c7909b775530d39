"""Read the settings: flag > environment > `.env` in the working directory > default.

The caller applies the flags, `Settings` the other three: importing pydantic-settings for it would take 30 ms.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from clash import redaction
from clash.dotenv_file import DOT_ENV, read_dotenv, warn_once
from clash.errors import SettingsError, UsageError
from clash.frame_size import check_fps, parse_size
from clash.project_names import DEFAULT_PROJECT, project_setting
from clash.retention_policy import RetentionSetting
from clash.server_addresses import fault_of_address, fault_of_webhook, ranges_of

Kind = Literal["screenplay", "image", "video", "speech"]
ProjectSetting = Annotated[str, BeforeValidator(project_setting)]


class ProviderLimit(BaseModel):
    """The limits of one provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: int | None = Field(default=None, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0)


_UNSET_IF_EMPTY = (
    "d1_requests",
    "concurrency",
    "budget",
    "preset",
    "openai_api_key",
    "screenplay_base_url",
    "screenplay_api_key",
    "image_base_url",
    "image_api_key",
    "fal_key",
    "fal_base_url",
    "models_file",
    "providers_dir",
    "comfyui_dir",
    "prices_file",
    "fake_ip_ranges",
    "kokoro_dir",
    "webhook",
    "webhook_secret",
    "on_event",
)
"""Fields for which an empty variable means that it is not set."""


class Settings(BaseModel):
    """Everything that can be set, with its default."""

    # By alias only: a BUDGET or SIZE in somebody's environment is not a setting of clash.
    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)

    database_url: str = Field(default="sqlite:///./data/checkpoints.db", validation_alias="DATABASE_URL")
    """Where runs are kept: sqlite:///relative/path.db, sqlite:////absolute/path.db, or d1://NAME."""

    cloudflare_account_id: str | None = Field(default=None, validation_alias="CLOUDFLARE_ACCOUNT_ID")
    """The Cloudflare account of a D1 database."""

    cloudflare_api_token: SecretStr | None = Field(default=None, validation_alias="CLOUDFLARE_API_TOKEN")
    """A token of that account with the permission D1: Edit."""

    cloudflare_api_base_url: str = Field(
        default="https://api.cloudflare.com/client/v4", validation_alias="CLOUDFLARE_API_BASE_URL"
    )
    """The address of the D1 API: Cloudflare's, or that of a proxy for it."""

    d1_requests: int | None = Field(default=None, ge=10, validation_alias="CLASH_D1_REQUESTS")
    """The most requests to D1 in 5 minutes of this process; by default 1100 of Cloudflare's 1200 for all machines."""

    database_wait_s: float = Field(default=300, ge=0, le=86_400, validation_alias="CLASH_DATABASE_WAIT")
    """Seconds that a run waits while Cloudflare D1 does not answer; commands that only read wait 20 at most."""

    cf_account_id: str | None = Field(default=None, validation_alias="CF_ACCOUNT_ID")
    """The older name of CLOUDFLARE_ACCOUNT_ID."""

    cf_api_token: SecretStr | None = Field(default=None, validation_alias="CF_API_TOKEN")
    """The older name of CLOUDFLARE_API_TOKEN."""

    d1_database_id: str | None = Field(default=None, validation_alias="D1_DATABASE_ID")
    """The D1 database if DATABASE_URL is d1:// without a name."""

    asset_store: str = Field(default="file://./data/assets", validation_alias="ASSET_STORE")
    """Where all made files are kept: file://path, or s3://bucket/prefix for several machines."""

    asset_cache: Path = Field(default=Path("data/assets"), validation_alias="ASSET_CACHE")
    """With ASSET_STORE=s3://...: the folder on this machine with a copy of the files."""

    aws_access_key_id: str | None = Field(default=None, validation_alias="AWS_ACCESS_KEY_ID")
    """The key of ASSET_STORE=s3://..., as for every S3 tool."""

    aws_secret_access_key: SecretStr | None = Field(default=None, validation_alias="AWS_SECRET_ACCESS_KEY")
    """The secret of AWS_ACCESS_KEY_ID."""

    aws_session_token: SecretStr | None = Field(default=None, validation_alias="AWS_SESSION_TOKEN")
    """The token of temporary keys."""

    aws_region: str | None = Field(default=None, validation_alias="AWS_REGION")
    """The bucket's region; not needed for R2 and MinIO."""

    aws_default_region: str | None = Field(default=None, validation_alias="AWS_DEFAULT_REGION")
    """The bucket's region if AWS_REGION is not set."""

    aws_endpoint_url_s3: str | None = Field(default=None, validation_alias="AWS_ENDPOINT_URL_S3")
    """The address of an S3 store that is not Amazon's: https://ACCOUNT.r2.cloudflarestorage.com."""

    aws_endpoint_url: str | None = Field(default=None, validation_alias="AWS_ENDPOINT_URL")
    """The address of the S3 store if AWS_ENDPOINT_URL_S3 is not set."""

    output_dir: Path = Field(default=Path("output"), validation_alias="CLASH_OUTPUT_DIR")
    """Films are published as <this folder>/<thread>/film.mp4."""

    concurrency: int | None = Field(default=None, ge=1, le=256, validation_alias="CLASH_CONCURRENCY")
    """The most calls at once per provider; by default what the provider advises."""

    limits: dict[str, ProviderLimit] = Field(default_factory=dict, validation_alias="CLASH_LIMITS")
    """Limits per provider, as JSON: {"fal": {"concurrency": 8, "requests_per_minute": 60}}."""

    attempts: int = Field(default=3, ge=1, le=20, validation_alias="CLASH_ATTEMPTS")
    """How often a call that may be retried is attempted in one process."""

    retry_wait_s: float = Field(default=1.0, ge=0, le=600, validation_alias="CLASH_RETRY_WAIT_S")
    """Seconds before the second attempt, unless the provider asks for more; longer before each further attempt."""

    rate_limit_wait_s: float = Field(default=600.0, ge=0, le=86_400, validation_alias="CLASH_RATE_LIMIT_WAIT_S")
    """Seconds that a run waits for a call that is refused for too many requests (HTTP 429)."""

    call_timeout_s: float = Field(default=3600.0, gt=0, le=604_800, validation_alias="CLASH_CALL_TIMEOUT_S")
    """Seconds that one call may take; then its answer counts as lost."""

    job_timeout_s: float = Field(default=3600.0, gt=0, le=604_800, validation_alias="CLASH_JOB_TIMEOUT_S")
    """Seconds that a process waits for one job; its id is kept, and resume asks for it again."""

    stop_timeout_s: float = Field(default=30.0, gt=0, le=86_400, validation_alias="CLASH_STOP_TIMEOUT_S")
    """Seconds within which a run ends after Ctrl-C or SIGTERM, whatever calls are running."""

    budget: Decimal | None = Field(default=None, ge=0, le=1_000_000, validation_alias="CLASH_BUDGET")
    """Dollars that a new run may spend; empty: no limit."""

    project: Annotated[str, BeforeValidator(project_setting)] = Field(
        default=DEFAULT_PROJECT, validation_alias="CLASH_PROJECT"
    )
    """The project that a new run belongs to: its quota, and what it may use again."""

    screenplay_model: str = Field(default="local:screenwriter", validation_alias="CLASH_SCREENPLAY_MODEL")
    """provider:model that turns the story into a screenplay."""

    image_model: str = Field(default="local:illustrator", validation_alias="CLASH_IMAGE_MODEL")
    """provider:model that draws cards and keyframes."""

    video_model: str = Field(default="local:cinematographer", validation_alias="CLASH_VIDEO_MODEL")
    """provider:model that makes the clips."""

    speech_model: str = Field(default="local:voice", validation_alias="CLASH_SPEECH_MODEL")
    """provider:model that speaks narration and dialogue."""

    kokoro_dir: Path | None = Field(default=None, validation_alias="CLASH_KOKORO_DIR")
    """The folder of the Chinese voice's files; by default clash/voices/kokoro-v1.0 in the user's data folder."""

    preset: str | None = Field(default=None, validation_alias="CLASH_PRESET")
    """A named set of models, such as draft or final; a model that is set on its own overrides it."""

    presets: dict[str, dict[Kind, str]] = Field(default={}, validation_alias="CLASH_PRESETS")
    """Your own presets, as JSON: {"cheap": {"image": "fal:fal-ai/flux-2/turbo"}}."""

    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """The key for openai: models."""

    openai_base_url: str = Field(default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL")
    """The address of openai: models: OpenAI's, or that of any server with the same API."""

    screenplay_base_url: str | None = Field(default=None, validation_alias="CLASH_SCREENPLAY_BASE_URL")
    """The address of the server that writes screenplays, if it is not OPENAI_BASE_URL."""

    screenplay_api_key: SecretStr | None = Field(default=None, validation_alias="CLASH_SCREENPLAY_API_KEY")
    """The key of the server that writes screenplays; OPENAI_API_KEY is sent only to the host of OPENAI_BASE_URL."""

    image_base_url: str | None = Field(default=None, validation_alias="CLASH_IMAGE_BASE_URL")
    """The address of the server that draws openai: pictures, if it is not OPENAI_BASE_URL."""

    image_api_key: SecretStr | None = Field(default=None, validation_alias="CLASH_IMAGE_API_KEY")
    """The key of the server that draws openai: pictures."""

    fal_key: SecretStr | None = Field(default=None, validation_alias="FAL_KEY")
    """The key for fal: models."""

    fal_base_url: str | None = Field(default=None, validation_alias="FAL_BASE_URL")
    """The address of a proxy for fal's hosts (it reads the host from x-fal-target-host); empty: fal itself."""

    models_file: Path | None = Field(default=None, validation_alias="CLASH_MODELS_FILE")
    """A TOML file whose models and presets override those of clash."""

    providers_dir: Path | None = Field(default=None, validation_alias="CLASH_PROVIDERS_DIR")
    """A folder of TOML files that describe vendors with an HTTP API; each is named after its vendor."""

    comfyui_dir: Path | None = Field(default=None, validation_alias="CLASH_COMFYUI_DIR")
    """A folder of ComfyUI workflows in API format; each NAME.json is the model comfyui:NAME."""

    comfyui_url: str = Field(default="http://127.0.0.1:8188", validation_alias="CLASH_COMFYUI_URL")
    """The address of ComfyUI."""

    prices_file: Path | None = Field(default=None, validation_alias="CLASH_PRICES_FILE")
    """A TOML file whose prices override those of clash."""

    allow_unpriced: bool = Field(default=False, validation_alias="CLASH_ALLOW_UNPRICED")
    """Whether a model without a known price may be called; it then counts as free."""

    allow_hosts: tuple[str, ...] = Field(default=(), validation_alias="CLASH_ALLOW_HOSTS")
    """Hosts that are not public and may still send files (host or host:port, separated by commas).

    A webhook may reach them over http.
    """

    fake_ip_ranges: tuple[IPv4Network | IPv6Network, ...] | None = Field(
        default=None, validation_alias="CLASH_FAKE_IP_RANGES"
    )
    """IP ranges that a proxy's resolver returns for names (separated by commas), or none.

    By default 198.18.0.0/15 if a proxy is set, or if every name resolves to it.
    """

    retention: RetentionSetting = Field(default=None, validation_alias="CLASH_RETENTION")
    """What is deleted at the end of a run, as JSON: {"checkpoints": "steps", "request_days": 30}."""

    webhook: SecretStr | None = Field(default=None, validation_alias="CLASH_WEBHOOK")
    """The address that is told how a run ends or that it waits: https://..., or http:// of this machine."""

    webhook_secret: SecretStr | None = Field(default=None, validation_alias="CLASH_WEBHOOK_SECRET")
    """What signs webhooks: whsec_ and base64, as Standard Webhooks has it; two, parted by a space, while it changes."""

    on_event: str | None = Field(default=None, validation_alias="CLASH_ON_EVENT")
    """A command that is run for each event that a webhook would be told, with its JSON on standard input; no shell."""

    langsmith: bool = Field(default=False, validation_alias="CLASH_LANGSMITH")
    """Whether LangSmith may trace runs if its own variables (LANGSMITH_TRACING) say so.

    It is sent the words of the story.
    """

    size: str = Field(default="1280x720", validation_alias="CLASH_SIZE")
    """The film's width x height in pixels, both even."""

    fps: int = Field(default=24, validation_alias="CLASH_FPS")
    """Frames per second, 8 to 60."""

    chain: bool = Field(default=False, validation_alias="CLASH_CHAIN")
    """Whether clips end on the keyframe of the next shot at the same place."""

    generate_audio: bool = Field(default=False, validation_alias="CLASH_GENERATE_AUDIO")
    """Whether clips have sound of their own, where their model can make it."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**_of_dotenv(), **_of_environment(), **given})

    @field_validator(*_UNSET_IF_EMPTY, mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _remember_secrets(self) -> Self:
        """Remember the keys and passwords of these settings, so that nothing printed or stored contains them."""
        secrets = redaction.known()
        for name, field in type(self).model_fields.items():
            variable, value = str(field.validation_alias), getattr(self, name)
            if isinstance(value, SecretStr):
                secrets.remember_setting(variable, value.get_secret_value())
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
        return ranges_of(value) if isinstance(value, str) else value

    @field_validator(
        "openai_base_url",
        "screenplay_base_url",
        "image_base_url",
        "fal_base_url",
        "comfyui_url",
        "cloudflare_api_base_url",
    )
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and (fault := fault_of_address(value)):
            raise ValueError(fault)
        return value

    @field_validator("webhook")
    @classmethod
    def _is_a_webhook(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and (fault := fault_of_webhook(value.get_secret_value())):
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


def setting_names() -> frozenset[str]:
    """Return the names of all variables that are settings."""
    return frozenset(str(field.validation_alias) for field in Settings.model_fields.values())


def _of_environment() -> dict[str, str]:
    """Return the settings that the environment has. A name counts in small letters, too, and less than in capitals."""
    names = setting_names()
    found = {name.upper(): value for name, value in os.environ.items() if name.upper() in names}
    return {name: os.environ.get(name, value) for name, value in found.items()}


def _of_dotenv() -> dict[str, str]:
    """Return the settings that `.env` of the working directory has."""
    names = setting_names()
    return {name: value for name, value in dotenv_values().items() if name in names}


def dotenv_values() -> dict[str, str]:
    """Return the variables of `.env` in the working directory, names in capitals. Raises `SettingsError`."""
    found = read_dotenv(DOT_ENV, setting_names())
    return {name.upper(): value for name, value in found.values.items() if value is not None}


def load_settings(flags: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force here. Raise `SettingsError` naming the variable that cannot be used.

    `flags`: what a command was told, by the name of the variable that it overrides.

    Secrets of the environment and of `.env`, including keys of plug-ins, are replaced from now on in everything that
    this process prints and stores. A variable that looks like a misspelled setting is logged as a warning, once.
    """
    found = read_dotenv(DOT_ENV, setting_names())
    for variables in (os.environ, found.values):
        redaction.known().remember_variables(variables)
    warn_once(found, setting_names(), DOT_ENV)
    try:
        return Settings(**(flags or {}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        why = first["msg"].removeprefix("Value error, ")
        if name in (flags or {}):
            option = f"--{name.removeprefix('CLASH_').lower().replace('_', '-')}"
            raise SettingsError(f"{option} cannot be used: {why}", hint=f"give another {option}") from None
        raise SettingsError(
            f"the setting {name} cannot be used: {why}", hint="check the environment and .env"
        ) from None
