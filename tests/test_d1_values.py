"""What goes to D1 comes back as it was, means there what it means in SQLite, or is refused before it is sent."""

from __future__ import annotations

import math
from typing import Any

import pytest
from conftest import on_both_databases, on_d1

from clash.database.d1.values import MAX_BLOB_BYTES, MAX_STATEMENT_BYTES, MAX_VALUE_BYTES, encode
from clash.database.port import Database, Param, Statement
from clash.errors import DatabaseError

VALUES: list[Param] = [
    None,
    0,
    1,
    -1,
    2**53 - 1,
    -(2**53) + 1,
    0.5,
    -1.25e-7,
    1e300,
    "",
    "plain",
    "naïve 灯台 🎬",
    "a\0b",
    "\ufeffbom",
    "line\nbreak\u2028",
    "'; DROP TABLE kept; --",
    "?",
    b"",
    b"\0",
    bytes(range(256)),
    b"\xff" * 70_000,
    "x" * 70_000,
]


@on_both_databases
async def test_a_value_comes_back_as_it_was(database: Database) -> None:
    """Texts with NUL, blobs, numbers, null: equal, and of the type that SQLite gives them."""
    await database.batch([Statement("CREATE TABLE kept (id INTEGER PRIMARY KEY, value)")])
    await database.batch(
        [Statement("INSERT INTO kept VALUES (?, ?)", (number, value)) for number, value in enumerate(VALUES)]
    )
    rows = await database.query("SELECT value, typeof(value) AS type FROM kept ORDER BY id")
    assert [row["value"] for row in rows] == VALUES
    names = {int: "integer", float: "real", str: "text", bytes: "blob", type(None): "null"}
    assert [row["type"] for row in rows] == [names[type(value)] for value in VALUES]


@on_both_databases
@pytest.mark.parametrize("number", [2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
async def test_a_large_integer_is_exact(database: Database, number: int) -> None:
    """Beyond 2^53, where JSON's numbers round."""
    (row,) = await database.query("SELECT CAST(? AS TEXT) AS text, typeof(?) AS type", (number, number))
    assert row == {"text": str(number), "type": "integer"}


@on_d1
async def test_a_rounded_integer_is_an_error_and_not_a_wrong_number(database: Database) -> None:
    """D1 answers in JSON, so such a number cannot be read as one; the hint says how it can."""
    with pytest.raises(DatabaseError, match="rounded") as refused:
        await database.query("SELECT ? AS number", (2**53 + 1,))
    assert refused.value.code == "inexact_integer"
    assert "CAST" in (refused.value.hint or "")


@on_both_databases
@pytest.mark.parametrize(
    ("sql", "params", "expected"),
    [
        ("SELECT ? / 2 AS v", (5,), 2),
        ("SELECT ? || '' AS v", (5,), "5"),
        ("SELECT json_set('{}', '$.n', ?) AS v", (5,), '{"n":5}'),
        ("SELECT count(*) AS v FROM words WHERE word = ?", (7,), 1),
        ("SELECT count(*) AS v FROM words WHERE word = ?", ("07",), 1),
        ("SELECT count(*) AS v FROM (SELECT 1 FROM words LIMIT ?)", (1,), 1),
        ("SELECT count(*) AS v FROM (SELECT 1 FROM words LIMIT ?)", (-1,), 3),
        ("SELECT group_concat(word, ?) AS v FROM words WHERE word IN (?, ?)", ("?", "7", "07"), "7?07"),
        ("SELECT '?' || ? || \"?\" -- ?\n AS v FROM (SELECT 'x' AS \"?\" /* ? */)", ("y",), "?yx"),
        ("SELECT -? + ? AS v", (True, 3), 2),
    ],
)
async def test_sql_means_the_same_on_both(
    database: Database, sql: str, params: tuple[Param, ...], expected: Any
) -> None:
    """Integer division, text and number comparison, LIMIT, JSON, question marks in texts, names and comments."""
    await database.batch(
        [Statement("CREATE TABLE words (word TEXT)"), Statement("INSERT INTO words VALUES (7), ('07'), ('x')")]
    )
    assert await database.query(sql, params) == [{"v": expected}]


@on_both_databases
@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT ?", ()),
        ("SELECT ?", (1, 2)),
        ("SELECT ? AS v", (2**63,)),
        ("SELECT ? AS v", ("\ud800",)),
        ("INSERT INTO nowhere VALUES (1)", ()),
        ("BEGIN", ()),
        ("SELEC 1", ()),
    ],
)
async def test_what_cannot_be_done_is_a_database_error(database: Database, sql: str, params: tuple[Param, ...]) -> None:
    """Too few and too many values, 65 bits, half a character, no table, a transaction of one's own, a typing error."""
    with pytest.raises(DatabaseError):
        await database.batch([Statement(sql, params)])
    assert await database.query("SELECT 1 AS one") == [{"one": 1}]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(number: float) -> None:
    """JSON has no NaN, and D1 makes null of infinity."""
    with pytest.raises(DatabaseError, match="finite"):
        encode(Statement("SELECT ?", (number,)))


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT '" + "x" * MAX_STATEMENT_BYTES + "'", ()),
        ("SELECT '" + "é" * (MAX_STATEMENT_BYTES // 2) + "'", ()),
        (f"SELECT {', '.join('?' * 101)}", tuple(range(101))),
        ("SELECT ?", ("x" * (MAX_VALUE_BYTES + 1),)),
        ("SELECT ?", ("é" * (MAX_VALUE_BYTES // 2 + 1),)),
        ("SELECT ?", (b"x" * (MAX_BLOB_BYTES + 1),)),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_sent(sql: str, params: tuple[Param, ...]) -> None:
    """A statement of 100,000 bytes, 100 parameters, values of 2,000,000 bytes: D1's limits, told in its own words."""
    with pytest.raises(DatabaseError, match="too large for Cloudflare D1") as refused:
        encode(Statement(sql, params))
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("name", ["?1", ":name", "@name", "$name"])
def test_parameters_have_no_names(name: str) -> None:
    """The port knows plain question marks."""
    with pytest.raises(DatabaseError, match="plain `\\?`"):
        encode(Statement(f"SELECT {name}", (1,)))


@on_d1
async def test_what_just_fits_is_taken(database: Database) -> None:
    """The engine itself takes what is not refused: 100 parameters, a blob of 1,000,000 bytes, a text of 1,900,000."""
    many = await database.query(f"SELECT 99 IN ({', '.join('?' * 100)}) AS found", tuple(range(100)))
    assert many == [{"found": 1}]
    await database.batch([Statement("CREATE TABLE kept (value)")])
    for value in (b"\1" * MAX_BLOB_BYTES, "x" * 1_900_000):
        await database.batch([Statement("DELETE FROM kept"), Statement("INSERT INTO kept VALUES (?)", (value,))])
        assert await database.query("SELECT length(value) AS n FROM kept") == [{"n": len(value)}]


@on_d1
async def test_a_row_that_is_too_large_says_so(database: Database) -> None:
    """Two values that fit, in a row that does not."""
    await database.batch([Statement("CREATE TABLE kept (a, b)")])
    with pytest.raises(DatabaseError) as refused:
        await database.batch([Statement("INSERT INTO kept VALUES (?, ?)", ("x" * 1_500_000, "y" * 1_500_000))])
    assert refused.value.code == "too_large"
