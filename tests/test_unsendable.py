"""What would fail before the first byte is found before a call is written down, and is told by the variable's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator
from emulator.material import PICTURES
from emulator.vendor_run import VendorRun
from filming import SMALL, clash, environment
from pydantic import SecretStr

from clash.config import load_settings
from clash.database.connection import open_database
from clash.errors import SettingsError
from clash.providers.credentials import check_sendable
from clash.providers.openai.conversation import make_client
from clash.providers.openai.servers import server_of
from clash.providers.ports import ImageRequest
from clash.providers.registry import Registry

STORY = "scene,location,description\n1,Sea,A boat on the sea.\n"
UNSENDABLE = {
    "SSL_CERT_FILE": "/not/there.pem",
    "ALL_PROXY": "socks4://me:hunter22@127.0.0.1:1080",
    "HTTPS_PROXY": "http://me:hunter22@127.0.0.1:port",
}
MODELS = {"openai": ("--screenplay-model", "openai:gpt-5-mini"), "fal": ("--image-model", f"fal:{PICTURES[0]}")}


@pytest.mark.parametrize("variable", UNSENDABLE)
@pytest.mark.parametrize("service", MODELS)
def test_a_run_ends_before_it_buys(service: str, variable: str, tmp_path: Path, vendors: Emulator) -> None:
    """Exit 4, the variable is named, no password is shown, and nothing is left of a run that cannot begin."""
    (tmp_path / "s.csv").write_text(STORY, encoding="utf-8")
    env = environment(**vendors.environment, **{variable: UNSENDABLE[variable]})
    ended = clash(tmp_path, "run", "s.csv", "--thread", "t", *SMALL, *MODELS[service], env=env)
    assert (ended.code, variable in ended.err) == (4, True), ended.err
    assert "hunter22" not in ended.out + ended.err
    assert not (tmp_path / "data").exists()
    assert vendors.submits() == []


@pytest.mark.parametrize("variable", UNSENDABLE)
def test_doctor_explains_it(variable: str, tmp_path: Path, vendors: Emulator) -> None:
    """A check fails that names the variable; it is no bug of clash's."""
    env = environment(**vendors.environment, **{variable: UNSENDABLE[variable]})
    ended = clash(tmp_path, "doctor", "--json", env=env)
    network = [check for check in ended.document["checks"] if check["check"] == "network"]
    assert (ended.code, [check["ok"] for check in network]) == (1, [False])
    assert variable in network[0]["says"]
    assert "hunter22" not in ended.out + ended.err


def test_doctor_says_which_proxy_is_used(tmp_path: Path) -> None:
    """Without user and password."""
    env = environment(ALL_PROXY="socks5://me:hunter22@127.0.0.1:9", OPENAI_API_KEY="", FAL_KEY="")
    ended = clash(tmp_path, "doctor", "--offline", "--json", env=env)
    says = {check["check"]: check["says"] for check in ended.document["checks"]}
    assert "all requests go through socks5://127.0.0.1:9 (ALL_PROXY)" in says["network"]
    assert "hunter22" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("ab cd", "a space or a line break"),
        ("ab\ncd", "a space or a line break"),
        ("schlüssel", "that no key has"),
        ("ab\u200bcd", "that no key has"),
        ("ab\x7f", "that no key has"),
        ('"abcd"', "quotes"),
        ("'abcd", "quotes"),
    ],
)
@pytest.mark.parametrize("service", ["openai", "fal"])
async def test_a_key_that_cannot_be_sent(
    service: str, key: str, why: str, vendor_run: VendorRun, vendors: Emulator
) -> None:
    """The variable and the place are named, the key is not shown, and nothing is recorded."""
    name = {"openai": "openai_api_key", "fal": "fal_key"}[service]
    model = {"openai": "openai:gpt-image-1-mini", "fal": f"fal:{PICTURES[0]}"}[service]
    request = ImageRequest(subject="location", prompt="A harbour", style="ink", width=1024, height=576)
    changed = vendor_run.set(**{name: SecretStr(key)}, allow_unpriced=True)
    with pytest.raises(SettingsError, match=f"{name.upper()} ") as caught:
        await changed.call(model, request)
    assert (caught.value.exit_code, caught.value.code) == (4, "bad_key")
    assert why in caught.value.message
    assert key not in f"{caught.value.message} {caught.value.hint}"
    assert await vendor_run.states() == []
    assert vendors.submits() == []


