"""A black screen that a table asks for: drawn black, told to models as just that, and no fault of the film."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from filming import SMALL, clash
from tables import story

from clash.local.screenwriter import write_screenplay

TABLE = """Shot,Size,Description,Location,Duration,Super
1,Wide,A kettle boils.,Kitchen,1,
2,,,,2,THE END
3,,{},,1,
"""


@pytest.mark.parametrize("description", ["Cut to black.", "黑屏", "Pantalla en negro", "Czarny ekran"])
def test_nothing_but_black_is_asked_for(description: str) -> None:
    """No place, no weather and no move of the camera stand in its prompts."""
    _, card, black = write_screenplay(story(TABLE.format(description))).shots
    assert (card.image_prompt, card.video_prompt) == ("Black screen.", "Black screen.")
    assert (black.image_prompt, black.video_prompt) == (description, description)


def test_a_row_in_which_black_is_seen_is_a_picture() -> None:
    """A word for black among others asks for no black screen."""
    *_, shot = write_screenplay(story(TABLE.format("A black screen hides the stage."))).shots
    assert "Kitchen" in shot.image_prompt


def test_a_film_may_end_in_black(tmp_path: Path) -> None:
    """It is cut, though two of its shots are black and do not move; the words stand on the first of these."""
    (tmp_path / "story.csv").write_text(TABLE.format("Cut to black."))
    done = clash(tmp_path, "run", "story.csv", "--thread", "s", *SMALL, "--json")
    assert done.document["status"] == "completed"
    with av.open(str(tmp_path / "output" / "s" / "film.mp4")) as film:
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
    fps = len(frames) // 4
    kettle, card, black = frames[fps // 2], frames[2 * fps], frames[-fps // 2]
    assert np.ptp(kettle) > 60
    assert card.max() > 150
    assert np.median(card) < 20
    assert black.max() < 20
