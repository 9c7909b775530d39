"""Who speaks: names in front of words, narrators and their voices, and labels that are nobody's name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from clash.story.screenplay import Line
from clash.story.vocabulary import compact, lists, words
from clash.story.words import fold, has_cjk, is_cjk

LONGEST_NAME = 40
"""Characters. What is longer before a colon is the beginning of a sentence."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BRACKETED = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_NOTES = re.compile(r"[,;，；、]+")
_NO_NAME = re.compile(r"[.!?,;…。！？，；、\"“”„«»「」『』<>\\@=*|~→]")
_LOWER_IN_NAMES = _listed("of the de da di du del la le van von der den bin al el y e and & no und et und zu")
_NAME_DOTS = re.compile(r"\b(?:(?i:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Capt|Sgt|Lt|Sra|Srta|Mme|Hr|Fr)|[A-Z])\.")
_WORDS_THAT_NAME_NOBODY = _listed(
    "note notes nb ps warning caution attention remember listen look see wait question answer q a tip hint "
    "time date place scene shot title caption text sign label subtitle super sound sfx fx music song "
    "action cut fade camera prop props mood tone todo source link url http https www mailto "
    "first second third finally and but so or then because yes no well okay ok now here there today tomorrow "
    "tonight one two three the this that these those example reminder remember p.s. cta hook "
    "nota atención atencao hinweis achtung anmerkung attention remarque внимание примечание "
    "注 备注 注意 提示 说明 时间 地点 场景 镜头 画面 字幕 音效 音乐 声音 动作 道具 标题 转场 特效 配乐 "
    "step rule lesson promise fact plan option problem result summary conclusion stop help run go "
    "regel schritt étape règle paso regla passo regra "
    "问题 答案 问 答 例如 比如 首先 其次 最后 记住 另外 还有 因为 所以 但是 结果 网址 链接 注意事项 "
    "注意點 メモ 注記 例 참고 주의"
)
_NOBODY = frozenset({"nobody", "no one", "no-one", "无人", "無人", "空镜", "空鏡", "空镜头"})
_ORDINAL = re.compile(
    r"(?:第|其)[一二三四五六七八九十百零〇两兩\d]{1,4}(?!太太|夫人|爷|娘|公主|小姐)"
    r"|(?:步骤|步驟|方法|要点|要點|ステップ)[一二三四五六七八九十\d]"
)
_SAYS = re.compile(r"(?<=[\u4e00-\u9fff]{2})(?:说道|问道|喊道|答道|笑道|回答|说|问|喊|說|問)$")
_PRONOUNS = "我你他她它咱俺您"
_OFF_LATIN = re.compile(r"[\s\-–—·,]*(?<![A-Za-z])(?P<mark>[OVo][\s./]{0,2}[SCOsco]\.?|(?i:off|off-screen|offscreen))$")
_LEADING_OFF = re.compile(
    r"(?P<mark>V\.?O\.?|O\.?S\.?|O\.?C\.?)(?:\s*[-–—:]\s*|\s+|(?=[\u3400-\u9fff]))(?P<name>[^\W\d_].*)"
)
"""`V.O. JUNO`, `OS 苏晴`: how somebody is heard stands before the name."""
_CHINESE_NAME = re.compile(
    "[阿小老大王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任"
    "姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文張劉陳楊趙黃吳孫鄭謝韓馮蕭鄧許呂蘇盧蔣賈葉鍾陸顧龍錢湯喬賀賴龔]"
    "[\u4e00-\u9fff]{1,2}"
)
_TOGETHER_CJK = re.compile("[和与與及、&＆+＋]")
_TOGETHER_LATIN = re.compile(r"\s+(?:and|und|et|y|e|и)\s+|\s*[&+]\s*")


@dataclass(frozen=True)
class Voice:
    """Who says something: a person, or a narrator, perhaps with a voice that the table describes."""

    speaker: str = ""
    narrator: bool = False
    voice: str = ""
    direction: str = ""
    """How the first words are spoken, from brackets beside the name."""


def name_key(name: str) -> str:
    """What two spellings of one name have in common: no notes in brackets, no difference of case or spaces.

    >>> name_key("MARA (O.S.)") == name_key(" Mara ")
    True
    """
    return " ".join(_BRACKETED.sub(" ", name).split()).casefold().replace("i\u0307", "i").replace("ı", "i")


def is_nobody(name: str) -> bool:
    """Return whether a cell of people says that nobody is in the picture.

    >>> is_nobody("Nobody"), is_nobody("空镜"), is_nobody("people")
    (True, True, False)
    """
    return " ".join(name.split()).casefold() in _NOBODY