@pytest.mark.parametrize("key", [" ", "\n", "\t \n"])
async def test_a_blank_key_is_no_key(key: str, vendor_run: VendorRun, vendors: Emulator) -> None:
    """Also where a server of one's own wants none: it was meant to be one."""
    request = ImageRequest(subject="location", prompt="A harbour", style="ink", width=1024, height=576)
    for name, model in (("openai_api_key", "openai:gpt-image-1-mini"), ("fal_key", f"fal:{PICTURES[0]}")):
        changed = vendor_run.set(**{name: SecretStr(key)}, allow_unpriced=True)
        with pytest.raises(SettingsError, match=f"{name.upper()} is (blank|not set)"):
            await changed.call(model, request)
    assert await vendor_run.states() == []
    assert vendors.submits() == []


def test_a_good_key_passes() -> None:
    """Whatever can be seen on a keyboard."""
    check_sendable("FAL_KEY", "0123abcd-ef01:S3cret+/=_~!")


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "FAL_BASE_URL", "CLOUDFLARE_API_BASE_URL"])
@pytest.mark.parametrize(
    "value",
    [
        "nowhere",
        "ftp://a.example",
        "http://",
        "http://:80",
        "http://a.example:port",
        "http://a.example:99999",
        "http://[::1",
        "http://a b.example",
        "http://a.example/\nb",
        "https://me:hunter22@/v1",
        "http://a.example?x=1",
        "http://a..b/v1",
        "http://exa<mple/v1",
        "http://a.example:0",
    ],
)
def test_a_bad_address_is_named(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the setting and never repeats the value."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable) as caught:
        load_settings()
    assert caught.value.exit_code == 4
    assert "hunter22" not in caught.value.message


@pytest.mark.parametrize("value", ["http://127.0.0.1:8080/v1", "https://[::1]:8443", "HTTPS://münchen.example/v1/"])
def test_a_good_address_passes(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, ports, paths, names of any script."""
    monkeypatch.setenv("OPENAI_BASE_URL", value)
    assert load_settings().openai_base_url == value


@pytest.mark.parametrize("variable", ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
def test_a_header_from_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch, vendors: Emulator) -> None:
    """What the SDK itself takes from the environment is looked at too."""
    for name, value in vendors.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(variable, "org\nX-Other: 1")
    with pytest.raises(SettingsError, match=variable):
        make_client(server_of("screenplay", load_settings()))


def test_a_host_of_the_sdk_is_named(monkeypatch: pytest.MonkeyPatch, vendors: Emulator) -> None:
    """FAL_RUN_HOST would lead submits elsewhere than jobs are polled."""
    for name, value in vendors.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FAL_RUN_HOST", "other.example")
    with pytest.raises(SettingsError, match="FAL_RUN_HOST"):
        Registry(load_settings()).model("image", f"fal:{PICTURES[0]}").require()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", "/not/there.pem"),
        ("HTTPS_PROXY", "socks4://127.0.0.1:1"),
        ("CLOUDFLARE_API_TOKEN", '"token"'),
        ("CLOUDFLARE_API_TOKEN", "to ken"),
        ("CLOUDFLARE_API_BASE_URL", "http://["),
    ],
)
async def test_d1_names_it_too(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's client says the same, before it asks anybody."""
    fixed: dict[str, Any] = {"CLOUDFLARE_ACCOUNT_ID": "account", "CLOUDFLARE_API_TOKEN": "token", variable: value}
    for name, one in fixed.items():
        monkeypatch.setenv(name, one)
    with pytest.raises(SettingsError, match=variable):
        async with open_database("d1://films", "read"):
            pass
