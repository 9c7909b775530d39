"""CLASH_RETENTION: what is deleted at the end of a run."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clash.setting_values import shown


class RetentionPolicy(BaseModel):
    """What is deleted at the end of a run.

    `checkpoints`: `all` stay, the newest of each of the `steps`, the `latest`, or a number of the newest.
    `request_days`: after so many days the requests and responses of settled calls are cut; None: never.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    checkpoints: Literal["all", "steps", "latest"] | Annotated[int, Field(ge=1, strict=True)] = "all"
    request_days: float | None = Field(default=None, ge=0, le=36500)


def policy_of(text: str) -> RetentionPolicy:
    """Return the policy that a JSON text names. Raises `ValueError` saying what is wrong with it."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{shown(text)} is not a JSON object")
    if unknown := sorted(set(cast("dict[str, Any]", found)) - set(RetentionPolicy.model_fields)):
        raise ValueError(f"there is no {unknown[0]!r} in it; known: {', '.join(RetentionPolicy.model_fields)}")
    try:
        return RetentionPolicy.model_validate(found)
    except ValidationError as error:
        if error.errors()[0]["loc"][0] == "checkpoints":
            raise ValueError('checkpoints is "all", "steps", "latest" or how many are kept, from 1') from None
        raise ValueError("request_days is a number of days, 0 or more") from None


def policy_setting(value: object) -> RetentionPolicy | None:
    """Return the policy of a setting; an empty text sets none. Raises `ValueError`."""
    if not isinstance(value, str):
        return RetentionPolicy.model_validate(value)
    return policy_of(value) if value.strip() else None
