"""A Dask scheduler and worker processes on this machine; as root on Linux, each worker in a network of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from .batches import Crowd, command
from .farm import free_port

BRIDGE = "10.77.0.1"
_DASK = (sys.executable, "-m", "dask")
_QUIET = ("--no-dashboard",)


def network_of_its_own() -> bool:
    """Enter a network of this process and its children, with a bridge at `BRIDGE`; False where that cannot be."""
    commands = (
        "link set lo up",
        "link add clash-bridge type bridge",
        f"addr add {BRIDGE}/24 dev clash-bridge",
        "link set clash-bridge up",
    )
    return all(_ip(*line.split()) for line in commands)


def _ip(*words: str) -> bool:
    with suppress(FileNotFoundError):
        return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0
    return False


@dataclass
class Cluster:
    """A scheduler, `workers` worker processes of `threads` threads, and the client that hands the batch to them."""

    crowd: Crowd
    host: str
    workers: int
    threads: int
    apart: bool = False
    """Whether each worker is in a network of its own."""
    port: int = 0
    killed: dict[str, int] = field(default_factory=lambda: {"worker": 0, "client": 0, "scheduler": 0})

    @property
    def executor(self) -> str:
        """What the batch is told."""
        return f"dask://{self.host}:{self.port}"

    def start(self) -> None:
        """Start the scheduler and all workers."""
        self.port = free_port(self.host)
        self._start_scheduler()
        for number in range(self.workers):
            self._make_network(number)
            self._start_worker(number)

    def start_client(self, options: tuple[str, ...]) -> None:
        """Start the command that hands out the batch."""
        self.crowd.start("client", command("--executor", self.executor, *options))

    def strike(self, what: str, options: tuple[str, ...]) -> None:
        """SIGKILL a worker, the client or the scheduler, and start it again."""
        if what == "worker":
            number = self.crowd.moments.randrange(self.workers)
            self.crowd.kill(f"worker-{number}")
            self._start_worker(number)
        elif what == "scheduler":
            self.crowd.kill("scheduler")
            self._start_scheduler()
        else:
            self.crowd.kill("client")
            self.start_client(options)
        self.killed[what] += 1

    def keep_up(self) -> None:
        """Start workers again that have ended by themselves, as one does that has lost its scheduler."""
        for number in range(self.workers):
            if self.crowd.ended(f"worker-{number}") is not None:
                self._start_worker(number)
        if self.crowd.ended("scheduler") is not None:
            self.crowd.faults.append(f"the scheduler ended: {self.crowd.words('scheduler')}")
            self._start_scheduler()

    def _start_scheduler(self) -> None:
        where = ("--host", self.host, "--port", str(self.port))
        self.crowd.start("scheduler", [*_DASK, "scheduler", *where, *_QUIET])

    def _start_worker(self, number: int) -> None:
        name = f"worker-{number}"
        host = _address(number) if self.apart else self.host
        local = self.crowd.farm.folder / "machines" / name
        local.mkdir(parents=True, exist_ok=True)
        options = ("--no-nanny", "--nthreads", str(self.threads), "--host", host, "--name", f"{name}-{time.time_ns()}")
        argv = [*_DASK, "worker", f"tcp://{self.host}:{self.port}", *options, *_QUIET, "--memory-limit", "0"]
        prefix = ("ip", "netns", "exec", _space(number)) if self.apart else ()
        self.crowd.start(name, [*argv, "--local-directory", str(local)], prefix=prefix)

    def forget_networks(self) -> None:
        """Take away the names of the workers' networks; the networks end with their processes."""
        for number in range(self.workers if self.apart else 0):
            _ip("netns", "del", _space(number))

    def _make_network(self, number: int) -> None:
        if not self.apart:
            return
        space, here, there = _space(number), f"clash-v{number}", f"clash-p{number}"
        commands = (
            f"netns add {space}",
            f"link add {here} type veth peer name {there}",
            f"link set {there} netns {space}",
            f"link set {here} master clash-bridge",
            f"link set {here} up",
            f"-n {space} link set lo up",
            f"-n {space} addr add {_address(number)}/24 dev {there}",
            f"-n {space} link set {there} up",
        )
        for line in commands:
            if not _ip(*line.split()):
                raise OSError(f"ip {line} failed")


def _space(number: int) -> str:
    return f"clash-{os.getpid()}-{number}"


def _address(number: int) -> str:
    return f"10.77.0.{10 + number}"


@contextmanager
def a_cluster(crowd: Crowd, *, host: str, workers: int, threads: int, apart: bool) -> Generator[Cluster]:
    """Start a cluster; all its processes end with it."""
    cluster = Cluster(crowd, host, workers, threads, apart)
    with ExitStack() as stack:
        stack.callback(cluster.forget_networks)
        stack.callback(crowd.end_all)
        cluster.start()
        yield cluster


def make_on_cluster(cluster: Cluster, options: tuple[str, ...], *, strikes: list[str], limit_s: float) -> None:
    """Hand the batch to the cluster until the client ends by itself with 0; meanwhile kill what `strikes` says."""
    crowd = cluster.crowd
    until, waiting = time.monotonic() + limit_s, list(strikes)
    when = crowd.moments_of_kills(len(waiting))
    cluster.start_client(options)
    while True:
        time.sleep(0.05)
        if time.monotonic() > until:
            crowd.faults.append(f"the batch was not made in {limit_s} s: {crowd.words('client')}")
            return
        code = crowd.ended("client")
        if code == 0:
            return
        if code is not None:
            if code not in _CODES_OF_A_CLIENT:
                crowd.faults.append(f"the client ended with {code}: {crowd.words('client')}")
            cluster.start_client(options)
        cluster.keep_up()
        if waiting and crowd.charges() >= when[0]:
            when.pop(0)
            cluster.strike(waiting.pop(0), options)


_CODES_OF_A_CLIENT = frozenset({0, 1, 4, 5})
"""Made; or ended by the loss of its scheduler or its workers, and to be started again."""
