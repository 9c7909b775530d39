"""What a server lacks of what the workflows need: nodes that are not installed, models that are not in its folders.

`GET /object_info/NODE` (ComfyUI's server.py, read 2026-11-27) answers with the inputs of a node: a list of the allowed
values, or `"COMBO"` and these as `options`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from clash.providers.comfyui.server import ComfyServer
from clash.providers.comfyui.workflow import Target, Workflow, link_of


async def missing_in(server: ComfyServer, workflows: Iterable[Workflow]) -> list[str]:
    """Return one sentence for each thing that is missing on the server."""
    found: list[str] = []
    infos: dict[str, Mapping[str, Any] | None] = {}
    for workflow in workflows:
        filled = {target for targets in workflow.targets.values() for target in targets}
        for node, held in workflow.graph.items():
            kind = str(held["class_type"])
            if kind not in infos:
                infos[kind] = await server.node_info(kind)
            info = infos[kind]
            where = f"{workflow.path.name}: {workflow.node_words(node)}"
            if info is None:
                found.append(f"{where} is not installed")
                continue
            for name, value in held["inputs"].items():
                allowed = _options(info, name)
                is_choice = isinstance(value, str) and link_of(value) is None and Target(node, name) not in filled
                if is_choice and allowed and value not in allowed:
                    found.append(f"{where}: {name} is {value[:80]!r}, which the server does not have")
    return found


def _options(info: Mapping[str, Any], name: str) -> list[object]:
    """Return the values that an input can have; none where it takes any. Uploaded pictures are no choice."""
    groups: object = info.get("input")
    for group in cast("dict[str, Any]", groups).values() if isinstance(groups, dict) else ():
        spec: object = cast("dict[str, Any]", group).get(name) if isinstance(group, dict) else None
        parts = cast("list[object]", spec) if isinstance(spec, list) else []
        about = cast("dict[str, Any]", parts[1]) if len(parts) > 1 and isinstance(parts[1], dict) else {}
        if not parts or any(key.endswith("_upload") and about[key] for key in about):
            continue
        if isinstance(parts[0], list):
            return cast("list[object]", parts[0])
        if parts[0] == "COMBO" and isinstance(about.get("options"), list):
            return cast("list[object]", about["options"])
    return []
