"""Pictures, clips and speech by the user's own ComfyUI: each workflow in CLASH_COMFYUI_DIR is a model."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from clash.config import Kind, Settings, load_settings
from clash.errors import ProviderError, SettingsError
from clash.providers.comfyui.faults import failure_in
from clash.providers.comfyui.filling import filled, identity_of, used_pictures, values_of
from clash.providers.comfyui.folder import WorkflowModel, workflow_model, workflow_names
from clash.providers.comfyui.notes import Made
from clash.providers.comfyui.outputs import as_kept, made_by, output_file
from clash.providers.comfyui.presence import missing_in
from clash.providers.comfyui.server import SETTING, ComfyServer
from clash.providers.comfyui.workflow import Workflow
from clash.providers.media import examined
from clash.providers.ports import Answer, Context, Job, JobStatus, Request
from clash.redaction import redacted, without_password

_REVISION = "comfyui-1"
"""Counted up when the same graph would be filled differently."""
_IDS = uuid.UUID("b9f0c5c2-3b1f-5a55-9d3e-8c1a5f0f6a11")
_KINDS: tuple[Kind, ...] = ("image", "video", "speech")
_HOW_TO_ADD: Mapping[Kind, str] = {
    "image": "export a workflow that makes pictures (clash:prompt) into CLASH_COMFYUI_DIR",
    "video": "export a workflow that makes clips (clash:keyframe) into CLASH_COMFYUI_DIR",
    "speech": "export a workflow that makes speech (clash:text) into CLASH_COMFYUI_DIR",
}
"""What to do where there is no workflow of a kind."""
_MOST_MISSING = 5
_SUFFIX = {"image/jpeg": ".jpg", "image/webp": ".webp"}


class ComfyUIProvider:
    """See `clash.providers.ports.JobProvider`. Free; the id of a prompt is derived from the key of its call.

    So a call whose answer was lost is found in the queue or the history, and is never made twice.
    """

    name = "comfyui"
    idempotent = True
    concurrency = 2
    poll_every_s = 1.0

    def __init__(self, settings: Settings | None = None) -> None:
        self.configure(settings or load_settings())

    def configure(self, settings: Settings) -> None:
        """Work with these settings."""
        self._settings = settings
        self._url = settings.comfyui_url.rstrip("/")
        self.endpoint = without_password(self._url)
        self._server: ComfyServer | None = None
        self._models: dict[str, WorkflowModel] = {}

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """The workflows in the folder, by what they make. Raises `SettingsError` where no folder is set."""
        found: dict[Kind, tuple[str, ...]] = {}
        if self._settings.comfyui_dir is None:
            raise SettingsError(
                "CLASH_COMFYUI_DIR is not set",
                code="no_workflows",
                hint="name the folder of your ComfyUI workflows in it; docs/providers.md says how they are exported",
            )
        sound, broken = self._sound(), list[str]()
        for name in workflow_names(self._settings):
            if name in sound:
                found[sound[name]] = (*found.get(sound[name], ()), name)
            else:
                broken.append(name)
        # What is wrong with a workflow is said to those who name it, and keeps nobody from using another.
        for kind in _KINDS if broken else ():
            found[kind] = (*found.get(kind, ()), *broken)
        return found

    def choices(self, kind: Kind) -> tuple[str, ...]:
        """See `clash.providers.registry.Choosing`: the workflows of this kind that are right, by name."""
        return tuple(name for name, made in self._sound().items() if made == kind)

    def how_to_add(self, kind: Kind) -> str | None:
        """See `clash.providers.registry.Extended`: by a workflow with the titles that this kind needs."""
        return _HOW_TO_ADD.get(kind)

    def revision(self, model: str, request: Request) -> str:  # noqa: ARG002 - `identity` holds what depends on them
        """How graphs are filled. The server's address does not count: the same graph makes the same picture."""
        return _REVISION

    def identity(self, model: str, request: Request) -> Mapping[str, Any]:
        """See `clash.providers.ports.Identified`: the workflow with the values that are filled in."""
        workflow = self._model(model).workflow_of(request)
        return identity_of(workflow, values_of(f"{self.name}:{model}", workflow, request))

    def languages(self, model: str) -> tuple[str, ...] | None:
        """See `clash.providers.ports.Multilingual`: those that the TOML file names; any where it names none."""
        return self._model(model).base.notes.languages or None

    def takes_last_frame(self, model: str) -> bool:
        """See `clash.providers.clip_abilities.TakesLastFrame`: models with a second workflow for it."""
        described = self._model(model)
        return described.base.kind == "video" and described.fuller is not None

    def require(self, model: str) -> None:
        """Raise `SettingsError` for what would keep a request from being sent. Calls nobody."""
        self._model(model)
        self._connected()

    async def find(self, model: str, request: Request, context: Context) -> Job | None:  # noqa: ARG002
        """See `clash.providers.ports.Searchable`: the prompt in the queue, else in the history."""
        prompt_id, server = _prompt_id(context), self._connected()
        place = await server.place_of(prompt_id)
        if place is not None:
            return Job(place[1], self.endpoint)
        if await server.result_of(prompt_id) is not None:
            return Job(prompt_id, self.endpoint)
        found = await server.finished_id(prompt_id)
        return Job(found, self.endpoint) if found is not None else None

    async def submit(self, model: str, request: Request, context: Context) -> Job:
        """Upload the pictures and hand the prompt in, once."""
        spec, workflow = f"{self.name}:{model}", self._model(model).workflow_of(request)
        values = values_of(spec, workflow, request)
        server, shown = self._connected(), dict[str, str]()
        for reference in used_pictures(workflow, values):
            name = f"{reference.sha256}{_SUFFIX.get(reference.media_type, '.png')}"
            shown[reference.sha256] = await server.upload(context.path_of(reference), name, reference.media_type)
        prompt_id = _prompt_id(context)
        graph = filled(workflow, values, shown, seed=context.seed, name=f"clash/{prompt_id}")
        return Job(await server.submit(spec, prompt_id, graph, workflow.output), self.endpoint)

    async def poll(self, model: str, job: Job) -> JobStatus:
        """Look at a prompt: in the queue, else in the history."""
        if job.endpoint != self.endpoint:
            told = f"it was handed in at {job.endpoint}, and {SETTING} is {self.endpoint} now; it is made again"
            return JobStatus("failed", f"{self.name}:{model}: {told}", retryable=True)
        server = self._connected()
        # The queue first: what is not there any more is in the history by then.
        place = await server.place_of(job.id)
        if place is not None:
            return JobStatus("running" if place[0] == "running" else "queued")
        entry = await server.result_of(job.id)
        if entry is None:
            told = f"ComfyUI knows nothing of the prompt {job.id}: it was restarted, or its queue was cleared"
            return JobStatus("failed", f"{self.name}:{model}: {told}", retryable=True)
        failure = failure_in(entry)
        return JobStatus("succeeded") if failure is None else JobStatus("failed", f"{self.name}:{model}: {failure}")

    async def fetch(self, model: str, job: Job) -> Answer:
        """Download what a prompt made, all of it, and decode it. Raises `ProviderError`."""
        server, spec = self._connected(), f"{self.name}:{model}"
        entry = await server.result_of(job.id)
        if entry is None:
            raise ProviderError(f"{spec}: ComfyUI no longer knows the prompt {job.id}", code="expired", status_code=404)
        item = output_file(spec, self._made_by(model, entry), entry)
        kind = self._model(model).base.kind
        try:
            content, media_type, facts = await asyncio.to_thread(_examined, kind, await server.file(item))
        except ProviderError:
            # A file that broke off on the way is told from one that is bad by fetching it once more.
            content, media_type, facts = await asyncio.to_thread(_examined, kind, await server.file(item))
        return Answer(content, media_type, facts=facts, response=redacted(item))

    def _made_by(self, model: str, entry: Mapping[str, Any]) -> Workflow:
        """Return which of a model's workflows made this: the one whose output node is in the outputs."""
        described = self._model(model)
        return next((one for one in described.workflows if made_by(one, entry)), described.base)

    async def probe(self) -> str:
        """Return which ComfyUI answers. Raises `ClashError`, also for what the workflows need and the server lacks."""
        server, known = self._connected(), list[Workflow]()
        version = await server.version()
        for name in workflow_names(self._settings):
            known += self._model(name).workflows
        missing = await missing_in(server, known)
        if missing:
            more = f"; and {len(missing) - _MOST_MISSING} more" if len(missing) > _MOST_MISSING else ""
            raise SettingsError(
                f"ComfyUI {version} lacks what workflows need: {'; '.join(missing[:_MOST_MISSING])}{more}",
                code="workflow_refused",
                hint="open the workflow in ComfyUI, install what it marks as missing, or take the file out of"
                " CLASH_COMFYUI_DIR",
            )
        return f"ComfyUI {version} has all that {len(known)} workflows need"

    def _connected(self) -> ComfyServer:
        if self._server is None:
            self._server = ComfyServer(self._url)
        return self._server

    def _sound(self) -> dict[str, Made]:
        """Return what each workflow makes in which nothing is wrong."""
        found: dict[str, Made] = {}
        for name in workflow_names(self._settings):
            with suppress(SettingsError):
                found[name] = self._model(name).base.kind
        return found

    def _model(self, model: str) -> WorkflowModel:
        if model not in self._models:
            self._models[model] = workflow_model(self._settings, model)
        return self._models[model]


def _examined(kind: Made, content: bytes) -> tuple[bytes, str, dict[str, Any]]:
    """Return the file as it is kept, its media type and its facts. All of it is decoded."""
    kept = as_kept(kind, content)
    return kept, *examined(kind, kept)


def _prompt_id(context: Context) -> str:
    """Return the id of a call's prompt: the same for every try at it, in whichever process."""
    return str(uuid.uuid5(_IDS, context.key))
