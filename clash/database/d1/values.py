"""Values on their way to Cloudflare D1 and back, and the limits that are checked before anything is sent.

Over REST a parameter is JSON: a string, a number or null. Numbers bind as REAL and round above 2^53, so a whole number
travels as text and is cast back; bytes travel as hex. Each `?` is replaced by an expression with the very type and
the (missing) affinity that the parameter has in SQLite, so the same SQL means the same on both.
Limits: https://developers.cloudflare.com/d1/platform/limits/, https://developers.cloudflare.com/workers/runtime-apis/rpc/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from clash.database.port import Param, Rows, Statement
from clash.errors import DatabaseError

MAX_STATEMENT_BYTES = 100_000
MAX_PARAMS = 100
MAX_VALUE_BYTES = 2_000_000
MAX_BLOB_BYTES = MAX_VALUE_BYTES // 2
"""A blob is sent, and read by `hex()`, as twice as many characters."""
MAX_BATCH_BYTES = 28_000_000
"""A batch passes through Cloudflare's own RPC, which takes 32 MiB."""
_EXACT = 2**53
"""From here on two whole numbers can be one in JSON."""
_INT64 = range(-(2**63), 2**63)

_TOKENS = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\]  # texts and names
      | --[^\n]* | /\*.*?\*/                                             # comments
      | \?\d* | [:@$][A-Za-z_]\w*                                        # parameters""",
    re.VERBOSE | re.DOTALL,
)
_READS = re.compile(
    r"\s*(?:SELECT|VALUES|EXPLAIN|WITH\b(?!.*\b(?:INSERT|UPDATE|DELETE|REPLACE)\b))\b", re.IGNORECASE | re.DOTALL
)
_RETURNS_ROWS = re.compile(r"\s*(?:SELECT|VALUES|EXPLAIN|WITH|PRAGMA)\b|.*\bRETURNING\b", re.IGNORECASE | re.DOTALL)
_KINDS = {int, str, float, bytes, type(None)}
_EXPRESSIONS = {
    # The plus takes away the affinity that CAST gives; without it a TEXT column would be compared as a number.
    int: "(+CAST(? AS INTEGER))",
    bytes: "unhex(?)",
}


@dataclass(frozen=True)
class Wire:
    """A statement as it is sent, and its size in bytes. `recall` reads again what it returned."""

    sql: str
    params: tuple[str | float | None, ...]
    size: int
    recall: Wire | None = None

    @property
    def returns_rows(self) -> bool:
        """Whether it can return rows, as far as its words say."""
        return _RETURNS_ROWS.match(self.sql) is not None

    @property
    def reads_only(self) -> bool:
        """Whether it surely writes nothing."""
        return _READS.match(self.sql) is not None

    @property
    def json(self) -> dict[str, Any]:
        """The statement as the API takes it."""
        return {"sql": self.sql, "params": list(self.params)}


def encode(statement: Statement) -> Wire:
    """The statement as it is sent. Raises `DatabaseError` for what D1 would refuse, cut or round."""
    kinds = tuple(_kind(value) for value in statement.params)
    if unknown := set(kinds) - _KINDS:
        raise DatabaseError(f"a value of type {unknown.pop().__name__} cannot be stored")
    sql = _placed(statement.sql, kinds)
    params = tuple(_encoded(value) for value in statement.params)
    if len(params) > MAX_PARAMS:
        raise _too_large(f"a statement with {len(params)} parameters", f"{MAX_PARAMS} parameters")
    length = _bytes(sql)
    if length > MAX_STATEMENT_BYTES:
        raise _too_large(f"a statement of {length:,} bytes", f"{MAX_STATEMENT_BYTES:,} bytes a statement")
    recall = None if statement.recall is None else encode(statement.recall)
    size = length + sum(_bytes(value) if isinstance(value, str) else 24 for value in params)
    return Wire(sql, params, size, recall)


def encode_batch(statements: Iterable[Statement]) -> list[Wire]:
    """Statements that are applied together. Raises `DatabaseError` as `encode` does."""
    batch = [encode(statement) for statement in statements]
    size = sum(wire.size for wire in batch)
    if size > MAX_BATCH_BYTES:
        raise _too_large(f"a transaction of {size:,} bytes", f"{MAX_BATCH_BYTES:,} bytes at a time")
    return batch


def decode(result: Mapping[str, Any]) -> Rows:
    """The rows of one statement of a `/raw` answer. Raises `DatabaseError` for a value that was rounded, or is none."""
    results = cast("Mapping[str, Any]", result["results"])
    columns = cast("Sequence[str]", results["columns"])
    rows = cast("Sequence[Sequence[Any]]", results["rows"])
    return [{name: _decoded(value) for name, value in zip(columns, row, strict=True)} for row in rows]


def _kind(value: object) -> type:
    # A bool is an int to SQLite's driver too.
    return next((kind for kind in _KINDS if isinstance(value, kind)), type(value))


def _encoded(value: Param) -> str | float | None:
    if value is None:
        return None
    if isinstance(value, str):
        if _bytes(value) > MAX_VALUE_BYTES:
            raise _too_large(f"a text of {_bytes(value):,} bytes", f"{MAX_VALUE_BYTES:,} bytes a value")
        return value
    if isinstance(value, int):
        if value not in _INT64:
            raise DatabaseError(f"the integer {value} does not fit into 64 bits")
        return str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise DatabaseError(f"{value} cannot be stored: D1 takes finite numbers only")
        return value
    if len(value) > MAX_BLOB_BYTES:
        raise _too_large(f"a blob of {len(value):,} bytes", f"{MAX_BLOB_BYTES:,} bytes a blob")
    return value.hex()


@lru_cache(maxsize=512)
def _placed(sql: str, kinds: tuple[type, ...]) -> str:
    """The SQL with each `?` replaced by the expression for its parameter."""
    left = list(reversed(kinds))

    def replace(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] not in "?:@$":
            return found
        if found != "?":
            raise DatabaseError(f"the parameter {found} has a name or a number; parameters are plain `?`")
        if not left:
            raise DatabaseError(f"a statement has more `?` than its {len(kinds)} parameters: {sql[:80]}")
        return _EXPRESSIONS.get(left.pop(), "?")

    placed = _TOKENS.sub(replace, sql)
    if left:
        raise DatabaseError(f"a statement has fewer `?` than its {len(kinds)} parameters: {sql[:80]}")
    return placed


def _decoded(value: Any) -> Any:
    if isinstance(value, list | dict):
        try:
            return bytes(cast("list[int]", value))
        except (ValueError, TypeError):
            raise DatabaseError("Cloudflare D1 answered with a value that no column holds") from None
    if isinstance(value, int) and abs(value) >= _EXACT:
        raise DatabaseError(
            f"D1 has rounded a whole number beyond 2^53 (to {value})",
            code="inexact_integer",
            hint="read it as text: SELECT CAST(column AS TEXT)",
        )
    return value


def _bytes(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise DatabaseError(f"a text is not valid Unicode: {error.reason}") from None


def _too_large(what: str, limit: str) -> DatabaseError:
    return DatabaseError(f"{what} is too large for Cloudflare D1: it takes {limit}", code="too_large")
