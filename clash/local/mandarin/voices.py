"""The Chinese voices, and which of them the people of a film get."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clash.local.roles import Role, chinese_role, voice_of_role
from clash.providers.voices import Person, Voice


@dataclass(frozen=True)
class Timbre:
    """One of Kokoro's voices, `base`, as it is or changed: factors on its pitch and its pace."""

    id: str
    base: str
    pitch: float = 1.0
    pace: float = 1.0


def _as_it_is(base: str) -> Timbre:
    return Timbre(base, base)


NARRATOR = _as_it_is("zm_yunyang")
_WOMEN = tuple(map(_as_it_is, ("zf_xiaoxiao", "zf_xiaoyi", "zf_xiaobei", "zf_xiaoni")))
_MEN = tuple(map(_as_it_is, ("zm_yunxi", "zm_yunjian", "zm_yunxia")))
_FURTHER_WOMEN = tuple(
    Timbre(f"{base}-{word}", base, pitch, pace)
    for word, pitch, pace in (("low", 0.92, 0.97), ("high", 1.07, 1.03))
    for base in ("zf_xiaoxiao", "zf_xiaoyi", "zf_xiaobei", "zf_xiaoni")
)
_FURTHER_MEN = tuple(
    Timbre(f"{base}-{word}", base, pitch, pace)
    for word, pitch, pace in (("low", 0.92, 0.97), ("high", 1.07, 1.03))
    for base in ("zm_yunxi", "zm_yunjian", "zm_yunxia")
)
_CAST: dict[Role, tuple[Timbre, ...]] = {
    "woman": _WOMEN,
    "man": _MEN,
    "old woman": (
        Timbre("zf_xiaobei-old", "zf_xiaobei", 0.90, 0.86),
        Timbre("zf_xiaoni-old", "zf_xiaoni", 0.90, 0.88),
        Timbre("zf_xiaoxiao-old", "zf_xiaoxiao", 0.88, 0.85),
    ),
    "old man": (
        Timbre("zm_yunjian-old", "zm_yunjian", 0.90, 0.86),
        Timbre("zm_yunxi-old", "zm_yunxi", 0.88, 0.86),
        Timbre("zm_yunxia-old", "zm_yunxia", 0.86, 0.85),
    ),
    "girl": (
        Timbre("zf_xiaoyi-child", "zf_xiaoyi", 1.14, 1.0),
        Timbre("zf_xiaoxiao-child", "zf_xiaoxiao", 1.17, 1.0),
        Timbre("zf_xiaoni-child", "zf_xiaoni", 1.17, 1.02),
    ),
    "boy": (
        Timbre("zm_yunxia-child", "zm_yunxia", 1.16, 1.02),
        Timbre("zm_yunxi-child", "zm_yunxi", 1.30, 1.0),
    ),
    "giant": (Timbre("zm_yunjian-giant", "zm_yunjian", 0.80, 0.92), Timbre("zm_yunxi-giant", "zm_yunxi", 0.78, 0.92)),
}
_FURTHER: dict[bool, tuple[Timbre, ...]] = {True: _FURTHER_WOMEN, False: _FURTHER_MEN}
_IS_WOMAN = {"woman", "old woman", "girl"}
TIMBRES = {
    timbre.id: timbre
    for timbre in (NARRATOR, *(one for part in _CAST.values() for one in part), *_FURTHER_WOMEN, *_FURTHER_MEN)
}
_TAKES = ((1.02, 0.94), (0.97, 1.05), (0.98, 0.92), (1.03, 1.04), (1.0, 0.97))
"""How the takes of a line after the first differ: factors on pitch and pace."""


def timbre_of(speaker: str, voice: str, voice_id: str = "", take: int = 1) -> Timbre:
    """Return the voice that says a line: the named one, the one that was cast, else one that the words tell."""
    named = TIMBRES.get(voice.strip()) or TIMBRES.get(voice_id)
    if named is None:
        named = NARRATOR if speaker == "narrator" and not voice else _wished(Person(speaker, voice))[0]
    if take == 1:
        return named
    pitch, pace = _TAKES[(take - 2) % len(_TAKES)]
    return replace(named, pitch=named.pitch * pitch, pace=named.pace * pace)


def cast(people: Sequence[Person]) -> dict[str, str]:
    """Return the id of each person's voice, by slug. Nobody gets what another has, as long as there are enough.

    A voice that is named by its id is that one. Everybody else comes in order, so that one who joins at the end
    changes nobody else's voice.
    """
    chosen = {person.slug: person.voice.strip() for person in people if person.voice.strip() in TIMBRES}
    taken = {NARRATOR.id, *chosen.values()}
    for person in people:
        if person.slug not in chosen:
            wished = _wished(person)
            free = next((timbre for timbre in wished if timbre.id not in taken), wished[0])
            chosen[person.slug] = free.id
            taken.add(free.id)
    return chosen


def _wished(person: Person) -> list[Timbre]:
    """The voices that suit somebody, the best first."""
    draw = hashlib.sha256(f"{person.slug}\0{person.voice}".encode("utf-8", "replace")).digest()
    role = chinese_role(person.slug, person.voice, draw[0])
    fitting, further = _CAST[role], _FURTHER[role in _IS_WOMAN]
    first = draw[1] % len(fitting)
    return [*fitting[first:], *fitting[:first], *further]


def chinese_voices(*, installed: bool) -> tuple[Voice, ...]:
    """Return the Chinese voices."""
    listed = {NARRATOR.id: voice_of_role(NARRATOR.id, "zh", "narrator", installed=installed)}
    further = (("woman", _FURTHER_WOMEN), ("man", _FURTHER_MEN))
    for role, timbres in (*_CAST.items(), *further):
        for timbre in timbres:
            listed.setdefault(timbre.id, voice_of_role(timbre.id, "zh", role, installed=installed))
    return tuple(listed.values())
