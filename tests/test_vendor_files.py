"""A vendor as a file: checked with clear errors, shown without sending anything, and used like any provider."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from filming import SMALL, clash, environment, forked_clash, shot_list
from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route, served
from http_vendors.asked import small_files
from test_documents import holds

from clash.config import Settings
from clash.errors import NotFoundError, SettingsError, UsageError
from clash.providers.http.files import read_vendor_file, vendor_file
from clash.providers.http.listing import vendor_listings
from clash.providers.http.template import fill
from clash.providers.registry import Registry, provider_names
from clash.providers.vendor_names import shipped_files, vendor_names

GUIDE = (Path(__file__).parent.parent / "docs" / "providers.md").read_text(encoding="utf-8")
(ACME,) = re.findall(r"^```toml\n(# acme\.toml.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)
SHIPPED = vendor_names(None)


class Acme(Vendor):
    """The vendor that docs/providers.md makes up."""

    variables: ClassVar[tuple[str, str]] = ("ACME_API_KEY", "ACME_BASE_URL")

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, {"error": {"code": "no_key", "message": "who are you?"}})

    @route("POST", "/v1/clips")
    def clips(self, asked: Asked) -> Any:
        required = {"model": ("reel-2",), "prompt": str, "image": str, "seconds": int, "size": ("720p", "1080p")}
        fault = check_fields(asked.body, required, {"seed": int, "end_image": str})
        if fault is not None:
            raise Refusal(400, {"error": {"code": "bad_request", "message": fault}})
        usd = (9 if asked.body["size"] == "1080p" else 5) * asked.body["seconds"]
        return {"id": self.take(f"clip-{len(self.jobs)}", "reel-2", usd, asked.body)}  # type: ignore[arg-type]

    @route("GET", "/v1/clips/([^/]+)")
    def clip(self, asked: Asked) -> Any:
        if self.looked_at(asked.parts[0]) != "done":
            return {"status": "working"}
        return {"status": "done", "output": {"url": self.file_url("clip.mp4")}, "seed": 7}


@pytest.fixture
def acme() -> Generator[Acme]:
    """The vendor, on loopback."""
    with served(Acme(small_files())) as vendor:
        assert isinstance(vendor, Acme)
        yield vendor


def written(folder: Path, text: str = ACME, name: str = "acme") -> Path:
    """A vendor's file in a folder."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_vendor_of_the_guide_has_under_60_lines(tmp_path: Path) -> None:
    """The example of docs/providers.md is a whole vendor, and right."""
    assert len([line for line in ACME.splitlines() if line.strip()]) < 60
    vendor = read_vendor_file(written(tmp_path))
    assert [model.spec for model in vendor.models] == ["acme:reel-2", "acme:still"]


def test_a_film_of_a_vendor_of_one_s_own(tmp_path: Path, acme: Acme) -> None:
    """A folder with a file is all that it takes; its clips are in the film, and the bill is the vendor's."""
    written(tmp_path)
    env = environment(**acme.environment, CLASH_PROVIDERS_DIR=".")
    story = shot_list(tmp_path / "story.csv", 1)
    made = clash(
        tmp_path, "run", str(story), *SMALL, "--video-model", "acme:reel-2", "--thread", "a", "--json", env=env
    )
    assert made.code == 0, made.err
    assert made.document["cost"]["total_usd"] == "0.150000", "three seconds, the shortest, at $0.05"
    assert [body["seconds"] for body in acme.bodies if body] == [3]


def test_check_shows_the_requests_and_sends_none(tmp_path: Path, acme: Acme) -> None:
    """Every request is shown with placeholders; the key is not shown, and nobody is asked."""
    written(tmp_path)
    env = environment(**{**acme.environment, "ACME_API_KEY": KEY})
    checked = clash(tmp_path, "models", "check", "acme.toml", "--json", env=env)
    assert checked.code == 0, checked.err
    holds("models-check", checked.document)
    assert [(request["step"], request["method"]) for request in checked.document["requests"]] == [
        ("submit", "POST"),
        ("poll", "GET"),
        ("submit", "POST"),
    ]
    first = checked.document["requests"][0]
    assert first["headers"] == {"Authorization": "Bearer <ACME_API_KEY>"}
    assert first["body"]["end_image"] == "data:image/jpeg;base64,<last_frame>"
    assert checked.document["models"][0]["cost_usd"] == "0.250000"
    table = clash(tmp_path, "models", "check", "acme.toml", env=env)
    assert KEY not in checked.out + table.out
    assert acme.requests == []


