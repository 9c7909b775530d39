"""What a person decides on the board: the use cases of `clash review`, `takes use`, `retake` and `cancel`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from clash.access import Access, AuditEntry
from clash.actors import acting_as
from clash.board.accounts import Audit
from clash.board.answers import RefusedError
from clash.board.child_runs import ChildRuns
from clash.board.guard import known_keys
from clash.board.poller import Poller
from clash.config import Settings
from clash.documents.base import Document
from clash.errors import ClashError, ConflictError, UsageError
from clash.hints import command
from clash.reports.run_list import held_by
from clash.thread_ids import check_thread_id

WRITES: tuple[str, ...] = ("review/approve", "review/reject", "takes/use", "retake", "cancel", "resume")
"""What can be written of a run, by its path below `/api/runs/{thread}/`."""
_Write = Callable[[str, Any], Awaitable[dict[str, Any]]]
_MOST_SLOTS = 10_000
_MOST_TAKES = 1_000_000_000


@dataclass(frozen=True)
class WrittenBy:
    """Who writes: an account, from where, and the project of the run."""

    access: Access
    address: str = ""
    project: str = ""

    def entry(self, action: str, thread_id: str, slots: tuple[str, ...]) -> AuditEntry:
        """Return the entry of the audit for a write of a run."""
        who = self.access
        return AuditEntry(action, who.account, who.token_id, self.project, thread_id, slots, self.address)


@dataclass(frozen=True)
class Decisions:
    """Carries out writes. It holds no run: what has to be made, a process of its own makes."""

    settings: Settings
    poller: Poller
    children: ChildRuns
    may_resume: bool
    audit: Audit | None = None
    """Where the writes of accounts are recorded; None on a board without accounts."""

    async def carry_out(self, name: str, thread_id: str, body: Any, by: WrittenBy) -> dict[str, Any]:
        """Carry out a write by the name of its path, and return its document.

        Raises `ClashError`, with the message and the hint of the command line.
        """
        check_thread_id(thread_id)
        if self.audit is None or _is_dry_run(body):
            return await self._carry_out(name, thread_id, body, by)
        # Before it is tried: what cannot be recorded is not done.
        entry = by.entry(name, thread_id, _slots_named(body))
        await self.audit.add(entry)
        try:
            return await self._carry_out(name, thread_id, body, by)
        except ClashError as error:
            await self.audit.add(replace(entry, error=error.code))
            raise

    async def _carry_out(self, name: str, thread_id: str, body: Any, by: WrittenBy) -> dict[str, Any]:
        carried_out = (self._approve, self._reject, self._use_take, self._retake, self._cancel, self._resume)
        writes: Mapping[str, _Write] = dict(zip(WRITES, carried_out, strict=True))
        try:
            with acting_as(by.access.account):
                return {"schema": 1, **await writes[name](thread_id, body)}
        finally:
            self.poller.changed(thread_id)

    async def _approve(self, thread_id: str, body: Any) -> dict[str, Any]:
        from clash import production

        given = known_keys(body, ("slots", "sha256", "all", "stage", "seen"))
        document = await production.approve(
            thread_id,
            _slots(given),
            self.settings,
            sha256=_text(given, "sha256"),
            every=_flag(given, "all"),
            stage=_text(given, "stage"),
            seen=_seen(given),
        )
        return document.dump()

    async def _reject(self, thread_id: str, body: Any) -> dict[str, Any]:
        from clash import production

        given = known_keys(body, ("slots", "sha256", "note", "prompt"))
        document = await production.reject(
            thread_id,
            _slots(given),
            self.settings,
            note=_text(given, "note"),
            prompt=_text(given, "prompt"),
            sha256=_text(given, "sha256"),
        )
        return document.dump()

    async def _use_take(self, thread_id: str, body: Any) -> dict[str, Any]:
        from clash import production

        given = known_keys(body, ("slot", "take", "yes", "dry_run"))
        slot, take = _text(given, "slot"), _number(given, "take", 0)
        if not slot or take < 1:
            raise UsageError("name the slot and the number of its take")
        if _flag(given, "dry_run"):
            return (await production.use_take_plan(thread_id, slot, take, self.settings)).dump()
        selected = await production.select_take(thread_id, slot, take, self.settings, yes=_flag(given, "yes"))
        return await self._go_on(thread_id, selected.document, makes=selected.makes)

    async def _retake(self, thread_id: str, body: Any) -> dict[str, Any]:
        from clash import production

        given = known_keys(body, ("slots", "note", "prompt", "model", "takes", "yes", "dry_run"))
        request = production.RetakeRequest(
            thread_id,
            _slots(given),
            _text(given, "note"),
            _text(given, "prompt"),
            _text(given, "model") or None,
            _number(given, "takes", 1),
            None,
            _flag(given, "yes"),
        )
        if _flag(given, "dry_run"):
            return (await production.retake_plan(request, self.settings)).dump()
        return await self._go_on(thread_id, await production.request_retake(request, self.settings), makes=True)

    async def _cancel(self, thread_id: str, body: Any) -> dict[str, Any]:
        from clash import production

        known_keys(body, ())
        return (await production.cancel(thread_id, self.settings)).dump()

    async def _resume(self, thread_id: str, body: Any) -> dict[str, Any]:
        known_keys(body, ())
        if not self.may_resume:
            raise RefusedError(
                403, "this board starts no process", hint=f"`{command('resume', thread_id)}`", code="no_resume"
            )
        holder = await held_by(self.settings, thread_id)
        if holder or self.children.is_running(thread_id):
            raise ConflictError(f"{thread_id} is being made already{f' by {holder}' if holder else ''}", code="held")
        return {"thread_id": thread_id, "pid": self._start(thread_id)}

    async def _go_on(self, thread_id: str, document: Document, *, makes: bool) -> dict[str, Any]:
        """Have made what was decided: by the process that holds the run, or else by one that is started now."""
        told = document.dump()
        holder = await held_by(self.settings, thread_id) if makes else ""
        if holder:
            warning = f"{holder} makes it when it has done what it is at"
        elif makes and self.may_resume and self.children.has_room:
            if self.children.is_running(thread_id):
                self.children.start_again(thread_id)
            else:
                self._start(thread_id)
            return told
        else:
            warning = f"`{command('resume', thread_id)}` makes it"
        return {**told, "warnings": [*told.get("warnings", ()), warning]}

    def _start(self, thread_id: str) -> int:
        if not self.children.has_room:
            raise ConflictError(
                "the board has started as many processes as it may",
                code="too_many_processes",
                hint=f"`{command('resume', thread_id)}` at a terminal, or wait until one has ended",
            )
        return self.children.start(thread_id)


# -- what a write says ---------------------------------------------------------------------------------------------


def _is_dry_run(body: Any) -> bool:
    return isinstance(body, dict) and cast("dict[str, object]", body).get("dry_run") is True


def _slots_named(body: Any) -> tuple[str, ...]:
    """The slots that a write names, as far as it can be read: what is wrong with it, it says itself."""
    given = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    named = given.get("slots") or given.get("seen") or [given.get("slot")]
    slots = list(cast("list[object]", named)) if isinstance(named, list | dict) else []
    return tuple(slot[:200] for slot in slots if isinstance(slot, str))[:_MOST_SLOTS]


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UsageError(f"{name} is a text")
    return value


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"{name} is true or false")
    return value


def _number(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TAKES:
        raise UsageError(f"{name} is a whole number")
    return value


def _slots(given: Mapping[str, Any]) -> tuple[str, ...]:
    value: object = given.get("slots", [])
    slots = cast("list[object]", value) if isinstance(value, list) else None
    if slots is None or len(slots) > _MOST_SLOTS or not all(isinstance(slot, str) for slot in slots):
        raise UsageError("slots is a list of slots, such as shot:007/clip")
    return tuple(str(slot) for slot in slots)


def _seen(given: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The files that the person looked at, by slots; None: whatever they are now."""
    value: object = given.get("seen")
    if value is None:
        return None
    seen = cast("dict[object, object]", value) if isinstance(value, dict) else {None: None}
    if len(seen) > _MOST_SLOTS or not all(isinstance(part, str) for pair in seen.items() for part in pair):
        raise UsageError("seen is an object of digests by slots")
    return {str(slot): str(digest) for slot, digest in seen.items()}
