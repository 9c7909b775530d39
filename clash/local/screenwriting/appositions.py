"""Names of people in descriptions that say who they are: "Ana, a girl in red, looks up", 小玉，穿红衣的少女，看着灯."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clash.local.place_words import UNKNOWN_PLACES
from clash.local.screenwriting.descriptions import Describer
from clash.local.screenwriting.names import name_key, names_nobody
from clash.local.vocabulary import Vocabulary
from clash.story.camera_terms import size_of
from clash.story.places import place_kind
from clash.story.screenplay import Beat, Location

_MOST_OF_A_TEXT = 4000
_MOST_WORDS = 3
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_CLAUSES = re.compile(r"\s*(?:\((?P<told>[^()]{1,80})\)|, ?\d{1,3},(?P<more>[^,.;:!?()]{2,60}))")
"""What is in brackets, or what follows an age: `Otto (grey beard)`, `Tom, 70, grey beard`."""
_CLOSES = re.compile(r"\s*(?:,[^,.;:!?()]{2,80}[,.;:!?]|\([^()]{1,80}\))")
_CLAUSE_OF_HAN = re.compile(
    r"(?:^|(?<=[。！？；，、,\n]))\s*(?P<name>[\u4e00-\u9fff]{2,4}|[\u30a1-\u30fa\u30fc]{2,10})(?=[，,、（(])"
)
_CALLED = re.compile("[小老阿][\u4e00-\u9fff]{1,2}")
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾"
    "丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎"
)
_NO_SURNAMES = re.compile(
    "白天|黄[昏沙]|高[楼处空山]|金色|马[路上车]|石[桥头阶]|江[边水面]|方[向才]|于是|周[围末日]|任[何务]|田[野间]|龙舟|雷[声雨]|叶子"
    "|毛衣|汤面|夏[天日夜]|秋天|余晖|程序|万[里家]|段落|史上|许[久多]|何[处时]|康复|林[间中]"
)


def names_told(beats: Sequence[Beat], words: Vocabulary) -> dict[str, str]:
    """Return the names, by their keys, after which a description says what person they are of, in order.

    The words for people of the story's language decide; places, sizes of shots and words that are written small
    elsewhere are no names.
    """
    texts = [beat.description[:_MOST_OF_A_TEXT] for beat in beats]
    places = {word for beat in beats for word in _words(beat.location.casefold())}
    describer = Describer(words)
    found: dict[str, str] = {}
    told = _spaced(texts, words, describer) if words.spaced else _unspaced(texts, words, describer)
    for name in (*told, *_of_kin(texts, words)):
        is_place = any(word.casefold() in places for word in _words(name)) or _names_a_place(name)
        if not is_place and not names_nobody(name) and size_of(name) is None:
            found.setdefault(name_key(name), name)
    return found


def _of_kin(texts: Sequence[str], words: Vocabulary) -> Iterator[str]:
    """The names beside a word for kin or a title: Polish `babcia Zofia`, Turkish `Ayşe teyze`."""
    before, behind = words.listed("kin"), words.listed("kin_behind")
    name = r"[^\W\d_]\w+"
    patterns = [rf"(?P<kin>(?i:{before})) (?P<name>{name})"] if before else []
    patterns += [rf"(?P<name>{name}) (?P<kin>(?i:{behind}))"] if behind else []
    for pattern in patterns:
        for found in (one for text in texts for one in re.finditer(rf"(?<!\w){pattern}(?!\w)", text)):
            if found["name"][0].isupper() and not words.person.fullmatch(found["name"]):
                yield found[0][:1].upper() + found[0][1:]


def _spaced(texts: Sequence[str], words: Vocabulary, describer: Describer) -> Iterator[str]:
    small = {word for text in texts for word in _words(text) if word[0].islower()}
    for text in texts:
        for start, end in _capitalised(text):
            name, before, after = _bare(_without_who(text[start:end], words), texts, words), text[:start], text[end:]
            common = name.casefold() in small or words.person.fullmatch(name) or _follows_an_article(before, words)
            opens = not before.strip() or before.rstrip()[-1] in ".!?:;…\n"
            if name and not common and _is_told(after, describer) and (not opens or _goes_on(after)):
                yield name


def _is_told(after: str, describer: Describer) -> bool:
    """Whether what stands after a name, between commas or in brackets, says what person it is: at least an age."""
    closes = _CLOSES.match(after)
    if closes is None:
        return False
    if any(not one.isdigit() for one in describer.beside("", after)):
        return True
    clauses = _CLAUSES.match(after)
    return clauses is not None and bool(describer.worn_in(clauses["told"] or clauses["more"]))


def _goes_on(after: str) -> bool:
    """Whether the sentence goes on behind the description, so that it is about the name: "Ana, a girl, looks"."""
    closes = _CLOSES.match(after)
    return closes is not None and closes[0][-1] in ",)"


def _capitalised(text: str) -> Iterator[tuple[int, int]]:
    """The runs of capitalised words."""
    run: tuple[int, int] | None = None
    for match in _WORD.finditer(text):
        if not match[0][0].isupper():
            continue
        if run is not None and text[run[1] : match.start()] == " ":
            run = (run[0], match.end())
            continue
        if run is not None:
            yield run
        run = match.span()
    if run is not None:
        yield run


def _without_who(run: str, words: Vocabulary) -> str:
    """A run of capitalised words without an article before the name; "" for one that is no name."""
    articles = {word.casefold() for word in words.text("article").split("|")}
    kept = run.split()
    while kept and kept[0].casefold() in articles:
        kept.pop(0)
    if not kept or len(kept) > _MOST_WORDS or any(len(word) < 2 for word in kept):
        return ""
    return " ".join(kept)


def _bare(name: str, texts: Sequence[str], words: Vocabulary) -> str:
    """A name without what its owner is called beside it, if it stands alone elsewhere: `Tom` of `Old Tom`."""
    first, _, rest = name.partition(" ")
    if not rest or not words.person.fullmatch(first):
        return name
    alone = sum(len(re.findall(rf"(?<!\w){re.escape(rest)}(?!\w)", text)) - text.count(name) for text in texts)
    return rest if alone > 0 else name


def _follows_an_article(before: str, words: Vocabulary) -> bool:
    """Whether an article stands before a word, as before a German noun: "ein Haus"."""
    last = before.split()[-1:] if before[-1:] == " " else []
    return bool(last) and last[0].casefold() in {word.casefold() for word in words.text("article").split("|")}


def _unspaced(texts: Sequence[str], words: Vocabulary, describer: Describer) -> Iterator[str]:
    everything = "\n".join(texts)
    for text in texts:
        for match in _CLAUSE_OF_HAN.finditer(text):
            name, after = match["name"], text[match.end() :]
            if words.person.fullmatch(name) or not describer.beside("", after):
                continue
            if _is_called(name) or (_has_surname(name) and everything.count(name) > 1) or name[0] < "\u3100":
                yield name


def _is_called(name: str) -> bool:
    return _CALLED.fullmatch(name) is not None


def _has_surname(name: str) -> bool:
    return len(name) < 4 and name[0] in _SURNAMES and _NO_SURNAMES.match(name) is None


def _names_a_place(name: str) -> bool:
    return place_kind(Location(slug="", name=name)) not in UNKNOWN_PLACES


def _words(text: str) -> list[str]:
    return _WORD.findall(text)
