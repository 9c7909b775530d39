"""`clash calls`: calls to providers. `settle` says what the provider's own record says of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Record, Remark
from clash.cli.options import Json, Thread, dollars
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import moment, money
from clash.errors import UsageError
from clash.hints import command

app = typer.Typer(help="Calls: record what a provider billed for one.")


@app.command("settle")
def settle(
    thread: Thread,
    slot: Annotated[str, typer.Argument(metavar="SLOT", help="The slot of the call: shot:003.", show_default=False)],
    not_billed: Annotated[bool, typer.Option("--not-billed", help="The provider did not bill it.")] = False,
    billed: Annotated[
        Decimal | None,
        typer.Option("--billed", metavar="USD", parser=dollars, show_default=False, help="What the provider billed."),
    ] = None,
    call: Annotated[
        int | None,
        typer.Option("--call", metavar="ID", show_default=False, help="The id of the call, if the slot has several."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Record what the provider billed for a call that is unknown, open, or failed though it was paid for."""
    from clash import production

    if not_billed == (billed is not None):
        raise UsageError("say either --not-billed or --billed USD", hint="look at the provider's own record of calls")
    document = report(lambda settings: production.settle_call(thread, slot, settings, billed=billed, call_id=call))
    emit(document, as_json=as_json, render=render_settled)


_SETTLED = (
    Column("thread_id", "thread"),
    Column("slot"),
    Column("id", "call"),
    Column("service"),
    Column("model"),
    Column("idempotency_key", "key given to it"),
    Column("job_id", "job"),
    Column("billed_usd", "billed", money),
    Column("was_state", "state before"),
    Column("was_cost_usd", "cost before", money),
    Column("was_held_usd", "reserved before", money),
    Column("settled_by", "settled by"),
    Column("settled_at", "settled (UTC)", moment),
    Column("total_usd", "the run has spent", money),
    Column("reserved_usd", "and reserved", money),
)


def render_settled(document: Document) -> list[Block]:
    """What was settled, what it was before, and how to go on."""
    flags = ("--retry-failed-paid",) if Decimal(document["billed_usd"]) else ()
    makes = "buys it again" if flags else "makes it"
    return [
        Record(_SETTLED, {**document, **document["cost"]}),
        Remark(f"{command('resume', document['thread_id'], *flags)} {makes}, if the run still needs it", "dim"),
    ]