def test_doctor_knows_the_vendors_of_the_folder(tmp_path: Path, acme: Acme) -> None:
    """A vendor whose key is set is told, a wrong file too; one without a key is not asked, and no key is shown."""
    written(tmp_path)
    written(tmp_path, ACME.replace('state = "status"', ""), name="bent")
    env = environment(**acme.environment, CLASH_PROVIDERS_DIR=".", ARK_API_KEY="", MINIMAX_API_KEY="")
    document = clash(tmp_path, "doctor", "--json", env=env).document
    checks = {check["check"]: check for check in document["checks"]}
    assert (checks["acme"]["ok"], checks["bent"]["ok"]) == (True, False)
    assert "no free call" in checks["acme"]["says"]
    assert "endpoints.clips" in checks["bent"]["says"]
    assert not {"ark", "minimax", "dashscope"} & set(checks)
    assert KEY not in str(document)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("poll_every_s", "pol_every_s"), "there is no key 'pol_every_s' here (did you mean"),
        (lambda text: text.replace('state = "status"', ""), "endpoints.clips: an endpoint with `job` also needs"),
        (lambda text: text.replace('"POST /v1/images"', '"/v1/images"'), "endpoints.pictures.submit: '/v1/images' is"),
        (lambda text: text.replace('"$resolution"', '"$size_of_it"'), "the body names $size_of_it; known for video:"),
        (
            lambda text: text.replace('endpoint = "pictures"', 'endpoint = "stills"'),
            "there is no endpoint 'stills'",
        ),
        (
            lambda text: text.replace("https://api.acme", "http://api.acme"),
            "base_url: must be an address that starts",
        ),
        (lambda text: text.replace('"Bearer ${key}"', '"Bearer"'), "a header sends it as ${key}: one is missing"),
        (lambda text: text.replace('"output.url"', '"output url"'), "'output url' is not a path into JSON"),
        (lambda text: text.replace("${job}", "${task}"), "${task} is no part of an address; known: job, model"),
        (lambda text: text.replace("seed = true", "seed = true\nsound = true"), "sound = true, but the body does not"),
        (
            lambda text: text.replace("last_frame = true", 'last_frame = "often"'),
            "models.0.last_frame: must be true or false",
        ),
        (
            lambda text: text.replace('unit = "image"', 'unit = "piece"'),
            "models.1.prices.0.unit: must be one of: 'image', 'megapixel'",
        ),
        (lambda text: text + "\n[models", "is no TOML"),
        (
            lambda text: text.replace('failed = ["failed"]', "failed = []"),
            "vendor's words for `succeeded` and",
        ),
        (
            lambda text: text.replace('price = "0.03"', 'price = "0.03", currency = "EUR"'),
            "a price is in EUR; known:",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_key(tmp_path: Path, change: Callable[[str], str], told: str) -> None:
    """File, key, what is wrong, and what is allowed; exit 4."""
    text = change(ACME)
    assert text != ACME
    with pytest.raises(SettingsError) as caught:
        read_vendor_file(written(tmp_path, text))
    assert told in caught.value.message
    assert "acme.toml" in caught.value.message
    assert (caught.value.code, caught.value.exit_code) == ("bad_vendor_file", 4)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """A missing file, one with another ending, and one with the name of an installed provider."""
    with pytest.raises(NotFoundError, match="there is no vendor file") as missing:
        read_vendor_file(tmp_path / "nobody.toml")
    assert missing.value.exit_code == 3
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        read_vendor_file(tmp_path / "folder.toml")
    with pytest.raises(UsageError, match=r"not a \.toml file"):
        read_vendor_file(tmp_path / "acme.json")
    written(tmp_path, name="fal")
    ended = clash(tmp_path, "models", "check", "fal.toml", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (4, "bad_vendor_file")
    assert "installed" in ended.err


def test_a_wrong_file_hides_no_other(tmp_path: Path) -> None:
    """`clash models` lists what the others have and names the wrong one; exit 4. A run without it is not refused."""
    written(tmp_path)
    (tmp_path / "bad.toml").write_text("this is [no toml", encoding="utf-8")
    env = environment(CLASH_PROVIDERS_DIR=".")
    listed = forked_clash(tmp_path, "models", "--json", env=env)
    assert listed.code == 4
    assert {"acme:reel-2", "local:illustrator"} <= {item["model"] for item in listed.document["items"]}
    assert "bad.toml" in listed.document["error"]["message"]
    assert "bad.toml" in listed.err
    (tmp_path / "s.csv").write_text("shot,action\n1,Mara waits\n", encoding="utf-8")
    assert forked_clash(tmp_path, "run", "s.csv", "--dry-run", env=env).code == 0


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    """CLASH_PROVIDERS_DIR is named."""
    settings = Settings(**{"CLASH_PROVIDERS_DIR": tmp_path / "nowhere"})
    with pytest.raises(SettingsError, match=r"CLASH_PROVIDERS_DIR .*nowhere is not a folder"):
        provider_names(settings)


def test_one_s_own_file_replaces_the_one_of_clash(tmp_path: Path) -> None:
    """A file named `ark.toml` is Ark from then on; that of an installed provider's name is not looked at."""
    written(tmp_path, name="ark")
    written(tmp_path, "not even TOML", name="local")
    settings = Settings(**{"CLASH_PROVIDERS_DIR": tmp_path})
    registry = Registry(settings)
    assert registry.provider("ark").models()["video"] == ("reel-2",)
    assert registry.provider("local").models()["image"] == ("illustrator",)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_vendor_of_clash_is_right(name: str) -> None:
    """Its file is read, says where it was read and when, and every price has a source."""
    vendor = vendor_file(name, None)
    assert vendor.source.startswith("https://")
    assert all(price.source for price in vendor.price_list())
    assert Registry(Settings()).provider(name).name == name


def test_the_preset_for_china_is_quoted(tmp_path: Path) -> None:
    """`--preset final-cn` names pictures, clips and speech of vendors there; the text is the settings'."""
    story = shot_list(tmp_path / "story.csv", 1, words=True)
    ended = clash(tmp_path, "run", str(story), *SMALL, "--preset", "final-cn", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    models = {line["kind"]: line["model"].partition(":")[0] for line in ended.document["by_step"]}
    assert models == {"screenplay": "local", "image": "ark", "video": "ark", "speech": "minimax"}
    assert ended.document["total_usd"] > "0.1"


def test_what_may_be_missing_takes_nothing_along() -> None:
    """A table with a `?` is left out alone; a list in an item of a list is repeated by itself."""
    body = tomllib.loads(
        'i = [{ p = "$prompt", "last?" = { d = "$last", m = "x" } }]\n'
        'c = [{ parts = [{ t = "$prompt" }, { d = "$reference" }] }]'
    )
    assert fill(body, {"prompt": "a", "references": ["1", "2"]}) == {
        "i": [{"p": "a"}],
        "c": [{"parts": [{"t": "a"}, {"d": "1"}, {"d": "2"}]}],
    }
    assert fill(body["i"], {"prompt": "a", "last": "b"}) == [{"p": "a", "last": {"d": "b", "m": "x"}}]


def test_templates_leave_out_what_has_no_value() -> None:
    """An entry of a table, an item of a list; an item is repeated for each picture."""
    body = tomllib.loads(
        'a = "$x"\nb = [{ t = "text", v = "$x" }, { t = "image", v = { u = "$reference" } }]\nc = []\nd = { e = "$x" }'
    )
    assert fill(body, {"references": ["1", "2"]}) == {
        "b": [{"t": "image", "v": {"u": "1"}}, {"t": "image", "v": {"u": "2"}}],
        "c": [],
    }
    assert fill(body, {"x": 0}) == {"a": 0, "b": [{"t": "text", "v": 0}], "c": [], "d": {"e": 0}}


def test_all_that_is_wrong_is_told_in_one_go(tmp_path: Path) -> None:
    """Single keys and what does not go together, each with its key; no word of the library that checks them."""
    text = ACME.replace("poll_every_s", "pol_every_s").replace('unit = "image"', 'unit = "piece"')
    text = text.replace("concurrency = 4", "concurrency = 0").replace('"$resolution"', '"$size_of_it"')
    text = text.replace("most_references = 4", 'most_references = "four"').replace('result = "output.url"', "")
    with pytest.raises(SettingsError) as caught:
        read_vendor_file(written(tmp_path, text))
    head, *lines = caught.value.message.splitlines()
    assert head.endswith("acme.toml has 6 faults:")
    assert [line.partition(": ")[0].strip() for line in lines] == [
        "concurrency",
        "pol_every_s",
        "models.1.most_references",
        "models.1.prices.0.unit",
        "endpoints.clips",
        "models.0 (reel-2)",
    ]
    assert "concurrency: must be at least 1" in caught.value.message
    assert "most_references: must be a whole number" in caught.value.message
    assert not re.search(r"Input should|Field required|Extra inputs|pydantic", caught.value.message)


def test_a_file_of_nothing_says_what_it_needs(tmp_path: Path) -> None:
    """The keys without which there is no vendor, in one go."""
    with pytest.raises(SettingsError) as caught:
        read_vendor_file(written(tmp_path, ""))
    told = re.findall(r"^  (\w+): is missing$", caught.value.message, flags=re.MULTILINE)
    assert told == ["title", "source", "checked_on", "base_url", "base_url_setting", "endpoints", "models"]


def test_values_with_digits_in_their_names_are_filled() -> None:
    """`keyframe_base64` is a value like any other."""
    assert fill({"a": "$keyframe_base64", "b": "x${keyframe_base64}"}, {"keyframe_base64": "QUJD"}) == {
        "a": "QUJD",
        "b": "xQUJD",
    }


def test_a_list_says_what_the_files_say() -> None:
    """`clash models` reads only some keys of the files that come with clash; they mean what the whole file means."""
    settings = Settings()
    listed = {one.name: one for one in vendor_listings(settings, frozenset())}
    assert set(listed) == set(shipped_files())
    for name, listing in listed.items():
        whole = vendor_file(name, settings)
        assert (listing.keys, listing.prices) == (whole.keys, whole.price_list())
        facts = [(model.spec, model.kind, model.summary, model.free) for model in listing.models]
        assert facts == [(model.spec, model.kind, model.summary, model.free) for model in whole.models]
