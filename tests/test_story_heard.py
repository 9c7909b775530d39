"""Sounds in cells of words: labels in brackets, things in front of what they do, and voices that are only heard."""

from __future__ import annotations

import pytest

from clash.local.screenwriting.names import is_off_screen, is_only_heard
from clash.story.reader import read
from clash.story.speech import speech_of


@pytest.mark.parametrize(
    ("cell", "sound"),
    [
        ("【音效：冰箱嗡鸣】", "冰箱嗡鸣"),
        ("（音效）门声", "门声"),
        ("[SFX: rain]", "rain"),
        ("(SFX) thunder", "thunder"),
        ("SFX rain", "rain"),
        ("SFX - rain", "rain"),
        ("Tür: knarrt", "Tür knarrt"),
        ("Tür: Klopfen", "Tür Klopfen"),
        ("门：吱呀一声", "门吱呀一声"),
        ("門：吱呀", "門吱呀"),
        ("ドア：ガチャッ", "ドアガチャッ"),
        ("문: 쾅", "문 쾅"),
        ("Teléfono: suena", "Teléfono suena"),
        ("Phone: rings", "Phone rings"),
        ("Door: slams", "Door slams"),
        ("Wind: howling", "Wind howling"),
        ("Bell: Ding!", "Bell Ding!"),
        ("Телефон: звонит", "Телефон звонит"),
        ("Deur: kraakt", "Deur kraakt"),
        ("Drzwi: skrzypią", "Drzwi skrzypią"),
        ("手机：震动", "手机震动"),
        ("電話：プルルル", "電話プルルル"),
        ("(SFX) A door creaks.", "A door creaks."),
        ("【音效】她的脚步声", "她的脚步声"),
    ],
)
def test_what_is_heard_is_spoken_by_nobody(cell: str, sound: str):
    found = speech_of(cell)

    assert (found.lines, found.sound) == ([], [sound])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("Tür: Ich öffne mich nicht!", ("Tür", "Ich öffne mich nicht!")),
        ("风：我来了", ("风", "我来了")),
        ("太郎M「なぜだ」", ("太郎（M）", "なぜだ")),
    ],
)
def test_a_thing_or_a_voice_that_says_something_speaks(cell: str, said: tuple[str, str]):
    assert [(line.speaker, line.text) for line in speech_of(cell).lines] == [said]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("Bell: Come in", ("Bell", "Come in")),
        ("Bell: Ring the doctor", ("Bell", "Ring the doctor")),
        ("Rain: I love you", ("Rain", "I love you")),
        ("Rain: Run", ("Rain", "Run")),
        ("Ветер: иди сюда", ("Ветер", "иди сюда")),
        ("Pas: je viens", ("Pas", "je viens")),
        ("비: 가자", ("비", "가자")),
        ("门：谁", ("门", "谁")),
        ("雨：别走", ("雨", "别走")),
        ("钟：快跑", ("钟", "快跑")),
        ("風：バンザイ", ("風", "バンザイ")),
    ],
)
def test_a_thing_speaks_where_it_cannot_be_told(cell: str, said: tuple[str, str]):
    found = speech_of(cell)

    assert ([(line.speaker, line.text) for line in found.lines], found.sound) == ([said], [])


@pytest.mark.parametrize(
    ("speaker", "cell", "said"),
    [
        ("영희", "(소리) 살려줘", ("영희（소리）", "살려줘", "")),
        ("王五", "（声音）快来救我", ("王五（声音）", "快来救我", "")),
        ("佐藤", "（音）助けて", ("佐藤（音）", "助けて", "")),
        ("Anna", "(sound) Who is there", ("Anna", "Who is there", "sound")),
        ("Anna", "(Ton) Ich bin hier", ("Anna", "Ich bin hier", "Ton")),
        ("Léa", "(son) Je suis là", ("Léa", "Je suis là", "son")),
        ("Аня", "(Звук) Я здесь", ("Аня", "Я здесь", "Звук")),
        ("Anna", "(music) Listen to me", ("Anna", "Listen to me", "music")),
        ("Anna", "[Music] Turn around", ("Anna", "Turn around", "Music")),
        ("李明", "【音效】听我说", ("李明", "听我说", "音效")),
        ("Anna", "SFX is what I do for a living.", ("Anna", "SFX is what I do for a living.", "")),
        ("Anna", "BGM matters to me", ("Anna", "BGM matters to me", "")),
        ("", "SFX is what I do for a living.", ("", "SFX is what I do for a living.", "")),
        ("", "(sound) who is there", ("", "who is there", "sound")),
        ("", "(음악) 그만해", ("", "그만해", "음악")),
        ("", "(Ton) Hilfe", ("", "Hilfe", "Ton")),
    ],
)
def test_words_behind_a_label_are_spoken_when_in_doubt(speaker: str, cell: str, said: tuple[str, str, str]):
    found = speech_of(cell, speaker=speaker)

    assert [(line.speaker, line.text, line.direction) for line in found.lines] == [said]
    assert (found.sound, found.music) == ([], [])


