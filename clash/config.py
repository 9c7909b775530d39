"""Read the settings: flag > environment > `.env` in the working directory > default.

The caller applies the flags, `Settings` the other three.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import copy
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from clash import redaction, setting_kinds
from clash.dotenv_file import DOT_ENV, read_dotenv, warn_once
from clash.project_names import DEFAULT_PROJECT, project_setting
from clash.retention_policy import RetentionPolicy, policy_setting
from clash.setting_faults import SettingFault, error_of, example_of, found_at
from clash.setting_values import (
    Setting,
    UnusableValueError,
    flag,
    json_object,
    number,
    path,
    secret,
    setting,
    validated,
)

Kind = Literal["screenplay", "image", "video", "speech"]


class ProviderLimit(BaseModel):
    """The limits of one provider."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    concurrency: int | None = Field(default=None, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0)


def _limits(value: object) -> dict[str, ProviderLimit]:
    try:
        return validated(dict[str, ProviderLimit], json_object(value))
    except UnusableValueError as error:
        known = f"; known: {', '.join(ProviderLimit.model_fields)}" if error.why.startswith("there is no") else ""
        raise UnusableValueError(error.why + known, error.place) from None


def _presets(value: object) -> dict[str, dict[Kind, str]]:
    return validated(dict[str, dict[Kind, str]], json_object(value))


class UnusableSettingError(ValueError):
    """Settings whose values cannot be used: all of them."""

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        super().__init__("; ".join(f"{fault.name}: {fault.why}" for fault in faults))
        self.faults = tuple(faults)


