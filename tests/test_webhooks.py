"""Webhooks: signed, in order, told again until they are taken, and never the reason why a run fails."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import RUN, on_both_databases
from filming import shot_list
from listening import HOOK, Listener, is_signed
from raw_server import Part, raw_server

from clash.config import Settings, load_settings
from clash.database import migrations
from clash.database.connection import open_database
from clash.database.lease import Lease, take_lease, this_process
from clash.database.metadata import AsyncMetadataTracker
from clash.database.outbox import NewEvent, begin_attempt, pending_events
from clash.database.port import Database, Statement
from clash.errors import ConflictError, SettingsError
from clash.events.delivery import WAITS_S, Attempts, deliver
from clash.events.receivers import Receiver
from clash.production import RunRequest, flush_webhooks, run
from clash.reports.webhooks import list_webhooks
from clash.vocabulary import RunStatus


@pytest.fixture
def receiver(telling: Settings) -> Receiver:
    """The receiver of these settings."""
    found = Receiver.of(telling)
    assert found is not None
    return found


def event(receiver: Receiver, number: int, kind: str = "run.paused") -> NewEvent:
    """An event that is to be stored."""
    body = json.dumps({"type": kind, "number": number})
    return NewEvent(f"msg_{number}", kind, "2026-11-27T12:00:00.000Z", receiver.shown, receiver.digest, body)


async def store(database: Database, lease: Lease, *events: NewEvent) -> None:
    """Store events, each with a status."""
    for one in events:
        await AsyncMetadataTracker(database).set_status(lease, RunStatus.PAUSED, event=one)


class Slept:
    """Waits in place of the clock: notes how long, and waits not at all."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


_OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        (_OK + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000,),
        (_OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"4\r\nwxyz\r\n", "stall"),
        (_OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nwxyz",),
        (_OK + b"Content-Length: 100\r\n\r\nwxyz", "reset"),
    ],
    ids=["large", "endless", "unreadable", "cut"],
)
async def test_the_status_decides_and_not_the_body(
    database: Database, lease: Lease, receiver: Receiver, answer: Iterable[Part]
) -> None:
    """An event that was taken with 200 is delivered and sent once, whatever the body of the answer is."""
    await store(database, lease, event(receiver, 1))
    async with raw_server(lambda _: answer) as server:
        found = await deliver(database, replace(receiver, url=server.url), attempts=Attempts((0.0,)))
        assert (len(found.delivered), found.pending, found.error) == (1, 0, None)
        assert len(server.posts) == 1


