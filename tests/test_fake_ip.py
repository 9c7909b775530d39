"""Fake-ip proxies: their numbers pass where that is how a machine is set up; private ones never do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from emulator import Emulator
from emulator.material import PICTURES, job, picture
from emulator.vendor_run import VendorRun

from clash.calls.readiness import Readiness
from clash.config import Settings
from clash.errors import ProviderError, SettingsError
from clash.providers.addresses import AddressFilter, UnsafeHostError, never_passing
from clash.providers.file_hosts import check_file_hosts
from clash.providers.ports import FREE, ImageRequest, Quote
from clash.providers.transport import Downloads

FAKE, PUBLIC = "198.18.0.7", "93.184.215.14"
HOST = "v3.fal.media"
PRICE = Quote(Decimal("0.01"))
IMAGE = f"fal:{PICTURES[0]}"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine's own."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def resolving(monkeypatch: pytest.MonkeyPatch, numbers: Mapping[str, str], otherwise: str = PUBLIC) -> list[str]:
    """Answer names with these numbers; "" finds none. Returns the names that were looked up."""
    asked: list[str] = []

    async def getaddrinfo(self: object, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        if not (number := numbers.get(host, otherwise)):
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


def downloads(**settings: str) -> Downloads:
    """Downloads as settings from the environment make them."""
    return Downloads.of(Settings(**settings))


async def test_a_resolver_that_gives_every_name_a_fake_ip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any setting: a resolver that answers every name from the range is a fake-ip proxy's."""
    resolving(monkeypatch, {}, otherwise=FAKE)
    assert await downloads().check_host(HOST) == f"at {FAKE}"


async def test_one_fake_name_among_real_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other names are public, a host in the range is no fake-ip proxy's; the hint says how to let it pass."""
    resolving(monkeypatch, {HOST: FAKE})
    with pytest.raises(SettingsError, match=r"CLASH_FAKE_IP_RANGES=198\.18\.0\.0/15") as caught:
        await downloads().check_host(HOST)
    assert caught.value.code == "unsafe_address"
    assert await downloads(CLASH_FAKE_IP_RANGES="198.18.0.0/15").check_host(HOST) == f"at {FAKE}"


async def test_the_default_range_passes_with_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is set, though not for this host: its resolver is at work."""
    resolving(monkeypatch, {HOST: FAKE})
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:7890")
    assert await downloads().check_host(HOST) == f"at {FAKE}"


async def test_fake_ip_can_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """`none` lets no range pass, whatever the resolver does."""
    resolving(monkeypatch, {}, otherwise=FAKE)
    with pytest.raises(SettingsError, match="not public"):
        await downloads(CLASH_FAKE_IP_RANGES="none").check_host(HOST)


@pytest.mark.parametrize(
    "number",
    [
        "169.254.169.254",
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "0.1.2.3",
        "fe80::1",
        "::1",
        "fd00::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "224.0.0.1",
        "fe80::1%eth0",
    ],
)
async def test_private_addresses_never_pass(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is declared, in whichever form the number comes; only CLASH_ALLOW_HOSTS trusts a host."""
    resolving(monkeypatch, {}, otherwise=number)
    declared = "0.0.0.0/0, ::/0, 169.254.0.0/16, 10.0.0.0/8 127.0.0.0/8"
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:7890")
    with pytest.raises(SettingsError, match="not public"):
        await downloads(CLASH_FAKE_IP_RANGES=declared).check_host(HOST)
    trusted = downloads(CLASH_FAKE_IP_RANGES=declared, CLASH_ALLOW_HOSTS=HOST)
    assert await trusted.check_host(HOST) == "allowed by CLASH_ALLOW_HOSTS"


