"""The page where people judge what a run made: approve, reject with a note, choose a take, go on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from clash.board.pages.cards import anchor_of, card, figures_of, picture, read_on_screen, shot_title, spoken
from clash.board.pages.decisions import approve_all_form, approve_form, reject_form, retake_form, run_forms, select_form
from clash.board.pages.figures import money
from clash.board.pages.html import NOTHING, Html, el, join
from clash.board.pages.layout import may_write, page
from clash.board.pages.parts import badge, damaged, empty, section, typed
from clash.board.pages.run import hint_command, problems, run_head, shots_pager, title_of
from clash.board.pages.view import Document, View
from clash.board.pages.words import Words, words_for
from clash.vocabulary import standing

STAGES = ("screenplay", "cards", "keyframes", "shots")
_SPEECH = "/speech-"


def review_page(view: View, review: Document, takes: Document, run: Document, number: int) -> Html:
    """Return what is to be judged: `clash review ls`, `clash takes ls`, and a `RunOnBoard` with the shots of a page."""
    words, thread = words_for(view.accept_language), str(run["thread_id"])
    by_slot = _takes_by_slot(takes["items"])
    shots = {str(shot["slot"]): shot for shot in run["shots"]}
    items = _of_this_page(review["items"], shots)
    held = held_stages(review, run)
    stages = [
        _stage(
            view,
            words,
            thread,
            stage,
            [item for item in items if item["stage"] == stage],
            by_slot,
            shots,
            is_held=stage in held,
        )
        for stage in STAGES
    ]
    content = join(*stages) if items else empty(words("review_nothing"), el("p", words("review_nothing_say")))
    return page(
        view,
        f"{words('tab_review')} \u00b7 {title_of(run)}",
        run_head(words, run, "review", waiting=waiting_of(review, run)),
        el("div", problems(words, run), id="problems", data_live="problems"),
        _keys(view, words, items, held) if items else None,
        _without_script(view, words, thread) if waiting_of(review, run) else None,
        el("div", content, id="judged", data_live="judged"),
        shots_pager(words, run, number),
        el("div", _going_on(view, words, review, run), id="going-on", data_live="going-on", class_="going-on"),
        damaged(words, run["damaged"]),
        active="runs",
        topic=thread,
        wide=True,
    )


def waiting_of(review: Document, run: Document) -> int:
    """Return how many files wait for a verdict: none where the run does not stop for one."""
    return int(review["waiting"]) if held_stages(review, run) else 0


def held_stages(review: Document, run: Document) -> Collection[str]:
    """Return the stages after which the run stops for verdicts: none without `--review`, or of a finished film."""
    return () if standing(run) == "completed" else tuple(review["stages"])


def _keys(view: View, words: Words, items: Sequence[Document], held: Collection[str]) -> Html:
    """The keys of the cards of this page, only those that do something."""
    told = [words("keys_move"), words("keys_play")]
    if may_write(view):
        if any(item["stage"] in held and item["verdict"] != "approved" for item in items):
            told.append(words("keys_approve"))
        names = dict.fromkeys("reject" if item["stage"] in held else "retake" for item in items)
        told += [f"r: {words(name).lower()}" for name in names]
    return el("p", el("b", words("keys")), " ", "; ".join(told), class_="quiet keys needs-js")


def _of_this_page(items: Sequence[Document], shots: Mapping[str, Document]) -> list[Document]:
    """What is judged of the shots that are on this page, and what belongs to no shot."""
    return [
        item
        for item in items
        if not shots or not item["slot"].startswith("shot:") or item["slot"].partition("/")[0] in shots
    ]


def _takes_by_slot(items: Iterable[Document]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for item in items:
        found.setdefault(str(item["slot"]), []).append(item)
    return found


def _without_script(view: View, words: Words, thread: str) -> Html:
    if not may_write(view):
        return NOTHING
    command = f"clash review approve {thread} --all"
    return el("noscript", el("p", words("needs_js"), " ", typed(words, command), class_="notice"))


def _stage(
    view: View,
    words: Words,
    thread: str,
    stage: str,
    items: Sequence[Document],
    takes: Mapping[str, Sequence[Document]],
    shots: Mapping[str, Document],
    *,
    is_held: bool,
) -> Html:
    if not items:
        return NOTHING
    waiting = [item for item in items if item["verdict"] is None]
    aside = (
        None
        if not is_held
        else join(
            el("span", words.count("waiting", len(waiting)) if waiting else words("all_judged"), class_="quiet"),
            approve_all_form(words, thread, stage, {str(item["slot"]): str(item["sha256"]) for item in waiting})
            if may_write(view)
            else None,
        )
    )
    cards = [_card(view, words, thread, item, takes, shots, is_held=is_held) for item in items]
    return section(words(f"stage_{stage}"), el("div", *cards, class_="cards"), id_=f"stage-{stage}", aside=aside)


def _card(
    view: View,
    words: Words,
    thread: str,
    item: Document,
    takes: Mapping[str, Sequence[Document]],
    shots: Mapping[str, Document],
    *,
    is_held: bool,
) -> Html:
    slot, verdict = str(item["slot"]), item["verdict"] or "none"
    shot = shots.get(slot.partition("/")[0])
    what = _called(words, item, shot)
    controls = _controls(words, thread, item, what, is_held=is_held) if may_write(view) else NOTHING
    made = takes.get(slot, ())
    number = shot["label"] or shot["number"] if shot else what
    note = el("p", words("note_was", note=item["note"]), class_="note", dir="auto") if item["note"] else NOTHING
    return card(
        slot,
        el(
            "h3",
            el("span", number, class_="number" if shot else None, dir="auto"),
            None if not is_held and verdict == "none" else _verdict(words, verdict),
        ),
        _shown(words, item, what, takes),
        el("p", shot["action"], class_="action", dir="auto") if shot else None,
        spoken(words, shot["words"]) if shot else None,
        read_on_screen(words, shot) if shot else None,
        note,
        figures_of(
            words,
            length_s=shot["length_s"] if shot else None,
            cost_usd=_cost_of(made, item["take"]),
            takes=_made(made),
        ),
        _side_by_side(view, words, thread, slot, what, made, takes),
        label=what if not is_held and verdict == "none" else f"{what}, {words(f'verdict_{verdict}')}",
        kind=f"judged is-{verdict}",
        controls=controls,
    )


def _controls(words: Words, thread: str, item: Document, what: str, *, is_held: bool) -> Html:
    """Approve and reject; where the run does not stop for a verdict, make another take."""
    slot, sha256 = str(item["slot"]), str(item["sha256"])
    if not is_held:
        return el("div", retake_form(words, thread, slot, what), class_="decide")
    approve = approve_form(words, thread, slot, sha256, what) if item["verdict"] != "approved" else None
    return el("div", approve, reject_form(words, thread, slot, sha256, what), class_="decide")


def _called(words: Words, item: Document, shot: Document | None) -> str:
    slot, stage = str(item["slot"]), item["stage"]
    if shot:
        return shot_title(words, shot)
    if stage == "screenplay":
        return words("screenplay")
    label = item["label"] or slot.partition(":")[2].partition("/")[0]
    return words("shot", label=label) if slot.startswith("shot:") else str(label)


def _verdict(words: Words, verdict: str) -> Html:
    signs = {"approved": "completed", "rejected": "failed", "none": "paused"}
    return badge(words, signs[verdict], words(f"verdict_{verdict}"))


def _shown(words: Words, item: Document, what: str, takes: Mapping[str, Sequence[Document]]) -> Html:
    slot, sha256 = str(item["slot"]), str(item["sha256"])
    if item["stage"] == "screenplay":
        return NOTHING
    if item["stage"] != "shots":
        return picture(words, what, sha256)
    return picture(words, what, _keyframe_of(slot, takes), sha256)


def _keyframe_of(slot: str, takes: Mapping[str, Sequence[Document]]) -> str | None:
    """The picture that stands for a clip: the selected take of its keyframe."""
    of_keyframe = takes.get(f"{slot.partition('/')[0]}/keyframe", ())
    return next((take["sha256"] for take in of_keyframe if take["selected"]), None)


def _cost_of(takes: Sequence[Document], number: int) -> str:
    return next((str(take["cost_usd"]) for take in takes if take["take"] == number), "0.000000")


def _side_by_side(
    view: View,
    words: Words,
    thread: str,
    slot: str,
    what: str,
    made: Sequence[Document],
    takes: Mapping[str, Sequence[Document]],
) -> Html:
    """All takes of a slot beside each other, each with a button that puts it in the film."""
    if len(made) < 2 or _SPEECH in slot:
        return NOTHING
    is_clip = slot.endswith("/clip")
    shown: list[Html] = []
    for take in made:
        number, told = int(take["take"]), words("take_of", n=take["take"], what=what)
        keyframe = _keyframe_of(slot, takes) if is_clip else take["sha256"]
        clip = take["sha256"] if is_clip else None
        is_made = take["state"] == "made"
        state = words("take_in_film") if take["selected"] and is_made else words(f"take_{take['state']}")
        can_select = may_write(view) and not take["selected"] and is_made
        shown.append(
            el(
                "li",
                picture(words, told, keyframe if take["sha256"] else None, clip),
                el("p", el("b", words("take", n=number)), " ", el("span", state, class_="quiet")),
                el("p", take["note"], class_="note", dir="auto") if take["note"] else None,
                el("p", money(take["cost_usd"]), class_="figure quiet"),
                select_form(words, thread, slot, number, what) if can_select else None,
                class_="is-selected" if take["selected"] else None,
                data_take=number,
            )
        )
    return el(
        "details",
        el("summary", _counted(words, made)),
        el("ol", *shown, class_="takes"),
        id=f"takes-{anchor_of(slot)}",
        class_="side-by-side",
    )


def _made(takes: Sequence[Document]) -> int:
    """How many takes have a file: one that was only asked for is none yet."""
    return sum(take["state"] == "made" for take in takes)


def _counted(words: Words, takes: Sequence[Document]) -> str:
    told = words.count("takes", _made(takes))
    to_make = sum(take["state"] == "to_make" for take in takes)
    return f"{told}, {words.count('takes_to_make', to_make)}" if to_make else told


def _going_on(view: View, words: Words, review: Document, run: Document) -> Html:
    """What going on will cost, and the button that does it where no process holds the run."""
    price, status, thread = review["price"], standing(run), str(run["thread_id"])
    if status == "running":
        said = words("running_now")
    elif status == "completed":
        said = words("completed_now")
    else:
        said = _price(words, price)
    raised = hint_command(str(run["problem"]["hint"])) if run["problem"] and run["waiting_for"] == "budget" else ""
    waiting = waiting_of(review, run)
    told = el("span", words.count("waiting", waiting), class_="quiet") if waiting else NOTHING
    return join(
        el("div", el("span", said, class_="said"), told, class_="going-on-say"),
        el("div", words("budget_first"), " ", typed(words, raised), class_="going-on-say") if raised else None,
        run_forms(words, thread, status, may_resume=view.may_resume) if may_write(view) else None,
    )


def _price(words: Words, price: Document) -> str:
    calls = sum(int(step["calls"]) for step in price["by_step"])
    if not calls:
        return words("resume_free")
    how = words("estimated") if price["estimated"] else words("at_most") if price["at_most"] else ""
    said = words.count("resume_say", calls, price=money(price["total_usd"]))
    return f"{said} ({how})" if how else said
