"""Pictures and clips that are made at once share the cores of the machine."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clash.film.freed_memory import give_back_memory
from clash.local.cores import DRAWING, FILMING, Cores


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_no_more_is_made_at_once_than_cores_allow(count: int) -> None:
    """Many threads draw and film: all come to their end, and never are more cores taken than there are."""
    cores = Cores(count)
    counting = threading.Lock()
    taken, most = 0, 0

    def make(wanted: int) -> None:
        nonlocal taken, most
        with cores.taken(wanted):
            with counting:
                taken += min(wanted, count)
                most = max(most, taken)
            with counting:
                taken -= min(wanted, count)

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(make, [DRAWING, FILMING, FILMING] * 40))
    assert taken == 0
    assert 1 <= most <= count


def test_a_clip_waits_for_both_of_two_cores() -> None:
    """While a picture is drawn on one of two cores no clip is filmed; when it is done, the clip is."""
    cores = Cores(2)
    filmed = threading.Event()

    def film() -> None:
        with cores.taken(FILMING):
            filmed.set()

    with cores.taken(DRAWING):
        thread = threading.Thread(target=film)
        thread.start()
        assert not filmed.wait(0.05)
    thread.join(30)
    assert filmed.is_set()


def test_cores_are_free_again_after_a_failure() -> None:
    """What fails while it holds cores gives them back."""
    cores = Cores(2)
    with pytest.raises(ValueError, match="broken"), cores.taken(FILMING):
        raise ValueError("broken")
    with cores.taken(FILMING):
        pass


def test_giving_memory_back_changes_nothing() -> None:
    """What is in use stays as it is, on every system."""
    kept = bytearray(b"clash" * 1000)
    give_back_memory()
    assert kept == b"clash" * 1000
