"""Work that is done in threads beside event loops: in order, each result to its loop, none lost."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Generator

import pytest

from clash.worker_threads import WorkerThreads


@pytest.fixture
def threads() -> Generator[WorkerThreads]:
    """One thread."""
    one = WorkerThreads(1, "test-worker")
    yield one
    one.shutdown()


async def test_work_is_done_in_the_order_in_which_it_comes(threads: WorkerThreads) -> None:
    """By one thread; each future has what its own work returned."""
    done = list[int]()

    def work(number: int) -> int:
        done.append(number)
        return number * number

    futures = [threads.do(lambda number=number: work(number)) for number in range(200)]
    assert await asyncio.gather(*futures) == [number * number for number in range(200)]
    assert done == list(range(200))


async def test_what_work_raises_is_raised_where_it_is_waited_for(threads: WorkerThreads) -> None:
    """And what was given beside it is done all the same."""

    def broken() -> None:
        raise OSError("no disk")

    outcomes = await asyncio.gather(threads.do(broken), threads.do(lambda: "done"), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no disk", "done"]


async def test_work_that_raises_stop_iteration_loses_nothing_else(threads: WorkerThreads) -> None:
    """It is a `RuntimeError`, as in a coroutine; the loop hears of it together with what was done before and after."""
    begun = threading.Event()

    def ended() -> None:
        raise StopIteration("no more")

    futures = [threads.do(lambda: "before"), threads.do(ended), threads.do(lambda: "after")]
    threads.do(begun.set)
    assert begun.wait(30)  # the loop is busy meanwhile, so that it hears of all at once
    before, error, after = await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 30)
    assert (before, after) == ("before", "after")
    assert isinstance(error, RuntimeError)
    assert isinstance(error.__cause__, StopIteration)


async def test_no_more_threads_work_than_there_may_be() -> None:
    """Of forty that wait for each other, three at a time."""
    three, together = WorkerThreads(3, "test-worker"), threading.Barrier(3)
    await asyncio.gather(*(three.do(lambda: together.wait(30)) for _ in range(39)))
    names = await asyncio.gather(*(three.do(lambda: threading.current_thread().name) for _ in range(40)))
    assert {name.rpartition("_")[0] for name in names} == {"test-worker"}
    assert len(set(names)) <= 3
    three.shutdown()


async def test_a_loop_is_woken_once_for_all_that_is_done(threads: WorkerThreads) -> None:
    """While the loop is busy, results gather; then it hears of them together."""
    loop, begun, woken = asyncio.get_running_loop(), threading.Event(), list[int]()
    wake = loop.call_soon_threadsafe

    def counted(*arguments: object) -> asyncio.Handle:
        woken.append(1)
        return wake(*arguments)  # type: ignore[arg-type]

    loop.call_soon_threadsafe = counted  # type: ignore[method-assign]
    try:
        futures = [threads.do(lambda: None) for _ in range(100)] + [threads.do(begun.set)]
        assert begun.wait(30)
        await asyncio.gather(*futures)
    finally:
        loop.call_soon_threadsafe = wake  # type: ignore[method-assign]
    assert len(woken) <= 2


async def test_what_is_cancelled_before_it_begins_is_not_done(threads: WorkerThreads) -> None:
    """What has begun goes to its end."""
    begun, may_end, done = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        begun.set()
        assert may_end.wait(30)
        done.append("first")

    futures = [threads.do(first), threads.do(lambda: done.append("second"))]
    assert await asyncio.to_thread(begun.wait, 30)
    for future in futures:
        future.cancel()
    may_end.set()
    await threads.do(lambda: done.append("third"))
    assert done == ["first", "third"]


def test_each_loop_hears_of_its_own_work(threads: WorkerThreads) -> None:
    """Two loops in two threads share the thread; work of a loop that is closed meanwhile harms nobody."""

    found = dict[int, list[int]]()

    async def use(number: int) -> None:
        found[number] = list(await asyncio.gather(*(threads.do(lambda: number) for _ in range(50))))

    async def leave() -> None:
        threads.do(lambda: time.sleep(0.05))

    asyncio.run(leave())
    users = [threading.Thread(target=asyncio.run, args=(use(number),)) for number in (1, 2)]
    for user in users:
        user.start()
    for user in users:
        user.join(30)
    assert found == {1: [1] * 50, 2: [2] * 50}


@pytest.mark.parametrize("is_done", [True, False])
def test_a_closed_loop_is_freed(threads: WorkerThreads, is_done: bool) -> None:
    """Also one that was closed before it heard of its work: what was done for it goes with it."""

    class Result:
        """What can be referred to weakly."""

    may_end, loops, results = threading.Event(), list[weakref.ref[object]](), list[weakref.ref[object]]()

    def work() -> Result:
        assert may_end.wait(30)
        result = Result()
        results.append(weakref.ref(result))
        return result

    def use() -> None:
        loop, ended = asyncio.new_event_loop(), threading.Event()
        loops.append(weakref.ref(loop))

        async def leave() -> None:
            threads.do(work)
            threads.do(work)
            threads.do(ended.set)
            if is_done:
                may_end.set()
                assert ended.wait(30)

        loop.run_until_complete(leave())
        loop.close()
        may_end.set()
        assert ended.wait(30)

    use()
    assert asyncio.run(on_another_loop(threads)) == "done"
    gc.collect()
    assert len(results) == 2
    assert [one() for one in (*loops, *results)] == [None] * 3


async def on_another_loop(threads: WorkerThreads) -> str:
    """What the threads do for another loop, after all that they were given before."""
    return await threads.do(lambda: "done")


async def test_no_work_is_taken_after_the_end(threads: WorkerThreads) -> None:
    """What was taken before is done."""
    future = threads.do(lambda: "done")
    threads.shutdown()
    with pytest.raises(RuntimeError):
        threads.do(lambda: "late")
    assert await future == "done"