class Settings:
    """Everything that can be set, with its default. Raises `UnusableSettingError`; is never changed."""

    database_url: str = setting("DATABASE_URL", "sqlite:///./data/checkpoints.db")
    """Where runs are kept: sqlite:///relative/path.db, sqlite:////absolute/path.db, or d1://NAME."""

    cloudflare_account_id: str | None = setting("CLOUDFLARE_ACCOUNT_ID", None)
    """The Cloudflare account of a D1 database."""

    cloudflare_api_token: SecretStr | None = setting("CLOUDFLARE_API_TOKEN", None, secret)
    """A token of that account with the permission D1: Edit."""

    cloudflare_api_base_url: str = setting(
        "CLOUDFLARE_API_BASE_URL", "https://api.cloudflare.com/client/v4", setting_kinds.address
    )
    """The address of the D1 API: Cloudflare's, or that of a proxy for it."""

    d1_requests: int | None = setting("CLASH_D1_REQUESTS", None, number(int, ge=10), empty_is_unset=True)
    """The most requests to D1 in 5 minutes of this process; by default 1100 of Cloudflare's 1200 for all machines."""

    database_wait_s: float = setting("CLASH_DATABASE_WAIT", 300.0, number(float, ge=0, le=86_400))
    """Seconds that a run waits while Cloudflare D1 does not answer; commands that only read wait 20 at most."""

    cf_account_id: str | None = setting("CF_ACCOUNT_ID", None)
    """The older name of CLOUDFLARE_ACCOUNT_ID."""

    cf_api_token: SecretStr | None = setting("CF_API_TOKEN", None, secret)
    """The older name of CLOUDFLARE_API_TOKEN."""

    d1_database_id: str | None = setting("D1_DATABASE_ID", None)
    """The D1 database if DATABASE_URL is d1:// without a name."""

    asset_store: str = setting("ASSET_STORE", "file://./data/assets")
    """Where all made files are kept: file://path, or s3://bucket/prefix for several machines."""

    asset_cache: Path = setting("ASSET_CACHE", Path("data/assets"), path)
    """With ASSET_STORE=s3://...: the folder on this machine with a copy of the files."""

    aws_access_key_id: str | None = setting("AWS_ACCESS_KEY_ID", None)
    """The key of ASSET_STORE=s3://..., as for every S3 tool."""

    aws_secret_access_key: SecretStr | None = setting("AWS_SECRET_ACCESS_KEY", None, secret)
    """The secret of AWS_ACCESS_KEY_ID."""

    aws_session_token: SecretStr | None = setting("AWS_SESSION_TOKEN", None, secret)
    """The token of temporary keys."""

    aws_region: str | None = setting("AWS_REGION", None)
    """The bucket's region; not needed for R2 and MinIO."""

    aws_default_region: str | None = setting("AWS_DEFAULT_REGION", None)
    """The bucket's region if AWS_REGION is not set."""

    aws_endpoint_url_s3: str | None = setting("AWS_ENDPOINT_URL_S3", None)
    """The address of an S3 store that is not Amazon's: https://ACCOUNT.r2.cloudflarestorage.com."""

    aws_endpoint_url: str | None = setting("AWS_ENDPOINT_URL", None)
    """The address of the S3 store if AWS_ENDPOINT_URL_S3 is not set."""

    output_dir: Path = setting("CLASH_OUTPUT_DIR", Path("output"), path)
    """Films are published as <this folder>/<thread>/film.mp4."""

    concurrency: int | None = setting("CLASH_CONCURRENCY", None, number(int, ge=1, le=256), empty_is_unset=True)
    """The most calls at once per provider; by default what the provider advises."""

    limits: dict[str, ProviderLimit] = setting("CLASH_LIMITS", {}, _limits)
    """Limits per provider, as JSON: {"fal": {"concurrency": 8, "requests_per_minute": 60}}."""

    attempts: int = setting("CLASH_ATTEMPTS", 3, number(int, ge=1, le=20))
    """How often a call that may be retried is attempted in one process."""

    retry_wait_s: float = setting("CLASH_RETRY_WAIT_S", 1.0, number(float, ge=0, le=600))
    """Seconds before the second attempt, unless the provider asks for more; longer before each further attempt."""

    rate_limit_wait_s: float = setting("CLASH_RATE_LIMIT_WAIT_S", 600.0, number(float, ge=0, le=86_400))
    """Seconds that a run waits for a call that is refused for too many requests (HTTP 429)."""

    call_timeout_s: float = setting("CLASH_CALL_TIMEOUT_S", 3600.0, number(float, gt=0, le=604_800))
    """Seconds that one call may take; then its answer counts as lost."""

    job_timeout_s: float = setting("CLASH_JOB_TIMEOUT_S", 3600.0, number(float, gt=0, le=604_800))
    """Seconds that a process waits for one job; its id is kept, and resume asks for it again."""

    stop_timeout_s: float = setting("CLASH_STOP_TIMEOUT_S", 30.0, number(float, gt=0, le=86_400))
    """Seconds within which a run ends after Ctrl-C or SIGTERM, whatever calls are running."""

    budget: Decimal | None = setting("CLASH_BUDGET", None, number(Decimal, ge=0, le=1_000_000), empty_is_unset=True)
    """Dollars that a new run may spend; empty: no limit."""

    project: str = setting("CLASH_PROJECT", DEFAULT_PROJECT, project_setting)
    """The project that a new run belongs to: its quota, and what it may use again."""

    screenplay_model: str = setting("CLASH_SCREENPLAY_MODEL", "local:screenwriter")
    """provider:model that turns the story into a screenplay."""

    image_model: str = setting("CLASH_IMAGE_MODEL", "local:illustrator")
    """provider:model that draws cards and keyframes."""

    video_model: str = setting("CLASH_VIDEO_MODEL", "local:cinematographer")
    """provider:model that makes the clips."""

    speech_model: str = setting("CLASH_SPEECH_MODEL", "local:voice")
    """provider:model that speaks narration and dialogue."""

    kokoro_dir: Path | None = setting("CLASH_KOKORO_DIR", None, path, empty_is_unset=True)
    """The folder of the Chinese voice's files; by default clash/voices/kokoro-v1.0 in the user's data folder."""

    preset: str | None = setting("CLASH_PRESET", None, empty_is_unset=True)
    """A named set of models, such as draft or final; a model that is set on its own overrides it."""

    presets: dict[str, dict[Kind, str]] = setting("CLASH_PRESETS", {}, _presets)
    """Your own presets, as JSON: {"cheap": {"image": "fal:fal-ai/flux-2/turbo"}}."""

    openai_api_key: SecretStr | None = setting("OPENAI_API_KEY", None, secret, empty_is_unset=True)
    """The key for openai: models."""

    openai_base_url: str = setting("OPENAI_BASE_URL", "https://api.openai.com/v1", setting_kinds.address)
    """The address of openai: models: OpenAI's, or that of any server with the same API."""

    screenplay_base_url: str | None = setting(
        "CLASH_SCREENPLAY_BASE_URL", None, setting_kinds.address, empty_is_unset=True
    )
    """The address of the server that writes screenplays, if it is not OPENAI_BASE_URL."""

    screenplay_api_key: SecretStr | None = setting("CLASH_SCREENPLAY_API_KEY", None, secret, empty_is_unset=True)
    """The key of the server that writes screenplays; OPENAI_API_KEY is sent only to the host of OPENAI_BASE_URL."""

    image_base_url: str | None = setting("CLASH_IMAGE_BASE_URL", None, setting_kinds.address, empty_is_unset=True)
    """The address of the server that draws openai: pictures, if it is not OPENAI_BASE_URL."""

    image_api_key: SecretStr | None = setting("CLASH_IMAGE_API_KEY", None, secret, empty_is_unset=True)
    """The key of the server that draws openai: pictures."""

    fal_key: SecretStr | None = setting("FAL_KEY", None, secret, empty_is_unset=True)
    """The key for fal: models."""

    fal_base_url: str | None = setting("FAL_BASE_URL", None, setting_kinds.address, empty_is_unset=True)
    """The address of a proxy for fal's hosts (it reads the host from x-fal-target-host); empty: fal itself."""

    models_file: Path | None = setting("CLASH_MODELS_FILE", None, path, empty_is_unset=True)
    """A TOML file whose models and presets override those of clash."""

    providers_dir: Path | None = setting("CLASH_PROVIDERS_DIR", None, path, empty_is_unset=True)
    """A folder of TOML files that describe vendors with an HTTP API; each is named after its vendor."""

    comfyui_dir: Path | None = setting("CLASH_COMFYUI_DIR", None, path, empty_is_unset=True)
    """A folder of ComfyUI workflows in API format; each NAME.json is the model comfyui:NAME."""

    comfyui_url: str = setting("CLASH_COMFYUI_URL", "http://127.0.0.1:8188", setting_kinds.address)
    """The address of ComfyUI."""

    prices_file: Path | None = setting("CLASH_PRICES_FILE", None, path, empty_is_unset=True)
    """A TOML file whose prices override those of clash."""

    allow_unpriced: bool = setting("CLASH_ALLOW_UNPRICED", False, flag)
    """Whether a model without a known price may be called; it then counts as free."""

    allow_hosts: tuple[str, ...] = setting("CLASH_ALLOW_HOSTS", (), setting_kinds.hosts)
    """Hosts that are not public and may still send files (host or host:port, separated by commas).

    A webhook may reach them over http.
    """

    fake_ip_ranges: tuple[IPv4Network | IPv6Network, ...] | None = setting(
        "CLASH_FAKE_IP_RANGES", None, setting_kinds.ranges, empty_is_unset=True
    )
    """IP ranges that a proxy's resolver returns for names (separated by commas), or none.

    By default 198.18.0.0/15 if a proxy is set, or if every name resolves to it.
    """

    retention: RetentionPolicy | None = setting("CLASH_RETENTION", None, policy_setting)
    """What is deleted at the end of a run, as JSON: {"checkpoints": "steps", "request_days": 30}."""

    webhook: SecretStr | None = setting("CLASH_WEBHOOK", None, setting_kinds.webhook, empty_is_unset=True)
    """The address that is told how a run ends or that it waits: https://..., or http:// of this machine."""

    webhook_secret: SecretStr | None = setting("CLASH_WEBHOOK_SECRET", None, secret, empty_is_unset=True)
    """What signs webhooks: whsec_ and base64, as Standard Webhooks has it; two, parted by a space, while it changes."""

    on_event: str | None = setting("CLASH_ON_EVENT", None, empty_is_unset=True)
    """A command that is run for each event that a webhook would be told, with its JSON on standard input; no shell."""

    langsmith: bool = setting("CLASH_LANGSMITH", False, flag)
    """Whether LangSmith may trace runs if its own variables (LANGSMITH_TRACING) say so.

    It is sent the words of the story.
    """

    size: str = setting("CLASH_SIZE", "1280x720", setting_kinds.size)
    """The film's width x height in pixels, both even."""

    fps: int = setting("CLASH_FPS", 24, number(int, ge=8, le=60))
    """Frames per second, 8 to 60."""

    chain: bool = setting("CLASH_CHAIN", False, flag)
    """Whether clips end on the keyframe of the next shot at the same place."""

    generate_audio: bool = setting("CLASH_GENERATE_AUDIO", False, flag)
    """Whether clips have sound of their own, where their model can make it."""

    given: frozenset[str]
    """The names of the fields that were set."""

    def __init__(self, **given: Any) -> None:
        """`given`: values by the names of variables, before those of the environment; other names are no settings."""
        # By variable only: a BUDGET or SIZE in somebody's environment is not a setting of clash.
        given = {**_of_dotenv(), **_of_environment(), **given}
        values: dict[str, Any] = {"given": frozenset(name for name, one in FIELDS.items() if one.variable in given)}
        faults: list[SettingFault] = []
        for name, one in FIELDS.items():
            try:
                values[name] = one.value_of(given[one.variable]) if one.variable in given else copy(one.default)
            except UnusableValueError as error:
                example = example_of(one.variable, one.default)
                faults.append(SettingFault(one.variable, error.why, example, error.place))
        if faults:
            raise UnusableSettingError(faults)
        self.__dict__.update(values)
        self._remember_secrets()

    def changed(self, **values: Any) -> Self:
        """Return these settings with other values, by the names of fields. They are taken as they are."""
        other = object.__new__(type(self))
        other.__dict__.update({**self.__dict__, **values, "given": self.given | set(values)})
        return other

    def __setattr__(self, name: str, _value: object) -> NoReturn:
        raise AttributeError(f"settings are never changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"settings are never changed: {name}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self.__dict__ == other.__dict__

    __hash__ = None  # pyright: ignore[reportAssignmentType]  # limits and presets are dicts

    def _remember_secrets(self) -> None:
        """Remember the keys and passwords of these settings, so that nothing printed or stored contains them."""
        secrets = redaction.known()
        for name, one in FIELDS.items():
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                secrets.remember_setting(one.variable, value.get_secret_value())
            elif isinstance(value, str) and "://" in value:
                secrets.remember_url(one.variable, value)


FIELDS: Mapping[str, Setting] = {name: one for name, one in vars(Settings).items() if isinstance(one, Setting)}
"""All settings by the names of their fields."""


def setting_names() -> frozenset[str]:
    """Return the names of all variables that are settings."""
    return frozenset(one.variable for one in FIELDS.values())


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
    """Return the settings in force here. Raise `SettingsError` naming all that cannot be used.

    `flags`: what a command was told, by the name of the variable that it overrides.

    Secrets of the environment and of `.env`, including keys of plug-ins, are replaced from now on in everything that
    this process prints and stores. A variable that looks like a misspelled setting is logged as a warning, once.
    """
    _look_around()
    try:
        return Settings(**(flags or {}))
    except UnusableSettingError as error:
        raise error_of(_with_places(error, flags or {})) from None


def usable_settings(flags: Mapping[str, str] | None = None) -> tuple[Settings, list[SettingFault]]:
    """Return the settings in force here, with the default of each that cannot be used, and what is wrong with those.

    For a command that says what is wrong here; what acts on the settings takes `load_settings`.
    """
    _look_around()
    try:
        return Settings(**(flags or {})), []
    except UnusableSettingError as error:
        bad = {fault.variable for fault in error.faults}
        defaults = {one.variable: one.default for one in FIELDS.values() if one.variable in bad}
        return Settings(**{**(flags or {}), **defaults}), _with_places(error, flags or {})


def _look_around() -> None:
    """Remember the secrets of the environment and of `.env`, and warn of what looks like a misspelled setting."""
    found = read_dotenv(DOT_ENV, setting_names())
    for variables in (os.environ, found.values):
        redaction.known().remember_variables(variables)
    warn_once(found, setting_names(), DOT_ENV)


def _with_places(error: UnusableSettingError, flags: Mapping[str, str]) -> list[SettingFault]:
    environment = _of_environment()
    return [fault._replace(where=found_at(fault.variable, flags, environment)) for fault in error.faults]
