"""An S3 bucket (Amazon S3, Cloudflare R2, MinIO) through obstore, with what a store of files needs. All calls block.

obstore retries reads itself. Writes are retried here: a key always gets the same bytes, so writing it twice does no
harm. Everything is bounded: the seconds of a request, the number of attempts, the bytes of an object.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tenacity import Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from clash.errors import Action, ClashError, Remedy, SettingsError, StorageError
from clash.installation import install_command

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

T = TypeVar("T")

_CHUNK = 8 << 20
"""The most bytes of one request: it ends before `_REQUEST_S` on a slow connection too."""
_REQUEST_S = 120
_CONNECT_S = 10
_RETRIES = 3
_WRITES = 2
_RETRY_WITHIN_S = 90
_LARGEST_BYTES = 8 << 30
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
_PREFIX = re.compile(r"[A-Za-z0-9!_.'()/=-]*")
_AMBIENT = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
)
"""The machine itself provides credentials if any of these is set."""
_SAID = re.compile(r"<Code>([^<]{1,80})</Code>(?:\s*<Message>([^<]{1,300})</Message>)?")
_STATUS = re.compile(r"status code: (\d{3})")


@dataclass(frozen=True)
class Credentials:
    """The key and the address of a store. `endpoint`: of a store that is not Amazon's. `repr` leaves out secrets."""

    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    region: str = ""
    endpoint: str = ""


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket; `changed_at` in seconds since 1970."""

    key: str
    bytes: int
    changed_at: float


class Bucket:
    """The objects under one prefix of a bucket."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        """Prepare access to `s3://bucket/prefix` without connecting yet. Raises `SettingsError`."""
        name, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = prefix.strip("/")
        if not url.startswith("s3://") or not _NAME.fullmatch(name) or not _PREFIX.fullmatch(prefix):
            raise SettingsError(
                f"ASSET_STORE {url!r} names no bucket: 3 to 63 of a-z 0-9 . -",
                hint="for example ASSET_STORE=s3://my-films/clash",
            )
        self.name = name
        self._where = f"s3://{name}" + (f"/{prefix}" if prefix else "")
        self._store = _open(name, prefix, credentials)

    def put(self, key: str, content: bytes) -> None:
        """Write these bytes to a key. Raises `StorageError`, `SettingsError` (refused)."""
        import obstore

        self._written(lambda: obstore.put(self._store, key, content, use_multipart=False))

    def put_file(self, key: str, path: Path) -> None:
        """Write a file to a key; a large file is sent in parts and appears only when all of them have arrived."""
        import obstore

        large = path.stat().st_size > _CHUNK
        self._written(
            lambda: obstore.put(self._store, key, path, use_multipart=large, chunk_size=_CHUNK, max_concurrency=2)
        )

    def has(self, key: str) -> bool:
        """Return whether there is an object with this key."""
        import obstore

        return self._found(lambda: obstore.head(self._store, key)) is not None

    def read(self, key: str, *, most: int) -> bytes | None:
        """Return the bytes of a small object, or None. Raises `StorageError` for more than `most` bytes."""
        import obstore

        def get() -> bytes:
            answer = obstore.get(self._store, key)
            self._check_size(int(answer.meta["size"]), most, key)
            return bytes(answer.bytes())

        return self._found(get)

    def download(self, key: str, write: Callable[[bytes], object]) -> bool:
        """Pass an object's bytes, in parts, to `write`; return False if there is no such object."""
        import obstore

        def get() -> bool:
            meta = obstore.head(self._store, key)
            size = self._check_size(int(meta["size"]), _LARGEST_BYTES, key)
            for start in range(0, size, _CHUNK):
                write(bytes(obstore.get_range(self._store, key, start=start, end=min(start + _CHUNK, size))))
            return True

        return self._found(get) or False

    def names(self, under: str = "") -> list[str]:
        """Return the keys of the objects below a folder, or of all, with one request per thousand."""
        return [found.key for page in self.pages(under) for found in page]

    def pages(self, under: str = "") -> Iterator[list[StoredObject]]:
        """Yield the objects below a folder, or all, page by page, with one request per thousand."""
        import obstore

        pages: Iterator[Sequence[ObjectMeta]] = iter(cast("Any", obstore).list(self._store, under or None))
        end: list[ObjectMeta] = []
        while page := self._found(lambda: next(pages, end)):
            yield [
                StoredObject(str(meta["path"]), int(meta["size"]), meta["last_modified"].timestamp()) for meta in page
            ]

    def changed_at(self, key: str) -> float | None:
        """Return when an object was written last, in seconds since 1970; None if there is none."""
        import obstore

        meta = self._found(lambda: obstore.head(self._store, key))
        return None if meta is None else meta["last_modified"].timestamp()

    def delete(self, *keys: str) -> None:
        """Delete the objects with these keys, as far as there are any, up to a thousand in one request."""
        import obstore

        # A single one by itself: not every store has a request for many.
        named: str | list[str] = list(keys) if len(keys) != 1 else str(keys[0])
        if named:
            self._found(lambda: obstore.delete(self._store, named))

    # -- errors ----------------------------------------------------------------------------------------------

    def _written(self, write: Callable[[], object]) -> None:
        retrying = Retrying(
            stop=stop_after_attempt(_WRITES),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            retry=retry_if_exception(lambda error: isinstance(error, StorageError) and error.retryable),
            reraise=True,
        )

        def attempt() -> None:
            if self._found(write, missing=False) is None:
                raise self._no_bucket()

        retrying(attempt)

    def _found(self, ask: Callable[[], T], *, missing: bool = True) -> T | None:
        """Return what the store answers; None where it has no such object."""
        from obstore.exceptions import BaseError

        try:
            return ask()
        except FileNotFoundError as error:
            if missing and _said(error)[0] == "NoSuchBucket":
                raise self._no_bucket() from None
            return None
        except BaseError as error:
            raise self._refusal(error) from None

    def _no_bucket(self) -> SettingsError:
        return SettingsError(
            f"there is no bucket {self.name!r}", code="no_bucket", hint="check ASSET_STORE and AWS_ENDPOINT_URL"
        )

    def _refusal(self, error: Exception) -> ClashError:
        from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

        code, message = _said(error)
        why = f"{code}: {message}" if message else code
        if isinstance(error, PermissionDeniedError | UnauthenticatedError):
            return SettingsError(
                f"{self._where} refused the credentials{f' ({why})' if why else ''}",
                code="credentials_refused",
                hint="check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION; the key must be allowed to list"
                " the bucket and to get, put and delete its objects",
            )
        status = int(found[1]) if (found := _STATUS.search(str(error))) else None
        reason = why or (f"HTTP {status}" if status else "no answer")
        return StorageError(
            f"{self._where} cannot be reached or failed: {reason}",
            code="asset_store",
            retryable=status is None or status >= 500 or status == 429,
            remedy=Remedy(
                Action.RESUME, "check the network and AWS_ENDPOINT_URL, then resume; nothing that was made is lost"
            ),
        )

    def _check_size(self, size: int, most: int, key: str) -> int:
        if size > most:
            raise StorageError(
                f"{self._where}/{key} has {size} bytes; at most {most} are expected",
                code="damaged_asset",
                retryable=False,
            )
        return size


