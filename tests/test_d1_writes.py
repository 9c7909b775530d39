"""A write to D1 is applied once, whatever the network does to the request and to its answer.

The engine is real; only the network between fails, on demand.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import permutations

import pytest
from d1_engine import ACCOUNT, TOKEN, D1Engine
from d1_engine.faults import FaultyNetwork, Hurry
from pydantic import SecretStr

from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account, Retries
from clash.database.port import Statement
from clash.errors import DatabaseError, NotFoundError

FIVE_TRIES = Retries(wait_s=3)
ADD = Statement("UPDATE purse SET coins = coins + 1")
Open = Callable[..., Awaitable[D1Database]]


@pytest.fixture
def network() -> FaultyNetwork:
    """The network of the database."""
    return FaultyNetwork()


@pytest.fixture
async def connect(d1_engine: D1Engine) -> AsyncGenerator[Open]:
    """Opens one new database over a network, as often as it is called."""
    account = Account(ACCOUNT, SecretStr(TOKEN), d1_engine.base_url)
    database_id = d1_engine.make_database(f"writes-{secrets.token_hex(8)}")
    opened: list[D1Database] = []

    async def connect(network: FaultyNetwork) -> D1Database:
        opened.append(await D1Database.open(database_id, account, retries=FIVE_TRIES, transport=network, clock=Hurry()))
        return opened[-1]

    yield connect
    for database in opened:
        await database.close()


@pytest.fixture
async def purse(connect: Open, network: FaultyNetwork) -> D1Database:
    """A database that holds a purse without coins."""
    database = await connect(network)
    await database.batch(
        [
            Statement("CREATE TABLE purse (coins INTEGER NOT NULL)"),
            Statement("INSERT INTO purse VALUES (0)"),
            Statement("CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"),
        ]
    )
    network.sent.clear()
    return database


async def coins(database: D1Database) -> int:
    (row,) = await database.query("SELECT coins FROM purse")
    return int(row["coins"])


def named(name: str) -> Statement:
    """Inserts a name and returns its id, now or later."""
    return Statement(
        "INSERT INTO names (name) VALUES (?) RETURNING id",
        (name,),
        recall=Statement("SELECT id FROM names WHERE name = ?", (name,)),
    )


FAULTS = ["lost", "dropped", "delayed", "failed", "garbled"]


@pytest.mark.parametrize("faults", [*((one,) for one in FAULTS), *permutations(FAULTS, 2), ("lost",) * 4])
async def test_a_write_is_applied_once(purse: D1Database, network: FaultyNetwork, faults: tuple[str, ...]) -> None:
    """Executed or not, answered or not, in any order, and when late copies arrive afterwards: one coin."""
    network.faults.extend(faults)
    await purse.batch([ADD])
    assert len(network.sent) == len(faults) + 1
    assert await coins(purse) == 1
    for answer in await network.deliver():
        assert answer.status_code == 400
    assert await coins(purse) == 1


async def test_a_write_costs_no_request_to_be_safe(purse: D1Database, network: FaultyNetwork) -> None:
    """One request in the normal case, and one for what ten callers write at a time."""
    await purse.batch([ADD])
    assert len(network.sent) == 1
    await asyncio.gather(*(purse.batch([ADD]) for _ in range(10)))
    assert len(network.sent) == 2
    assert await coins(purse) == 11


async def test_a_late_copy_of_a_write_changes_nothing(purse: D1Database, network: FaultyNetwork) -> None:
    """Five timeouts, an error to the caller, another write; then the five requests arrive after all."""
    network.faults.extend(["delayed"] * 5)
    with pytest.raises(DatabaseError) as told:
        await purse.batch([ADD])
    assert told.value.code == "database_unreachable"
    await purse.batch([Statement("UPDATE purse SET coins = coins + 100")])
    assert {answer.status_code for answer in await network.deliver()} == {400}
    assert await coins(purse) == 100


@pytest.mark.parametrize("fault", ["lost", "failed", "garbled"])
async def test_what_a_lost_answer_said_is_read_again(purse: D1Database, network: FaultyNetwork, fault: str) -> None:
    """The rows of RETURNING, of a reading statement and of one that returns none: as the lost answer had them."""
    network.faults.append(fault)
    results = await purse.batch([named("mara"), ADD, Statement("SELECT coins FROM purse")])
    assert results == [[{"id": 1}], [], [{"coins": 1}]]
    assert len(network.sent) == 3


async def test_each_caller_of_a_group_gets_its_own_rows_again(purse: D1Database, network: FaultyNetwork) -> None:
    """Twenty callers in one request whose answer is lost: each is told its own id, over one more read."""
    network.faults.append("lost")
    answers = await asyncio.gather(*(purse.batch([named(f"name {n}")]) for n in range(20)))
    rows = await purse.query("SELECT id, name FROM names ORDER BY id")
    assert {row["name"]: row["id"] for row in rows} == {f"name {n}": answers[n][0][0]["id"] for n in range(20)}
    assert len(network.sent) == 4  # written, refused as written before, read again; and the query of this test


async def test_rows_that_cannot_be_read_again_are_an_error(purse: D1Database, network: FaultyNetwork) -> None:
    """RETURNING without `recall`: the write stands, and the error says so; it is not applied again."""
    network.faults.append("lost")
    with pytest.raises(DatabaseError, match="was applied") as told:
        await purse.batch([Statement("UPDATE purse SET coins = coins + 1 RETURNING coins")])
    assert (told.value.code, told.value.retryable) == ("answer_lost", True)
    assert await coins(purse) == 1


async def test_one_callers_mistake_undoes_nobody_elses_write(purse: D1Database, network: FaultyNetwork) -> None:
    """A group with a broken statement and a broken constraint: those two fail, each for its reason; the rest stands."""
    await purse.batch([named("taken")])
    outcomes = await asyncio.gather(
        purse.batch([ADD]),
        purse.batch([ADD, Statement("INSERT INTO nowhere VALUES (1)")]),
        purse.batch([ADD]),
        purse.batch([ADD, named("taken")]),
        purse.batch([ADD]),
        return_exceptions=True,
    )
    assert [isinstance(outcome, DatabaseError) for outcome in outcomes] == [False, True, False, True, False]
    assert "no such table" in str(outcomes[1])
    assert "UNIQUE" in str(outcomes[3])
    assert await coins(purse) == 3


async def test_a_mistake_in_doubt_is_not_taken_apart(purse: D1Database, network: FaultyNetwork) -> None:
    """A group timed out, and its second copy is refused: the first may still arrive, so nothing is sent one by one."""
    network.faults.append("delayed")
    outcomes = await asyncio.gather(
        purse.batch([ADD]), purse.batch([Statement("INSERT INTO nowhere VALUES (1)")]), return_exceptions=True
    )
    assert all(isinstance(outcome, DatabaseError) for outcome in outcomes)
    assert len(network.sent) == 2
    assert await coins(purse) == 0


async def test_two_writers_do_not_get_into_each_others_way(connect: Open, purse: D1Database) -> None:
    """Two processes, each with faults of its own: every write of both is applied once."""
    networks = [FaultyNetwork(), FaultyNetwork()]
    writers = [await connect(network) for network in networks]
    for number in range(10):
        for network in networks:
            network.faults.append(FAULTS[number % len(FAULTS)])
        await asyncio.gather(*(writer.batch([ADD]) for writer in writers))
    for network in networks:
        await network.deliver()
    assert await coins(purse) == 20


async def test_a_read_survives_what_a_write_survives(purse: D1Database, network: FaultyNetwork) -> None:
    """And reads that wait go together too."""
    network.faults.extend(["lost", "dropped", "failed"])
    answers = await asyncio.gather(*(purse.query("SELECT ? AS n, coins FROM purse", (n,)) for n in range(10)))
    assert answers == [[{"n": n, "coins": 0}] for n in range(10)]
    assert len(network.sent) == 4


async def test_a_wrong_read_spoils_no_other(purse: D1Database) -> None:
    """Of three reads in one request the broken one fails."""
    outcomes = await asyncio.gather(
        purse.query("SELECT 1 AS n"),
        purse.query("SELECT nonsense"),
        purse.query("SELECT 3 AS n"),
        return_exceptions=True,
    )
    assert (outcomes[0], outcomes[2]) == ([{"n": 1}], [{"n": 3}])
    assert isinstance(outcomes[1], DatabaseError)


async def test_a_group_is_not_larger_than_a_request_should_be(purse: D1Database, network: FaultyNetwork) -> None:
    """Thirty megabytes that are written at a time go in several requests, in order."""
    await asyncio.gather(
        *(purse.batch([Statement("INSERT INTO names (name) VALUES (?)", (f"{n:02d}" * 500_000,))]) for n in range(30))
    )
    assert 4 <= len(network.sent) <= 6
    assert max(len(request.content) for request in network.sent) < 9_000_000
    rows = await purse.query("SELECT substr(name, 1, 2) AS name FROM names ORDER BY id")
    assert [row["name"] for row in rows] == [f"{n:02d}" for n in range(30)]


async def test_a_cancelled_write_is_applied_whole(purse: D1Database, network: FaultyNetwork) -> None:
    """Its caller is gone, the batch is not; and closing waits for it."""
    writing = asyncio.create_task(purse.batch([ADD, ADD]))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await purse.close()
    assert len(network.sent) == 1
    with pytest.raises(DatabaseError, match="was closed"):
        await purse.batch([ADD])


async def test_what_is_kept_about_writers_does_not_grow(connect: Open, purse: D1Database) -> None:
    """One small row a writer; those that have not written for a day are forgotten by the next."""
    for _ in range(3):
        other = await connect(FaultyNetwork())
        for _ in range(5):
            await other.batch([ADD])
    count = Statement("SELECT count(*) AS n FROM d1_writers")
    assert await purse.batch([count]) == [[{"n": 4}]]
    await purse.batch([Statement("UPDATE d1_writers SET written_at = written_at - 90000, writer = '0' || writer")])
    newcomer = await connect(FaultyNetwork())
    assert await newcomer.batch([count]) == [[{"n": 1}]]


async def test_a_name_is_looked_up_once(d1_engine: D1Engine, network: FaultyNetwork) -> None:
    """Among more databases than a page lists, and more that are called alike; opened again, it is known."""
    account = Account("an-account-with-many", SecretStr(TOKEN), d1_engine.base_url)
    for name in ("film", *(f"film-{number}" for number in range(110))):
        d1_engine.make_database(name, account=account.id)
    for _ in range(2):
        database = await D1Database.open("film", account, transport=network)
        assert await database.query("SELECT 1 AS one") == [{"one": 1}]
        await database.close()
    assert [request.method for request in network.sent] == ["GET", "GET", "POST", "POST"]


async def test_a_name_that_nobody_has_is_not_found(d1_engine: D1Engine, network: FaultyNetwork) -> None:
    """Exit 3, and the command that makes it."""
    account = Account(ACCOUNT, SecretStr(TOKEN), d1_engine.base_url)
    with pytest.raises(NotFoundError, match="'nowhere'") as told:
        await D1Database.open("nowhere", account, transport=network)
    assert "wrangler d1 create nowhere" in (told.value.hint or "")
