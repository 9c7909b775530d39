"""`clash doctor`: what is set, what is missing, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Json
from clash.cli.other_database import database_flags
from clash.cli.output import Document, emit, say_error
from clash.cli.reading import answered

_HERE = (Column("version", "clash"), Column("python"), Column("platform"))
_SETTINGS = (Column("setting", fold=True), Column("value", fold=True), Column("source"))
_EXTRAS = (Column("package"), Column("extra"), Column("version"), Column("install", fold=True))
_CHECKS = (
    Column("check"),
    Column("ok", show=lambda ok: "ok" if ok else "NO"),
    Column("says", fold=True),
    Column("hint", fold=True),
)


def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask the vendors whether the keys are good.")
    ] = False,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="NAME",
            show_default=False,
            help="Check what a run with this preset would use: its keys, addresses and models.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check settings, keys, database and disk, and say what is missing and how to get it."""
    from clash.config import Settings, usable_settings
    from clash.dotenv_file import unreadable_left_out
    from clash.reports.diagnosis import diagnose
    from clash.setting_faults import SettingFault

    faults: list[SettingFault] = []

    def settings_here() -> Settings:
        settings, wrong = usable_settings(database_flags())
        faults.extend(wrong)
        return settings

    with unreadable_left_out() as unread:
        document = answered(
            lambda settings: diagnose(settings, ask=not offline, preset=preset, faults=faults, unread=unread),
            settings_here,
        )
    emit(document, as_json=as_json, render=render_diagnosis)
    failed = [check for check in document["checks"] if not check["ok"]]
    for check in failed:
        say_error(f"{check['check']}: {check['says']}", check["hint"])
    if failed:
        raise typer.Exit(1)


def render_diagnosis(document: Document) -> list[Block]:
    """Where this is, the checks, failed ones first, then the optional packages and every setting with its source.

    Errors come after it, on standard error; where there are none, it says so last.
    """
    checks = sorted(document["checks"], key=lambda check: bool(check["ok"]))
    is_good = all(check["ok"] for check in checks)
    return [
        Record(_HERE, document),
        Table(_CHECKS, checks),
        Table(_EXTRAS, document["extras"]),
        Table(_SETTINGS, document["settings"]),
        *([Remark(f"every check is good ({len(checks)})", "green")] if is_good else []),
    ]
