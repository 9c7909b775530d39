"""`clash voices`: which voices there are, how the Chinese ones are got, and who in a film has which."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from filming import SMALL, clash, environment, query
from hints import commands_in
from raw_server import free_port

from clash.config import load_settings
from clash.errors import ProviderError, UsageError
from clash.local import LocalProvider
from clash.local.mandarin.voices import NARRATOR, TIMBRES, cast, timbre_of
from clash.local.mandarin.weights import FILES, MODEL
from clash.local.voice import speak, voice_gap
from clash.production.voices import get_voices
from clash.providers.ports import SpeechRequest
from clash.providers.voices import Person
from clash.reports.voices import list_voices

CHINESE = """镜号,画面,角色,对白,时长
1,阿岚和老周站在灯塔下。,阿岚,阿岚：“我们到了。”,2
2,老周点头。,老周,老周：“是啊，起风了。”,2
"""
CAST = "角色,外貌,音色,年龄,性别\n阿岚,青色雨衣,zf_xiaobei,22,女\n老周,灰胡子,,70,男\n"


def listed(folder: Path, *arguments: str, **env: str) -> dict[str, Any]:
    """The document of `clash voices ls`."""
    ran = clash(folder, "voices", "ls", *arguments, "--json", env=environment(**env))
    assert ran.code == 0, ran.err
    return ran.document


def test_the_voices_are_listed_with_what_is_missing(tmp_path: Path) -> None:
    """Without the files, Chinese voices are known by id and not installed; the command that gets them is told."""
    document = listed(tmp_path)
    voices = {voice["id"]: voice for voice in document["items"]}
    assert {"woman-3", "zf_xiaobei", "zm_yunxi-old", "zm_yunxia-child"} <= set(voices)
    assert len(voices) == len(document["items"])
    assert (voices["zm_yunxi-old"]["gender"], voices["zm_yunxi-old"]["age"]) == ("man", "old")
    assert not any(voice["installed"] for voice in document["items"] if voice["language"] == "zh")
    assert [voice["id"] for voice in document["items"] if voice["narrator"]] == ["narrator", NARRATOR.id]
    (pack,) = document["packs"]
    assert (pack["present"], pack["get"], pack["license"]) == (False, "clash voices get zh", "Apache-2.0")
    assert pack["download_bytes"] == 96_539_191
    assert {source.split("/")[2] for source in pack["sources"]} == {"github.com", "huggingface.co"}


def test_the_voices_of_one_language_or_model_are_listed(tmp_path: Path) -> None:
    """`--language` takes any tag of it; `models --voices` lists those of a paid model, which needs no files."""
    assert {voice["language"] for voice in listed(tmp_path, "--language", "zh-CN")["items"]} == {"zh"}
    assert listed(tmp_path, "--language", "sv") == {"schema": 1, "items": [], "packs": []}
    paid = clash(tmp_path, "models", "--voices", "fal:fal-ai/kokoro", "--json").document
    assert "zf_xiaobei" in {voice["id"] for voice in paid["items"]}
    assert paid["packs"] == []
    unknown = clash(tmp_path, "models", "--voices", "fal:none/such", "--json")
    assert unknown.code == 2


def test_the_list_at_a_terminal_says_how_to_get_them(tmp_path: Path) -> None:
    """Voices first, then the files that they need."""
    shown = clash(tmp_path, "voices", "ls").out
    assert "zf_xiaobei" in shown
    assert "clash voices get zh" in shown


async def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pypinyin the list and the warning of a film name the extra."""
    provider, settings = LocalProvider(), load_settings()
    assert (await list_voices(settings)).packs[0].install is None
    monkeypatch.setitem(sys.modules, "pypinyin", None)
    assert "voice-zh]" in str((await list_voices(settings)).packs[0].install)
    gap = str(provider.silence("voice", "zh"))
    assert "voice-zh]" in gap
    assert "`clash voices get zh`" in gap


def test_a_language_without_files_is_refused(tmp_path: Path) -> None:
    """Its hint lists the voices."""
    refused = clash(tmp_path, "voices", "get", "fr", "--json")
    assert refused.code == 2
    assert "known: zh" in refused.document["error"]["message"]
    (command,) = commands_in(refused.document["error"]["hint"])
    assert clash(tmp_path, *command).code == 0


def test_without_a_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    """Size, licence and folder are told first; nothing is left in the folder."""
    folder, proxy = tmp_path / "voice", f"http://127.0.0.1:{free_port()}"
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), proxy)
    env = environment(CLASH_KOKORO_DIR=str(folder), NO_PROXY="", no_proxy="", **proxies)
    ran = clash(tmp_path, "voices", "get", "zh", "--json", env=env)
    assert ran.code == 1, ran.out
    assert "Apache-2.0: 97 MB" in ran.err
    assert FILES[MODEL].url in ran.document["error"]["message"]
    assert "--from DIR" in ran.document["error"]["hint"]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("source", ["nowhere", "empty", "empty/letter.txt"])
