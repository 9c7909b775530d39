"""The Worker of examples/d1_worker_proxy on this machine, over a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from d1_engine import workerd

NAME = "master-clash-checkpoints"
TOKEN = "token-of-the-proxy"  # noqa: S105


@contextmanager
def d1_proxy() -> Generator[str]:
    """Start it on a free port; its URL."""
    with tempfile.TemporaryDirectory() as folder:
        reading, writing = os.pipe()
        process = subprocess.Popen(
            [
                workerd(),
                "serve",
                Path(__file__).parent / "proxy.capnp",
                f"--directory-path=files={folder}",
                f"--control-fd={writing}",
            ],
            pass_fds=[writing],
            env={"PROXY_TOKEN": TOKEN},
            stdout=subprocess.DEVNULL,
        )
        os.close(writing)
        try:
            with os.fdopen(reading, encoding="utf-8") as events:
                port = next(event["port"] for event in map(json.loads, events) if event["event"] == "listen")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)
