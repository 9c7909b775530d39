"""A cast that a person gives: its table, and what becomes of it in a film."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, clash, environment
from PIL import Image

from clash.editing.cast import CastSheet, look_of, with_cast
from clash.errors import StoryError
from clash.story.cast_table import CastEntry, field_of_header, read_cast
from clash.story.screenplay import Character, Location, Scene, Screenplay, Shot

ENGLISH = "name,kind,look,image,voice,age,gender\nMara,,red coat,mara.png,woman-3,34,woman\nTom,,grey beard,,,60,man\n"
CHINESE = "角色,外貌,参考图,音色,年龄,性别\n阿岚,青色雨衣,alan.png,zf_xiaobei,22岁,女\n"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Name", "name"),
        ("角色", "name"),
        ("Personaje", "name"),
        ("登場人物", "name"),
        ("Look / costume", "look"),
        ("外貌描述", "look"),
        ("Aussehen", "look"),
        ("Reference image", "image"),
        ("定妆照", "image"),
        ("Voice ID", "voice"),
        ("音色", "voice"),
        ("参考音频", "reference_audio"),
        ("Âge", "age"),
        ("性别", "gender"),
        ("类型", "kind"),
        ("Budget", None),
    ],
)
def test_headers_of_a_cast(header: str, field: str | None) -> None:
    """Headers are known in many languages; what is none of them is not used."""
    assert field_of_header(header) == field


def test_a_chinese_cast_is_read() -> None:
    """Every column is understood, in the table's own words."""
    table = read_cast(CHINESE.encode("gb18030"), name="角色表.csv")
    assert table.entries == (
        CastEntry("阿岚", look="青色雨衣", image="alan.png", voice="zf_xiaobei", age="22岁", gender="女"),
    )
    assert look_of(table.entries[0]) == "女，22岁，青色雨衣"


def test_people_places_and_props() -> None:
    """The kind's column says what a row is, in the table's language; without one it is a character."""
    text = "Nombre;Tipo;Aspecto\nRamiro;personaje;barba gris\nEl faro;lugar;blanco\nlinterna;objeto;de latón\nAna;;\n"
    kinds = [entry.kind for entry in read_cast(text.encode(), name="c.csv").entries]
    assert kinds == ["character", "location", "prop", "character"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,kind\nBob,alien\n", ["row 2", "'kind'", "alien"]),
        ("name,look\n,tall\n", ["row 2", "'name'", "missing"]),
        ("name,look\nBob,tall\nBOB,short\n", ["row 3", "row 2", "already"]),
        ("price,colour\n1,red\n", ["no column holds names", "price"]),
        ("name,look\n", ["no rows"]),
    ],
)
def test_a_bad_cast_is_refused(text: str, told: list[str]) -> None:
    """The error names the file, the row and the column."""
    with pytest.raises(StoryError) as refused:
        read_cast(text.encode(), name="cast.csv")
    assert all(word in f"{refused.value.message} {refused.value.hint}" for word in ["cast.csv", *told])


def test_unused_columns_are_told() -> None:
    """Nothing that people bring is dropped in silence."""
    assert any("'Notes'" in warning for warning in read_cast(b"name,Notes\nBob,hi\n", name="c.csv").warnings)