def could_be_a_name(name: str) -> bool:
    """Whether these words before a colon can be somebody's name.

    >>> could_be_a_name("GUARD #1"), could_be_a_name("Note"), could_be_a_name("I have one question")
    (True, False, False)
    """
    bare = " ".join(_BRACKETED.sub(" ", name[: LONGEST_NAME * 2]).split())
    if not bare or len(bare) > LONGEST_NAME or _NO_NAME.search(_NAME_DOTS.sub("", bare)):
        return False
    if not any(letter.isalpha() for letter in bare) or bare[0].isdigit() or bare[0] == "#":
        return False
    if bare.casefold() in _WORDS_THAT_NAME_NOBODY or _ORDINAL.match(bare) or label_of(bare):
        return False
    parts = bare.split()
    if bare[0] > "\u2e7f":
        return len(bare) <= 8 and bare[0] not in _PRONOUNS
    if parts[0].casefold() in _WORDS_THAT_NAME_NOBODY and len(parts) > 1 and parts[0].casefold() != "the":
        return False
    return (
        len(parts) <= 5
        and not parts[0][0].islower()
        and all(not word[0].islower() or word.casefold() in _LOWER_IN_NAMES for word in parts)
    )


def is_chinese_name(text: str) -> bool:
    """Whether a short Chinese word is built as a person's name is: a family name or 阿, 小, 老 in front.

    >>> is_chinese_name("阿岚"), is_chinese_name("低声")
    (True, False)
    """
    return bool(_CHINESE_NAME.fullmatch(text)) and not is_direction(text)


@lru_cache(maxsize=2048)
def label_of(name: str) -> str:
    """What a label in front of words says that they are: sound, music or caption; "" for anything else.

    >>> label_of("SFX"), label_of("字幕"), label_of("MARA")
    ('sound', 'caption', '')
    """
    key = compact(fold(_BRACKETED.sub("", name).strip()))
    kind = next((kind for kind in ("sound", "music", "caption") if key in words("speech", kind)), "")
    return kind or ("caption" if key in words("speech", "on_screen_text") else "")


def is_on_screen(label: str) -> bool:
    """Whether the words behind a label of captions are laid over the film: not what stands in the picture itself.

    >>> is_on_screen("SUPER"), is_on_screen("花字"), is_on_screen("SIGN"), is_on_screen("MARA")
    (True, True, False, False)
    """
    key = compact(fold(_BRACKETED.sub("", label).strip()))
    return label_of(label) == "caption" and key not in words("speech", "pictured")


@lru_cache(maxsize=2048)
def voice_of(name: str) -> Voice:
    """Who a name in front of words means. OS and VO belong to the person, and become a note in brackets.

    >>> voice_of("阿岚 OS").speaker, voice_of("男声旁白").narrator, voice_of("Female VO").voice
    ('阿岚（OS）', True, 'Female VO')
    """
    if len(name) > LONGEST_NAME * 2:
        return Voice(name.strip())
    name = " ".join(_SAYS.sub("", name.strip()).split())
    bare = " ".join(_BRACKETED.sub(" ", name).split())
    notes = [note[1:-1].strip() for note in _BRACKETED.findall(name)]
    key = compact(fold(bare))
    if key in words("speech", "narrator") or (not bare and notes and is_off(notes[0])):
        return Voice(narrator=True, voice=", ".join(note for note in notes if not is_off(note)))
    if _is_a_voice(bare):
        return Voice(narrator=True, voice=bare)
    leading = _LEADING_OFF.match(bare)
    person, mark = (leading["name"], leading["mark"]) if leading else _without_off_mark(bare)
    if mark and compact(fold(person)) in words("speech", "narrator"):
        return Voice(narrator=True, voice=", ".join(note for note in notes if not is_off(note)))
    if mark:
        notes.append(mark)
    person = together(person)
    if not notes:
        return Voice(person)
    written = ", ".join(notes)
    return Voice(f"{person}（{written}）" if has_cjk(person) else f"{person} ({written})")


def together(name: str, also: str = "") -> str:
    """Several people who speak as one, parted by what parts names everywhere; `also` is a language's word for and.

    >>> together("阿岚和老周"), together("Ines and Otto"), together("Bed and Breakfast of Oz")
    ('阿岚、老周', 'Ines & Otto', 'Bed & Breakfast of Oz')
    >>> together("Jan i Zofia"), together("Jan i Zofia", "i")
    ('Jan i Zofia', 'Jan & Zofia')
    """
    if has_cjk(name):
        parts = _TOGETHER_CJK.split(name)
        return "、".join(parts) if len(parts) > 1 and all(1 < len(part) <= 6 for part in parts) else name
    parts = re.split(rf"\s+{re.escape(also)}\s+|{_TOGETHER_LATIN.pattern}" if also else _TOGETHER_LATIN, name)
    return " & ".join(parts) if len(parts) > 1 and all(could_be_a_name(part) for part in parts) else name


def is_off(note: str) -> bool:
    """Whether a note says that the speaker is heard but not seen: OS, V.O., 画外音."""
    key = compact(fold(note))
    return key in words("speech", "off") or key in words("speech", "inner")


