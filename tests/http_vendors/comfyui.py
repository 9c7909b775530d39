"""ComfyUI's server, written from its public source, read on 2026-11-27.

github.com/comfyanonymous/ComfyUI: server.py (routes), execution.py (validate_prompt, PromptQueue, the history's form),
nodes.py, comfy_extras/nodes_video.py; VHS_VideoCombine of Kosinkadink/ComfyUI-VideoHelperSuite. The real server ignores
fields that it does not know; this one refuses them, so that clash sends none.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from email import message_from_bytes
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from http_vendors import Asked, Charge, Hangup, Refusal, Vendor

Form = dict[str, Any]
LINK = "link"
MODELS = ("sd.safetensors",)
NODES: Mapping[str, Mapping[str, Any]] = {
    "CheckpointLoaderSimple": {"ckpt_name": MODELS},
    "CLIPTextEncode": {"text": str, "clip": LINK},
    "EmptyLatentImage": {"width": int, "height": int, "batch_size": int},
    "KSampler": {
        "seed": int,
        "steps": int,
        "cfg": (int, float),
        "sampler_name": str,
        "scheduler": str,
        "denoise": (int, float),
        "model": LINK,
        "positive": LINK,
        "negative": LINK,
        "latent_image": LINK,
    },
    "VAEDecode": {"samples": LINK, "vae": LINK},
    "SaveImage": {"images": LINK, "filename_prefix": str},
    "PreviewImage": {"images": LINK},
    "LoadImage": {"image": str},
    "ImageStitch": {"image1": LINK, "image2": LINK},
    "WanImageToVideo": {"positive": LINK, "start_image": LINK, "width": int, "height": int, "length": int},
    "WanFirstLastFrameToVideo": {
        "positive": LINK,
        "start_image": LINK,
        "end_image": LINK,
        "width": int,
        "height": int,
        "length": int,
    },
    "CreateVideo": {"images": LINK, "fps": (int, float)},
    "SaveVideo": {"video": LINK, "filename_prefix": str, "format": ("auto", "mp4"), "codec": ("auto", "h264")},
    "VHS_VideoCombine": {"images": LINK, "frame_rate": (int, float), "filename_prefix": str, "format": str},
    "Speak": {"text": str, "seed": int},
    "SaveAudio": {"audio": LINK, "filename_prefix": str},
}
"""The nodes of this server, and what each of their inputs takes; all are required."""
SAVES = {"SaveImage": "images", "PreviewImage": "images", "SaveVideo": "images", "VHS_VideoCombine": "gifs"}
SAVES["SaveAudio"] = "audio"
OUT_OF_MEMORY = "Allocation on device 0 would exceed allowed memory. (out of memory)"


@dataclass
class Prompt:
    """A prompt that was taken."""

    number: int
    id: str
    graph: Form
    client: str
    looks: int = 0
    outputs: Form = field(default_factory=dict)
    status: Form | None = None

    @property
    def queued(self) -> list[Any]:
        """As `/queue` and `/history` have it."""
        savers = [node for node, held in self.graph.items() if held["class_type"] in SAVES]
        return [self.number, self.id, self.graph, {"client_id": self.client, "create_time": 1}, savers]


class ComfyUI(Vendor):
    """ComfyUI on loopback. `journal` has every prompt that was taken, `uploads` what was uploaded by name.

    Faults: `lost` (a prompt is taken, its answer is lost), `fail` (out of memory), `refuse_result` (somebody cancels),
    `expire` (restarted: queue and history are gone), `cut_file`, `rate_limit` (the server answers 503).
    """

    variables: ClassVar[tuple[str, str]] = ("", "CLASH_COMFYUI_URL")

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self.uploads: dict[str, bytes] = {}
        self.queue: dict[str, Prompt] = {}
        self.history: dict[str, Prompt] = {}
        self.made: dict[str, bytes] = {}
        self.authorizations: set[str | None] = set()
        self.own_ids = False
        """Whether it gives ids of its own, as servers of before 2025-08 did."""

    @property
    def environment(self) -> dict[str, str]:
        return {"CLASH_COMFYUI_URL": self.url}

    @property
    def prompts(self) -> list[Prompt]:
        """All that were taken, in order."""
        return sorted([*self.queue.values(), *self.history.values()], key=lambda prompt: prompt.number)

    def check_headers(self, asked: Asked) -> None:
        """It has no keys."""

    def restart(self) -> None:
        """Forget queue and history, as a restart does."""
        self.queue.clear()
        self.history.clear()

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        with self._lock:
            self.requests.append(f"{method} {address.path}")
            self.authorizations.add(headers.get("authorization"))
            if self.due("rate_limit"):
                return 503, {}, b"busy"
            try:
                found = self._routed(method, address.path, query, headers, body)
            except Refusal as refusal:
                return refusal.status, {"content-type": "application/json"}, json.dumps(refusal.body).encode()
        if isinstance(found, bytes):
            return (200, {}, found) if found else (404, {}, b"")
        if found is None:
            return 404, {}, b"404: Not Found"
        return 200, {"content-type": "application/json; charset=utf-8"}, json.dumps(found).encode()

    def _routed(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Form | bytes | None:
        if method == "POST" and path == "/upload/image":
            return self._upload(headers["content-type"], body)
        if method == "POST" and path == "/prompt":
            assert headers["content-type"] == "application/json", headers
            return self._prompt(json.loads(body))
        if method == "GET" and path == "/queue":
            return self._queue()
        if method == "GET" and path == "/history":
            assert set(query) <= {"max_items", "offset"}, query
            return {one.id: self._past(one) for one in list(self.history.values())[-int(query["max_items"]) :]}
        if method == "GET" and path.startswith("/history/"):
            one = self.history.get(path.removeprefix("/history/"))
            return {one.id: self._past(one)} if one is not None else {}
        if method == "GET" and path == "/view":
            assert set(query) == {"filename", "subfolder", "type"}, query
            return self._view(f"{query['type']}/{query['subfolder']}/{query['filename']}")
        if method == "GET" and path.startswith("/object_info/"):
            return self._info(path.removeprefix("/object_info/"))
        if method == "GET" and path == "/system_stats":
            return {"system": {"os": "posix", "comfyui_version": "0.3.75"}, "devices": []}
        return None

    def _upload(self, kind: str, body: bytes) -> Form:
        form = message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
        parts = {str(part.get_param("name", header="content-disposition")): part for part in form.get_payload()}
        assert set(parts) == {"image", "subfolder", "type", "overwrite"}, set(parts)
        folder = parts["subfolder"].get_payload()
        name = parts["image"].get_filename()
        assert parts["type"].get_payload() == "input"
        self.uploads[f"{folder}/{name}"] = parts["image"].get_payload(decode=True)
        return {"name": name, "subfolder": folder, "type": "input"}

    def _info(self, kind: str) -> Form:
        """The inputs of a node, choices in the older form and in the newer one."""
        if kind not in NODES:
            return {}
        inputs = {name: _spec(kind, name, wanted) for name, wanted in NODES[kind].items()}
        return {kind: {"input": {"required": inputs, "optional": {}}, "name": kind, "output_node": kind in SAVES}}

    # -- prompts -------------------------------------------------------------------------------------------------

    def _prompt(self, body: Form) -> Form:
        assert set(body) == {"prompt", "prompt_id", "client_id"}, set(body)
        assert str(uuid.UUID(body["prompt_id"])) == body["prompt_id"]
        graph = body["prompt"]
        self.bodies.append(body)
        for node, held in graph.items():
            assert set(held) == {"class_type", "inputs"}, held
            if held["class_type"] not in NODES:
                raise _no_node(node, held["class_type"])
        errors = {node: found for node, held in graph.items() if (found := self._errors_of(node, held, graph))}
        if errors:
            error = {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"}
            raise Refusal(400, {"error": {**error, "details": "", "extra_info": {}}, "node_errors": errors})
        number = len(self.journal)
        one = Prompt(number, str(uuid.uuid4()) if self.own_ids else body["prompt_id"], graph, body["client_id"])
        self.journal.append(Charge(one.id, Decimal(0)))
        self.queue[one.id] = one
        if self.due("lost"):
            raise Hangup
        return {"prompt_id": one.id, "number": number, "node_errors": {}}

    def _errors_of(self, node: str, held: Form, graph: Form) -> Form | None:
        wanted, found = NODES[held["class_type"]], []
        for name, kind in wanted.items():
            if name not in held["inputs"]:
                found.append(_error("required_input_missing", "Required input is missing", name, name))
            elif (fault := _fault_of(held["inputs"][name], kind, graph)) is not None:
                found.append(_error(*fault, f"{name}: {held['inputs'][name]!r} not in {list(MODELS)}", name))
        if held["class_type"] == "LoadImage" and held["inputs"]["image"] not in self.uploads:
            told = f"image - Invalid image file: {held['inputs']['image']}"
            found.append(_error("custom_validation_failed", "Custom validation failed for node", told, "image"))
        if not found:
            return None
        savers = [one for one, other in graph.items() if other["class_type"] in SAVES]
        return {"errors": found, "dependent_outputs": savers, "class_type": held["class_type"]}

    def _queue(self) -> Form:
        if self.due("expire"):
            self.restart()
        if not self.held:
            for one in list(self.queue.values()):
                one.looks += 1
                if one.looks >= self.looks:
                    self.history[self.queue.pop(one.id).id] = one
                    self._execute(one)
        waiting = [one.queued for one in self.queue.values()]
        return {"queue_running": waiting[:1], "queue_pending": waiting[1:]}

    def _execute(self, one: Prompt) -> None:
        start = ["execution_start", {"prompt_id": one.id, "timestamp": 1}]
        broken = self.due("fail", "refuse_result")
        if broken is None:
            one.status = {"status_str": "success", "completed": True, "messages": [start]}
            for node, held in one.graph.items():
                if held["class_type"] in SAVES:
                    one.outputs[node] = self._save(one, node, held)
            return
        node = next(name for name, held in one.graph.items() if held["class_type"] in ("KSampler", "WanImageToVideo"))
        where = {"prompt_id": one.id, "node_id": node, "node_type": one.graph[node]["class_type"], "executed": []}
        error = {"exception_message": OUT_OF_MEMORY, "exception_type": "torch.OutOfMemoryError", "traceback": []}
        kind = "execution_error" if broken == "fail" else "execution_interrupted"
        message = [kind, {**where, **error} if broken == "fail" else where]
        one.status = {"status_str": "error", "completed": False, "messages": [start, message]}

    def _save(self, one: Prompt, node: str, held: Form) -> Form:
        kind, prefix = held["class_type"], str(held["inputs"].get("filename_prefix", "ComfyUI_temp"))
        folder, _, name = prefix.rpartition("/")
        combined = {"video/webm": ".webm", "image/gif": ".gif"}.get(held["inputs"].get("format"), ".mp4")
        suffix = {"images": ".png", "gifs": combined, "audio": ".flac"}[SAVES[kind]]
        suffix = ".mp4" if kind == "SaveVideo" else suffix
        item = {"filename": f"{name}_00001_{suffix}", "subfolder": folder}
        item["type"] = "temp" if kind == "PreviewImage" else "output"
        content = self.files[
            {".png": "picture.png", ".gif": "picture.png", ".flac": "sound.flac"}.get(suffix, f"clip{suffix}")
        ]
        self.made[f"{item['type']}/{folder}/{item['filename']}"] = content
        more = {"animated": [True]} if kind == "SaveVideo" else {}
        return {SAVES[kind]: [item], **more}

    def _past(self, one: Prompt) -> Form:
        return {"prompt": one.queued, "outputs": one.outputs, "status": one.status, "meta": {}}

    def _view(self, name: str) -> bytes:
        content = self.made.get(name, b"")
        return content[: len(content) // 2] if self.due("cut_file") else content


def _spec(kind: str, name: str, wanted: Any) -> list[Any]:
    if kind == "LoadImage":
        return [["example.png"], {"image_upload": True}]
    if wanted == LINK:
        return ["ANY"]
    if isinstance(wanted, tuple) and all(isinstance(one, str) for one in wanted):
        return [list(wanted)] if name == "ckpt_name" else ["COMBO", {"options": list(wanted)}]
    return ["STRING" if wanted is str else "FLOAT", {}]


def _fault_of(value: object, kind: Any, graph: Form) -> tuple[str, str] | None:
    linked = isinstance(value, list) and len(value) == 2 and value[0] in graph
    if linked:
        return None
    if kind == LINK:
        return "bad_linked_input", "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    if isinstance(kind, tuple) and all(isinstance(one, str) for one in kind):
        return None if value in kind else ("value_not_in_list", "Value not in list")
    if not isinstance(value, kind) or isinstance(value, bool):
        return "invalid_input_type", "Failed to convert an input value"
    return None


def _error(kind: str, message: str, details: str, name: str) -> Form:
    return {"type": kind, "message": message, "details": details, "extra_info": {"input_name": name}}


def _no_node(node: str, kind: str) -> Refusal:
    error = {
        "type": "missing_node_type",
        "message": f"Node '{kind}' not found. The custom node may not be installed.",
        "details": f"Node ID '#{node}'",
        "extra_info": {"node_id": node, "class_type": kind, "node_title": None},
    }
    return Refusal(400, {"error": error, "node_errors": {}})


# -- workflows that a user of this server would export -----------------------------------------------------------------


def node(kind: str, title: str = "", **inputs: Any) -> Form:
    """A node as the exported file has it."""
    return {"inputs": inputs, "class_type": kind, "_meta": {"title": title or kind}}


def still(*, references: int = 0, **changed: Form) -> Form:
    """A workflow of pictures; with references their pictures are stitched into the prompt."""
    graph = {
        "3": node(
            "KSampler",
            seed=5,
            steps=20,
            cfg=7,
            sampler_name="euler",
            scheduler="normal",
            denoise=1,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="sd.safetensors"),
        "5": node("EmptyLatentImage", "clash:size", width=512, height=512, batch_size=1),
        "6": node("CLIPTextEncode", "Positive clash:prompt", text="a house", clip=["4", 1]),
        "7": node("CLIPTextEncode", "clash:negative", text="ugly", clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
    }
    for number in range(references):
        graph[str(20 + number)] = node("LoadImage", f"clash:reference{number + 1}", image="example.png")
    return {**graph, **changed}


def moving(*, last_frame: bool = False, saver: Form | None = None) -> Form:
    """A workflow of clips."""
    size = {"width": 832, "height": 480, "length": 81}
    made = node("WanImageToVideo", "clash:size clash:frames", positive=["6", 0], start_image=["52", 0], **size)
    graph = {
        "6": node("CLIPTextEncode", "clash:prompt", text="a boat", clip=["4", 1]),
        "4": node("CheckpointLoaderSimple", ckpt_name="sd.safetensors"),
        "52": node("LoadImage", "clash:keyframe", image="example.png"),
        "50": made,
        "57": node("CreateVideo", images=["50", 0], fps=16),
        "58": saver or node("SaveVideo", filename_prefix="video/ComfyUI", format="auto", codec="auto", video=["57", 0]),
    }
    if last_frame:
        graph["53"] = node("LoadImage", "clash:last_frame", image="example.png")
        graph["50"]["class_type"] = "WanFirstLastFrameToVideo"
        graph["50"]["inputs"]["end_image"] = ["53", 0]
    return graph


def speaking() -> Form:
    """A workflow of speech."""
    return {
        "1": node("Speak", "clash:text", text="Hello", seed=1),
        "2": node("SaveAudio", filename_prefix="audio/ComfyUI", audio=["1", 0]),
    }
