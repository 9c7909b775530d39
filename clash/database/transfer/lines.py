"""The file: JSON Lines in ASCII. A header, then thread by thread its rows, then what the whole must add up to.

    {"format":"clash-export","version":1,"schema":["0001_initial.sql"],"clash":"0.1.0","from":"...","exported_at":"..."}
    {"thread":"run-9"}
    {"workflow_executions":{"workflow_name":"video_production",...}}
    {"api_logs":{...}}
    {"checkpoints":{...,"checkpoint":{"base64":"..."}}}
    {"end":{"threads":1,"rows":{"workflow_executions":1,...},"sha256":"..."}}

The sha256 is that of all lines between the first and the last. Equal runs are equal lines, whichever database they
come from. Bytes are base64; a text in a column of bytes is a JSON string, so that nothing changes its type.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from clash.database.migrations import known_migrations
from clash.database.port import Param
from clash.database.row_checks import DamagedRowError
from clash.database.transfer.layout import Column, Table, tables
from clash.errors import DatabaseError, StorageError, UsageError, VersionMismatchError
from clash.installation import upgrade_command
from clash.redaction import hide

FORMAT = "clash-export"
VERSION = 1
MAX_LINE_BYTES = 256 * 2**20
"""A checkpoint of some 190 MB. What is no export at all is not read into memory to find that out."""
_MAX_HEADER_BYTES = 65_536
_MAX_SHORT_BYTES = 16 * 2**20
_MAY_BE_LONG = (b'{"checkpoints":', b'{"writes":')
"""Only these rows hold large values; a longer line of anything else is not read to its end."""
_INT64 = range(-(2**63), 2**63)

Values = dict[str, Param]
"""A row as it is stored, by the names of the file's columns."""


@dataclass(frozen=True)
class Header:
    """What the first line says. `schema`: the migrations of the database that it was taken from."""

    source: str
    exported_at: str
    schema: tuple[str, ...]
    clash: str

    @property
    def line(self) -> bytes:
        """The first line."""
        return _line(
            {
                "format": FORMAT,
                "version": VERSION,
                "schema": self.schema,
                "clash": self.clash,
                "from": self.source,
                "exported_at": self.exported_at,
            }
        )


@dataclass
class Tally:
    """What the lines between the first and the last add up to."""

    threads: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(tables(), 0))
    sha256: Any = field(default_factory=hashlib.sha256)

    def add(self, name: str, line: bytes) -> None:
        """Count a line."""
        if name == "thread":
            self.threads += 1
        else:
            self.rows[name] += 1
        self.sha256.update(line)

    @property
    def facts(self) -> dict[str, Any]:
        """What the last line says."""
        return {"threads": self.threads, "rows": dict(self.rows), "sha256": self.sha256.hexdigest()}

    @property
    def line(self) -> bytes:
        """The last line."""
        return _line({"end": self.facts})


@dataclass(frozen=True)
class Entry:
    """A line behind the first: a thread that begins (`values` is its id), or a row of the table `name`."""

    number: int
    name: str
    values: str | Values
    line: bytes


# -- writing ---------------------------------------------------------------------------------------------------


def thread_line(thread_id: str) -> bytes:
    """The line with which the rows of a thread begin."""
    return _line({"thread": thread_id})


def row_line(table: Table, values: Mapping[str, Any]) -> bytes:
    """The line of a row. Raises `DatabaseError` for a value that clash never stores there."""
    line = _line({table.name: {column.name: _told(table, column, values[column.name]) for column in table.columns}})
    if len(line) > MAX_LINE_BYTES:
        raise DatabaseError(f"a row of {table.name} has {len(line):,} bytes and cannot be exported", code="too_large")
    return line


