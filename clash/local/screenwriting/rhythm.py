"""Sizes, angles and camera moves where the story leaves them open, so that the cut has a rhythm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from clash.story.screenplay import Angle, Movement, ShotSize

Role = Literal["establishing", "action", "line", "detail"]

_SIZES: dict[Role, tuple[ShotSize, ...]] = {
    "establishing": ("extreme_wide", "wide"),
    "action": ("medium_wide", "full", "medium", "wide", "medium_close_up"),
    "line": ("medium", "close_up", "medium_close_up"),
    "detail": ("insert", "extreme_close_up"),
}
_SIZES_INSIDE: tuple[ShotSize, ...] = ("wide", "full")
_ANGLES: dict[Role, tuple[Angle, ...]] = {
    "establishing": ("eye_level", "high", "eye_level", "low"),
    "action": ("eye_level", "low", "eye_level", "high", "eye_level"),
    "line": ("eye_level", "eye_level", "over_shoulder"),
    "detail": ("eye_level", "high"),
}
_MOVEMENTS: dict[Role, tuple[Movement, ...]] = {
    "establishing": ("push_in", "pan_right", "pull_out", "pan_left"),
    "action": ("static", "pan_left", "push_in", "pan_right", "pull_out"),
    "line": ("push_in", "static", "push_in"),
    "detail": ("push_in", "static"),
}
_SUGGESTED: tuple[tuple[Movement, re.Pattern[str]], ...] = (
    (
        "tilt_up",
        re.compile(
            r"\b(?:climb\w*|looks? up|looking up|ris(?:es?|ing)|soars?|upwards?|flies up|lifts?)\b"
            r"|抬头|仰望|升起|爬上|登上|往上"
        ),
    ),
    (
        "tilt_down",
        re.compile(
            r"\b(?:falls?|falling|drops?|looks? down|looking down|descends?|sinks?|downwards?|kneels?)\b"
            r"|低头|落下|跌|俯视|坠|往下|蹲下"
        ),
    ),
    (
        "pan_right",
        re.compile(
            r"\b(?:walks?|walking|runs?|running|crosses|follows?|rides?|drives?|sails?|sweeps?|rows?|hurries)\b|走|跑|穿过|追|骑|驶|划"
        ),
    ),
    (
        "pull_out",
        re.compile(r"\b(?:alone|leaves?|disappears?|fades?|empty|far below|small against)\b|远去|离开|独自|消失|空荡"),
    ),
)
_DETAIL = re.compile(
    r"\b(?:hands?|fingers?|letter|key|ring|match|matches|photograph|photo|clock|watch|note|eyes?|bowl|switch|"
    r"button|page|map|coin|candle|wick|fuse|glass)\b|手指|双手|信封|钥匙|照片|怀表|纸条|眼睛|碗|筷子|硬币|灯芯|蜡烛|热气"
)


class Rhythm:
    """Choose the framing of one shot after another. What the story asks for is kept."""

    def __init__(self) -> None:
        self._count: dict[Role, int] = dict.fromkeys(_SIZES, 0)
        self._last: tuple[ShotSize, Movement] | None = None

    def follow(self, size: ShotSize, movement: Movement) -> None:
        """Go on after a shot that is framed already."""
        self._last = (size, movement)

    def frame(
        self,
        role: Role,
        text: str,
        *,
        people: int,
        inside: bool,
        size: ShotSize | None,
        angle: Angle | None,
        movement: Movement | None,
    ) -> tuple[ShotSize, Angle, Movement]:
        """Size, angle and move of the next shot; `people` are seen in it, `inside` there is a ceiling.

        Two shots running differ in size or in move wherever one of both is ours to choose.
        """
        count = self._count[role]
        self._count[role] = count + 1
        sizes = _SIZES_INSIDE if inside and role == "establishing" else _SIZES[role]
        chosen_size = size or sizes[_turned(sizes, count, avoid=self._last[0] if self._last else None)]
        chosen_move = movement or self._move(role, text, count, chosen_size)
        chosen_angle = angle or _ANGLES[role][count % len(_ANGLES[role])]
        if chosen_angle == "over_shoulder" and angle is None and people < 2:
            chosen_angle = "eye_level"
        self._last = (chosen_size, chosen_move)
        return chosen_size, chosen_angle, chosen_move

    def _move(self, role: Role, text: str, count: int, size: ShotSize) -> Movement:
        suggested: Movement | None = (
            next((m for m, p in _SUGGESTED if p.search(text.casefold())), None) if role == "action" else None
        )
        moves: tuple[Movement, ...] = (suggested, *_MOVEMENTS[role]) if suggested else _MOVEMENTS[role]
        turn = 0 if suggested else count
        taken = self._last[1] if self._last and self._last[0] == size else None
        return moves[_turned(moves, turn, avoid=taken)]


def shows_a_detail(text: str) -> bool:
    """Whether a short sentence is about a small thing that a camera would go close to."""
    return len(text) < 90 and bool(_DETAIL.search(text.casefold()))


def _turned(choices: Sequence[str], turn: int, *, avoid: str | None) -> int:
    """Return the index of the next choice in turn that is not `avoid`."""
    order = [(turn + step) % len(choices) for step in range(len(choices))]
    return next((index for index in order if choices[index] != avoid), order[0])
