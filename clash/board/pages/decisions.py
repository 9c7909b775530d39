"""The forms that decide something. A script sends their fields as JSON; without it they are not shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from clash.board.pages.cards import anchor_of
from clash.board.pages.html import Child, Html, el, join
from clash.board.pages.words import Words

LONGEST_NOTE = 2000


def api_url(thread_id: str, action: str) -> str:
    """Return the address that a decision about a run is sent to."""
    return f"/api/runs/{quote(thread_id, safe='')}/{action}"


def _form(
    thread: str, action: str, body: dict[str, object], *content: Child, class_: str = "", is_priced: bool = False
) -> Html:
    """A form whose script sends `body` and its own fields. `is_priced`: its price is asked for first."""
    return el(
        "form",
        *content,
        method="post",
        action=api_url(thread, action),
        data_write=json.dumps(body, ensure_ascii=False),
        data_priced=is_priced,
        class_=f"needs-js {class_}".strip(),
    )


def _button(label: str, name: str, *, kind: str = "", key: str = "") -> Html:
    return el("button", label, type="submit", aria_label=name, class_=kind or None, data_key=key or None)


def approve_form(words: Words, thread: str, slot: str, sha256: str, what: str) -> Html:
    """Approve the file that is shown."""
    button = _button(words("approve"), words("approve_of", what=what), kind="approve", key="a")
    return _form(thread, "review/approve", {"slots": [slot], "sha256": sha256}, button)


def approve_all_form(words: Words, thread: str, stage: str, seen: Mapping[str, str]) -> Html | None:
    """Approve all files of a stage that have no verdict and are shown: their digests by their slots."""
    if not seen:
        return None
    said = words("approve_stage", n=f"{len(seen):,}")
    name = f"{said}: {words(f'stage_{stage}')}"
    body: dict[str, object] = {"all": True, "stage": stage, "seen": dict(seen)}
    return _form(thread, "review/approve", body, _button(said, name, kind="approve"))


def reject_form(words: Words, thread: str, slot: str, sha256: str, what: str) -> Html:
    """Reject the file that is shown, with a note: another take is made when the run goes on."""
    return _note_form(words, thread, slot, what, "reject", "review/reject", {"slots": [slot], "sha256": sha256})


def retake_form(words: Words, thread: str, slot: str, what: str) -> Html:
    """Make another take of what is in a finished film, with a note."""
    return _note_form(words, thread, slot, what, "retake", "retake", {"slots": [slot]})


def _note_form(
    words: Words, thread: str, slot: str, what: str, name: str, action: str, body: dict[str, object]
) -> Html:
    note = f"note-{anchor_of(slot)}"
    form = _form(
        thread,
        action,
        body,
        el("label", words("note"), for_=note),
        el(
            "textarea",
            id=note,
            name="note",
            rows="2",
            maxlength=LONGEST_NOTE,
            aria_label=words("note_for", what=what),
        ),
        _button(words(name), words(f"{name}_of", what=what), kind="reject" if name == "reject" else "primary"),
        class_="reject-form",
        is_priced=name == "retake",
    )
    return el(
        "details",
        el("summary", words(name), aria_label=words(f"{name}_of", what=what), data_key="r"),
        form,
        class_="reject needs-js",
        id=f"reject-{anchor_of(slot)}",
    )


def select_form(words: Words, thread: str, slot: str, take: int, what: str) -> Html:
    """Put a take in the film."""
    button = _button(words("select_take", n=take), words("select_take_of", n=take, what=what))
    return _form(thread, "takes/use", {"slot": slot, "take": take}, button, is_priced=True)


def run_forms(words: Words, thread: str, status: str, *, may_resume: bool) -> Html:
    """Resume a run that no process holds; cancel one that is not finished."""
    resumes = may_resume and status not in {"running", "completed"}
    cancels = status in {"running", "paused", "interrupted", "failed"}
    return join(
        _form(thread, "cancel", {}, _button(words("cancel_run"), words("cancel_run"), kind="quiet"))
        if cancels
        else None,
        _form(thread, "resume", {}, _button(words("resume"), words("resume"), kind="primary")) if resumes else None,
    )
