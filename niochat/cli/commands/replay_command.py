"""``niochat replay``: shows a conversation after any of its events, and why it changed."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from niochat.cli import command_context
from niochat.cli.json_output import print_json
from niochat.cli.reason_texts import REASON_TEXTS
from niochat.conversations.conversation_replay import ConversationReplay, HistoryEntry, load_history
from niochat.domain.errors import NotFoundError

_console = Console()
_EMPTY_VALUES: tuple[object, ...] = (None, False, 0, {}, "")


def replay_conversation(
    conversation: Annotated[str, typer.Argument(help="The protocol or id.")],
    to: Annotated[int | None, typer.Option(min=1, help="Stop at this version.")] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Also show the texts of messages.")
    ] = False,
    tenant: Annotated[
        str | None, typer.Option(help="The tenant (slug), if there are several.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show each event, its cause and its changes. Exit 1 if the log and the stored state differ."""

    async def work() -> tuple[dict[str, Any], ConversationReplay]:
        async with command_context.connect_components() as parts:
            owner = await command_context.find_tenant(parts, tenant)
            row = await parts.views.find_conversation(owner.tenant_id, conversation)
            if row is None or conversation not in (row["protocol"], str(row["id"])):
                raise NotFoundError(f"no conversation has the protocol or id {conversation!r}")
            return row, await load_history(parts.database, owner.tenant_id, row["id"])

    row, history = command_context.run_async(work)
    shown = [entry for entry in history.entries if to is None or entry.version <= to]
    if as_json:
        print_json(_history_document(row, history, shown, texts))
    else:
        _print_history(row, history, shown, texts)
    if history.differences:
        raise typer.Exit(1)


def _history_document(
    row: dict[str, Any], history: ConversationReplay, shown: list[HistoryEntry], texts: bool
) -> dict[str, Any]:
    return {
        "conversation": row["id"],
        "protocol": row["protocol"],
        "version": shown[-1].version if shown else 0,
        "state": shown[-1].state if shown else None,
        "moments": [_entry_document(entry, texts) for entry in shown],
        "equals_stored": not history.differences,
        "differs": history.differences,
    }


def _entry_document(entry: HistoryEntry, texts: bool) -> dict[str, Any]:
    text = {"text": entry.message_text} if texts and entry.message_text is not None else {}
    return {
        "version": entry.version,
        "at": entry.at,
        "event": entry.event,
        "cause": entry.cause,
        "cause_came": entry.command_stored_at,
        "changed": entry.changed,
        **text,
    }


def _print_history(
    row: dict[str, Any], history: ConversationReplay, shown: list[HistoryEntry], texts: bool
) -> None:
    _console.print(f"[bold]{row['protocol']}[/bold]  {row['id']}", highlight=False)
    for entry in shown:
        body = {name: value for name, value in entry.event.items() if name != "type"}
        reason = str(body.get("reason") or body.get("code") or "")
        explanation = f" ({REASON_TEXTS[reason]})" if reason in REASON_TEXTS else ""
        _print_line(
            f"[bold]{entry.version:>4}[/bold] {entry.at:%d/%m %H:%M:%S}"
            f" [cyan]{entry.event['type']}[/cyan] {escape(_format_pairs(body) + explanation)}"
        )
        _print_line(f"       [dim]cause: {escape(entry.cause or 'not recorded')}[/dim]")
        if texts and entry.message_text is not None:
            _print_line(f"       [dim]said:[/dim] {escape(entry.message_text)}")
        for field, (before, after) in entry.changed.items():
            if before not in _EMPTY_VALUES or after not in _EMPTY_VALUES:
                _print_line(
                    f"       {field}: {escape(_format_value(before))} → "
                    f"{escape(_format_value(after))}"
                )
    _print_summary(history, shown)


def _print_summary(history: ConversationReplay, shown: list[HistoryEntry]) -> None:
    if shown:
        _print_line(
            f"state: {escape(_format_pairs({k: v for k, v in shown[-1].state.items() if v}))}"
        )
    last = history.entries[-1].version if history.entries else 0
    for field, (folded, stored) in history.differences.items():
        _print_line(
            f"[red]{field}: the log says {escape(_format_value(folded))},"
            f" stored is {escape(_format_value(stored))}[/red]"
        )
    if not history.differences:
        _print_line(f"[green]The log leads to the stored state (version {last}).[/green]")


def _format_pairs(values: dict[str, Any]) -> str:
    return " ".join(f"{name}={_format_value(value)}" for name, value in values.items())


def _format_value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_format_value(each)}" for key, each in value.items()) + "}"
    return "—" if value in _EMPTY_VALUES else str(value)


def _print_line(line: str) -> None:
    _console.print(line, highlight=False, soft_wrap=True)