@pytest.mark.parametrize("cell", ["[SFX: slam]", "[SFX] slam", "(sound) slam", "(SFX) slam", "SFX - slam", "SFX slam"])
def test_a_noise_in_the_row_of_a_speaker_is_not_spoken(cell: str):
    found = speech_of(cell, speaker="Anna")

    assert (found.lines, found.sound) == ([], ["slam"])


@pytest.mark.parametrize(
    ("cell", "sound", "said"),
    [
        ("[SFX] A door creaks. Anna: Who is there?", "A door creaks.", ("Anna", "Who is there?")),
        ("SFX: A door creaks. Anna: Who is there?", "A door creaks.", ("Anna", "Who is there?")),
        ("[音效] 门吱呀一声。王五：谁在外面？", "门吱呀一声。", ("王五", "谁在外面？")),
    ],
)
def test_somebody_speaks_behind_a_sound(cell: str, sound: str, said: tuple[str, str]):
    found = speech_of(cell)

    assert (found.sound, [(line.speaker, line.text) for line in found.lines]) == ([sound], [said])


@pytest.mark.parametrize(
    "cell", ["Phone: Hi mom", "Telefon: Hallo, hier ist Anna", "Телефон: алло", "전화: 여보세요", "電話：もしもし"]
)
def test_somebody_speaks_on_the_phone_and_is_not_seen(cell: str):
    (line,) = speech_of(cell).lines

    assert (line.speaker, line.narrator) == ("", True)
    assert cell.startswith(line.voice)
    assert cell.endswith(line.text)


@pytest.mark.parametrize("name", ["소리", "声音", "音"])
def test_a_voice_marked_as_a_sound_is_heard_and_not_seen(name: str):
    assert is_only_heard(f"Anna ({name})")
    assert is_off_screen(f"Anna ({name})")


@pytest.mark.parametrize(
    ("table", "said", "sound"),
    [
        ("Shot,Dialogue,Action\n1,Bell: I will not leave.,A\n2,Bell: rings,B\n", [("Bell", "rings")], ""),
        ("Shot,Characters,Dialogue,Action\n1,Bell,Anna: Hi,A\n2,Anna,Bell: rings,B\n", [("Bell", "rings")], ""),
        ("Shot,Dialogue,Action\n1,Bell: opens,A\n2,Bell: rings,B\n", [], "Bell rings"),
        ("Shot,Dialogue,Action\n1,Phone: I am here.,A\n2,Phone: rings,B\n", [], "Phone rings"),
        ("Shot,Characters,Dialogue,Action\n1,Anna,Anna: Hi,A\n2,Anna,(SFX) steam,B\n", [], "steam"),
        ("镜号,人物,对白,画面\n1,王五,你好。,A\n2,王五,（声音）快来,B\n", [("王五（声音）", "快来")], ""),
        ("Shot,Sound,Action\n1,Door: opens,A\n2,Engine: starts,B\n", [], "Engine starts"),
    ],
)
def test_a_table_tells_who_speaks(table: str, said: list[tuple[str, str]], sound: str):
    beat = read(table.encode(), name="a.csv").story.beats[-1]

    assert ([(line.speaker, line.text) for line in beat.dialogue], beat.sound) == (said, sound)


def test_a_sound_in_brackets_takes_no_words_with_it():
    found = speech_of("TOM: Hello. [SFX: door slams] Who's there?")

    assert [(line.speaker, line.text) for line in found.lines] == [("TOM", "Hello. Who's there?")]
    assert found.sound == ["door slams"]


def test_a_person_of_the_table_may_be_called_as_a_thing_is():
    found = speech_of("Wind: comes", known=frozenset({"wind"}))

    assert [(line.speaker, line.text) for line in found.lines] == [("Wind", "comes")]


def test_sounds_among_action_and_words_are_heard():
    table = 'Einstellung,Handlung/Dialog\n1,"Anna geht.\nTür: knarrt\nMusik: Klavier\nANNA: Hallo?"\n'

    beat = read(table.encode(), name="a.csv").story.beats[0]

    assert (beat.description, beat.sound, beat.music) == ("Anna geht.\nTür knarrt", "Tür knarrt", "Klavier")
    assert [(line.speaker, line.text) for line in beat.dialogue] == [("ANNA", "Hallo?")]


def test_a_thing_that_speaks_in_a_script_is_a_speaker_there():
    table = 'Einstellung,Handlung/Dialog\n1,"Bell geht.\nBell: Ich komme nicht!\nBell: klingelt"\n'

    beat = read(table.encode(), name="a.csv").story.beats[0]

    assert [(line.speaker, line.text) for line in beat.dialogue] == [("Bell", "Ich komme nicht!"), ("Bell", "klingelt")]
    assert not beat.sound
