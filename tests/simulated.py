"""An event loop whose clock jumps over waits, and a provider whose calls take simulated time.

What the loop's threads do (SQLite, the disk) takes no simulated time: the clock stands while they work. So the order
in which calls are made, and how long they take together, is the same on every machine.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from unittest.mock import patch

from paid import tiny_sound

from clash.providers.ports import (
    Answer,
    Context,
    ImageRequest,
    Kind,
    Quote,
    Request,
    SpeechRequest,
    VideoRequest,
)
from clash.story.screenplay import shot_slot
from clash.worker_threads import WorkerThreads

T = TypeVar("T")

_PICTURE = b"\x89PNG\r\n\x1a\n%sIEND"
_CLIP = b"\x00\x00\x00\x08ftyp\x00\x00\x00\x08moov\x00\x00\x01\x00free%s"


class _Selector(selectors.DefaultSelector):
    """Waits for nothing but the threads; then the clock jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads_at_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or self.threads_at_work:
            return super().select(None if timeout is None or timeout > 0 else 0)
        self.now += timeout
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop of which `time()` is simulated."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)

    def time(self) -> float:
        """Return the simulated seconds since the loop was made."""
        return self._simulated.now

    def run_in_executor(self, executor: Executor | None, func: Any, *args: Any) -> Any:
        """Run it in a thread, and hold the clock meanwhile."""
        return self.hold(super().run_in_executor(executor, func, *args))

    def hold(self, work: asyncio.Future[T]) -> asyncio.Future[T]:
        """Let the clock stand until this work of a thread is done."""
        self._simulated.threads_at_work += 1
        work.add_done_callback(self._one_less)
        return work

    def _one_less(self, _: object) -> None:
        self._simulated.threads_at_work -= 1


def simulate(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in simulated time."""
    do = WorkerThreads.do

    def held(threads: WorkerThreads, work: Callable[[], Any]) -> asyncio.Future[Any]:
        future, loop = do(threads, work), asyncio.get_running_loop()
        return loop.hold(future) if isinstance(loop, SimulatedLoop) else future

    with patch.object(WorkerThreads, "do", held), asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


@dataclass
class PacedProvider:
    """Pictures, clips and speech that each take their time, and cost the same."""

    seconds: Mapping[Kind, float]
    concurrency: int
    price: Decimal = Decimal(0)
    ended: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    """What was made, in this order, and when."""
    name: str = "paced"
    endpoint: str = "paced"
    idempotent: bool = True

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        return {"image": ("painter",), "video": ("camera",), "speech": ("voice",)}

    def revision(self, model: str, request: Request) -> str:
        return "1"

    def quote(self, model: str, request: Request) -> Quote:
        return Quote(self.price, unit_price_usd=self.price)

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        kind, slot, answer = _answer(request)
        await asyncio.sleep(self.seconds[kind])
        self.ended.append((slot, asyncio.get_running_loop().time()))
        return answer


def _answer(request: Request) -> tuple[Kind, str, Answer]:
    if isinstance(request, ImageRequest) and request.shot is not None:
        slot = f"{shot_slot(request.shot.number)}/keyframe"
        return "image", slot, Answer(_PICTURE % slot.encode(), "image/png")
    if isinstance(request, VideoRequest):
        slot = shot_slot(request.shot.number)
        return "video", slot, Answer(_CLIP % slot.encode().ljust(248), "video/mp4")
    assert isinstance(request, SpeechRequest)
    return "speech", request.text, Answer(tiny_sound(request.text), "audio/wav", facts={"duration_s": 1.0})
