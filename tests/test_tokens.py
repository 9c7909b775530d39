"""`clash tokens`: a token is shown once, kept as its sha256, ends when it should, and every act is in the audit."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import clash, environment

from clash.access import Access, Role, accounts, audit, create_token, grants_of, list_tokens, revoke_tokens
from clash.access.roles import together
from clash.access.tokens import expiry_of, id_of
from clash.config import Settings
from clash.database import access as rows
from clash.database import ainit_database, migrations
from clash.database.connection import open_database
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Statement
from clash.errors import DatabaseError, NotFoundError, UsageError


def settings_of(url: str, folder: Path) -> Settings:
    return Settings(**{"DATABASE_URL": url, "ASSET_STORE": f"file://{folder}/assets"})


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a database."""
    return settings_of(database_url, tmp_path)


@on_both_databases
async def test_a_token_is_made_listed_and_revoked(settings: Settings) -> None:
    """Its text is in no table and no list; revoking it twice has one entry of the audit."""
    await ainit_database(settings.database_url)
    made = await create_token("mara", grants_of(["storm=producer", "all"], "viewer"), settings)
    text = made["token"]
    assert id_of(text) == made["id"]
    async with open_database(settings.database_url, "read") as database:
        (row,) = await database.query("SELECT * FROM access_tokens")
        assert row["sha256"] == hashlib.sha256(text.encode()).hexdigest()
        for table in ("access_tokens", "access_grants", "access_audit"):
            assert text not in str(await database.query(f"SELECT * FROM {table}"))
        assert text not in str((await list_tokens(settings)).dump())
        assert [token.id for token in await rows.good_tokens(database)] == [made["id"]]
    for _ in range(2):
        (item,) = (await revoke_tokens([made["id"]], settings))["items"]
        assert (item["state"], item["last_used_at"]) == ("revoked", None)
    async with open_database(settings.database_url, "read") as database:
        assert await rows.good_tokens(database) == []
    entries = (await audit(settings))["items"]
    assert sorted((entry["action"], entry["project"]) for entry in entries) == [
        ("token created", "all"),
        ("token created", "storm"),
        ("token revoked", "all"),
        ("token revoked", "storm"),
    ]
    assert [entry["project"] for entry in (await audit(settings, project="storm"))["items"]] == ["storm"] * 2


@on_both_databases
async def test_the_audit_is_only_added_to(settings: Settings) -> None:
    """Neither a change nor a removal of an entry is taken from a process that has the database."""
    await ainit_database(settings.database_url)
    await create_token("mara", grants_of(["all"], "viewer"), settings)
    async with open_database(settings.database_url, "write") as database:
        assert [one["project"] for one in (await audit(settings, project="all"))["items"]] == ["all"]
        for change in ("UPDATE access_audit SET actor = 'x'", "DELETE FROM access_audit"):
            with pytest.raises(DatabaseError, match="audit is never"):
                await database.batch([Statement(change)])


@on_both_databases
async def test_a_database_of_the_version_before_gets_accounts(settings: Settings) -> None:
    """Its runs stay as they are; tokens can be made from the migration on."""
    before = tuple(one for one in migrations.known_migrations() if not one.name.endswith("_access.sql"))
    async with open_database(settings.database_url, "create") as database:
        with pytest.MonkeyPatch.context() as older:
            older.setattr(migrations, "known_migrations", lambda: before)
            await migrations.migrate(database)
            await AsyncMetadataTracker(database).start_workflow("old", "video_production")
        (applied,) = await migrations.migrate(database)
        assert applied.endswith("_access.sql")
        assert await database.query("SELECT run_id FROM workflow_executions") == [{"run_id": "old"}]
    await create_token("mara", grants_of(["all"], "viewer"), settings)


async def test_a_last_use_is_written_once_an_hour(tmp_path: Path) -> None:
    """The second use within an hour changes no row."""
    settings = settings_of(f"sqlite:///{tmp_path}/c.db", tmp_path)
    await ainit_database(settings.database_url)
    made = await create_token("mara", grants_of(["all"], "viewer"), settings)
    async with open_database(settings.database_url, "write") as database:
        await database.batch([rows.write_use(made["id"])])
        (first,) = await rows.all_tokens(database)
        await database.batch([rows.write_use(made["id"])])
        assert (await rows.all_tokens(database))[0].last_used_at == first.last_used_at is not None
        await database.batch([Statement("UPDATE access_tokens SET last_used_at = '2026-01-01T00:00:00.000Z'")])
        await database.batch([rows.write_use(made["id"])])
        assert str((await rows.all_tokens(database))[0].last_used_at) > "2026-01-02"


