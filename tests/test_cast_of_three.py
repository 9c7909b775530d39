"""A cast of three with pictures and voices, a place and a prop, in English and Chinese tables, and through a fork."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from filming import METERED, SMALL, rows_of
from PIL import Image
from takes_room import TakesRoom

from clash.config import Settings
from clash.providers.catalogue import load_catalogue
from clash.providers.fal import asking
from clash.providers.ports import SpeechRequest


class Language(NamedTuple):
    """The two tables of a film, the slots of what is cast, and whose voice speaks each line."""

    cast_name: str
    cast: str
    story: str
    changed: tuple[str, str]
    slots: tuple[str, ...]
    seen: dict[str, set[str]]
    voices: dict[str, str]


ENGLISH = Language(
    "cast.csv",
    "name,kind,look,image,voice,age,gender\n"
    "Mara,character,red coat,0.png,af_bella,34,woman\n"
    "Tom,character,grey beard,1.png,am_michael,60,man\n"
    "Ivo,character,blue cap,2.png,am_puck,12,boy\n"
    "Pier,place,of black wood,3.png,,,\n"
    "lantern,prop,of brass,4.png,,,\n",
    "shot,location,characters,description,dialogue,duration\n"
    "1,Pier,Mara,Mara lifts the lantern.,MARA: We go now.,0.5\n"
    "2,Pier,Tom; Ivo,Tom and Ivo wait.,TOM: Come!,0.5\n"
    "3,Pier,Ivo,Ivo runs.,IVO: I come.,0.5\n",
    ("I come.", "I come at once."),
    ("character:mara", "character:tom", "character:ivo", "location:pier", "prop:lantern"),
    {
        "shot:001": {"character:mara", "location:pier", "prop:lantern"},
        "shot:002": {"character:tom", "character:ivo", "location:pier"},
        "shot:003": {"character:ivo", "location:pier"},
    },
    {"We go now.": "af_bella", "Come!": "am_michael", "I come.": "am_puck", "I come at once.": "am_puck"},
)
CHINESE = Language(
    "角色表.csv",
    "名称,类型,外貌,参考图,音色,年龄,性别\n"
    "阿岚,角色,青色雨衣,0.png,zf_xiaobei,22岁,女\n"
    "老周,角色,白胡子,1.png,zm_yunjian,60岁,男\n"
    "小禾,角色,红帽子,2.png,zf_xiaoyi,9岁,女\n"
    "码头,场景,黑色木板,3.png,,,\n"
    "提灯,道具,黄铜,4.png,,,\n",
    "镜号,场景,角色,画面,台词,时长\n"
    "1,码头,阿岚,阿岚举起提灯,阿岚：上船吧。,0.5\n"
    "2,码头,老周、小禾,老周和小禾等着,老周：快来！,0.5\n"
    "3,码头,小禾,小禾跑过来,小禾：我来了。,0.5\n",
    ("我来了。", "我马上来。"),
    ("character:阿岚", "character:老周", "character:小禾", "location:码头", "prop:提灯"),
    {
        "shot:001": {"character:阿岚", "location:码头", "prop:提灯"},
        "shot:002": {"character:老周", "character:小禾", "location:码头"},
        "shot:003": {"character:小禾", "location:码头"},
    },
    {"上船吧。": "zf_xiaobei", "快来！": "zm_yunjian", "我来了。": "zf_xiaoyi", "我马上来。": "zf_xiaoyi"},
)


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_a_cast_of_three_and_its_fork(tmp_path: Path, language: Language) -> None:
    """Each card is the given picture, each voice the chosen one; a fork from another folder has the same cast."""
    room = TakesRoom(tmp_path / "room", f"sqlite:///{tmp_path / 'film.db'}")
    given: dict[str, str] = {}
    for number, slot in enumerate(language.slots):
        Image.new("RGB", (40, 40), (50 * number, 30, 30)).save(room.folder / f"{number}.png")
        given[slot] = hashlib.sha256((room.folder / f"{number}.png").read_bytes()).hexdigest()
    (room.folder / language.cast_name).write_text(language.cast, encoding="utf-8")
    (room.folder / "story.csv").write_text(language.story, encoding="utf-8")
    made = room.ok("run", "story.csv", "--thread", "t", *SMALL, *METERED)
    assert any(language.cast_name in warning for warning in made["warnings"])
    check(room, language, made, given, "t")
    assert not any(slot.startswith(("character:", "location:", "prop:")) for slot in room.charged)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "story.csv").write_text(language.story.replace(*language.changed), encoding="utf-8")
    for path in (room.folder / language.cast_name, *room.folder.glob("*.png")):
        path.unlink()
    before = len(room.charged)
    forked = room.ok("fork", "t", "--thread", "f", "--story", str(elsewhere / "story.csv"))
    assert {slot.partition(":")[0] for slot in room.charged[before:]} <= {"speech", "shot"}
    assert len(room.charged) - before <= 2, "the line, and the clip if it lasts longer"
    check(room, language, forked, given, "f")


def check(room: TakesRoom, language: Language, made: dict[str, Any], given: dict[str, str], thread: str) -> None:
    """Look at the cards of a film, at what its keyframes were drawn from, and at who speaks."""
    cards = {item["slot"]: item["sha256"] for item in made["outputs"] if item["kind"].endswith("_image")}
    assert cards == {slot: sha256 for slot, sha256 in given.items() if not slot.startswith("prop:")}
    sql = f"SELECT slot, request FROM api_logs WHERE run_id = '{thread}' AND state = 'succeeded' ORDER BY id"
    asked = {slot: json.loads(request) for slot, request in rows_of(room.url, sql)}
    seen = {
        slot.removesuffix("/keyframe"): {one["role"]: one["sha256"] for one in request["references"]}
        for slot, request in asked.items()
        if slot.endswith("/keyframe")
    }
    assert seen == {slot: {role: given[role] for role in roles} for slot, roles in language.seen.items()}
    voices = {request["text"]: request["voice"] for slot, request in asked.items() if "/speech-" in slot}
    assert len(voices) == 3
    assert voices.items() <= language.voices.items()


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_the_chosen_voice_is_the_one_that_is_asked(language: Language) -> None:
    """The id in the table is the voice that a paid model is sent, in both languages."""
    card = load_catalogue(Settings(_env_file=None)).of("fal", "fal-ai/kokoro")  # pyright: ignore[reportCallIssue]
    assert card is not None
    tag = "zh" if language is CHINESE else "en"
    for text, voice in language.voices.items():
        request = SpeechRequest(text=text, speaker="anybody", voice=voice, language=tag)
        assert asking.identity_of(card, request)["arguments"]["voice"] == voice
