"""A stranger's providers: the example package, really installed, and the forty lines of docs/providers.md.

Both talk over loopback to a server that speaks their wire protocols and keeps its own count of what it charges. It can
turn callers away, hang up after it has charged, and refuse.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from filming import SMALL, Ran, clash, environment, query, shot_list
from PIL import Image

from clash.calls.content_key import content_key, seed_of
from clash.providers.ports import Context, Identified, JobProvider, Priced, Provider, Searchable, SpeechRequest
from clash.providers.registry import Model

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "provider_plugin"
GUIDE = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
KEY, OIL, LETTER = "secret-of-the-test", Decimal("0.04"), Decimal("0.000015")
PAINTED = ("--image-model", "paintbox:oil")


@dataclass
class Service:
    """Paintbox and Parrot behind one address, with what they were asked and what they charged.

    `faults` are what the next POSTs meet, in turn: `busy` (429), `hang_up` after the work is done and charged, or
    `refuse` (422); after them all goes well.
    """

    faults: list[str] = field(default_factory=list[str])
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    spoken: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    asked: list[str] = field(default_factory=list[str])
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    @property
    def charged(self) -> Decimal:
        """Dollars charged so far: every job that was taken, every key that was spoken."""
        return OIL * len(self.jobs) + sum(self.spoken.values(), Decimal(0))

    def count(self, method: str) -> int:
        """How many requests of this method came for jobs."""
        return sum(line.startswith(f"{method} /v1/jobs") for line in self.asked)


def painted(width: int, height: int, number: int) -> bytes:
    """A picture of the size asked for, each of another colour."""
    ramp = Image.linear_gradient("L").resize((width, height))
    stream = io.BytesIO()
    Image.merge("RGB", (ramp, ramp.point(lambda _: 40 * number % 256), ramp.rotate(180))).save(stream, "PNG")
    return stream.getvalue()


def spoken(text: str) -> bytes:
    """Half a second of sound."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes((text.encode() * 8000)[:8000])
    return stream.getvalue()


FAULTS: dict[str, tuple[int, str, dict[str, str]]] = {
    "busy": (429, "too many requests", {"retry_after": "0"}),
    "refuse": (422, "the picture would break our rules 规则", {}),
}


