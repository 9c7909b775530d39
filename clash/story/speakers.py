"""Who says what: a dialogue cell as it is written, turned into lines with their speakers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clash.story.screenplay import Line

LONGEST_NAME = 40
"""Characters. What is longer before a colon is the beginning of a sentence."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_PREFIX = re.compile(r"\s*[-–—•]?\s*(?P<name>[^:：\n]{1,60}?)\s*[:：](?P<text>.*)", re.DOTALL)
_NOTE_IN_NAME = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_NO_NAME = re.compile(r"[.!?,;…。！？，；、\"“”「」『』<>\\@#=*|~]")
_LOWER_IN_NAMES = _words("of the de da di du del la le van von der den bin al el y e and & no")
_NAME_DOTS = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Capt|Sgt|Lt|[A-Z])\.")
_WORDS_THAT_NAME_NOBODY = _words(
    "note notes nb ps warning caution attention remember listen look see wait question answer q a tip hint "
    "time date place scene shot title caption text sign label subtitle super sound sfx fx music song "
    "action cut fade camera prop props mood tone todo source link url http https www mailto "
    "first second third finally and but so or then because yes no well okay ok now here there today tomorrow "
    "tonight one two three the this that these those "
    "注 备注 注意 提示 说明 时间 地点 场景 镜头 画面 字幕 音效 音乐 声音 动作 道具 标题 转场 特效 配乐 "
    "问题 答案 问 答 例如 比如 首先 其次 最后 记住 另外 还有 因为 所以 但是 结果 网址 链接"
)
_SAYS = re.compile(r"(?<=[\u4e00-\u9fff]{2})(?:说道|问道|喊道|答道|笑道|回答|说|问|喊)$")
_PRONOUNS = "我你他她它咱俺您"
_QUOTES = (("“", "”"), ('"', '"'), ("「", "」"), ("『", "』"), ("‘", "’"))


def lines_of(dialogue: str, *, speaker: str = "", known: frozenset[str] = frozenset()) -> tuple[Line, ...]:
    """The lines of one dialogue cell.

    `speaker` is the row's own column, `known` the names that the table's columns use (see `name_key`). Each line of
    the cell may name its speaker before a colon; one that does not goes on with the speaker of the line above.
    """
    current = speaker.strip()
    lines: list[Line] = []
    pieces = list(_pieces(dialogue, known))
    for index, piece in enumerate(pieces):
        words = piece
        named = split_speaker(piece, known=known, only_known=bool(speaker.strip()))
        if named is not None:
            current, words = named
        elif index + 1 < len(pieces) and _is_cue(piece, known):
            current = piece.strip().rstrip(":：").strip()
            continue
        text = _unquoted(words)
        if text:
            lines.append(Line(speaker=current, text=text))
    return tuple(lines)


def split_speaker(
    text: str, *, known: frozenset[str] = frozenset(), only_known: bool = False
) -> tuple[str, str] | None:
    """The speaker written in front of the words, and the words; None when the colon is part of the sentence.

    >>> split_speaker("MARA: You came back.")
    ('MARA', 'You came back.')
    >>> split_speaker("Note: the ferry leaves at 12:30") is None
    True
    """
    match = _PREFIX.fullmatch(text)
    if match is None:
        return None
    name, words = _SAYS.sub("", match["name"].strip()), match["text"].strip()
    if not words or words.startswith("//"):
        return None
    if name_key(name) in known or (not only_known and _could_be_a_name(name)):
        return name, words
    return None


def name_key(name: str) -> str:
    """What two spellings of one name have in common: no notes in brackets, no difference of case or spaces.

    >>> name_key("MARA (O.S.)") == name_key(" Mara ")
    True
    """
    return " ".join(_NOTE_IN_NAME.sub(" ", name).split()).casefold()


def names_in_front(dialogue: str) -> Iterable[str]:
    """The speakers that the lines of a cell name, as they are written."""
    for piece in dialogue.splitlines():
        named = split_speaker(piece)
        if named is not None:
            yield named[0]


def _could_be_a_name(name: str) -> bool:
    bare = " ".join(_NOTE_IN_NAME.sub(" ", name).split())
    if not bare or len(bare) > LONGEST_NAME or _NO_NAME.search(_NAME_DOTS.sub("", bare)):
        return False
    if not any(letter.isalpha() for letter in bare) or bare[0].isdigit():
        return False
    if bare.casefold() in _WORDS_THAT_NAME_NOBODY:
        return False
    words = bare.split()
    if bare[0] > "\u2e7f":
        return len(bare) <= 8 and bare[0] not in _PRONOUNS
    if words[0].casefold() in _WORDS_THAT_NAME_NOBODY and len(words) > 1 and words[0].casefold() != "the":
        return False
    return (
        len(words) <= 5
        and not words[0][0].islower()
        and all(not word[0].islower() or word.casefold() in _LOWER_IN_NAMES for word in words)
    )


def _pieces(dialogue: str, known: frozenset[str]) -> Iterable[str]:
    """The cell's lines; one line in which several known people speak is cut before each name."""
    for line in dialogue.splitlines():
        if not line.strip():
            continue
        if known and len(re.findall("[:：]", line)) > 1:
            yield from _cut_at_names(line, known)
        else:
            yield line


def _cut_at_names(line: str, known: frozenset[str]) -> Iterable[str]:
    start = 0
    for match in re.finditer(
        r"(?<=[。！？.!?”」』\"\s])\s*(?P<name>[^:：。！？!?”」』\"\s][^:：。！？!?”」』\"]{0,40}?)\s*[:：]", line
    ):
        if name_key(match["name"]) in known and match.start("name") > start:
            if line[start : match.start("name")].strip():
                yield line[start : match.start("name")].strip()
            start = match.start("name")
    yield line[start:].strip()


def _is_cue(line: str, known: frozenset[str]) -> bool:
    """Whether a line is a name on its own above the words, in capitals or with a colon, as screenplays write it."""
    bare = line.strip()
    if bare.endswith((":", "：")):
        name = bare[:-1].strip()
        return name_key(name) in known or _could_be_a_name(name)
    return name_key(bare) in known and bare == bare.upper() and bare != bare.lower()


def _unquoted(text: str) -> str:
    text = text.strip()
    for left, right in _QUOTES:
        inner = text[1:-1]
        if len(text) > 2 and text[0] == left and text[-1] == right and left not in inner and right not in inner:
            return inner.strip()
    return text
