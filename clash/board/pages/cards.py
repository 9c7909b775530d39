"""Cards: a shot, a character or a place with its picture, clip, words, length, price and takes."""

from __future__ import annotations

from collections.abc import Sequence

from clash.board.pages.figures import length, money
from clash.board.pages.html import NOTHING, Child, Html, el
from clash.board.pages.layout import media_url, thumbnail_url
from clash.board.pages.view import Document
from clash.board.pages.words import Words

WIDTH, HEIGHT = 640, 360
"""The room that a picture has before it is there; its own shape fits into it."""


def anchor_of(slot: str) -> str:
    """Return the id of a slot's card.

    >>> anchor_of("shot:003/keyframe")
    'shot-003-keyframe'
    """
    return slot.replace(":", "-").replace("/", "-")


def shot_title(words: Words, shot: Document) -> str:
    """Return what a shot is called: by its label in the story's table, or else by its number."""
    label = shot["label"] or shot["number"]
    return words("shot_of", label=label, scene=shot["scene"]) if shot["scene"] else words("shot", label=label)


def picture(words: Words, what: str, keyframe: str | None, clip: str | None = None) -> Html:
    """Return a picture, or a clip that plays in its place when it is chosen; else that it is not made yet."""
    shown = keyframe or clip
    if shown is None:
        return el("div", el("span", words("not_made_yet")), class_="picture is-empty")
    image = el(
        "img",
        src=thumbnail_url(shown),
        alt=words("picture_of", what=what),
        loading="lazy",
        decoding="async",
        width=WIDTH,
        height=HEIGHT,
    )
    if clip is None:
        return el("a", image, href=media_url(shown), class_="picture")
    return el(
        "a",
        image,
        _play_sign(),
        href=media_url(clip),
        class_="picture is-clip",
        data_clip=media_url(clip),
        data_poster=thumbnail_url(shown),
        aria_label=words("play_clip", what=what),
    )


def _play_sign() -> Html:
    return el(
        "svg",
        el("circle", cx="24", cy="24", r="23"),
        el("path", d="M19 14.5v19l15-9.5z"),
        viewBox="0 0 48 48",
        width="48",
        height="48",
        aria_hidden="true",
        class_="play",
    )


def spoken(words: Words, lines: Sequence[Document]) -> Html:
    """Return what is said in a shot."""
    if not lines:
        return el("p", words("nothing_said"), class_="lines is-empty")
    told = [
        el(
            "p",
            el("b", line["speaker"], " ") if line["speaker"] and not line["narrator"] else None,
            el("span", line["text"]),
            dir="auto",
            class_="narration" if line["narrator"] else None,
        )
        for line in lines
    ]
    return el("div", *told, class_="lines")


def read_on_screen(words: Words, shot: Document) -> Html | None:
    """Return what the audience reads on the screen in a shot; None where that is nothing."""
    lines = str(shot["on_screen_text"]).splitlines()
    if not lines:
        return None
    told = [el("p", el("b", words("on_screen"), " "), el("span", line), dir="auto") for line in lines]
    return el("div", *told, class_="lines")


def figures_of(words: Words, *, length_s: float | None, cost_usd: str, takes: int, failed: int = 0) -> Html:
    """Return the figures below a card."""
    told = [
        el("span", length(length_s), class_="figure", title=words("length")) if length_s is not None else None,
        el("span", money(cost_usd), class_="figure", title=words("price")),
        el("span", words.count("takes", takes), class_="figure") if takes else None,
        el("span", words("gantt_failed", n=failed), class_="figure told") if failed else None,
    ]
    return el("div", *told, class_="card-figures")


def card(
    slot: str,
    title: Html,
    shown: Html,
    *content: Child,
    label: str,
    kind: str = "",
    controls: Child = None,
    anchor: str = "",
) -> Html:
    """Return a card. It takes the focus, so that keys go from one to the next."""
    return el(
        "article",
        shown,
        el("div", el("header", title), *content, class_="card-body"),
        controls,
        class_=f"card {kind}".strip(),
        id=anchor or anchor_of(slot),
        tabindex="0",
        aria_label=label,
        data_slot=slot,
    )


def shot_card(words: Words, shot: Document) -> Html:
    """Return the card of a shot on the page of its run."""
    title = shot_title(words, shot)
    return card(
        str(shot["slot"]),
        el("h3", el("span", shot["label"] or shot["number"], class_="number"), _scene(words, shot)),
        picture(words, title, shot["keyframe"], shot["clip"]),
        el("p", shot["action"], class_="action", dir="auto"),
        spoken(words, shot["words"]),
        read_on_screen(words, shot),
        figures_of(
            words,
            length_s=shot["length_s"],
            cost_usd=shot["cost_usd"],
            takes=shot["takes"],
            failed=shot["failed_calls"],
        ),
        label=title,
        kind="shot",
    )


def _scene(words: Words, shot: Document) -> Html:
    return el("span", words("scene", n=shot["scene"]), class_="quiet") if shot["scene"] else NOTHING


def cast_card(words: Words, entry: Document) -> Html:
    """Return the card of a character or a place on the page of its run."""
    name = str(entry["name"])
    return card(
        str(entry["slot"]),
        el("h3", el("span", name, dir="auto")),
        picture(words, name, entry["sha256"]),
        figures_of(words, length_s=None, cost_usd=entry["cost_usd"], takes=entry["takes"]),
        label=name,
        kind="cast",
    )
