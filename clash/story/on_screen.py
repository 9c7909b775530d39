"""Words that the audience reads, in cells of what is seen: `SUPER: Three years later`, 字幕：三年后."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from clash.story.cells import is_empty
from clash.story.language import script_of
from clash.story.vocabulary import compact, words
from clash.story.words import fold, is_cjk, simplified

_QUOTES = {"“": "”", '"': '"', "「": "」", "『": "』", "‘": "’", "«": "»", "„": "“"}
_BRACKETS = {"(": ")", "（": "）", "[": "]", "［": "］", "【": "】"}
_LONGEST_LABEL, _LONGEST_QUOTED = 24, 400
_SEPARATOR = re.compile(r"[ \t]?(?:[:：]|[ \t][-–—](?=[ \t])|(?=[“\"「『‘«„]))")
_BOUNDARY = '\n。！？；，、,.;!?…()（）[]［］【】—–:：“”"「」『』'
_APPEARS = re.compile(
    r"(?:画面|屏幕|荧幕|萤幕|银幕|黑屏)?[上中里]?(?:同时|缓缓|慢慢|逐渐|随后|随即|然后)?"
    r"(?:出现|打出|浮现|显示|显现|叠加|叠印|弹出|跳出|渐显|渐现|淡入|叠|出|上|配|加)(?:现)?(?:一行|一句|白色|白字)?$"
    r"|(?:画面|屏幕|荧幕|萤幕|银幕|黑屏)[上中里]?$"
)
"""What may stand right before a label: 画面上出现字幕：, 黑屏字幕：."""
_ENDS_SENTENCE = re.compile(r"(?:(?<=\w{4}[.])|(?<=[!?…]))\s+")
_ENDS_SENTENCE_CJK = re.compile(r"[。；;]+")
_BLANK = {"zh": "黑屏。", "ja": "黒い画面。", "ko": "검은 화면."}
_BLACK = (
    *("Black screen.", "Black.", "Black", "A black screen.", "Cut to black.", "Over black.", *_BLANK.values()),
    *(
        "黑屏",
        "黑场",
        "黑幕",
        "黑画面",
        "全黑",
        "黒画面",
        "暗転",
        "암전",
        "Pantalla en negro",
        "Negro",
        "Écran noir",
        "Noir",
    ),
    *("Schwarzbild", "Schwarz", "Tela preta", "Schermo nero", "Nero", "Чёрный экран", "Czarny ekran", "Czerń"),
    *("Zwart beeld", "Zwart scherm", "Siyah ekran", "Layar hitam", "Màn hình đen"),
)
"""How tables say that nothing is seen."""


def taken_out(text: str) -> tuple[str, list[str]]:
    """Return what is seen of a text, and the words in it that a label says are read on the screen.

    >>> taken_out("Fog over the pier. SUPER: Three years later")
    ('Fog over the pier.', ['Three years later'])
    >>> taken_out("雨夜的老街，画面上出现字幕：三年后。小禾推门。")
    ('雨夜的老街。小禾推门。', ['三年后'])
    >>> taken_out("He reads the caption below the picture: a storm."), taken_out("无字幕：画面全黑")
    (('He reads the caption below the picture: a storm.', []), ('无字幕：画面全黑', []))
    """
    if not _may_hold(text):
        return text, []
    found: list[str] = []
    seen = ""
    at = 0
    for separator in _SEPARATOR.finditer(text):
        if separator.start() < at:
            continue
        start = _label_start(text, at, separator)
        if start is None:
            continue
        shown, end, is_bracketed = _shown(text, separator.end(), start)
        seen = _joined(seen, text[at : start - is_bracketed])
        at = end
        found += [line.strip() for line in shown.split("\n") if not is_empty(line.strip())]
    if not at:
        return text, []
    return _joined(seen, text[at:]).strip(), found


def is_lettering(line: str) -> bool:
    """Return whether a line is a label with words on the screen behind it, and nothing else.

    >>> is_lettering("SUPER: Oslo"), is_lettering("SUPER:"), is_lettering("A boat. SUPER: Oslo")
    (True, False, False)
    """
    separator = _SEPARATOR.search(line)
    return bool(separator and line[separator.end() :].strip() and _is_label(line[: separator.start()].strip()))


def unlabelled(text: str) -> str:
    """Return the words of a cell that holds nothing but words on the screen: without labels and quotes around lines.

    There, what may be a label of other things elsewhere is one of words.

    >>> unlabelled("SUPER: Oslo"), unlabelled("“三年后”"), unlabelled("字幕：三年后\\n字幕：渡口")
    ('Oslo', '三年后', '三年后\\n渡口')
    >>> unlabelled("Title: Dawn"), unlabelled("At 5: Dawn")
    ('Dawn', 'At 5: Dawn')
    """
    labels = _labels() | words("speech", "caption") - words("speech", "pictured")
    return "\n".join(filter(None, (_unlabelled(line, labels) for line in text.split("\n"))))


def blank_picture(text: str) -> str:
    """Return what is seen where nothing but these words is: a black screen.

    >>> blank_picture("三年后"), blank_picture("Oslo")
    ('黑屏。', 'Black screen.')
    """
    return _BLANK.get(script_of(text), "Black screen.")


def is_black(description: str) -> bool:
    """Return whether the picture that a row describes is a black screen, and nothing else.

    >>> is_black("Black screen."), is_black("黑屏"), is_black("A black screen hides the stage.")
    (True, True, False)
    """
    return letters_of(description) in _black()


def not_spoken(shown: Sequence[str], spoken: Sequence[str]) -> list[str]:
    """Return the lines that are no subtitle of what is spoken, each once."""
    heard = {letters_of(text) for text in spoken} | {letters_of("".join(spoken))}
    return [line for line in dict.fromkeys(shown) if letters_of(line) not in heard]


def letters_of(text: str) -> str:
    """Return the letters and digits of a text, folded: what is compared of words that are said and shown."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _unlabelled(line: str, labels: frozenset[str] | None = None) -> str:
    line = line.strip()
    separator = _SEPARATOR.search(line)
    if separator and _is_label(line[: separator.start()].strip(), labels):
        line = line[separator.end() :].strip()
    return line[1:-1].strip() if len(line) > 2 and _QUOTES.get(line[0]) == line[-1] else line


