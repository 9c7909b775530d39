"""The asset store that `ASSET_STORE` names: a local folder, or a local folder and a bucket that machines share.

With a bucket everything is made, kept and read in the folder; the bucket has a copy under the same names:

    s3://bucket/prefix/ab/cdef...            every file, before the row that names it is settled
    s3://bucket/prefix/ab/cdef....<token>.json, .../runs/<thread>.json   the records of `clash.assets.records`
    s3://bucket/prefix/receipts/<token>.json what a call returned, from before its row is settled until after

So a settled row names a file that any machine can fetch. If a process dies after it wrote its receipt and before it
settled the row, another machine finds the receipt in the bucket. If it died before the receipt was in the bucket, the
answer counts as lost until the machine that has the receipt on its disk runs again. A job's id is not copied: it is
in the database, which all machines share.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from clash.assets.freshness import take_back
from clash.assets.records import RECORD_BYTES, call_record_name, is_record, run_record_name
from clash.assets.store import (
    RECEIPT_BYTES,
    AssetStore,
    parsed_receipt,
    sha256_of_file,
    storage_error,
    write_durably,
)
from clash.errors import ClashError, StorageError

if TYPE_CHECKING:
    from clash.assets.bucket import Bucket
    from clash.config import Settings

T = TypeVar("T")

logger = logging.getLogger(__name__)

_KNOWN_S = 1800
"""For how long a file that was in the bucket counts as being there: `clash gc` deletes none that is this new."""
_AT_ONCE = 8
"""Transfers at a time; each holds two chunks of 8 MB at most."""


def local_assets(settings: Settings) -> AssetStore:
    """Return only the local folder of the store that the settings name; it never asks the bucket."""
    if settings.asset_store.startswith("s3://"):
        return AssetStore(settings.asset_cache)
    return AssetStore.from_url(settings.asset_store)


def open_assets(settings: Settings) -> AssetStore:
    """Return the store that the settings name, without connecting yet. Raises `SettingsError`."""
    if not settings.asset_store.startswith("s3://"):
        return local_assets(settings)
    from clash.assets.bucket import Bucket, Credentials

    def revealed(name: str) -> str:
        secret = getattr(settings, name)
        return secret.get_secret_value().strip() if secret else ""

    credentials = Credentials(
        access_key_id=settings.aws_access_key_id or "",
        secret_access_key=revealed("aws_secret_access_key"),
        session_token=revealed("aws_session_token"),
        region=settings.aws_region or settings.aws_default_region or "",
        endpoint=settings.aws_endpoint_url_s3 or settings.aws_endpoint_url or "",
    )
    return SharedAssetStore(settings.asset_cache, Bucket(settings.asset_store, credentials))


class SharedAssetStore(AssetStore):
    """A local folder with a copy of its files in a bucket."""

    def __init__(self, root: Path, bucket: Bucket) -> None:
        super().__init__(root)
        self._bucket = bucket
        self._shared: dict[str, float] = {}
        """The files that are known to be in the bucket, and since when (`time.monotonic`)."""
        self._transfers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="clash-assets")

    @property
    def bucket(self) -> Bucket:
        """The bucket that machines share."""
        return self._bucket

    # -- reading ---------------------------------------------------------------------------------------------

    def has(self, sha256: str) -> bool:
        """Return whether the file is here, undamaged, or can be fetched."""
        return self.is_here(sha256) or self._bucket.has(self.relative_path(sha256))

    def exists(self, sha256: str) -> bool:
        """Return True: what a settled row names was in the bucket before its row was."""
        return bool(self.path(sha256))

    def fetch(self, sha256: str) -> Path:
        """Return the file on this disk, fetched from the bucket if it is not here. Blocks. See `AssetStore.fetch`."""
        path = self.path(sha256)
        if not path.exists() and not take_back(self.root, sha256, path) and not self._download(sha256):
            raise self.lost(sha256)
        return path

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a file. Blocks. See `AssetStore.read`."""
        if not self.is_here(sha256) and not self._download(sha256):
            raise self.lost(sha256)
        return super().read(sha256)

    async def restore(self, sha256: str) -> bool:
        """See `AssetStore.restore`: a file that is missing or damaged here is fetched from the bucket."""
        return await self._in_thread(lambda: self.is_here(sha256) or self._download(sha256))

    def _download(self, sha256: str) -> bool:
        """Fetch a file; return False if the bucket does not have it. Raises `StorageError` for a damaged one."""
        with self.working_file(".fetched") as partial_file:
            try:
                with partial_file.open("wb") as stream:
                    if not self._bucket.download(self.relative_path(sha256), stream.write):
                        return False
                digest = sha256_of_file(partial_file)
            except OSError as error:
                raise storage_error(error, f"the asset {sha256[:12]}") from error
            if digest != sha256:
                raise StorageError(
                    f"the asset {sha256[:12]} is damaged in the bucket {self._bucket.name}",
                    code="damaged_asset",
                    retryable=False,
                    hint="another machine's asset folder may have it undamaged: copy it from there into the bucket",
                )
            self.put_file(partial_file)
        self._shared[sha256] = time.monotonic()
        return True

    # -- sharing ---------------------------------------------------------------------------------------------

    async def share(self, sha256: str, *, receipt: str | None = None) -> None:
        """See `AssetStore.share`."""
        known = time.monotonic() - self._shared.get(sha256, -math.inf) < _KNOWN_S
        transfers = [] if known else [self._in_thread(partial(self._upload, sha256))]
        if receipt is not None and self.has_receipt(receipt):
            transfers.append(self._in_thread(partial(self._upload_receipt, receipt)))
        if receipt is not None:
            record = call_record_name(self, sha256, receipt)
            transfers.append(self._in_thread(partial(self._upload_record, record)))
        # Not a plain gather: every transfer ends before the first error is raised.
        for result in await asyncio.gather(*transfers, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def keep(self, sha256: str) -> bool:
        """See `AssetStore.keep`: a file that is here is put into the bucket again."""
        self._shared.pop(sha256, None)
        if not await self.restore(sha256):
            return False
        await self.share(sha256)
        return True

    def _upload(self, sha256: str) -> None:
        path = self.path(sha256)
        try:
            if sha256_of_file(path) != sha256:
                raise StorageError(f"the asset {sha256[:12]} is damaged", code="damaged_asset", retryable=False)
            self._bucket.put_file(self.relative_path(sha256), path)
        except OSError as error:
            raise StorageError(f"the asset {sha256[:12]} could not be read: {error.strerror}") from error
        self._shared[sha256] = time.monotonic()

    def _upload_receipt(self, token: str) -> None:
        with suppress(FileNotFoundError):
            self._bucket.put(f"receipts/{token}.json", self.receipt_path(token).read_bytes())

    async def share_run(self, thread_id: str) -> None:
        """See `AssetStore.share_run`."""
        if (name := run_record_name(thread_id)) is not None:
            await self.share_record(name)

    async def share_record(self, name: str) -> None:
        """See `AssetStore.share_record`."""
        await self._in_thread(partial(self._upload_record, name))

    async def forget_record(self, name: str) -> None:
        """See `AssetStore.forget_record`."""
        await super().forget_record(name)
        await self._in_thread(partial(self._bucket.delete, name))

    def _upload_record(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._bucket.put(name, (self.root / name).read_bytes())

    async def restore_records(self, under: str = "") -> None:
        """See `AssetStore.restore_records`: those that are in the bucket and not on this disk."""
        await self._in_thread(partial(self._download_records, under))

    def _download_records(self, under: str) -> None:
        for name in self._bucket.names(under):
            if is_record(name) and not (self.root / name).exists():
                content = self._bucket.read(name, most=RECORD_BYTES)
                if content is not None:
                    write_durably(self.root / name, content)

    # -- receipts --------------------------------------------------------------------------------------------

    async def find_receipt(self, token: str) -> dict[str, Any] | None:
        """See `AssetStore.find_receipt`: the one on this disk, else the one in the bucket."""
        if (receipt := self.read_receipt(token)) is not None:
            return receipt
        content = await self._in_thread(lambda: self._bucket.read(f"receipts/{token}.json", most=RECEIPT_BYTES))
        return parsed_receipt(content or b"null")

    async def unshare_receipt(self, token: str) -> None:
        """See `AssetStore.unshare_receipt`. One that stays in the bucket does no harm: its row is settled."""
        try:
            await self._in_thread(partial(self._bucket.delete, f"receipts/{token}.json"))
        except ClashError as error:
            logger.warning("a settled call's receipt stays in the bucket: %s", error.message)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._transfers, work)
