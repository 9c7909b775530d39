"""Files in an asset store that were used last long ago, and rows that name them."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from conftest import RUN

from clash.assets import AssetStore
from clash.config import Settings
from clash.database import call_log
from clash.database.lease import Lease
from clash.database.port import Database, Statement
from clash.database.rows import NewAsset
from clash.documents.garbage import GarbageCollected
from clash.gc import collect_garbage

OLD_S = 30 * 86_400.0


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def settings_of(url: str, assets: AssetStore) -> Settings:
    return Settings(DATABASE_URL=url, ASSET_STORE=f"file://{assets.root}")  # pyright: ignore[reportCallIssue]


def old(assets: AssetStore, content: bytes, *, age_s: float = OLD_S) -> str:
    """Put a file into the store that was used last so long ago; return its digest."""
    sha256 = assets.put(content)
    age(assets.path(sha256), age_s)
    return sha256


def age(path: Path, age_s: float = OLD_S) -> None:
    os.utime(path, (time.time() - age_s,) * 2)


def asset_of(sha256: str, slot: str) -> NewAsset:
    return NewAsset("generate_shots", slot, "keyframe", "image/png", sha256, "x", 1, {}, 0, "2026-11-27T00:00:00.000Z")


async def name_it(database: Database, lease: Lease, sha256: str, slot: str = "shot:001") -> None:
    await database.batch([call_log.insert_asset(lease, asset_of(sha256, slot))])


async def collect(url: str, assets: AssetStore, **options: Any) -> GarbageCollected:
    return await collect_garbage(settings_of(url, assets), agree=lambda _: True, **options)


def insert_cut(files: dict[str, Any]) -> Statement:
    return Statement(
        "INSERT INTO film_cuts (run_id, take, cut, files, selection, created_at) VALUES (?, 1, '', ?, '{}', '')",
        (RUN, json.dumps(files)),
    )
