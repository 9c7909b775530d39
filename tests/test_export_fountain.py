"""A screenplay in Fountain: an independent parser finds its scenes, action, cues and transitions."""

from __future__ import annotations

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from screenplain.parsers import fountain as parser

from clash.exports.fountain import fountain
from clash.story.screenplay import Character, Line, Location, Scene, Screenplay, Shot


def film(language: str = "en", **changes: Any) -> Screenplay:
    """A screenplay of two scenes; `changes` are of its first shot."""
    zh = language == "zh"
    mara, kitchen = ("阿岚", "厨房") if zh else ("Mara", "Kitchen")
    first: dict[str, Any] = {
        "number": 1,
        "location": "kitchen",
        "time": "night",
        "characters": ("mara",),
        "action": "She opens it.\n\nINT. looks like a heading",
        "narration": "It was late.",
        "dialogue": (Line(speaker=mara, text="Who is there?", direction="softly"), Line(speaker="Ivo", text="Me.")),
        "transition": "dissolve",
        "sound": "rain",
        "duration_s": 3.0,
    }
    shots = (
        Shot(**{**first, **changes}),
        Shot(number=2, location="pier", action="Waves.", duration_s=1.0),
        Shot(number=3, location="pier", action="Dawn breaks.", time="dawn", duration_s=1.0),
    )
    return Screenplay(
        title="The door",
        language=language,
        style="",
        characters=(Character(slug="mara", name=mara), Character(slug="ivo", name="Ivo")),
        locations=(
            Location(slug="kitchen", name=kitchen, setting="interior"),
            Location(slug="pier", name="Pier"),
        ),
        scenes=(
            Scene(number="1", title="Late", location="kitchen", time="night", shots=shots[:1]),
            Scene(number="2 b", location="pier", shots=shots[1:]),
        ),
    )


def parsed(screenplay: Screenplay) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The title page, and each paragraph: its kind and its text."""
    found = parser.parse(io.StringIO(fountain(screenplay)))
    return found.title_page, [(type(one).__name__, text_of(one)) for one in found.paragraphs]


def text_of(paragraph: Any) -> str:
    """The text of a paragraph of the parser."""
    if hasattr(paragraph, "character"):
        said = " / ".join(f"({text})" if bracketed else str(text) for bracketed, text in paragraph.blocks)
        return f"{paragraph.character}: {said}"
    return " / ".join(map(str, paragraph.lines)) if hasattr(paragraph, "lines") else str(paragraph.line)


def test_screenplain_reads_the_screenplay() -> None:
    """The parser finds title, headings, action, cues with their directions, and the transition, in their order."""
    title, paragraphs = parsed(film())
    assert title["Title"] == ["The door"]
    assert paragraphs == [
        ("Slug", "INT. KITCHEN - NIGHT"),
        ("Action", "She opens it. / INT. looks like a heading"),
        ("Dialog", "NARRATOR (V.O.): It was late."),
        ("Dialog", "Mara: ((softly)) / Who is there?"),
        ("Dialog", "Ivo (O.S.): Me."),
        ("Transition", "DISSOLVE"),
        ("Slug", "EXT. PIER - DAY"),
        ("Action", "Waves."),
        ("Slug", "EXT. PIER - DAWN"),
        ("Action", "Dawn breaks."),
    ]


def test_chinese_is_read_as_well() -> None:
    """Headings and cues without capitals are found, for they are forced."""
    _, paragraphs = parsed(film("zh"))
    assert paragraphs[0] == ("Slug", "内景 厨房 - 夜")
    assert ("Dialog", "阿岚: ((softly)) / Who is there?") in paragraphs


def test_signs_of_fountain_in_words_stay_words() -> None:
    """Emphasis, notes, comments, sections and forced elements in a story are no markup."""
    action = "*bold* [[note]] /* gone */\n# Section\n> Right\n.Heading\n!Shout\n=== \n@cue"
    _, paragraphs = parsed(film(action=action, dialogue=(Line(speaker="Mara", text="*No* [[never]] /*x*/"),)))
    kinds = [kind for kind, _ in paragraphs]
    assert kinds == ["Slug", "Action", "Dialog", "Dialog", "Transition", "Slug", "Action", "Slug", "Action"]
    assert "*bold* [ [note] ]" in paragraphs[1][1]
    assert "gone" in paragraphs[1][1]
    assert "# Section / > Right / .Heading / !Shout" in paragraphs[1][1]


@given(st.text(st.characters(codec="utf-8"), max_size=50), st.text(st.characters(codec="utf-8"), max_size=50))
def test_no_words_make_another_scene(action: str, line: str) -> None:
    """Whatever is written, there are the headings and the last action that there were."""
    _, paragraphs = parsed(film(action=action, dialogue=(Line(speaker="Mara", text=line or "x"),)))
    assert [text for kind, text in paragraphs if kind == "Slug"] == [
        "INT. KITCHEN - NIGHT",
        "EXT. PIER - DAY",
        "EXT. PIER - DAWN",
    ]
    assert paragraphs[-1] == ("Action", "Dawn breaks.")
