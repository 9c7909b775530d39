"""What the columns of a story's table are called, in English and in Chinese, and which field each one means."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_ALIASES: dict[str, tuple[str, ...]] = {
    "description": (
        "action", "visual", "story", "text", "content", "beat", "summary", "shot description",
        "画面", "画面描述", "画面内容", "画面说明", "内容", "镜头内容", "剧情", "描述",
    ),
    "scene": ("scene number", "scene #", "scene no.", "sc", "场", "场次", "场号", "场景号"),
    "shot": (
        "shot number", "shot #", "shot no.", "#", "setup",
        "镜号", "镜头", "镜头号", "镜头编号", "分镜", "分镜号", "序号",
    ),
    "title": ("heading", "scene title", "标题", "场景标题"),
    "act": ("幕",),
    "location": ("set", "place", "setting", "地点", "场景", "场地"),
    "int_ext": ("interior/exterior", "int./ext.", "int/ext", "i/e", "内外景", "内外", "内/外"),
    "time": ("time of day", "d/n", "day/night", "日夜", "日/夜", "时间"),
    "characters": ("cast", "actors", "subject", "character", "角色", "人物", "出场人物", "演员"),
    "speaker": ("说话人", "说话者"),
    "dialogue": ("dialog", "line", "lines", "action/dialogue", "台词", "对白", "对话", "台词/对白"),
    "narration": ("vo", "v.o.", "voiceover", "narrator", "旁白", "解说", "解说词"),
    "duration": ("length", "seconds", "est. time", "时长", "秒数", "秒"),
    "shot_size": ("framing", "size", "shot type", "type", "景别"),
    "angle": ("camera angle", "角度", "拍摄角度", "机位角度"),
    "movement": ("camera move", "camera movement", "运镜", "运动", "运镜方式", "镜头运动"),
    "lens": ("镜头焦段", "焦段"),
    "sound": ("sfx", "sound effects", "音效", "声音"),
    "music": ("bgm", "音乐", "配乐", "背景音乐"),
    "transition": ("转场",),
    "image_prompt": ("prompt", "图片提示词", "提示词"),
    "video_prompt": ("视频提示词",),
    "reference_image": ("参考图",),
    "emotion": ("mood", "情绪"),
    "notes": ("note", "comments", "备注"),
}  # fmt: skip

_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|\{[^{}]*\}")
_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015\ufeff\u200b-\u200f]+")
_NUMBERED = re.compile(r"(?:sentence|paragraph|line|beat|part|句子|句|段落|段)(\d{1,4})")
_STORY_TITLE = frozenset({"storytitle", "title", "story", "故事标题", "标题", "故事名"})


def normalise(header: str) -> str:
    """The header as it is compared: NFKC, casefolded, without spaces, `_`, `-` and bracketed units.

    >>> normalise(" Camera_Movement "), normalise("时长（秒）")
    ('cameramovement', '时长')
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    bare = _SEPARATORS.sub("", _BRACKETED.sub("", text)).rstrip(":*")
    return bare or _SEPARATORS.sub("", text)


def field_of(header: str) -> str | None:
    """The field of `Beat` that a header means, or None for a column that we do not know.

    >>> field_of("Shot Type"), field_of("场"), field_of("场景"), field_of("Budget")
    ('shot_size', 'scene', 'location', None)
    """
    return _fields().get(normalise(header))


def known_headers() -> dict[str, tuple[str, ...]]:
    """Each field with the headers it answers to, its own name first, as the documentation lists them."""
    return {name: (name, *aliases) for name, aliases in _ALIASES.items()}


def sentence_columns(headers: list[str]) -> list[int]:
    """The columns `sentence1 … sentence5` in the order of their numbers; empty when they are not two or more."""
    found = [
        (int(match[1]), index)
        for index, header in enumerate(headers)
        if (match := _NUMBERED.fullmatch(normalise(header)))
    ]
    return [index for _, index in sorted(found)] if len(found) > 1 else []


def title_column(headers: list[str]) -> int | None:
    """The column that names each story of a table that holds one story a row."""
    return next((i for i, header in enumerate(headers) if normalise(header) in _STORY_TITLE), None)


@cache
def _fields() -> dict[str, str]:
    return {normalise(header): field for field, headers in known_headers().items() for header in headers}