def test_a_source_without_the_files_is_refused(tmp_path: Path, source: str) -> None:
    """A folder that is not there, that lacks them, a file that is none of them: exit 2, and what to type."""
    (tmp_path / "empty").mkdir()
    if source.endswith("txt"):
        (tmp_path / source).write_text("hello", encoding="utf-8")
    env = environment(CLASH_KOKORO_DIR=str(tmp_path / "voice"))
    ran = clash(tmp_path, "voices", "get", "zh", "--from", source, "--json", env=env)
    assert (ran.code, source in ran.document["error"]["message"]) == (2, True)
    commands = commands_in(ran.document["error"]["hint"])
    assert commands
    for command in commands:
        assert command[:2] == ["voices", "get"] or clash(tmp_path, *command, env=env).code == 0


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "voice").write_text("a file", encoding="utf-8")
    env = environment(CLASH_KOKORO_DIR=str(tmp_path / "voice"))
    ran = clash(tmp_path, "voices", "get", "zh", "--from", ".", "--json", env=env)
    assert ran.code == 1
    assert "CLASH_KOKORO_DIR" in ran.document["error"]["hint"]


async def test_a_damaged_file_is_never_spoken_with(tmp_path: Path) -> None:
    """A network of the right size with other bytes is an error that names the file and gets it again."""
    for name, file in FILES.items():
        with (tmp_path / name).open("wb") as written:
            written.truncate(file.size)
    with pytest.raises(ProviderError, match=f"{MODEL} is not the file") as refused:
        speak(SpeechRequest(text="你好。", speaker="a", language="zh"), folder=tmp_path)
    assert "`clash voices get zh`" in str(refused.value.hint)


async def test_the_real_files_are_copied_and_speak(chinese_voice: Path, tmp_path: Path) -> None:
    """`clash voices get zh --from DIR` brings all; after that the voices are installed and nothing is missing."""
    settings = load_settings().changed(kokoro_dir=tmp_path / "voice")
    said: list[str] = []
    document = await get_voices("zh", settings, said.append, chinese_voice)
    assert document.packs[0].present
    assert all(voice.installed for voice in document.items)
    assert len(said) == 1 + len(FILES) + 1
    assert voice_gap("zh", settings.kokoro_dir) is None
    with pytest.raises(UsageError, match="known: zh"):
        await get_voices("ko", settings, said.append)


def test_a_chinese_film_speaks_with_the_chosen_voices(chinese_voice: Path, tmp_path: Path) -> None:
    """The voice in the cast is the one that is heard; who names none gets one of his sex and age."""
    (tmp_path / "story.csv").write_text(CHINESE, encoding="utf-8")
    (tmp_path / "cast.csv").write_text(CAST, encoding="utf-8")
    env = environment(CLASH_KOKORO_DIR=str(chinese_voice))
    ran = clash(tmp_path, "run", "story.csv", "--cast", "cast.csv", "--thread", "t", *SMALL, "--json", env=env)
    assert ran.code == 0, ran.err
    assert ran.document["warnings"] == []
    rows = query(tmp_path, "SELECT facts FROM generated_assets WHERE slot LIKE '%/speech-%' ORDER BY slot")
    facts = [json.loads(row[0]) for row in rows]
    assert [fact["spoken"] for fact in facts] == [True, True]
    assert facts[0]["voice"] == "zf_xiaobei"
    assert facts[1]["voice"].startswith("zm_")
    assert facts[1]["voice"].endswith("-old")


def test_a_line_is_spoken_alike_each_time(chinese_voice: Path) -> None:
    """The same request gives the same bytes; another take of it does not."""
    line = SpeechRequest(text="你好。", speaker="a", voice="zm_yunxi", language="zh")
    first = speak(line, folder=chinese_voice)
    assert first.facts["voice"] == "zm_yunxi"
    assert speak(line, folder=chinese_voice).content == first.content
    assert speak(line, take=2, folder=chinese_voice).content != first.content


def test_two_people_have_two_voices() -> None:
    """Each gets one that suits sex and age; one who joins changes nobody else's; ids are kept."""
    people = [
        Person("小禾", "女, 8岁"),
        Person("阿岚", "zf_xiaobei"),
        *(Person(f"woman-{number}", "女, 30岁") for number in range(6)),
        Person("老周", "男, 70岁"),
        Person("李强", "男"),
    ]
    chosen = cast(people)
    assert len(set(chosen.values())) == len(people)
    assert NARRATOR.id not in chosen.values()
    assert chosen["阿岚"] == "zf_xiaobei"
    assert (chosen["小禾"].split("-")[1], chosen["老周"].split("-")[1]) == ("child", "old")
    assert all(chosen[f"woman-{number}"].startswith("zf_") for number in range(6))
    assert cast([*people, Person("late", "女")]).items() > chosen.items()
    assert set(chosen.values()) <= set(TIMBRES)


def test_words_about_a_line_override_the_cast() -> None:
    """An id in the line itself, else the voice of the cast, else what the words tell."""
    assert timbre_of("a", "zm_yunjian", "zf_xiaobei").id == "zm_yunjian"
    assert timbre_of("a", "女", "zf_xiaobei").id == "zf_xiaobei"
    assert timbre_of("a", "老年男声").id.endswith("-old")
    assert timbre_of("narrator", "").id == NARRATOR.id


def test_a_request_without_a_chosen_voice_is_written_as_before() -> None:
    """Calls that were paid for before voices were chosen keep their keys."""
    request = SpeechRequest(text="Hello.", speaker="a", language="en")
    assert set(request.model_dump()) == {"text", "speaker", "voice", "language"}
    assert request.model_copy(update={"voice_id": "v"}).model_dump()["voice_id"] == "v"
    assert LocalProvider().cast("voice", [Person("a", "女")]) == {}