def handler(service: Service) -> type[BaseHTTPRequestHandler]:
    """The wire protocols of Paintbox and Parrot."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def answer(self, code: int, content: bytes, media_type: str = "application/json", **headers: str) -> None:
            self.send_response(code)
            for name, value in {"content-type": media_type, "content-length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with service.lock:
                service.asked.append(f"POST {self.path}")
                fault = service.faults.pop(0) if service.faults else ""
                if fault in FAULTS:
                    code, text, headers = FAULTS[fault]
                    return self.answer(code, text.encode(), "text/plain", **headers)
                reply = self.speak(body) if self.path == "/v1/speech" else self.take_job(body)
            if fault == "hang_up":
                self.close_connection = True
                return None
            return self.answer(*reply)

        def speak(self, body: dict[str, Any]) -> tuple[int, bytes, str]:
            service.spoken.setdefault(self.headers["idempotency-key"], LETTER * len(body["text"]))
            return 200, spoken(body["text"]), "audio/wav"

        def take_job(self, body: dict[str, Any]) -> tuple[int, bytes]:
            if self.headers["authorization"] != f"Bearer {KEY}":
                return 401, b"who are you?"
            number = len(service.jobs) + 1
            service.jobs[f"job-{number}"] = {**body, "polls": 0, "number": number}
            return 201, json.dumps({"id": f"job-{number}"}).encode()

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            with service.lock:
                service.asked.append(f"GET {self.path}")
                if address.query:
                    (reference,) = parse_qs(address.query)["client_reference"]
                    found = [{"id": id} for id, job in service.jobs.items() if job["client_reference"] == reference]
                    return self.answer(200, json.dumps({"jobs": found}).encode())
                job = service.jobs.get(address.path.split("/")[3])
                if job is None:
                    return self.answer(404, b"no such job", "text/plain")
                if address.path.endswith("/picture"):
                    content = painted(job["width"], job["height"], job["number"])
                    return self.answer(200, content, "image/png", x_cost_usd=str(OIL))
                job["polls"] += 1
                state = "succeeded" if job["polls"] > 1 else "running"
                return self.answer(200, json.dumps({"state": state, "message": "", "cost_usd": str(OIL)}).encode())

    return Handler


def serving() -> Iterator[Service]:
    """A service on loopback for as long as it is needed."""
    service = Service()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(service))
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield service
    server.shutdown()
    server.server_close()
    thread.join()


service = pytest.fixture(serving, name="service")
other_service = pytest.fixture(serving, name="other_service")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the path, with the example as pip installs it, and the guide's forty lines as a package."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--disable-pip-version-check",
            "--target",
            str(folder),
            str(EXAMPLE),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (folder / "clash_parrot.py").write_text(the_forty_lines(), encoding="utf-8")
    facts = folder / "clash_parrot-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: clash-parrot\nVersion: 1\n")
    (line,) = re.findall(r"^```toml\n\[project\.entry-points\.\"clash\.providers\"\]\n(.*?)^```", GUIDE, re.M | re.S)
    (facts / "entry_points.txt").write_text("[clash.providers]\n" + line.replace('"', ""))
    return folder


def the_forty_lines() -> str:
    """The module in docs/providers.md."""
    return modules_of_the_guide()[0]


def modules_of_the_guide() -> list[str]:
    """The modules in docs/providers.md, in order: Parrot, Beeps."""
    return re.findall(r"^```python\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)


def film(folder: Path, installed: Path, service: Service, *arguments: str, **changes: str) -> Ran:
    """Run clash with both plug-ins on its path."""
    addresses = {"PAINTBOX_URL": service.url, "PARROT_URL": service.url, "NO_PROXY": "127.0.0.1"}
    env = environment(**{"PYTHONPATH": str(installed), "PAINTBOX_KEY": KEY, **addresses, **changes})
    return clash(folder, *arguments, "--json", env=env)


def test_a_film_of_two_plug_ins_is_paid_once(tmp_path: Path, installed: Path, service: Service) -> None:
    """Turned away, hung up on with the job taken, hung up on with the line spoken: the film is made, and what the
    tables say was paid is what the server charged, to the micro-dollar.
    """
    shot_list(tmp_path / "story.csv", 2, words=True)
    service.faults += ["busy", "hang_up", "", "", "hang_up", "hang_up", "hang_up"]
    parrot = ("--speech-model", "parrot")
    ran = film(tmp_path, installed, service, "run", "story.csv", "--thread", "p", *SMALL, *PAINTED, *parrot)
    assert ran.code == 0, ran.err
    assert service.faults == []
    references = [job["client_reference"] for job in service.jobs.values()]
    assert len(references) == len(set(references)) == 5  # two cards of places, one of Mara, two keyframes
    assert [len(job["references"]) for job in service.jobs.values()] == [0, 0, 0, 2, 2]
    assert len(service.spoken) == 2
    cost = film(tmp_path, installed, service, "cost", "p", "--calls").document
    assert Decimal(cost["total_usd"]) == service.charged > 5 * OIL
    assert (cost["unknown_calls"], cost["total_usd"], cost["reserved_usd"]) == (0, cost["estimate_usd"], "0.000000")
    assert {"precision": "billed", "calls": 5, "cost_usd": f"{5 * OIL:.6f}"} in cost["by_precision"]
    images = [call for call in cost["calls_list"] if call["kind"] == "image" and call["state"] == "succeeded"]
    assert sorted(call["job_id"] for call in images) == sorted(service.jobs)
    with Image.open(tmp_path / "output/p/keyframes/001.png") as keyframe:
        assert keyframe.size == (384, 216)


def test_a_dead_process_s_job_is_asked_for_where_it_is(
    tmp_path: Path, installed: Path, service: Service, other_service: Service
) -> None:
    """Killed once the second job's id is stored, resumed when the address in the settings is another: that job is
    polled at the old address and not handed in again; what was not handed in goes to the new one.
    """
    shot_list(tmp_path / "story.csv", 1)
    begin = ("run", "story.csv", "--thread", "k", *SMALL, *PAINTED, "--concurrency", "1")
    killed = film(tmp_path, installed, service, *begin, CLASH_FAULT="job.after:2")
    assert killed.code < 0 or sys.platform == "win32", killed.err
    assert len(service.jobs) == 2
    polls = service.jobs["job-2"]["polls"]
    ran = film(tmp_path, installed, other_service, "resume", "k")
    assert ran.code == 0, ran.err
    assert (polls, service.jobs["job-2"]["polls"]) == (0, 2)
    assert service.count("POST") == 2
    assert (len(service.jobs), len(other_service.jobs)) == (2, 1)
    assert query(tmp_path, "SELECT sum(cost_micro) FROM api_logs") == [(3 * 40_000,)]


def test_a_refusal_is_told_in_the_service_s_own_words(tmp_path: Path, installed: Path, service: Service) -> None:
    """One picture is refused: the other cards are made, exit 1, the words are the service's, it cost nothing."""
    shot_list(tmp_path / "story.csv", 2)
    service.faults += ["refuse"]
    ran = film(tmp_path, installed, service, "run", "story.csv", "--thread", "r", *SMALL, *PAINTED)
    assert ran.code == 1, ran.err
    assert "the picture would break our rules 规则" in ran.document["error"]["message"]
    assert ran.document["error"]["retryable"] is False
    assert ran.document["steps"]["generate_assets"] == {"done": 2, "total": 3}
    assert service.count("POST") == 3
    assert Decimal(ran.document["cost"]["total_usd"]) == service.charged == 2 * OIL