def _said(error: Exception) -> tuple[str, str]:
    """Return code and message of the store's XML, without the rest, which may repeat what was sent."""
    found = _SAID.search(str(error))
    return (found[1], found[2] or "") if found else ("", "")


def _open(name: str, prefix: str, credentials: Credentials) -> S3Store:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ModuleNotFoundError:
        raise SettingsError(
            "ASSET_STORE is on S3, which needs the package obstore",
            code="missing_extra",
            hint=install_command("s3"),
        ) from None
    endpoint = credentials.endpoint
    if endpoint and not endpoint.startswith(("https://", "http://")):
        raise SettingsError(f"AWS_ENDPOINT_URL {endpoint!r} is not an http(s) URL")
    try:
        return S3Store(
            name,
            prefix=prefix or None,
            config=_config(credentials),
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=_CONNECT_S),
                "timeout": timedelta(seconds=_REQUEST_S),
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_WITHIN_S)},
        )
    except (BaseError, ValueError) as error:
        raise SettingsError(f"ASSET_STORE cannot be used: {type(error).__name__}") from None


def _config(credentials: Credentials) -> Any:
    given: Mapping[str, str] = {
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key,
        "session_token": credentials.session_token,
        "endpoint": credentials.endpoint,
    }
    if bool(credentials.access_key_id) != bool(credentials.secret_access_key) or not (
        credentials.access_key_id or any(os.environ.get(name) for name in _AMBIENT)
    ):
        missing = [name for name in ("access_key_id", "secret_access_key") if not given[name]]
        raise SettingsError(
            f"ASSET_STORE is on S3, which needs {' and '.join(f'AWS_{name.upper()}' for name in missing)}",
            code="credentials_missing",
            hint="set them in the environment or in .env; `aws configure export-credentials` prints those of a profile",
        )
    # Stores without regions accept any; R2 calls its only one `auto`.
    return {"region": credentials.region or "us-east-1", **{name: value for name, value in given.items() if value}}
