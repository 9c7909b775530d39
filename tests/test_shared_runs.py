"""Runs that move between machines which share a bucket and a database: a real S3 server over HTTP."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import on_d1
from filming import METERED, Ran, clash, environment, metered, query, shot_list
from s3_server import S3Server, s3_server

from clash.assets import sha256_of


@pytest.fixture(scope="module")
def s3() -> Generator[S3Server]:
    """An S3 server."""
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A new bucket's name."""
    return s3.make_bucket()


@dataclass(frozen=True)
class Machine:
    """A folder with its own asset cache, its own output, and nothing else."""

    folder: Path
    environment: dict[str, str]

    def clash(self, *arguments: str, **more: str) -> Ran:
        return clash(self.folder, *arguments, env={**self.environment, **more})


@pytest.fixture
def machines(tmp_path: Path, s3: S3Server, bucket: str, database_url: str) -> tuple[Machine, Machine, Path]:
    """Two machines over one database and one bucket, and the meter of what is paid for."""
    meter = tmp_path / "meter"
    shared = environment(
        DATABASE_URL=database_url,
        ASSET_STORE=f"s3://{bucket}/films",
        METER=str(meter),
        METER_COST="0.10",
        **s3.environment,
    )
    made: list[Machine] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made.append(Machine(tmp_path / name, shared))
    shot_list(made[0].folder / "story.csv", 2, seconds=0.5)
    return made[0], made[1], meter