def test_the_signature_is_that_of_the_specification(telling: Settings) -> None:
    """The example that the specification's libraries test with."""
    secret = {"CLASH_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    found = Receiver.of(load_settings(secret))
    assert found is not None
    assert telling.webhook is not None
    signature = found.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@on_both_databases
async def test_an_event_is_sent_signed_and_once(
    database: Database, lease: Lease, receiver: Receiver, listener: Listener
) -> None:
    """What was stored is what arrives; a second pass sends nothing."""
    await store(database, lease, event(receiver, 1))
    found = await deliver(database, receiver)
    assert (len(found.delivered), found.pending, found.error) == (1, 0, None)
    (path, headers, body), *more = listener.got
    assert (path, json.loads(body), more) == (HOOK, {"type": "run.paused", "number": 1}, [])
    assert (headers["webhook-id"], headers["content-type"]) == ("msg_1", "application/json")
    assert is_signed(headers, body)
    assert not (await deliver(database, receiver)).delivered
    assert len(listener.got) == 1


@on_both_databases
async def test_the_event_is_stored_with_its_status_or_not(database: Database, lease: Lease, receiver: Receiver) -> None:
    """A process that lost the lease changes neither the status nor the outbox."""
    lost = Lease(lease.run_id, lease.owner, lease.generation - 1)
    with pytest.raises(ConflictError):
        await store(database, lost, event(receiver, 1))
    assert not await AsyncMetadataTracker(database).complete(
        lease, changes=7, event=event(receiver, 2, "run.completed")
    )
    assert await pending_events(database) == []
    assert await AsyncMetadataTracker(database).complete(lease, changes=0, event=event(receiver, 3, "run.completed"))
    assert [row.event_id for row in await pending_events(database)] == ["msg_3"]


@on_both_databases
async def test_five_attempts_then_the_next_pass(
    database: Database, lease: Lease, receiver: Receiver, listener: Listener
) -> None:
    """Growing waits, the same id each time; what failed is pending with its error, and holds back what came after."""
    await store(database, lease, event(receiver, 1), event(receiver, 2))
    listener.answers = [500] * 6
    slept = Slept()
    found = await deliver(database, receiver, sleep=slept)
    assert slept.seconds == list(WAITS_S) == sorted(WAITS_S)
    assert (len(found.failed), found.waiting, found.error) == (1, 1, "it answered 500")
    assert listener.ids == ["msg_1"] * 5
    first, second = await pending_events(database)
    assert (first.attempts, first.last_error, second.attempts) == (5, "it answered 500", 0)
    found = await deliver(database, receiver, sleep=slept)
    assert [row.event_id for row in found.delivered] == ["msg_1", "msg_2"]
    assert listener.ids == ["msg_1"] * 7 + ["msg_2"]
    assert len({body for _, headers, body in listener.got if headers["webhook-id"] == "msg_1"}) == 1
    assert await pending_events(database) == []


async def test_a_receiver_that_is_gone_is_not_asked_again(
    database: Database, lease: Lease, receiver: Receiver, listener: Listener
) -> None:
    """410 ends the pass, and so does a redirection, which is not followed; a wait is as long as the receiver asks."""
    await store(database, lease, event(receiver, 1))
    slept = Slept()
    listener.answers, listener.headers = [410, 302, 429], {"location": f"{listener.url}/other", "retry-after": "3"}
    assert (await deliver(database, receiver, sleep=slept)).error == "it answered 410"
    redirected = await deliver(database, receiver, sleep=slept)
    assert "redirected" in (redirected.error or "")
    assert (len(listener.got), slept.seconds) == (2, [])
    assert len((await deliver(database, receiver, sleep=slept)).delivered) == 1
    assert slept.seconds == [3.0]


async def test_the_time_for_a_dead_receiver_is_bounded(database: Database, lease: Lease, receiver: Receiver) -> None:
    """A wait that would pass the limit is not begun."""
    await store(database, lease, event(receiver, 1))
    nowhere = Receiver("http://127.0.0.1:9/", receiver.keys, receiver.shown, receiver.digest)
    slept, now = Slept(), [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    found = await deliver(database, nowhere, attempts=Attempts(longest_s=4.0), sleep=slept, clock=clock)
    assert len(found.failed) == 1
    assert len(slept.seconds) < len(WAITS_S)


@on_both_databases
async def test_one_process_at_a_time_sends_an_event(
    database: Database, lease: Lease, receiver: Receiver, listener: Listener
) -> None:
    """What a live process is sending is left to it; what a killed one was sending is sent at once."""
    await store(database, lease, event(receiver, 1))
    (row,) = await pending_events(database)
    assert await begin_attempt(database, row, this_process(), longest_s=60)
    found = await deliver(database, receiver)
    assert (found.waiting, listener.got) == (1, [])
    (row,) = await pending_events(database)
    host, pid, identity, _ = str(row.sender).split("/")
    killed = f"{host}/{pid}/{identity.partition('.')[0]}.1/0000"
    assert await begin_attempt(database, row, str(row.sender), longest_s=60)
    await _rename_sender(database, killed)
    assert len((await deliver(database, receiver)).delivered) == 1


async def _rename_sender(database: Database, sender: str) -> None:
    await database.batch([Statement("UPDATE webhook_events SET sender = ?", (sender,))])


async def test_another_address_waits_for_its_own(
    database: Database, lease: Lease, receiver: Receiver, listener: Listener, telling: Settings
) -> None:
    """An event for another receiver is not sent to this one, unless that is asked for."""
    other = load_settings({"CLASH_WEBHOOK": "https://hooks.example/other-hook"})
    elsewhere = Receiver.of(other)
    assert elsewhere is not None
    await store(database, lease, event(elsewhere, 1))
    found = await flush_webhooks(None, telling)
    assert (found.delivered, found.pending, found.elsewhere) == (0, 0, 1)
    found = await flush_webhooks(RUN, telling, every=True)
    assert (found.delivered, found.elsewhere, listener.ids) == (1, 0, ["msg_1"])
    (listed,) = (await list_webhooks(telling, RUN)).items
    assert (listed.state, listed.receiver) == ("delivered", receiver.shown)


async def test_a_wish_to_stop_leaves_events_for_later(
    database: Database, lease: Lease, receiver: Receiver, listener: Listener
) -> None:
    """Ctrl-C between two attempts: no other follows, and the event stays."""
    await store(database, lease, event(receiver, 1))
    listener.answers = [503]
    found = await deliver(database, receiver, stopped=lambda: bool(listener.got), sleep=Slept())
    assert (len(listener.got), found.pending) == (1, 1)


@on_both_databases
async def test_a_database_of_the_version_before_is_told_of(
    database_url: str, receiver: Receiver, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runs stay, and their events are stored from the migration on."""
    before = tuple(one for one in migrations.known_migrations() if one.name < "0006")
    async with open_database(database_url, "create") as database:
        with monkeypatch.context() as older:
            older.setattr(migrations, "known_migrations", lambda: before)
            await migrations.migrate(database)
            began = "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at)"
            now = "2026-11-23T09:05:00.000Z"
            values = "VALUES (?, 'video_production', 'running', ?, ?)"
            await database.batch([Statement(f"{began} {values}", (RUN, now, now))])
        assert "0006_webhook_events.sql" in await migrations.migrate(database)
        await store(database, await take_lease(database, RUN), event(receiver, 1))
        assert len((await deliver(database, receiver)).delivered) == 1
    assert listener.ids == ["msg_1"]


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CLASH_WEBHOOK", "http://hooks.example/x", "unencrypted"),
        ("CLASH_WEBHOOK", "ftp://hooks.example/x", "not an http"),
        ("CLASH_WEBHOOK_SECRET", "whsec_not base64!", "whsec_ and base64"),
        ("CLASH_WEBHOOK_SECRET", "whsec_YQ==", "a key of 1 bytes"),
        ("CLASH_WEBHOOK_SECRET", "", "needs a secret"),
        ("CLASH_ON_EVENT", "no-such-program-anywhere", "no program"),
        ("CLASH_ON_EVENT", "jq 'open", "split into words"),
    ],
)
async def test_what_cannot_be_told_is_refused_at_once(
    telling: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    """Before there is a run or a database, exit 4."""
    monkeypatch.setenv(variable, value)
    story = shot_list(tmp_path / "story.csv", 1)
    with pytest.raises(SettingsError, match=message) as refused:
        await run(RunRequest(str(story), thread_id="t"), load_settings())
    assert (refused.value.exit_code, (tmp_path / "data").exists()) == (4, False)
    assert telling.webhook is not None


async def test_a_host_that_is_allowed_may_be_plain(telling: Settings) -> None:
    """http to a host that CLASH_ALLOW_HOSTS names; a query is part of an address."""
    plain = {"CLASH_WEBHOOK": "http://relay.lan:8080/x?a=b", "CLASH_ALLOW_HOSTS": "relay.lan:8080"}
    found = Receiver.of(load_settings(plain))
    assert found is not None
    assert telling.webhook is not None
    assert (found.shown, found.url in repr(found)) == ("http://relay.lan:8080", False)
