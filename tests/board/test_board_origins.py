"""Where requests to a board with accounts come from: proxies, hosts, public addresses, certificates."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from accounts_room import STRANGER, AccountsRoom, accounts_room, make_token
from browser_of_board import served
from filming import environment
from proxy_servers import make_certificate

from clash.access import create_token, grants_of
from clash.board.app import BoardOptions
from clash.board.origins import Origins, Seen, check_public_url, networks_of
from clash.board.serving import BoardServer
from clash.config import Settings
from clash.database import init_database
from clash.errors import SettingsError, UsageError

PROXY, PUBLIC = "10.0.0.5", "https://board.example.org"
USER = "x-forwarded-user"


async def room_of(folder: Path, **options: Any) -> AccountsRoom:
    return await accounts_room(folder, f"sqlite:///{folder}/c.db", **options)


@pytest_asyncio.fixture
async def proxied(tmp_path: Path) -> AsyncGenerator[AccountsRoom]:
    """A board behind a proxy that names the user."""
    made = await room_of(tmp_path, proxies=networks_of("10.0.0.0/8"), user_header=USER, public_url=PUBLIC)
    yield made
    await made.board.accounts.close()


async def test_a_user_header_counts_from_the_proxy_alone(proxied: AccountsRoom) -> None:
    """From any other address, on this machine too, the header is as if it were not there."""
    for address, name, status in (
        (PROXY, "viewer", 200),
        (PROXY, "nobody", 403),
        (PROXY, "", 401),
        ("127.0.0.1", "viewer", 401),
        ("::1", "viewer", 401),
        (STRANGER, "viewer", 403),
        ("::ffff:10.0.0.5", "viewer", 200),
    ):
        async with proxied.client(address, host="localhost") as client:
            answer = await client.get("/api/runs", headers={USER: name})
            assert answer.status_code == status, (address, name, answer.text)
            if address == STRANGER:
                assert answer.json()["error"]["code"] == "not_by_proxy"
    async with proxied.client(PROXY, host="localhost") as client:
        twice = await client.get("/api/runs", headers=[(USER, "viewer"), (USER, "owner")])
        assert (twice.status_code, twice.json()["error"]["code"]) == (400, "bad_proxy")


async def test_a_user_has_the_roles_of_all_tokens(proxied: AccountsRoom) -> None:
    """Of an account that a proxy names, all good tokens count together; its writes need the page's token, too."""
    await make_token(proxied, "viewer", "river=producer")
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-host": "board.example.org", USER: "viewer"}
    async with proxied.client(PROXY, **forwarded) as client:
        page = (await client.get("/runs/river-run")).text
        token = page.partition('name="clash-token" content="')[2].partition('"')[0]
        assert token
        assert "/logout" not in page, "the session is the proxy's to end"
        storm = (await client.get("/runs/storm-run")).text
        assert 'name="clash-token"' not in storm
        write = "/api/runs/river-run/cancel"
        for headers, status in (
            ({"origin": PUBLIC, "x-clash-token": token}, 409),
            ({"origin": PUBLIC}, 403),
            ({"origin": "https://evil.example", "x-clash-token": token}, 403),
        ):
            assert (await client.post(write, json={}, headers=headers)).status_code == status


async def test_what_a_proxy_sends_for_itself_is_left_alone(proxied: AccountsRoom) -> None:
    """A header `Authorization` that is no token of the board leaves the user who the proxy names; a token counts."""
    async with proxied.client(PROXY, host="board.example.org", **{USER: "viewer"}) as client:
        for told, tokens in (("Basic eDp5", False), ("Bearer eyJhbGciOi.x.y", False), ("", True)):
            bearer = told or proxied.bearer("owner")["authorization"]
            answer = await client.get("/api/tokens", headers={"authorization": bearer})
            assert answer.status_code == (200 if tokens else 403), told
        assert (await client.get("/api/runs", headers={"authorization": "Basic eDp5"})).status_code == 200


async def test_an_encrypted_session_has_a_host_cookie(proxied: AccountsRoom) -> None:
    """Where the proxy says https, the cookie is Secure and bound to this host; http is believed from nobody else."""
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-host": "board.example.org", "origin": PUBLIC}
    async with proxied.client(PROXY, **forwarded) as client:
        opened = await client.post("/login", data={"token": proxied.tokens["viewer"]})
        assert opened.status_code == 303, opened.text
        cookie = opened.headers["set-cookie"]
        assert cookie.startswith("__Host-clash_board_8321=")
        assert ("Secure" in cookie, "Path=/" in cookie, "Domain" in cookie) == (True, True, False)
    async with proxied.client("127.0.0.1", **{**forwarded, "host": "localhost"}) as client:
        assert (await client.post("/login", data={"token": "x"})).status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("board.example.org", 401),
        ("BOARD.example.org:443", 401),
        ("localhost", 421),
        ("127.0.0.1", 421),
        ("evil.example", 421),
        ("board.example.org.evil.example", 421),
        ("board.example.org@evil.example", 421),
        ("", 421),
    ],
)
async def test_a_public_board_answers_at_its_name(tmp_path: Path, host: str, status: int) -> None:
    """Of a board that is bound to every address, only the host of --public-url is its own."""
    room = await room_of(tmp_path, host="0.0.0.0", public_url=PUBLIC, tls=(tmp_path, tmp_path))  # noqa: S104
    async with room.client(STRANGER, host=host) as client:
        assert (await client.get("/api/runs")).status_code == status
    await room.board.accounts.close()