def with_directions(voice: Voice) -> Voice:
    """A voice whose direction is what brackets beside the name say, but for marks of who is not seen.

    >>> with_directions(voice_of("ANN (laughing, V.O.)"))
    Voice(speaker='ANN (V.O.)', narrator=False, voice='', direction='laughing')
    """
    notes = [part.strip() for note in _BRACKETED.findall(voice.speaker) for part in _NOTES.split(note[1:-1])]
    told = [note for note in notes if not is_off(note) and any(letter.isalpha() for letter in note)]
    if not told:
        return voice
    bare, kept = _BRACKETED.sub("", voice.speaker).strip(), ", ".join(note for note in notes if note not in told)
    if kept:
        bare = f"{bare}（{kept}）" if has_cjk(bare) else f"{bare} ({kept})"
    return replace(voice, speaker=bare, direction=", ".join(told))


def spoken_by(line: Line, name: str) -> Line:
    """A line under the name of a character; that the speaker is not seen goes on as its direction."""
    marks = [part for note in _BRACKETED.findall(line.speaker) for part in _NOTES.split(note[1:-1]) if is_off(part)]
    direction = "; ".join(filter(None, [", ".join(part.strip() for part in marks), line.direction]))
    return line.model_copy(update={"speaker": name, "direction": direction})


def parted_mark(direction: str) -> tuple[str, str]:
    """The mark of who is not seen that a direction begins with, and the rest of it; see `spoken_by`.

    >>> parted_mark("O.S.; softly"), parted_mark("softly")
    (('O.S.', 'softly'), ('', 'softly'))
    """
    head, _, rest = direction.partition("; ")
    return (head, rest) if head and all(is_off(part) for part in _NOTES.split(head)) else ("", direction)


def is_heard_only(note: str) -> bool:
    """Whether a note in brackets says that its speaker is not seen: what `is_off` knows, and 소리, 声音, 音."""
    return is_off(note) or compact(fold(note)) in words("speech", "heard")


def tells(note: str) -> bool:
    """Whether a note in brackets before words without a name makes them the narrator's: 画外音, but not 声音."""
    return (is_off(note) or voice_of(note).narrator) and compact(fold(note)) not in words("speech", "heard")


def is_direction(text: str) -> bool:
    """Whether words in brackets say how a line is spoken, not who speaks it: softly, 低声."""
    key = compact(fold(text))
    listed = words("speech", "directions")
    if key in listed or key in words("speech", "off"):
        return True
    if has_cjk(text):
        return any(word in key for word in _long_directions())
    return any(word in listed for word in fold(text).split())


@cache
def _long_directions() -> tuple[str, ...]:
    return tuple(word for word in words("speech", "directions") if len(word) > 1 and has_cjk(word))


def _is_a_voice(name: str) -> bool:
    """Whether a name is only a kind of voice: 女声, 男声旁白, Male voice."""
    kinds, voices = words("speech", "voice_kinds"), words("speech", "voice")
    if not name:
        return False
    if has_cjk(name):
        rest, found = fold(name).replace(" ", ""), False
        if len(rest) > 12:
            return False
        for word in sorted(voices, key=len, reverse=True):
            if is_cjk(word[0]) and word in rest:
                rest, found = rest.replace(word, ""), True
        for word in sorted(kinds, key=len, reverse=True):
            rest = rest.replace(word, "") if is_cjk(word[0]) else rest
        return found and rest.strip("的性vo") == ""
    found = fold(name).replace(".", "").replace("-", "").replace("'", "").split()
    return (
        len(found) > 1
        and any(word in voices for word in found)
        and all(word in voices or word in kinds or word in ("over", "s", "of", "de", "di") for word in found)
    )


def _without_off_mark(name: str) -> tuple[str, str]:
    parts = name.split()
    for count in range(min(4, len(parts) - 1), 1, -1):
        mark = " ".join(parts[-count:])
        if fold(mark) in _off_phrases():
            return " ".join(parts[:-count]).rstrip(" -–—·,"), mark
    found = _OFF_LATIN.search(name)
    if found and found.start() > 0:
        mark = unicodedata.normalize("NFKC", found["mark"]).strip()
        if mark.isupper() or "." in mark or has_cjk(name) or mark.casefold().startswith("off"):
            return name[: found.start()].strip(), mark
    if has_cjk(name):
        if len(name) > 1 and name[-1] in "MＭ" and is_cjk(name[-2]):
            return name[:-1], "M"
        for word in sorted(words("speech", "off"), key=len, reverse=True):
            if is_cjk(word[0]) and name.endswith(word) and len(name) - len(word) >= 2:
                return name.removesuffix(word).rstrip("的 "), word
    return name, ""


@cache
def _off_phrases() -> frozenset[str]:
    """What says in several words that somebody is not seen, in any language: `en off`, `aus dem Off`."""
    return frozenset(phrase for phrase in lists("speech", "off") if " " in phrase)
