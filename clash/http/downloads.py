"""Fetch one file of a known size and sha256 to the disk: whole, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from pathlib import Path

import httpx

from clash.errors import ProviderError
from clash.network.transport import NetworkTransport
from clash.redaction import safe_exception

UNFINISHED = ".unfinished"
"""How the name of a file ends that has not wholly arrived."""
_ATTEMPTS = 3
_PAUSE_S = 1.0
_SILENCE_S = 60.0
"""Seconds without a byte after which a connection counts as lost."""
_LONGEST_S = 3600.0
_MOST_REDIRECTS = 5
_OK, _TOO_MANY, _SERVER_ERRORS = 200, 429, 500


async def download(url: str, path: Path, *, size: int, sha256: str) -> None:
    """Fetch a file, through the proxies and with the certificates of the environment.

    It gets its name when all of it is there and is what it must be. No more than `size` bytes are read, a redirect is
    followed unless it leaves HTTPS, and a broken connection or a busy server is asked again. Raises `ProviderError`,
    `SettingsError` for a proxy that cannot be used, and `OSError` for a disk that cannot be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=UNFINISHED)
    os.close(descriptor)
    unfinished, timeout = Path(name), httpx.Timeout(30.0, read=_SILENCE_S)
    try:
        async with httpx.AsyncClient(transport=NetworkTransport(), timeout=timeout, follow_redirects=False) as client:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    async with asyncio.timeout(_LONGEST_S):
                        await _fetch(client, httpx.URL(url), unfinished, size, sha256)
                    break
                except (httpx.HTTPError, TimeoutError) as error:
                    if attempt == _ATTEMPTS:
                        raise _failed(url, safe_exception(error)[:300] or "it took too long") from error
                    await asyncio.sleep(_PAUSE_S * attempt)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def remove_abandoned(folder: Path) -> None:
    """Remove what downloads into a folder left that were killed; those that may still go on are left alone."""
    for unfinished in folder.glob(f"*{UNFINISHED}"):
        if time.time() - unfinished.stat().st_mtime > _LONGEST_S:
            unfinished.unlink(missing_ok=True)


async def _fetch(client: httpx.AsyncClient, url: httpx.URL, path: Path, size: int, sha256: str) -> None:
    first = url
    for _ in range(_MOST_REDIRECTS + 1):
        async with client.stream("GET", url, headers={"accept-encoding": "identity"}) as response:
            if response.next_request is None:
                await _keep(response, str(first), path, size, sha256)
                return
            url = response.next_request.url
        if first.scheme == "https" and url.scheme != "https":
            raise _failed(str(first), f"the server redirects to {url.scheme}, which is not safe")
    raise _failed(str(first), f"the server redirects more than {_MOST_REDIRECTS} times")


async def _keep(response: httpx.Response, url: str, path: Path, size: int, sha256: str) -> None:
    if response.status_code == _TOO_MANY or response.status_code >= _SERVER_ERRORS:
        raise httpx.HTTPStatusError(
            f"the server answered {response.status_code}", request=response.request, response=response
        )
    if response.status_code != _OK:
        raise _failed(url, f"the server answered {response.status_code}")
    digest, received = hashlib.sha256(), 0
    with path.open("wb") as file:
        async for chunk in response.aiter_raw():
            received += len(chunk)
            if received > size:
                break
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if received < size:
        raise httpx.ReadError(f"it ended after {received} of {size} bytes")
    if received > size or digest.hexdigest() != sha256:
        raise _failed(url, "what came is not the file that clash knows (its size or its sha256 differs)")


def _failed(url: str, why: str) -> ProviderError:
    return ProviderError(f"{url} cannot be fetched: {why}")