def test_the_cast_overrides_the_writer() -> None:
    """Looks and voices are those of the table; what it leaves open stays the writer's."""
    screenplay = Screenplay(
        title="T",
        language="en",
        style="s",
        characters=(
            Character(slug="mara", name="Mara", look="blue dress", voice="deep"),
            Character(slug="tom", name="Tom", look="tall"),
        ),
        locations=(Location(slug="pier", name="Pier", description="wooden"),),
        scenes=(
            Scene(number="1", location="pier", shots=(Shot(number=1, location="pier", action="a", duration_s=1),)),
        ),
    )
    sheet = CastSheet((CastEntry("MARA", look="red coat"), CastEntry("Pier", "location", look="of stone")))
    changed = with_cast(screenplay, sheet)
    assert [(one.look, one.voice) for one in changed.characters] == [("red coat", "deep"), ("tall", "")]
    assert changed.locations[0].description == "of stone"
    assert CastSheet.of(sheet.content()) == sheet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A story with its cast beside it."""
    Image.new("RGB", (80, 80), (200, 30, 30)).save(tmp_path / "mara.png")
    (tmp_path / "story.csv").write_text(
        "Shot,Description,Dialogue\n1,Mara stands on the pier.,MARA: We go now.\n2,Tom waits on the pier.,TOM: Come!\n"
    )
    (tmp_path / "cast.csv").write_text(ENGLISH)
    return tmp_path


def paid(folder: Path, **more: str) -> dict[str, str]:
    """An environment in which metered models are paid for."""
    return environment(METER=str(folder / "meter"), METER_COST="0.01", **more)


@on_both_databases
def test_a_film_with_a_cast(folder: Path, database_url: str) -> None:
    """The given picture is the card and is not paid for; looks, voices and prompts are the table's."""
    env = paid(folder, DATABASE_URL=database_url)
    asked = ("run", "story.csv", "--thread", "cast", *SMALL, *METERED, "--json")
    made = clash(folder, *asked, env=env)
    assert (made.code, made.document["status"]) == (0, "completed")
    assert any("cast.csv" in warning for warning in made.document["warnings"])
    card = next(item for item in made.document["outputs"] if item["slot"] == "character:mara")
    assert (folder / card["path"]).read_bytes() == (folder / "mara.png").read_bytes()
    screenplay = json.loads((folder / "output/cast/screenplay.json").read_text())
    looks = {one["name"]: (one["look"], one["voice"]) for one in screenplay["characters"]}
    assert looks == {
        "Mara": ("woman, 34 years old, red coat", "woman-3"),
        "Tom": ("man, 60 years old, grey beard", "man, 60 years old"),
    }
    charged = {line.split()[2] for line in (folder / "meter").read_text().splitlines() if line.startswith("charge")}
    assert "character:tom" in charged
    assert "character:mara" not in charged
    again = clash(folder, *asked, env=env)
    assert again.document["status"] == "already_completed"


def test_dry_run_with_a_cast(folder: Path) -> None:
    """What is estimated is what is paid: a card that is given is not counted."""
    asked = ("story.csv", "--thread", "cast", *SMALL, *METERED)
    estimate = clash(folder, "run", *asked, "--dry-run", "--json", env=paid(folder)).document
    made = clash(folder, "run", *asked, "--json", env=paid(folder)).document
    assert estimate["total_usd"] != "0.000000"
    assert estimate["total_usd"] == made["cost"]["total_usd"]


def test_another_cast_is_another_film(folder: Path) -> None:
    """The cast decides what the film is: a run that exists does not change it unasked; `none` leaves it out."""
    asked = ("run", "story.csv", "--thread", "cast", *SMALL, "--json")
    assert clash(folder, *asked).code == 0
    (folder / "cast.csv").write_text(ENGLISH.replace("red coat", "green coat"))
    changed = clash(folder, *asked)
    assert (changed.code, changed.document["error"]["code"]) == (5, "other_settings")
    assert "cast" in changed.document["error"]["message"]
    plain = clash(folder, "run", "story.csv", "--thread", "plain", "--cast", "none", *SMALL, "--json")
    assert plain.code == 0
    assert not any("cast" in warning for warning in plain.document["warnings"])


@pytest.mark.parametrize("image", ["../outside.png", "missing.png", "story.csv", "/etc/passwd"])
def test_pictures_stay_in_their_folder(folder: Path, image: str) -> None:
    """A picture outside of the table's folder, or none at all, is refused with row and column; nothing is made."""
    (folder / "cast.csv").write_text(f"name,image\nMara,{image}\n")
    refused = clash(folder, "run", "story.csv", "--thread", "cast", *SMALL, "--json")
    assert refused.code == 2
    assert "row 2" in refused.document["error"]["message"]
    assert not (folder / "output").exists()
