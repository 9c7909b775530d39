"""No call and no job without an end; and a run that is told to stop ends in time, whatever hangs in it."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import SMALL, environment, forked, forked_clash, metered, rows_of, shot_list
from forks import Fork
from paid import Bills, Keyed, OneShot, PaidRun, Queued, all_of, task
from raw_server import answer, raw_server

from clash.assets import AssetStore
from clash.calls.jobs import JobTimeoutError
from clash.calls.spec import CallResult
from clash.calls.waiting import NoAnswerError, TimeLimits, Waiting
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import PersonNeededError, StoppedError
from clash.production import StopSignal
from clash.providers.ports import Answer, Context, Job, JobStatus, Request

SHORT = TimeLimits(call_s=0.3, job_s=0.3, stop_s=0.3)
PAID = ("--image-model", "oneshot:illustrator")
KEYED = ("--image-model", "metered:illustrator")
QUEUED = ("--image-model", "queued:illustrator")


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


# -- a call and a job have an end --------------------------------------------------------------------------------


@on_both_databases
async def test_a_call_that_never_answers_becomes_unknown(paid_run: PaidRun) -> None:
    """Charged, then silence: after the limit a person is asked, and its money stays reserved."""
    bills = Bills()
    provider = OneShot(bills, gated=True)
    ledger = await paid_run.ledger(provider, time_limits=SHORT)
    with pytest.raises(PersonNeededError, match="no answer within 0 s: a"):
        await asyncio.wait_for(ledger.call(task("a")), timeout=20)
    assert (await paid_run.states(), await paid_run.money()) == (["unknown"], (0, 100_000))


@on_both_databases
async def test_a_keyed_call_that_never_answers_is_asked_again_later(paid_run: PaidRun) -> None:
    """Not again at once, which would take as long again; the next process asks under the same key."""
    bills = Bills()
    provider = Keyed(bills, gated=True)
    with pytest.raises(NoAnswerError):
        await asyncio.wait_for((await paid_run.ledger(provider, time_limits=SHORT)).call(task("a")), timeout=20)
    assert (bills.asked["a"], await paid_run.states()) == (1, ["intent"])
    provider.gate.set()
    await (await paid_run.ledger(provider)).call(task("a"))
    assert (await paid_run.states(), len(bills.charges)) == (["succeeded"], 1)


@on_both_databases
async def test_a_job_that_never_ends_keeps_its_id(paid_run: PaidRun) -> None:
    """After the limit the call fails for now; the next process looks at the same job, for the one charge."""
    bills = Bills()
    provider = Queued(bills, status=JobStatus("running"))
    with pytest.raises(JobTimeoutError, match="job-0 is still running"):
        await asyncio.wait_for((await paid_run.ledger(provider, time_limits=SHORT)).call(task("a")), timeout=20)
    assert await paid_run.states() == ["submitted"]
    provider.status = JobStatus("succeeded")
    await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1


@pytest.mark.parametrize(("own", "limit"), [(5, 5.0), (100, 60.0), (None, 60.0), (0, 60.0), ("soon", 60.0)])
def test_a_provider_s_own_limit_holds_below_the_setting(own: object, limit: float) -> None:
    """`timeout_s` of a provider shortens the wait, and never lengthens it."""
    provider = Keyed(Bills())
    provider.timeout_s = own  # type: ignore[attr-defined]
    limits = TimeLimits(call_s=60.0, job_s=60.0)
    assert (limits.of_call(provider), limits.of_job(provider)) == (limit, limit)


async def test_an_answer_that_comes_at_the_last_moment_is_kept() -> None:
    """The call is cut off just as it answers: what it brings is taken."""

    async def late() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "the answer"
        return "never"

    waiting = Waiting(SHORT, lambda: None)
    assert await waiting.answer(late(), "shot:001", 0.1) == "the answer"


async def test_an_answer_that_comes_right_after_the_limit_is_kept() -> None:
    """It is on its way through two tasks when the time is over."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[str] = loop.create_future()

    async def inner() -> str:
        return await came

    async def call() -> str:
        # In the turn of the loop in which the limit wakes the wait.
        loop.call_later(limit_s, lambda: loop.call_soon(lambda: came.set_result("the answer")))
        return await asyncio.create_task(inner())

    limit_s = 0.05
    assert await Waiting(TimeLimits(), lambda: None).answer(call(), "shot:001", limit_s) == "the answer"


