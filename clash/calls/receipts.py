"""Receipts: what a call brought, as plain values that can be written down whatever the provider put into its answer.

An answer is paid for by the time it is here. So nothing in it, a NaN, a date, half of an emoji, may keep its receipt
from being written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from numbers import Integral, Real
from typing import Any, cast

from clash.calls.content_key import canonical_json
from clash.database.rows import CallRow
from clash.money import to_micro
from clash.providers.ports import Answer, Job, Request
from clash.redaction import hide, hide_in
from clash.vocabulary import Precision

LOG_LIMIT = 16_000
"""Characters of a request or response that are kept in `api_logs`."""
_LARGEST_BILL_USD = 1_000_000
_DEEPEST = 12
_LARGEST_TEXT = 4 << 20
_RECEIPT = ("sha256", "media_type", "cost_micro", "precision")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def receipt_of(row: CallRow, answer: Answer, sha256: str) -> dict[str, Any]:
    """Return the receipt of an answer whose content is in the store, with the id of its job where it had one."""
    cost, precision = cost_of(row, answer.cost_usd)
    response = json.dumps(_plain_mapping(answer.response), ensure_ascii=False, separators=(",", ":"))
    # The receipt takes the place of the job's ticket: where the database is lost, only it still has the job's id.
    job = {"job": ticket_of(Job(str(row.job_id), row.endpoint))} if row.job_id else {}
    return {
        "sha256": sha256,
        "media_type": answer.media_type,
        "cost_micro": cost,
        "precision": precision,
        "facts": _plain_mapping(answer.facts),
        "response": storable(response, LOG_LIMIT),
        **job,
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


def bytes_without_secrets(content: bytes) -> bytes:
    """Return bytes that are no picture, film or sound, without the keys that a provider may have repeated in them."""
    if len(content) > _LARGEST_TEXT:
        return content
    text = content.decode("utf-8", "surrogateescape")
    hidden = hide(text)
    return content if hidden == text else hidden.encode("utf-8", "surrogateescape")


def ticket_of(job: Job) -> dict[str, Any]:
    """The receipt of a job that was handed in: where to ask for what it makes."""
    return {"job_id": storable(str(job.id), LOG_LIMIT), "endpoint": storable(str(job.endpoint), LOG_LIMIT)}


def checked_receipt(read: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was read from a receipt's file, if it is a whole receipt or a job's ticket; empty otherwise.

    A file may be cut off, damaged or edited. Such a receipt counts as none, and the provider is asked again.
    """
    read = read or {}
    if _is_receipt(read):
        facts, response = _plain_mapping(read["facts"]), storable(read["response"], LOG_LIMIT)
        told = read.get("job")
        ticket = _checked_ticket(cast("dict[str, Any]", told)) if isinstance(told, dict) else {}
        job = {"job": ticket} if ticket else {}
        return {name: read[name] for name in _RECEIPT} | {"facts": facts, "response": response} | job
    return _checked_ticket(read)


def _checked_ticket(read: Mapping[str, Any]) -> dict[str, Any]:
    if _is_text(read.get("job_id")) and _is_text(read.get("endpoint")):
        return {"job_id": storable(read["job_id"], LOG_LIMIT), "endpoint": storable(read["endpoint"], LOG_LIMIT)}
    return {}


def receipt_from_record(record: Mapping[str, Any] | None, token: str, sha256: str) -> dict[str, Any]:
    """Return the receipt that the record of a settled call amounts to; empty if the record is not whole."""
    call = (record or {}).get("call")
    if record is None or not isinstance(call, dict):
        return {}
    told = cast("dict[str, Any]", call)
    if told.get("token") != token or told.get("asset_sha256") != sha256:
        return {}
    read = {"sha256": sha256, **{name: told.get(name) for name in _RECEIPT if name != "sha256"}}
    receipt = checked_receipt({**read, "facts": record.get("facts"), "response": ""})
    # A record does not keep what was answered.
    return {**receipt, "response": None} if receipt else {}


def _is_receipt(read: Mapping[str, Any]) -> bool:
    cost, digest = read.get("cost_micro"), read.get("sha256")
    return (
        isinstance(digest, str)
        and _SHA256.fullmatch(digest) is not None
        and _is_text(read.get("media_type"))
        and isinstance(cost, int)
        and not isinstance(cost, bool)
        and 0 <= cost <= _LARGEST_BILL_USD * 1_000_000
        and read.get("precision") in tuple(Precision)
        and isinstance(read.get("facts"), dict)
        and isinstance(read.get("response"), str)
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def cost_of(row: CallRow, billed_usd: object) -> tuple[int, Precision]:
    """Micro-dollars of a call, and how sure that is: what was billed, else what was quoted."""
    billed = billed_micro(billed_usd)
    if billed is not None:
        return billed, Precision.BILLED
    precision = row.precision if billed_usd is None else Precision.ESTIMATED
    return row.quoted_cost_micro, precision


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


def recorded_request(request: Request) -> str:
    """Return a request as it is recorded in its row: JSON, at most `LOG_LIMIT` characters."""
    return storable(canonical_json(request.model_dump(mode="json", exclude_defaults=True)), LOG_LIMIT)


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
