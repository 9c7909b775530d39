"""A server that speaks S3 over HTTP: moto's, in this process, on a free port. It checks signatures once told to."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import httpx
from moto.server import ThreadedMotoServer
from plain_http import NO_CERTIFICATES

KEY = "key-of-the-tests"
SECRET = "secret-of-the-tests"  # noqa: S105


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead an S3 client here."""
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": self.url}

    def make_bucket(self) -> str:
        """A new, empty bucket; its name."""
        name = f"films-{secrets.token_hex(6)}"
        self._client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        """The keys of all objects in a bucket."""
        return [found["Key"] for found in self._client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Put an object past clash."""
        self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def delete(self, bucket: str, key: str) -> None:
        """Take an object away past clash."""
        self._client.delete_object(Bucket=bucket, Key=key)

    @cached_property
    def _client(self) -> Any:
        return boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
        )

    @contextmanager
    def signatures_checked(self) -> Generator[None]:
        """From now on every request must be signed with a key that the server knows: it knows none."""
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"0", verify=NO_CERTIFICATES).raise_for_status()
        try:
            yield
        finally:
            httpx.post(f"{self.url}/moto-api/reset-auth", content=b"inf", verify=NO_CERTIFICATES).raise_for_status()


@contextmanager
def s3_server() -> Generator[S3Server]:
    """Start a server; its buckets are gone with it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()