@pytest.mark.parametrize("number", ["28.0.0.9", "100.64.1.2", "240.0.0.3"])
async def test_other_declared_ranges_pass(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies can be set to ranges of their own."""
    resolving(monkeypatch, {}, otherwise=number)
    declared = downloads(CLASH_FAKE_IP_RANGES="28.0.0.0/8,100.64.0.0/10,240.0.0.0/4")
    assert await declared.check_host(HOST) == f"at {number}"


def test_addresses_in_numbers_need_no_resolver() -> None:
    """A file's address may be a number: of a declared range it may go to the proxy, of a private one it may not."""
    passing = AddressFilter(Settings(**{"CLASH_FAKE_IP_RANGES": "100.64.0.0/10"}).fake_ip_ranges or ())
    passing.check_unresolved("100.64.0.1")
    passing.check_unresolved("cdn.example")
    for host in ("198.18.0.1", "10.0.0.1", "0x7f.1", "localhost.", "printer.local"):
        with pytest.raises(UnsafeHostError):
            passing.check_unresolved(host)
    AddressFilter(proxied=True).check_unresolved("198.18.0.1")


def test_a_range_that_can_never_pass_is_reported() -> None:
    """`doctor` says so, rather than let somebody wonder."""
    ranges = Settings(**{"CLASH_FAKE_IP_RANGES": "10.1.0.0/16,198.18.0.0/15"}).fake_ip_ranges
    assert [str(one) for one in never_passing(ranges or ())] == ["10.1.0.0/16"]


@pytest.mark.parametrize("value", ["198.18.0.0/33", "fake", "198.18.0.0/15;10.0.0.0/8"])
def test_an_invalid_range_is_refused(value: str) -> None:
    """The part that is not a range is named."""
    with pytest.raises(ValueError, match="is not a range of IP addresses"):
        Settings(**{"CLASH_FAKE_IP_RANGES": value})


@pytest.mark.parametrize("value", ["", " ", ",", " , "])
def test_ranges_without_a_range_are_not_set(value: str) -> None:
    """Spaces and commas alone leave the choice to clash, as an empty variable does."""
    assert Settings(**{"CLASH_FAKE_IP_RANGES": value}).fake_ip_ranges is None


# -- before anything is bought -----------------------------------------------------------------------------------


def card() -> ImageRequest:
    """A small picture of a place."""
    return ImageRequest(subject="location", prompt="A harbour", style="ink", width=1024, height=576)


async def test_nothing_is_bought_whose_file_is_refused(
    vendor_run: VendorRun, vendors: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor's host of files leads to a private number: no job is handed in, no row says that one was."""
    resolving(monkeypatch, {}, otherwise="10.0.0.8")
    with pytest.raises(
        SettingsError, match=r"v3\.fal\.media would not be fetched: 10\.0\.0\.8 is not public"
    ) as caught:
        await vendor_run.call(IMAGE, card())
    assert caught.value.exit_code == 4
    assert await vendor_run.states() == []
    assert vendors.submits() == []


async def test_a_picture_is_bought_behind_a_fake_ip(
    vendor_run: VendorRun, vendors: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every name is answered from the range, the hosts of files pass, and the job is handed in."""
    resolving(monkeypatch, {}, otherwise=FAKE)
    vendors.answers(job(PICTURES[0], {"images": [{"url": vendors.file("a.png", picture())}]}))
    await vendor_run.call(IMAGE, card())
    assert await vendor_run.states() == ["succeeded"]


async def test_hosts_are_resolved_once(vendor_run: VendorRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many calls at once wait for one look-up; free calls for none; what failed is looked up again."""
    model = vendor_run.registry.model("image", IMAGE)
    numbers = {HOST: "10.0.0.8"}
    asked = resolving(monkeypatch, numbers)
    readiness = Readiness([model])
    await readiness.check(model, FREE)
    assert asked == []
    for _ in range(2):
        results = await asyncio.gather(*(readiness.check(model, PRICE) for _ in range(5)), return_exceptions=True)
        assert [type(result) for result in results] == [SettingsError] * 5
    assert asked.count(HOST) == 2
    numbers[HOST] = PUBLIC
    await asyncio.gather(*(readiness.check(model, PRICE) for _ in range(5)))
    await readiness.check(model, PRICE)
    assert asked.count(HOST) == 3


async def test_all_hosts_are_resolved_before_the_first_paid_call(
    vendor_run: VendorRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screenplay is not bought of one vendor when the pictures of another could not be fetched afterwards."""
    resolving(monkeypatch, {}, otherwise="10.0.0.8")
    writer, pictures = (
        vendor_run.registry.model("screenplay", "openai:gpt-5-mini"),
        vendor_run.registry.model("image", IMAGE),
    )
    with pytest.raises(SettingsError, match=HOST):
        await Readiness([writer, pictures]).check(writer, PRICE)
    await Readiness([writer]).check(writer, PRICE)


class Served:
    """A provider's hosts of files, of which some cannot be reached."""

    file_hosts = ("a.example", "b.example")

    def __init__(self, *lost: str, gateway: bool = False) -> None:
        self.lost = lost
        self.serves_files_itself = gateway

    async def check_file_host(self, host: str) -> str:
        """Raises `ProviderError` for those that are lost."""
        if host in self.lost:
            raise ProviderError(f"{host} cannot be reached", code="unreachable", retryable=True)
        return "at 93.184.215.14"


async def test_one_host_of_several_may_be_gone() -> None:
    """A host that went out of use stops nobody; when none can be reached, nothing is bought."""
    assert "b.example at 93.184.215.14" in await check_file_hosts(Served("a.example"))
    assert await check_file_hosts(Served("a.example", "b.example", gateway=True))
    with pytest.raises(ProviderError, match=r"a\.example cannot be reached"):
        await check_file_hosts(Served("a.example", "b.example"))