async def test_a_call_for_which_no_time_is_left_is_not_begun() -> None:
    """The run is being stopped, and its time is over: nothing is sent that would be paid for and cut off."""
    begun: list[str] = []

    async def call() -> None:
        begun.append("shot:001")

    waiting = Waiting(TimeLimits(stop_s=0), stopped)
    with pytest.raises(NoAnswerError):
        await waiting.answer(call(), "shot:001", 60)
    assert begun == []


def stopped() -> None:
    """What a stop check raises in a run that is being stopped."""
    raise StoppedError("SIGTERM")


def test_a_stop_is_seen_in_a_second_event_loop() -> None:
    """The first one was closed with a look ahead and a call under way."""
    is_stopped: list[bool] = []
    waiting = Waiting(SHORT, lambda: stopped() if is_stopped else None)
    first = asyncio.new_event_loop()
    left = first.create_task(waiting.answer(asyncio.sleep(3600), "shot:001", 3600))
    first.run_until_complete(asyncio.sleep(0.01))

    async def second() -> None:
        asyncio.get_running_loop().call_later(0.05, is_stopped.append, True)
        await asyncio.wait_for(waiting.answer(asyncio.sleep(3600), "shot:002", 3600), 20)

    with pytest.raises(NoAnswerError, match="shot:002"):
        asyncio.run(second())
    left.cancel()
    first.run_until_complete(asyncio.wait([left]))
    first.close()


async def test_a_stop_check_that_fails_once_is_asked_again() -> None:
    """What it raises is reported to the loop, and the stop that comes later is seen."""
    asked: list[int] = []
    reported: list[object] = []

    def check_stop() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise ValueError("no such file")
        if len(asked) > 2:
            stopped()

    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    with pytest.raises(NoAnswerError):
        await asyncio.wait_for(Waiting(SHORT, check_stop).answer(asyncio.sleep(3600), "shot:001", 3600), 20)
    assert [str(error) for error in reported] == ["no such file"]


async def test_what_is_waited_for_is_said_now_and_then() -> None:
    """One line for all calls in flight, which names the oldest; none for what answers soon."""
    said: list[str] = []
    waiting = Waiting(TimeLimits(), lambda: None, say=said.append, say_every_s=0.3)
    await waiting.answer(asyncio.sleep(0.01), "quick", 60)
    assert said == []
    await asyncio.gather(*(waiting.answer(asyncio.sleep(1.0), f"shot:00{n} (fal:x)", 120) for n in (1, 2)))
    assert 1 <= len(said) <= 4
    assert said[0] == "waiting for 2 calls, the oldest: shot:001 (fal:x), for 0 min (at most 2)"


async def test_a_hundred_calls_are_looked_at_together() -> None:
    """Whether the run is being stopped is asked four times a second, however many calls are waited for."""
    clock, asked, answers = asyncio.get_running_loop().time, list[float](), asyncio.Event()

    def check_stop() -> None:
        asked.append(clock())
        if len(asked) == 104:
            answers.set()

    waiting = Waiting(TimeLimits(), check_stop)
    assert await asyncio.gather(*(waiting.answer(answers.wait(), f"shot:{n}", 60) for n in range(100))) == [True] * 100
    looks = asked[100:]
    assert len(looks) >= 4
    assert all(later - before > 0.2 for before, later in itertools.pairwise(looks))


# -- a stop has an end -------------------------------------------------------------------------------------------