def _told(table: Table, column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.kind != "integer" and isinstance(value, str):
        return hide(value)  # an older clash stored what servers repeated of a key
    if column.kind == "integer" and isinstance(value, int):
        return value
    if column.kind == "blob" and isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    kind = type(value).__name__
    fault = f"{column.name} holds a value of type {kind}, which clash never stores there"
    raise DamagedRowError(table.name, "a row", fault)


def _line(document: Mapping[str, Any]) -> bytes:
    # ASCII survives every pipe, editor and code page.
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


# -- reading ---------------------------------------------------------------------------------------------------


def read_header(stream: BinaryIO) -> Header:
    """The first line. Raises `UsageError` for what is no export, `VersionMismatchError` for one that is too new."""
    line = _next_line(stream, 1, _MAX_HEADER_BYTES)
    try:
        found = _object(json.loads(line))
    except (ValueError, RecursionError):
        found = {}
    if found.get("format") != FORMAT:
        raise _no_export()
    if found.get("version") != VERSION:
        raise VersionMismatchError(
            f"line 1: the export is of version {found.get('version')!r}, this clash reads version {VERSION}",
            code="export_version",
            hint=f"upgrade clash: {upgrade_command()}",
        )
    schema = found.get("schema")
    names = cast("list[Any]", schema) if isinstance(schema, list) else []
    known = {migration.name for migration in known_migrations()}
    if newer := sorted({str(name) for name in names} - known):
        raise VersionMismatchError(
            f"line 1: the export is newer than this clash: its schema has {', '.join(newer)[:200]}",
            code="schema_newer",
            hint=f"upgrade clash: {upgrade_command()}",
        )
    if not names:
        raise nonsense(1, "it names no schema")
    texts = [str(found.get(name, "")) for name in ("from", "exported_at", "clash")]
    return Header(texts[0], texts[1], tuple(names), texts[2])


def read_entries(stream: BinaryIO, header: Header) -> Iterator[Entry]:
    """The lines behind the first, each checked by itself and in its place; at the end the sums.

    Raises `UsageError` naming the line and what is wrong with it, `StorageError` if the file cannot be read.
    """
    tally, older = Tally(), len(header.schema) < len(known_migrations())
    order, number = list(tables()), 1
    place = -1
    while True:
        number += 1
        line = _next_line(stream, number, MAX_LINE_BYTES)
        name, value = _named(line, number)
        if name == "end":
            _check_end(value, tally, number, older=older)
            break
        if name == "thread":
            if not isinstance(value, str) or not value or not _is_unicode(value):
                raise nonsense(number, "a thread without an id")
            entry, place = Entry(number, name, value, line), 0
        else:
            if name not in order:
                raise nonsense(number, f"there is no table {name[:80]!r}")
            if place < 0 or order.index(name) < place:
                raise nonsense(number, f"a row of {name} is not in its place")
            place = order.index(name)
            entry = Entry(number, name, _row(tables()[name], value, number, older=older), line)
        tally.add(name, line)
        yield entry
    try:
        more = stream.read(1)
    except (OSError, EOFError, zlib.error) as error:
        # The packed file has something behind its end, or its checksum is another one.
        raise _unread(error, number + 1) from error
    if more:
        raise nonsense(number + 1, "there is something behind the end")


def nonsense(number: int, why: str) -> UsageError:
    """The error for a line that no export has."""
    return UsageError(f"line {number}: {why}", code="damaged_export", hint="export again; nothing was imported")


def _next_line(stream: BinaryIO, number: int, limit: int) -> bytes:
    try:
        line = stream.readline(min(limit, _MAX_SHORT_BYTES) + 2)
        if len(line) > _MAX_SHORT_BYTES and not line.endswith(b"\n") and line.startswith(_MAY_BE_LONG):
            line += stream.readline(limit - len(line) + 2)
    except (OSError, EOFError, zlib.error) as error:
        raise _unread(error, number) from error
    if not line.endswith(b"\n"):
        if len(line) > min(limit, _MAX_SHORT_BYTES) and number > 1:
            raise nonsense(number, "it is longer than any line of an export")
        raise _cut_off(number)
    # A pipe of Windows makes two characters of each end of a line.
    return line.removesuffix(b"\n").removesuffix(b"\r") + b"\n"


def _unread(error: Exception, number: int) -> UsageError | StorageError:
    # gzip's own error for what is no gzip is an OSError without a number.
    if isinstance(error, OSError) and error.errno is not None:
        return StorageError(f"the export could not be read: {error.strerror}")
    return _cut_off(number)


def _no_export() -> UsageError:
    return UsageError(
        "line 1: this is not an export of clash", code="not_an_export", hint="`clash db export FILE` makes one"
    )


def _cut_off(number: int) -> UsageError:
    if number == 1:
        return _no_export()
    return UsageError(
        f"line {number}: the export is cut off or damaged here",
        code="damaged_export",
        hint="copy it again, or export again; nothing was imported",
    )


def _named(line: bytes, number: int) -> tuple[str, Any]:
    """The one name of a line and what stands under it."""
    try:
        found = _object(json.loads(line, parse_constant=_no_number))
    except (ValueError, RecursionError):
        raise nonsense(number, "it is not JSON, or damaged") from None
    if len(found) != 1:
        raise nonsense(number, "it is no row")
    return next(iter(found.items()))


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _check_end(value: Any, tally: Tally, number: int, *, older: bool) -> None:
    facts, found = _object(value), tally.facts
    # An older schema lacks tables, of which its exports count no rows.
    counted = {**(dict.fromkeys(tables(), 0) if older else {}), **_object(facts.get("rows"))}
    if counted != found["rows"] or facts.get("threads") != found["threads"]:
        raise nonsense(number, "rows are missing, or there are too many: the counts do not agree")
    if facts.get("sha256") != found["sha256"]:
        raise nonsense(number, "a line was changed: the checksum does not agree")


def _row(table: Table, value: Any, number: int, *, older: bool) -> Values:
    """A row with a value for each column. `older`: columns that an older schema lacks have their defaults."""
    row = _object(value)
    if unknown := row.keys() - {column.name for column in table.columns}:
        raise nonsense(number, f"{table.name} has no column {sorted(unknown)[0][:80]!r}")
    values: Values = {}
    for column in table.columns:
        if column.name not in row and not (older and (column.nullable or column.default is not None)):
            raise nonsense(number, f"{table.name}.{column.name} is missing")
        values[column.name] = _value(table, column, row.get(column.name, column.default), number)
    return values


def _value(table: Table, column: Column, value: Any, number: int) -> Param:
    name = f"{table.name}.{column.name}"
    if value is None:
        if not column.nullable:
            raise nonsense(number, f"{name} has no value")
        return None
    if column.kind == "integer":
        if isinstance(value, bool) or not isinstance(value, int) or value not in _INT64:
            raise nonsense(number, f"{name} is no whole number of 64 bits")
        return value
    if isinstance(value, str):
        if not _is_unicode(value):
            raise nonsense(number, f"{name} is no Unicode text")
        if column.json is not None and not _is_json(value, column.json):
            raise nonsense(number, f"{name} is not the JSON that it should be")
        return value
    if column.kind == "blob" and isinstance(value, dict):
        try:
            return base64.b64decode(cast("dict[str, Any]", value)["base64"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise nonsense(number, f"{name} is not base64") from None
    raise nonsense(number, f"{name} is of another type: {column.kind} is wanted")


def _is_json(text: str, kind: type) -> bool:
    try:
        return isinstance(json.loads(text), kind)
    except (ValueError, RecursionError):
        return False


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