@cache
def _black() -> frozenset[str]:
    return frozenset(map(letters_of, _BLACK))


@cache
def _labels() -> frozenset[str]:
    return words("speech", "on_screen_text")


@cache
def _endings() -> frozenset[str]:
    return frozenset(label[-2:] for label in _labels())


def _is_label(text: str, labels: frozenset[str] | None = None) -> bool:
    return len(text) <= _LONGEST_LABEL and compact(fold(text)) in (_labels() if labels is None else labels)


def _may_hold(text: str) -> bool:
    return any(sign in text for sign in (":", "：", " -", " –", " —", *_QUOTES))


def _label_start(text: str, after: int, separator: re.Match[str]) -> int | None:
    """Return where the label begins that ends before a separator, and before it what only says that it appears."""
    end = separator.start()
    begin = max(after, end - _LONGEST_LABEL - 12)
    left = text[begin:end]
    if compact(fold(left[-3:]))[-2:] not in _endings():
        return None
    cut = max((left.rfind(sign) for sign in _BOUNDARY), default=-1) + 1
    piece = left[cut:]
    has_colon = separator[0].strip() in (":", "：")
    for place in range(len(piece)):
        if not piece[place].isspace() and _is_label(piece[place:]):
            first = _first_of(piece[:place], piece[place:], has_colon=has_colon)
            if first is not None:
                return begin + cut + first
    return None


def _first_of(before: str, label: str, *, has_colon: bool) -> int | None:
    """Return where a label begins, with what says that it appears; None where it is no label but a word of the text.

    In other scripts than the Chinese, within a sentence and without a colon it is one in capitals alone.
    """
    if is_cjk(label[0]):
        appears = _APPEARS.search(simplified(before))
        first = appears.start() if appears else len(before)
        return None if before[:first].strip() and not (appears or before[-1:].isspace()) else first
    if before.strip() and not before[-1].isspace():
        return None
    return len(before) if label.isupper() or (has_colon and not before.strip()) else None


def _shown(text: str, start: int, label: int) -> tuple[str, int, int]:
    """Return the words behind a label, where they end, and 1 if the label stands in brackets, which go with it."""
    while start < len(text) and text[start].isspace():
        start += 1
    opened = text[label - 1 : label]
    closing = text.find(_BRACKETS[opened], start) if opened in _BRACKETS and opened else -1
    if closing >= 0:
        return _unlabelled(text[start:closing]), closing + 1, 1
    if start < len(text) and text[start] in _QUOTES:
        end = text.find(_QUOTES[text[start]], start + 1, start + _LONGEST_QUOTED)
        if end >= 0:
            return text[start + 1 : end], end + 1, 0
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    is_line = not text[text.rfind("\n", 0, label) + 1 : label].strip() and (
        text[:label].strip() or text[line_end:].strip()
    )
    end = line_end if is_line else _sentence_end(text, start, line_end)
    return _unlabelled(text[start:end].rstrip("。；; ")), end, 0


def _sentence_end(text: str, start: int, line_end: int) -> int:
    """Return where the words end that stand among others on one line: with their sentence, or with the capitals."""
    line = text[start:line_end]
    if any(map(is_cjk, line[:12])):
        found = _ENDS_SENTENCE_CJK.search(line)
        return start + found.end() if found else line_end
    end = 0
    for found in _ENDS_SENTENCE.finditer(line):
        if end and not _is_capital(line[end : found.start()]):
            return start + end
        end = found.end()
        if not _is_capital(line[:end]):
            return start + end
    return line_end if not end or _is_capital(line[end:]) else start + end


def _is_capital(text: str) -> bool:
    return text == text.upper()


def _joined(seen: str, more: str) -> str:
    """Put a text behind another where words were between them, without what only parted them."""
    if not seen.strip() or not more.strip():
        return seen + more if not seen.strip() else seen.rstrip(" \t,，、:：-–—") + more
    before, after = seen.rstrip(" \t\n,，、:：-–—"), more.lstrip(" \t,，、。；;")
    if not after:
        return before
    if before[-1:] in ".!?。！？…；;\n" or after[0] == "\n":
        gap = "" if is_cjk(before[-1:] or " ") or before[-1] in "。！？；\n" or after[0] == "\n" else " "
    else:
        gap = "。" if is_cjk(before[-1]) else ". "
    return before + gap + after
