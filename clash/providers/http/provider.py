"""The provider of every vendor that a file describes: jobs, and models that answer at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from clash.config import Kind, Settings, load_settings
from clash.errors import Action, AmbiguousError, ProviderError, Remedy, SettingsError, UsageError
from clash.providers.credentials import check_sendable, variable_of
from clash.providers.http import asking, results
from clash.providers.http.exchange import Answered, Asked, VendorClient, asked_of, building
from clash.providers.http.files import vendor_file
from clash.providers.http.meaning import content_refused, error_in, matches, meaning_of, writable
from clash.providers.http.template import fill_text, state_at, text_at
from clash.providers.http.tokens import Tokens
from clash.providers.http.vendor import Endpoint, States, VendorFile, VendorModel
from clash.providers.json_paths import at
from clash.providers.ports import Answer, Context, Job, JobStatus, Quote, Request, VideoRequest
from clash.providers.prices import load_prices
from clash.providers.transport import Downloads, OwnHeaders
from clash.providers.voices import Voice, named_voices
from clash.redaction import known
from clash.server_addresses import fault_of_address

_REVISION = 1
"""Counted up when the same body would be sent differently: pictures prepared in another way."""
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=+@~-]{0,399}")


class HttpProvider:
    """See `clash.providers.ports.JobProvider`. Models whose endpoint has no jobs answer at once, from `submit`."""

    def __init__(self, name: str, settings: Settings | None = None) -> None:
        self.name = name
        self.configure(settings or load_settings())

    def configure(self, settings: Settings) -> None:
        """Work with these settings. Raises `SettingsError` for a vendor's file or a file of prices that is wrong."""
        self._settings = settings
        self.vendor: VendorFile = vendor_file(self.name, settings)
        self._prices = load_prices(settings, self.vendor.price_list())
        self._models = {model.id: model for model in self.vendor.models}
        self._client: VendorClient | None = None
        self._tokens = Tokens()
        self._succeeded: dict[str, Answered] = {}
        self._sounding: dict[str, bool] = {}
        self.idempotent = self.vendor.idempotent
        self.concurrency = self.vendor.concurrency
        self.poll_every_s = self.vendor.poll_every_s
        self.endpoint = base_url_of(self.vendor)
        self.serves_files_itself = self.endpoint != self.vendor.base_url
        # Of another address nobody knows from where it serves its files.
        self.file_hosts = () if self.serves_files_itself else self.vendor.file_hosts

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """Those in the vendor's file, per kind, in its order."""
        found: dict[Kind, tuple[str, ...]] = {}
        for model in self.vendor.models:
            found[model.kind] = (*found.get(model.kind, ()), model.id)
        return found

    def revision(self, model: str, request: Request) -> str:  # noqa: ARG002 - `identity` holds what depends on them
        """How pictures are prepared, and the gateway where it is not the vendor itself."""
        return f"http-{_REVISION}" + (f"-{self.endpoint}" if self.serves_files_itself else "")

    def identity(self, model: str, request: Request) -> Mapping[str, Any]:
        """See `clash.providers.ports.Identified`: the address and the body that is sent to it."""
        return asking.identity_of(self.vendor, self._model(model), request)

    def languages(self, model: str) -> tuple[str, ...] | None:
        """See `clash.providers.ports.Multilingual`: those that the model has voices for."""
        return tuple(self._model(model).languages)

    def voices(self, model: str) -> tuple[Voice, ...]:
        """See `clash.providers.voices.ListsVoices`: those that the vendor's file names."""
        return tuple(named_voices(self._model(model)))

    def takes_last_frame(self, model: str) -> bool:
        """See `clash.providers.clip_abilities.TakesLastFrame`."""
        return self._model(model).last_frame

    def makes_sound(self, model: str) -> bool:
        """See `clash.providers.clip_abilities.MakesSound`."""
        described = self._model(model)
        return described.sound or described.sound_always

    def quote(self, model: str, request: Request) -> Quote:
        """See `clash.providers.ports.Priced`."""
        return asking.quote(self._model(model), self._prices, request)

    def failure_is_free(self, status: int) -> bool:
        """See `clash.providers.ports.FailsFree`; `prices.toml` or CLASH_PRICES_FILE says which."""
        return self._prices.failure_is_free(self.name, self.endpoint, status)

    def require(self, model: str) -> None:  # noqa: ARG002 - all models need the same
        """Raise `SettingsError` for what would keep a request from being sent. Calls nobody."""
        self._signing()
        self._connected()

    async def check_file_host(self, host: str) -> str:
        """See `clash.providers.file_hosts.FileHosts`."""
        return await Downloads.of(self._settings).check_host(host)

    async def submit(self, model: str, request: Request, context: Context) -> Job | Answer:
        """Send the call, once: the job that was taken, or the answer where the model answers at once."""
        described = self._model(model)
        endpoint = self._endpoint(described)
        with building(described.spec):
            body = await asyncio.to_thread(asking.body_of, self.vendor, described, request, context)
            voice = asking.voice_of(described, request)
            call = asking.submit_of(endpoint, described, request)
            asked = self._asked(call, described, endpoint, body=body, call=context.key, voice=voice)
        is_json = bool(endpoint.job) or endpoint.result_is != "body"
        answered = await self._connected().send(asked, described.spec, "buy", want_json=is_json)
        if not endpoint.job:
            downloads, own = Downloads.of(self._settings), self._own_headers(endpoint)
            return await results.answer_at_once(
                self.vendor, endpoint, described, answered, self._prices, request, downloads, own
            )
        job = self._job_in(answered.json, endpoint.job, described)
        if isinstance(request, VideoRequest):
            self._sounding[job.id] = described.sound and request.generate_audio
        return job

    def _job_in(self, body: object, paths: tuple[str, ...], model: VendorModel) -> Job:
        job_id = text_at(body, paths)
        if not _JOB_ID.fullmatch(job_id) or ".." in job_id:
            raise AmbiguousError(f"{model.spec} took the job, but its answer has no id that can be one")
        return Job(job_id, self.endpoint)

    async def poll(self, model: str, job: Job) -> JobStatus:
        """Look at a job. Raises `ProviderError` (code `content_refused` where the vendor refused what was made)."""
        described = self._model(model)
        endpoint = self._endpoint(described)
        # The code in an answer about a job is the job's, where its state says that it failed.
        answered = await self._look(endpoint.poll, described, endpoint, job, judge_codes=False)
        state, states = state_at(answered.json, endpoint.state), endpoint.states or States()
        if refusal := text_at(answered.json, endpoint.refused_if):
            raise content_refused(f"{described.spec}: {writable(refusal)}").with_(cost_usd=Decimal(0))
        if at(answered.json, endpoint.failed_if) is not None:
            return self._failed(endpoint, described, answered, state or "failed")
        if matches(state, states.succeeded):
            self._succeeded[job.id] = answered
            return JobStatus("succeeded")
        if matches(state, states.failed):
            return self._failed(endpoint, described, answered, state)
        if matches(state, states.running) or (not state and "" in states.running):
            return JobStatus("running")
        if matches(state, states.queued):
            return JobStatus("queued")
        if matches(state, states.lost):
            told = f"{described.spec}: the vendor no longer knows the job {job.id} ({state})"
            raise ProviderError(told, code="expired", status_code=404)
        said = error_in(self.vendor.errors, 200, answered.json, {}, "")
        if said is not None:
            raise meaning_of(said, self.vendor.errors, described.spec, " and ".join(self.vendor.keys), "look")
        raise ProviderError(
            f"{described.spec}: the job {job.id} is in the state {writable(state)[:60]!r}, which the vendor's file does"
            " not name; its id is kept",
            code="unknown_state",
            retryable=True,
        )

    def _failed(self, endpoint: Endpoint, model: VendorModel, answered: Answered, state: str) -> JobStatus:
        errors = self.vendor.errors
        code = text_at(answered.json, endpoint.failure_code or errors.code)
        words = writable(text_at(answered.json, endpoint.failure_message or errors.message)) or f"it is {state}"
        told = f"{model.spec}: {words}" + (f" ({code})" if code and code not in words else "")
        if matches(code, errors.refused_content):
            raise content_refused(told).with_(cost_usd=Decimal(0))
        passing = matches(code, errors.retry) or matches(code, errors.unsure) or matches(code, errors.rate_limited)
        return JobStatus("failed", told, retryable=passing or endpoint.failures_are_free)

    async def fetch(self, model: str, job: Job) -> Answer:
        """Download what a succeeded job made, at once, and decode all of it. Raises `ProviderError`."""
        described = self._model(model)
        endpoint = self._endpoint(described)
        answered = self._succeeded.pop(job.id, None) or await self._look(endpoint.poll, described, endpoint, job)
        told, sounding = answered.json, self._sounding.pop(job.id, None)
        cost = results.billed(endpoint, described, told, self._prices, has_sound=sounding)
        if endpoint.fetch:
            file = text_at(answered.json, endpoint.file)
            answered = await self._look(endpoint.fetch, described, endpoint, job, file=file)
        try:
            downloads, own = Downloads.of(self._settings), self._own_headers(endpoint)
            answer = await results.answer_of(endpoint, described, answered, cost, downloads, own)
        except ProviderError as error:
            # None: the vendor did not say; then it counts as what it was quoted.
            raise error.with_(cost_usd=cost) from error.__cause__
        if cost is not None or "has_sound" not in answer.facts:
            return answer
        # A job of another process: its file tells whether it was asked for sound.
        heard = bool(answer.facts["has_sound"])
        return replace(answer, cost_usd=results.billed(endpoint, described, told, self._prices, has_sound=heard))

    async def _look(
        self, call: str, model: VendorModel, endpoint: Endpoint, job: Job, *, file: str = "", judge_codes: bool = True
    ) -> Answered:
        if job.endpoint != self.endpoint:
            raise SettingsError(
                f"the job {job.id} was handed in at {job.endpoint}; {self.name} is set to {self.endpoint}",
                code="other_endpoint",
                remedy=Remedy(Action.RESUME, f"set {self.vendor.base_url_setting} as it was, then resume"),
            )
        asked = self._asked(call, model, endpoint, job=job.id, file=file)
        is_json = call == endpoint.poll or endpoint.result_is != "body"
        return await self._connected().send(
            asked, f"{model.spec}, job {job.id}", "look", want_json=is_json, judge_codes=judge_codes
        )

    async def probe(self) -> str:
        """What a free call says: that the key is good. Raises `ClashError`."""
        if not self.vendor.probe:
            self._signing()
            return "the key is set; its vendor has no free call that could try it"
        asked = asked_of(self.vendor, None, self.vendor.probe, self._signing(), base_url=self.endpoint)
        await self._connected().send(asked, self.name, "look", want_json=False)
        return "the key is good"

    # -- parts -----------------------------------------------------------------------------------------------

    def _asked(
        self, what: str, model: VendorModel, endpoint: Endpoint, *, body: Mapping[str, Any] | None = None, **values: str
    ) -> Asked:
        known_values = {**self._signing(), "model": model.name or model.id, **values}
        return asked_of(self.vendor, endpoint, what, known_values, base_url=self.endpoint, body=body)

    def _own_headers(self, endpoint: Endpoint) -> OwnHeaders | None:
        """What goes along when a file is fetched from the address that is asked; no other host is sent a key."""
        if not endpoint.result_headers:
            return None
        values = self._signing()
        filled = {name: fill_text(text, values) for name, text in endpoint.result_headers.items()}
        return OwnHeaders(self.endpoint, filled)

    def _signing(self) -> dict[str, str]:
        """The values by which a request says whose it is: the key, or a token that is signed with it."""
        if not self.vendor.auth:
            return {"key": self._key(self.vendor.key)}
        token = self._tokens.token(self._key(self.vendor.key), self._key(self.vendor.secret))
        known().remember(f"token of {self.name}", token)
        return {"token": token}

    def _key(self, variable: str) -> str:
        if not variable:
            return ""
        key = variable_of(variable)
        if key is None:
            raise SettingsError(
                f"{variable} is not set",
                code="missing_key",
                hint="put the key into .env or the environment; or use a local: model, which needs none",
            )
        check_sendable(variable, key)
        known().remember(variable, key)
        return key

    def _connected(self) -> VendorClient:
        if self._client is None:
            self._client = VendorClient(self.vendor)
        return self._client

    def _endpoint(self, model: VendorModel) -> Endpoint:
        return self.vendor.endpoints[model.endpoint]

    def _model(self, model: str) -> VendorModel:
        described = self._models.get(model)
        if described is None:
            raise UsageError(
                f"there is no model {self.name}:{model}",
                code="unknown_model",
                hint="`clash models` lists those that are",
            )
        return described