def test_a_plug_in_s_prices_are_estimated_without_a_call(tmp_path: Path, installed: Path, service: Service) -> None:
    """A dry run shows five pictures at four cents, needs no key, and asks the server for nothing."""
    shot_list(tmp_path / "story.csv", 2)
    arguments = ("run", "story.csv", "--dry-run", *SMALL, *PAINTED)
    document = film(tmp_path, installed, service, *arguments, PAINTBOX_KEY="").document
    lines = [line for line in document["by_step"] if line["model"] == "paintbox:oil"]
    assert [(line["calls"], line["unit"], line["unit_price_usd"]) for line in lines] == [
        (3, "picture", "0.040000"),
        (2, "picture", "0.040000"),
    ]
    assert document["total_usd"] == "0.200000"
    assert service.asked == []


def test_a_missing_key_is_exit_4_before_the_first_call(tmp_path: Path, installed: Path, service: Service) -> None:
    """The plug-in's own words name the variable; nobody was asked, and nothing made, not even for free."""
    shot_list(tmp_path / "story.csv", 1)
    ran = film(tmp_path, installed, service, "run", "story.csv", "--thread", "n", *SMALL, *PAINTED, PAINTBOX_KEY="")
    assert (ran.code, ran.document["error"]["code"]) == (4, "settings"), ran.err
    assert ran.document["error"]["message"] == "PAINTBOX_KEY is not set"
    assert service.asked == []
    assert not (tmp_path / "data").exists(), "a run that cannot begin leaves nothing behind"


def test_the_plug_ins_are_what_the_guide_says_and_short(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's provider has forty lines of code, the example seventy; one answers at once, the other takes jobs."""
    monkeypatch.setenv("PAINTBOX_KEY", KEY)
    parrot, paintbox = (
        load(path, name)
        for path, name in (
            (installed / "clash_parrot.py", "Parrot"),
            (EXAMPLE / "clash_paintbox.py", "Paintbox"),
        )
    )
    assert isinstance(parrot, Provider)
    assert isinstance(parrot, Priced)
    assert not isinstance(parrot, JobProvider | Searchable)
    assert isinstance(paintbox, JobProvider)
    assert isinstance(paintbox, Searchable)
    assert not isinstance(paintbox, Provider)
    assert len(code_of(the_forty_lines())) <= 40
    assert len(code_of((EXAMPLE / "clash_paintbox.py").read_text(encoding="utf-8"))) <= 70


async def test_the_guide_s_identity_and_takes_are_obeyed(tmp_path: Path) -> None:
    """Two lines of one length are one call; a second take of a line is another file, the same for every try."""
    (tmp_path / "clash_beeps.py").write_text(modules_of_the_guide()[1], encoding="utf-8")
    beeps = load(tmp_path / "clash_beeps.py", "Beeps")
    assert isinstance(beeps, Provider)
    assert isinstance(beeps, Identified)
    model = Model(beeps, "sine")
    came, went = (
        SpeechRequest(text=text, speaker=who, language="en") for text, who in (("He came", "a"), ("He went", "b"))
    )
    assert content_key(model, came) == content_key(model, went) != content_key(model, came, take=2)

    async def said(take: int) -> bytes:
        key = content_key(model, came, take=take)
        return (await beeps.call("sine", came, Context(key, "sine", take=take, seed=seed_of(key)))).content

    first, second = await said(1), await said(2)
    assert first != second == await said(2)
    with wave.open(io.BytesIO(second)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(7 * 0.06)


def test_a_film_is_made_with_the_guide_s_beeps(tmp_path: Path, installed: Path, service: Service) -> None:
    """The module is found through its entry point, and two lines of one length are one file."""
    site = tmp_path / "beeps"
    facts = site / "clash_beeps-1.dist-info"
    facts.mkdir(parents=True)
    (site / "clash_beeps.py").write_text(modules_of_the_guide()[1], encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: clash-beeps\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[clash.providers]\nbeeps = clash_beeps:Beeps\n")
    shot_list(tmp_path / "story.csv", 2, words=True)
    ran = film(tmp_path, site, service, "run", "story.csv", "--thread", "b", *SMALL, "--speech-model", "beeps")
    assert ran.code == 0, ran.err
    lines = "SELECT count(*), count(DISTINCT key), count(DISTINCT asset_sha256) FROM api_logs WHERE service = 'beeps'"
    assert query(tmp_path, lines) == [(2, 1, 1)]


def load(path: Path, name: str) -> object:
    """An object of the class in a module's file."""
    content: dict[str, Any] = {}
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), content)  # noqa: S102
    return content[name]()


def code_of(module: str) -> list[str]:
    """The lines of a module that are not empty."""
    return [line for line in module.splitlines() if line.strip()]
