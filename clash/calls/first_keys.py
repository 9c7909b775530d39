"""Requests as clash 0.1 wrote them.

Its keys were digests of the whole request, and what was bought under such a key is still found by it.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel

from clash.providers.ports import Request

_FIELDS: dict[str, str] = {
    "ScreenplayRequest": "story",
    "ImageRequest": "subject prompt style width height character location shot cast references",
    "VideoRequest": "shot prompt keyframe frames fps width height captions slate",
    "SpeechRequest": "text speaker voice language",
    "Reference": "role sha256 media_type",
    "Caption": "start_s end_s text speaker",
    "Story": "title kind language beats sha256 warnings",
    "Beat": "row description scene shot title act location int_ext time characters dialogue narration duration_s"
    " shot_size angle movement lens sound music transition image_prompt video_prompt reference_image emotion notes"
    " extra",
    "Line": "speaker text",
    "Character": "slug name description look voice",
    "Location": "slug name description setting",
    "Shot": "number size angle movement location time weather characters action dialogue narration duration_s emotion"
    " lens sound music transition image_prompt video_prompt reference_image source_row",
}
"""The fields of each value in clash 0.1. Never to be changed: what is added to the values since is not among them."""


def first_request(request: Request) -> dict[str, Any]:
    """The request as plain JSON with the fields that it had in clash 0.1."""
    return cast("dict[str, Any]", _plain(request))


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in _FIELDS[type(value).__name__].split()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in cast("dict[object, object]", value).items()}
    return value