async def test_the_origin_of_a_write_is_the_public_one(tmp_path: Path) -> None:
    """A page that another host, port or protocol serves logs nobody in."""
    room = await room_of(tmp_path, host="0.0.0.0", public_url=PUBLIC, tls=(tmp_path, tmp_path))  # noqa: S104
    async with room.client(STRANGER, host="board.example.org") as client:
        for origin, status in (
            (PUBLIC, 303),
            ("http://board.example.org", 403),
            (f"{PUBLIC}:8443", 403),
            ("https://evil.example", 403),
            ("null", 403),
        ):
            answer = await client.post("/login", data={"token": room.tokens["viewer"]}, headers={"origin": origin})
            assert answer.status_code == status, origin
    await room.board.accounts.close()


def seen(peer: str, *headers: tuple[str, str], **options: Any) -> Seen:
    raw = [(name.encode(), value.encode()) for name, value in (("host", "localhost"), *headers)]
    from starlette.datastructures import Headers

    return Origins("127.0.0.1", **options).seen({"client": (peer, 1)}, Headers(raw=raw))


def test_the_address_is_the_nearest_before_the_proxies() -> None:
    """What a client itself wrote into the header is not believed; a chain of stated proxies is followed."""
    proxies = networks_of("10.0.0.0/8,::1")
    for told, address in (
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("1.1.1.1, nonsense", PROXY),
        ("10.0.0.8", PROXY),
        ("2001:db8::1", "2001:db8::1"),
        ("203.0.113.7:4711", "203.0.113.7"),  # with a port, all of them would count as the proxy's address
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("203.0.113.7, 10.0.0.9:80", "203.0.113.7"),
        ("[, 203.0.113.7:80:90", PROXY),
    ):
        assert seen(PROXY, ("x-forwarded-for", told), proxies=proxies).address == address, told
    assert seen("127.0.0.1", ("x-forwarded-for", "203.0.113.7")).address == "127.0.0.1"
    twice = (("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7"))
    assert seen(PROXY, *twice, proxies=proxies).address == "203.0.113.7"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "nonsense", "10.0.0.0/40", "board.example.org"])
def test_a_proxy_that_is_no_network_is_refused(text: str) -> None:
    """A name, or a network with bits of a host, is told with what to write."""
    with pytest.raises(UsageError, match="--trusted-proxy") as refused:
        networks_of(text)
    assert "10.0.0.0/8" in str(refused.value.hint)


@pytest.mark.parametrize(
    "url", ["board.example.org", "ftp://x", "https://x/path", "https://u@x", "https://x?y", "https://", "https://x:0"]
)
def test_a_public_url_is_an_origin(url: str) -> None:
    """An address with a path, a user or another protocol is none of a board."""
    with pytest.raises(UsageError, match="--public-url"):
        check_public_url(url)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"host": "192.0.2.1"}, "accounts_needed"),
        ({"host": "192.0.2.1", "accounts": True}, "tls_needed"),
        ({"host": "0.0.0.0", "accounts": True, "proxies": networks_of("10.0.0.1")}, "public_url_needed"),  # noqa: S104
        ({"public_url": PUBLIC}, "accounts_needed"),
        ({"public_url": PUBLIC, "accounts": True}, "tls_needed"),
        ({"proxies": networks_of("10.0.0.1")}, "accounts_needed"),
        ({"accounts": True, "user_header": USER}, "usage"),
    ],
)
def test_an_open_board_is_refused(tmp_path: Path, options: dict[str, Any], code: str) -> None:
    """Without accounts, or where tokens would be sent unencrypted, nothing is served."""
    with pytest.raises(UsageError) as refused:
        BoardServer(Settings(**{"DATABASE_URL": f"sqlite:///{tmp_path}/c.db"}), BoardOptions(**options))
    assert (refused.value.code, bool(refused.value.hint)) == (code, True)


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    """Exit 4, before a port is taken."""
    (tmp_path / "x.pem").write_text("nothing")
    options = BoardOptions(accounts=True, tls=(tmp_path / "x.pem", tmp_path / "x.pem"))
    with pytest.raises(SettingsError, match=r"x\.pem") as refused:
        BoardServer(Settings(**{"DATABASE_URL": f"sqlite:///{tmp_path}/c.db"}), options)
    assert refused.value.code == "tls"


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as POSIX sends it")
def test_a_board_with_a_certificate_is_served(tmp_path: Path) -> None:
    """Over TLS: the token of the command line opens a session with a Secure cookie; no error names the token."""
    certificate = make_certificate(tmp_path, "127.0.0.1")
    env, url = environment(), f"sqlite:///{tmp_path}/data/checkpoints.db"
    init_database(url)
    settings = Settings(**{"DATABASE_URL": url})
    made = asyncio.run(create_token("mara", grants_of(["all"], "viewer"), settings))
    pem = str(certificate)
    with served(tmp_path, env, "--accounts", "--tls-cert", pem, "--tls-key", pem) as board:
        assert board.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=pem)
        context.check_hostname = False
        with httpx.Client(base_url=board.url, verify=context, trust_env=False, timeout=20) as client:
            assert client.get("/api/runs").status_code == 401
            answer = client.post("/login", data={"token": made["token"]}, headers={"origin": board.url})
            assert (answer.status_code, "Secure" in answer.headers["set-cookie"]) == (303, True)
            assert client.get("/").status_code == 200
            bad = client.post("/login", data={"token": made["token"] + "x"}, headers={"origin": board.url})
            assert bad.status_code == 401
        assert board.interrupt() == 130
        assert made["token"] not in board.errors.read_text()