class SearchableHttpProvider(HttpProvider):
    """A vendor all of whose endpoints can look up a job by the key that was sent with it: no call is ever unknown."""

    async def find(self, model: str, request: Request, context: Context) -> Answer | Job | None:  # noqa: ARG002
        """See `clash.providers.ports.Searchable`."""
        described = self._model(model)
        endpoint = self._endpoint(described)
        asked = self._asked(endpoint.find, described, endpoint, call=context.key)
        try:
            answered = await self._connected().send(asked, described.spec, "look")
        except ProviderError as error:
            if error.code == "expired":  # the vendor itself says that it knows no such job
                return None
            raise
        return (
            self._job_in(answered.json, endpoint.found, described) if text_at(answered.json, endpoint.found) else None
        )


def http_provider(name: str, settings: Settings | None) -> HttpProvider:
    """Return the provider of a vendor. Raises `SettingsError` for a file that is wrong."""
    vendor = vendor_file(name, settings)
    searchable = all(endpoint.find for endpoint in vendor.endpoints.values())
    return (SearchableHttpProvider if searchable else HttpProvider)(name, settings)


def base_url_of(vendor: VendorFile) -> str:
    """Return where a vendor is asked: its own address, or what its setting names. Raises `SettingsError`."""
    given = (variable_of(vendor.base_url_setting, from_keyring=False) or vendor.base_url).rstrip("/")
    fault = fault_of_address(given) or ("it has a user in it" if "@" in given else None)
    if fault is not None:
        raise SettingsError(f"the setting {vendor.base_url_setting} cannot be used: {fault}", code="bad_address")
    return given