def rows(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    shutil.copyfile(tmp_path / "data" / "clash.db", tmp_path / "data" / "checkpoints.db")
    return query(tmp_path, sql)


RUN = ("run", "story.csv", "--thread", "far", "--size", "96x64", "--fps", "8", *METERED, "--concurrency", "2", "--json")


def receipts_in(s3: S3Server, bucket: str) -> set[str]:
    """The tokens of the calls whose receipts are in the bucket."""
    return {Path(key).stem for key in s3.keys(bucket) if "/receipts/" in key}


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX thing")
@on_d1
def test_a_run_killed_on_one_machine_is_finished_on_another(
    s3: S3Server, bucket: str, machines: tuple[Machine, Machine, Path]
) -> None:
    """The second has no file of the first, and the provider cannot be asked again: nothing is paid for twice.

    The first died with an answer whose row was not settled: its receipt in the bucket settles it without a question.
    """
    a, b, meter = machines
    oneshot = tuple(name.replace("metered:", "oneshot:") for name in RUN)
    killed = a.clash(*oneshot, "--concurrency", "1", CLASH_FAULT="share.after:4")
    assert killed.code < 0
    calls = a.clash("cost", "far", "--calls", "--json").document["calls_list"]
    unsettled = {call["idempotency_key"] for call in calls if call["state"] == "intent"}
    assert unsettled & receipts_in(s3, bucket)
    shutil.rmtree(a.folder / "data")
    resumed = b.clash("resume", "far", "--json")
    assert resumed.code == 0, resumed.err
    for output in resumed.document["outputs"]:
        assert (b.folder / output["path"]).exists(), output
    assert sorted(metered(meter)) == sorted(set(metered(meter))), "something was paid for twice"
    assert resumed.document["cost"]["total_usd"] == f"{len(metered(meter)) / 10:.6f}"
    # That of a call which was settled just before the kill may stay: it does no harm.
    assert not unsettled & receipts_in(s3, bucket)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX thing")
def test_an_answer_that_did_not_reach_the_bucket_is_asked_about(machines: tuple[Machine, Machine, Path]) -> None:
    """On the other machine it is an unknown call, which is not paid twice unasked; at home it comes to light again."""
    a, b, meter = machines
    oneshot = tuple(name.replace("metered:", "oneshot:") for name in RUN)
    assert a.clash(*oneshot, CLASH_FAULT="receipt.after:4").code < 0
    charged = metered(meter)
    elsewhere = b.clash("resume", "far", "--json")
    assert elsewhere.code == 8, elsewhere.err
    home = a.clash("resume", "far", "--json")
    assert home.code == 0, home.err
    assert metered(meter)[: len(charged)] == charged
    assert sorted(metered(meter)) == sorted(set(metered(meter)))


def test_a_finished_film_is_restored_on_another_machine(machines: tuple[Machine, Machine, Path]) -> None:
    """`resume` there makes nothing and gives every file its name; the story under a new thread there pays nothing.

    To list where the files are asks no bucket.
    """
    a, b, meter = machines
    made = a.clash(*RUN)
    assert made.code == 0, made.err
    charged = metered(meter)
    listed = a.clash("assets", "ls", "far", "--json", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert all((a.folder / item["stored_path"]).exists() for item in listed.document["items"])
    there = b.clash("resume", "far", "--json")
    assert (there.code, there.document["status"]) == (0, "already_completed")
    film = there.document["film"]
    assert sha256_of((b.folder / film["path"]).read_bytes()) == made.document["film"]["sha256"]
    shutil.copyfile(a.folder / "story.csv", b.folder / "story.csv")
    shutil.rmtree(b.folder / "data")
    planned = b.clash(*RUN, "--thread", "near", "--dry-run")
    assert (planned.document["total_usd"], planned.document["found_calls"]) == ("0.000000", planned.document["calls"])
    again = b.clash(*RUN, "--thread", "near")
    assert again.code == 0, again.err
    assert metered(meter) == charged


def test_a_lost_paid_file_is_bought_again_only_on_request(
    tmp_path: Path, s3: S3Server, bucket: str, machines: tuple[Machine, Machine, Path]
) -> None:
    """The run says which file, what it cost and what it would cost; `--remake-lost` buys that one and no other."""
    a, b, meter = machines
    failed = a.clash(*RUN, METER_FAIL="shot:002")
    assert failed.code == 1
    charged = metered(meter)
    (digest,) = rows(tmp_path, "SELECT asset_sha256 FROM api_logs WHERE slot = 'shot:002/keyframe'")[0]
    (done,) = rows(tmp_path, "SELECT asset_sha256 FROM api_logs WHERE slot = 'shot:001'")[0]
    for sha256 in (digest, done):
        s3.delete(bucket, f"films/{sha256[:2]}/{sha256[2:]}")
    lost = b.clash("resume", "far", "--json")
    assert (lost.code, lost.document["error"]["code"]) == (1, "asset_lost")
    assert "clash resume --remake-lost far" in lost.document["error"]["hint"]
    assert "$0.10" in lost.document["error"]["message"] + lost.document["error"]["hint"]
    assert metered(meter) == charged
    made = b.clash("resume", "far", "--remake-lost", "--json")
    assert made.code == 0, made.err
    assert sorted(metered(meter)[len(charged) :]) == ["shot:001", "shot:002", "shot:002/keyframe"]
    assert made.document["cost"]["total_usd"] == f"{len(metered(meter)) / 10:.6f}"


def test_nothing_is_bought_without_the_bucket(machines: tuple[Machine, Machine, Path]) -> None:
    """A mistyped bucket is told before the first call, with exit code 4."""
    a, _, meter = machines
    ran = a.clash(*RUN, ASSET_STORE="s3://no-such-bucket")
    assert (ran.code, ran.document["error"]["code"]) == (4, "no_bucket")
    assert metered(meter) == []


def test_what_the_bucket_refuses_is_kept_and_shared_later(machines: tuple[Machine, Machine, Path]) -> None:
    """The bucket out of reach in the middle of a run: the run fails, and goes on from its receipts, paying nothing."""
    a, _, meter = machines
    assert a.clash(*RUN, METER_FAIL="shot:001").code == 1
    charged = metered(meter)
    cut_off = a.clash("resume", "far", "--json", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert cut_off.code == 1
    assert cut_off.document["error"]["code"] == "asset_store"
    assert metered(meter)[len(charged) :] == ["shot:001"]
    assert a.clash("resume", "far", "--json").code == 0
    assert metered(meter)[len(charged) :] == ["shot:001"]