async def test_an_owner_gives_tokens_of_their_projects_alone(tmp_path: Path) -> None:
    """Tokens and entries of other projects are as if they were not there."""
    settings = settings_of(f"sqlite:///{tmp_path}/c.db", tmp_path)
    await ainit_database(settings.database_url)
    everything = await create_token("root", grants_of(["all"], "owner"), settings)
    owner = Access("mara", "", {"storm": Role.OWNER, "river": Role.PRODUCER})
    for projects in (["river"], ["all"], ["storm", "river"]):
        with pytest.raises(NotFoundError):
            await create_token("new", grants_of(projects, "viewer"), settings, by=owner)
    made = await create_token("new", grants_of(["storm"], "owner"), settings, by=owner)
    assert [item["id"] for item in (await list_tokens(settings, by=owner))["items"]] == [made["id"]]
    with pytest.raises(NotFoundError, match="there is no token"):
        await revoke_tokens([made["id"], everything["id"]], settings, by=owner)
    assert (await list_tokens(settings, by=owner))["items"][0]["state"] == "good"
    assert {entry["project"] for entry in (await audit(settings, by=owner))["items"]} == {"storm"}
    assert (await audit(settings, by=owner, project="river"))["items"] == []


def test_roles_include_those_below_them() -> None:
    """The role of every project counts in each; several tokens of one account give the highest role."""
    access = together("mara", [{"storm": Role.VIEWER}, {"storm": Role.OWNER, "river": Role.VIEWER}])
    assert (access.role_in("storm"), access.role_in("river"), access.role_in("sea")) == (Role.OWNER, Role.VIEWER, None)
    assert access.projects() == ("river", "storm")
    assert access.projects(Role.PRODUCER) == ("storm",)
    assert Access("x", "", {"*": Role.VIEWER}).projects() is None
    assert not Access("x", "", {"*": Role.VIEWER}).may(Role.PRODUCER, "storm")


@pytest.mark.parametrize("span", ["", "90", "d", "0d", "-1d", "9y", "1.5h", "999999d"])
def test_a_span_that_is_none_is_refused(span: str) -> None:
    """A span is a whole number of minutes, hours, days or weeks."""
    with pytest.raises(UsageError, match="no span of time"):
        expiry_of(span)


@pytest.mark.parametrize("text", ["", "=viewer", "storm=king"])
def test_a_grant_that_is_none_is_refused(text: str) -> None:
    """A project has a name, and a role one of three words."""
    with pytest.raises(UsageError, match=r"is no role|names no project"):
        accounts.grants_of([text], "viewer")


@pytest.mark.parametrize("name", ["foo bar", "*", "\ud800", "../x", "_x"])
def test_a_grant_for_no_possible_project_is_refused(name: str) -> None:
    """A token for a name that no project can have would let nobody see anything, and say so to nobody."""
    with pytest.raises(UsageError) as told:
        accounts.grants_of([f"{name}=owner"], "viewer")
    assert told.value.code == "project_name"


def test_tokens_are_typed_at_the_command_line(tmp_path: Path) -> None:
    """`create` prints the token once; a wrong role, project and id are told with what to type."""
    env = environment(DATABASE_URL=f"sqlite:///{tmp_path}/c.db")
    assert clash(tmp_path, "db", "init", env=env).code == 0
    made = clash(tmp_path, "tokens", "create", "mara", "--project", "storm", "--json", env=env).document
    assert made["grants"] == [{"project": "storm", "role": "viewer"}]
    assert made["token"] not in clash(tmp_path, "tokens", "ls", env=env).out
    assert clash(tmp_path, "tokens", "create", "mara", "--project", "storm=king", env=env).code == 2
    king = clash(tmp_path, "tokens", "create", "mara", "--project", "storm", "--role", "king", env=env)
    assert (king.code, "'king' is no role" in king.err) == (2, True)
    assert clash(tmp_path, "tokens", "create", "no name", "--project", "storm", env=env).code == 2
    unknown = clash(tmp_path, "tokens", "revoke", "abc", env=env)
    assert (unknown.code, "clash tokens ls" in unknown.err) == (3, True)