@dataclass
class Slow(OneShot):
    """Tells when its call has begun."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        self.begun.set()
        return await super().call(model, request, context)


@on_both_databases
async def test_a_stop_waits_for_calls_in_flight_but_not_for_ever(paid_run: PaidRun) -> None:
    """One answers in time and is kept; one never does: it is unknown, and what ends it is the stop."""
    bills, stop = Bills(), StopSignal()
    silent, quick = Slow(bills, gated=True), Slow(bills, work_s=0.2)
    for provider, text, outcome in ((quick, "quick", CallResult), (silent, "silent", StoppedError)):
        ledger = await paid_run.ledger(provider, time_limits=TimeLimits(stop_s=1.0), check_stop=stop.check)
        calls = asyncio.create_task(all_of(ledger, [text]))
        await asyncio.wait_for(provider.begun.wait(), timeout=20)
        stop.request(signal.SIGTERM)
        (result,) = await asyncio.wait_for(calls, timeout=20)
        assert isinstance(result, outcome), result
        stop.signum = None
    assert await paid_run.states() == ["succeeded", "unknown"]


def begun(tmp_path: Path, *flags: str, url: str, **env: str) -> tuple[Fork, dict[str, str]]:
    """A film under way whose pictures hang in the way that METER_HANG says; and its environment."""
    shot_list(tmp_path / "story.csv", 1)
    variables = environment(DATABASE_URL=url, METER=str(tmp_path / "meter"), METER_COST="0.01", **env)
    child = forked(tmp_path, "run", "story.csv", "--thread", "s", *SMALL, *flags, "--json", env=variables)
    deadline = time.monotonic() + 60
    while not metered(tmp_path / "meter"):
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return child, variables


def state_of(url: str) -> tuple[str, str | None]:
    """The run's status and who holds it."""
    return rows_of(url, "SELECT status, lease_owner FROM workflow_executions")[0]  # type: ignore[return-value]


no_sigterm = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")


@no_sigterm
@on_both_databases
@pytest.mark.parametrize("hang", ["await", "stubborn", "thread"])
def test_one_sigterm_ends_a_run_whose_call_hangs(tmp_path: Path, database_url: str, hang: str) -> None:
    """Exit 143 in time, `paused`, the call unknown; it is made again with consent only."""
    child, env = begun(tmp_path, *PAID, url=database_url, METER_HANG=hang, CLASH_STOP_TIMEOUT_S="8")
    child.send_signal(signal.SIGTERM)
    began = time.monotonic()
    _, err = child.communicate(timeout=60)
    assert child.returncode == 143, err
    assert time.monotonic() - began < 40
    assert state_of(database_url) == ("paused", None)
    assert "up to 8 s" in err
    del env["METER_HANG"]
    again = forked_clash(tmp_path, "resume", "s", "--json", env=env)
    assert (again.code, again.document["error"]["code"]) == (8, "unknown_call"), again.err
    assert forked_clash(tmp_path, "resume", "s", "--retry-unknown", env=env).code == 0


@no_sigterm
async def test_sigterm_ends_a_screenwriter_that_waits(tmp_path: Path) -> None:
    """OpenAI asks to wait a minute in the middle of a screenplay: the run ends in time all the same, `paused`."""
    said = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "{}"}}]}
    first = answer(json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", **said}).encode())
    busy = answer(b"{}", "Retry-After: 60", status=429)
    async with raw_server(lambda _: [first if len(server.posts) == 1 else busy]) as server:
        shot_list(tmp_path / "story.csv", 1, seconds=0.5)
        key = {"OPENAI_API_KEY": "k" * 40, "OPENAI_BASE_URL": f"{server.url}/v1", "CLASH_STOP_TIMEOUT_S": "3"}
        arguments = ("run", "story.csv", "--thread", "s", *SMALL, "--screenplay-model", "openai:gpt-5-mini")
        child = forked(tmp_path, *arguments, env=environment(**key))
        while len(server.posts) < 2:
            assert child.poll() is None, child.communicate()
            await asyncio.sleep(0.05)
        child.send_signal(signal.SIGTERM)
        began = time.monotonic()
        _, err = await asyncio.to_thread(child.communicate, 60)
    assert child.returncode == 143, err
    assert time.monotonic() - began < 15
    assert len(server.posts) == 2
    assert state_of(f"sqlite:///{tmp_path}/data/checkpoints.db") == ("paused", None)


@no_sigterm
@on_both_databases
def test_a_provider_that_blocks_the_event_loop_is_ended_too(tmp_path: Path, database_url: str) -> None:
    """Nothing of the run's own can act: a thread beside it writes `paused` and ends the process."""
    child, _ = begun(tmp_path, *PAID, url=database_url, METER_HANG="block", CLASH_STOP_TIMEOUT_S="1")
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 143, err
    assert '"code": "stopped"' in out
    assert state_of(database_url) == ("paused", None)


@no_sigterm
@on_both_databases
@pytest.mark.parametrize("hang", ["await", "block"])
def test_a_second_signal_ends_at_once_and_leaves_it_paused(tmp_path: Path, database_url: str, hang: str) -> None:
    """Ctrl-C twice: exit 130 within seconds, `paused`; a call with a key is asked for again, for one charge."""
    child, env = begun(tmp_path, *KEYED, url=database_url, METER_HANG=hang, CLASH_STOP_TIMEOUT_S="60")
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert time.monotonic() - began < 15
    assert state_of(database_url) == ("paused", None)
    del env["METER_HANG"]
    done = forked_clash(tmp_path, "resume", "s", env=env)
    assert done.code == 0, done.err
    charged = metered(tmp_path / "meter")
    assert len(charged) == len(set(charged))


@no_sigterm
def test_a_stop_leaves_a_job_at_its_provider(tmp_path: Path) -> None:
    """Its id is kept, at once; `resume` takes what it has made by then."""
    url = f"sqlite:///{tmp_path / 'clash.db'}"
    child, env = begun(tmp_path, *QUEUED, url=url, METER_HANG="job")
    time.sleep(0.5)
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, state_of(url)) == (143, ("paused", None)), err
    del env["METER_HANG"]
    assert forked_clash(tmp_path, "resume", "s", env=env).code == 0
    charged = metered(tmp_path / "meter")
    assert len(charged) == len(set(charged))


