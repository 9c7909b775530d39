"""The folder of an export that is cut short: it can be exported into again, and files of people stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from clash.errors import StorageError, UsageError
from clash.exports.folder import export_folder


class CutShortError(Exception):
    """The end of a process, as far as a test can have it."""


def written(folder: Path, text: str) -> None:
    """Export two documents and a sound."""
    with export_folder(folder, link=False) as export:
        for name in ("a.otio", "b.srt"):
            export.write(name, f"{name} {text}")
        export.path("sound/c.wav").write_bytes(text.encode())
        export.made("sound/c.wav")
        export.publish({})


def cut_short(folder: Path, text: str, moves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export until so many files have got their names."""
    replace, left = Path.replace, [moves]

    def replaced(self: Path, target: Path) -> Path:
        if not left[0]:
            raise CutShortError
        left[0] -= 1
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replaced)
        with pytest.raises(CutShortError):
            written(folder, text)


@pytest.mark.parametrize("moves", range(5))
def test_an_export_cut_short_can_be_repeated(tmp_path: Path, moves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever two exports in a row end while files get their names, a third one writes everything."""
    out = tmp_path / "out"
    written(out, "first")
    cut_short(out, "second", moves, monkeypatch)
    cut_short(out, "third", 1, monkeypatch)
    written(out, "fourth")
    assert [(out / name).read_text() for name in ("a.otio", "b.srt")] == ["a.otio fourth", "b.srt fourth"]
    assert (out / "sound" / "c.wav").read_text() == "fourth"


def test_new_documents_cut_short_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a folder of somebody: what an export left there is replaced, what they put there is not."""
    (tmp_path / "mine.txt").write_text("mine")
    cut_short(tmp_path, "first", 3, monkeypatch)
    written(tmp_path, "second")
    assert (tmp_path / "a.otio").read_text() == "a.otio second"
    assert (tmp_path / "mine.txt").read_text() == "mine"
    (tmp_path / "b.srt").write_text("changed")
    with pytest.raises(UsageError, match=r"b\.srt was changed"):
        written(tmp_path, "third")


def test_an_error_of_the_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is told as StorageError, and no half export stays."""

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError):
        written(tmp_path / "out", "first")
    assert list(tmp_path.iterdir()) == []
