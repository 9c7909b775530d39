"""Receipts: what a call brought, as plain values that can be written down whatever the provider put into its answer.

An answer is paid for by the time it is here. So nothing in it, a NaN, a date, half of an emoji, may keep its receipt
from being written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from numbers import Integral, Real
from typing import Any, cast

from clash.database.port import Row
from clash.money import to_micro
from clash.providers.ports import Answer, Job
from clash.redaction import hide, hide_in

LOG_LIMIT = 16_000
"""Characters of a request or response that are kept in `api_logs`."""
_LARGEST_BILL_USD = 1_000_000
_DEEPEST = 12


def receipt_of(row: Row, answer: Answer, sha256: str) -> dict[str, Any]:
    """The receipt of an answer whose content is in the store."""
    cost, precision = cost_of(row, answer.cost_usd)
    response = json.dumps(_plain_mapping(answer.response), ensure_ascii=False, separators=(",", ":"))
    return {
        "sha256": sha256,
        "media_type": answer.media_type,
        "cost_micro": cost,
        "precision": precision,
        "facts": _plain_mapping(answer.facts),
        "response": storable(response, LOG_LIMIT),
    }


def answer_without_secrets(answer: Answer) -> Answer:
    """Return an answer whose words repeat no key: its facts, its response and, where it is text, its content.

    The bytes of pictures, films and sounds stay as they are.
    """
    content = answer.content
    if answer.media_type.startswith("text/") or "json" in answer.media_type:
        text = content.decode("utf-8", "surrogateescape")
        if (hidden := hide(text)) != text:
            content = hidden.encode("utf-8", "surrogateescape")
    facts, response = hide_in(_plain_mapping(answer.facts)), hide_in(_plain_mapping(answer.response))
    return replace(answer, content=content, facts=facts, response=response)


def ticket_of(job: Job) -> dict[str, Any]:
    """The receipt of a job that was handed in: where to ask for what it makes."""
    return {"job_id": storable(str(job.id), LOG_LIMIT), "endpoint": storable(str(job.endpoint), LOG_LIMIT)}


def cost_of(row: Row, billed_usd: object) -> tuple[int, str]:
    """Micro-dollars of a call, and how sure that is: what was billed, else what was quoted."""
    billed = billed_micro(billed_usd)
    if billed is not None:
        return billed, "billed"
    precision = str(row["precision"]) if billed_usd is None else "estimated"
    return int(row["quoted_cost_micro"]), precision


def billed_micro(usd: object) -> int | None:
    """A bill in micro-dollars; None for none, and for one that cannot be (negative, no number, a million dollars)."""
    if usd is None:
        return None
    try:
        amount = Decimal(str(usd))
    except InvalidOperation:
        return None
    return to_micro(amount) if amount.is_finite() and 0 <= amount <= _LARGEST_BILL_USD else None


def storable(text: str, limit: int) -> str:
    """A text that any database and file takes, at most `limit` characters: no secrets, no halves of surrogate pairs."""
    return hide(text)[:limit].encode("utf-8", "replace").decode("utf-8")


def _plain_mapping(value: object) -> dict[str, Any]:
    plain = _plain(value, 0)
    return cast("dict[str, Any]", plain) if isinstance(plain, dict) else {}


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(value, len(value))
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return number if math.isfinite(number) else None
    if depth < _DEEPEST and isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {storable(str(name), 200): _plain(item, depth + 1) for name, item in items}
    if depth < _DEEPEST and isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item, depth + 1) for item in cast("Sequence[object]", value)]
    return storable(f"<{len(value)} bytes>" if isinstance(value, bytes | bytearray) else str(value), 2000)