@pytest.mark.parametrize(
    ("flags", "hang", "code", "exit_code", "state"),
    [
        (PAID, "await", "unknown_call", 8, "unknown"),
        (PAID, "thread", "unknown_call", 8, "unknown"),
        (PAID, "stubborn", "unknown_call", 8, "unknown"),
        (KEYED, "await", "no_answer", 1, "intent"),
        (QUEUED, "await", "unknown_call", 8, "unknown"),
        (QUEUED, "job", "job_timeout", 1, "submitted"),
    ],
)
def test_a_run_whose_call_hangs_ends_by_its_limit(
    tmp_path: Path, flags: tuple[str, ...], hang: str, code: str, exit_code: int, state: str
) -> None:
    """Without any signal, and though a thread of the provider's never ends; each is charged once."""
    shot_list(tmp_path / "story.csv", 1)
    url = f"sqlite:///{tmp_path / 'clash.db'}"
    env = environment(
        DATABASE_URL=url,
        METER=str(tmp_path / "meter"),
        METER_COST="0.01",
        METER_HANG=hang,
        CLASH_CALL_TIMEOUT_S="3",
        CLASH_JOB_TIMEOUT_S="3",
    )
    child = forked(tmp_path, "run", "story.csv", "--thread", "s", *SMALL, *flags, "--json", env=env)
    _, err = child.communicate(timeout=60)
    assert child.returncode == exit_code, err
    charged = metered(tmp_path / "meter")
    assert len(charged) == len(set(charged)) > 0
    rows = rows_of(url, "SELECT DISTINCT state FROM api_logs WHERE slot LIKE 'character:%'")
    assert rows == [(state,)]
    assert rows_of(url, "SELECT error_code FROM workflow_executions") == [(code,)]


@on_both_databases
async def test_a_look_that_is_never_answered_ends_with_the_job(paid_run: PaidRun) -> None:
    """The queue itself falls silent: the job's own limit ends the wait, and its id is kept."""
    bills = Bills()

    class Silent(Queued):
        async def poll(self, model: str, job: Job) -> JobStatus:
            if bills.asked["a"] == 1 and self.polled:
                await asyncio.sleep(10**6)
            self.polled += 1
            return JobStatus("running")

    limits = TimeLimits(call_s=60.0, job_s=0.5)
    with pytest.raises(JobTimeoutError, match="job-0 is still silent"):
        await asyncio.wait_for((await paid_run.ledger(Silent(bills), time_limits=limits)).call(task("a")), timeout=20)
    assert await paid_run.states() == ["submitted"]
