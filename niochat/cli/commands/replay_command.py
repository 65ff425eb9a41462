"""``niochat replay``: a conversation as it was after any event, and why it came to be so."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from niochat.cli import command_context
from niochat.cli.json_output import print_json
from niochat.cli.reason_texts import REASON_TEXTS
from niochat.conversations.conversation_history import (
    ConversationHistory,
    HistoryEntry,
    load_history,
)
from niochat.domain.errors import NotFoundError

_console = Console()
_EMPTY_VALUES: tuple[object, ...] = (None, False, 0, {}, "")


def replay_conversation(
    conversation: Annotated[str, typer.Argument(help="Protocol or id.")],
    to: Annotated[int | None, typer.Option(min=1, help="Up to this version.")] = None,
    texts: Annotated[bool, typer.Option("--texts", help="Also what was said.")] = False,
    tenant: Annotated[str | None, typer.Option(help="Slug; not needed when there is one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """Each event with its cause and what it changed; 1 when the log and the state differ."""

    async def work() -> tuple[dict[str, Any], ConversationHistory]:
        async with command_context.connect_components() as parts:
            found = await command_context.find_tenant(parts, tenant)
            known = await parts.views.find_conversation(found.tenant_id, conversation)
            if known is None or conversation not in (known["protocol"], str(known["id"])):
                raise NotFoundError(f"no conversation has the protocol or id {conversation!r}")
            return known, await load_history(parts.database, found.tenant_id, known["id"])

    known, history = command_context.run_async(work)
    shown = [moment for moment in history.entries if to is None or moment.version <= to]
    if as_json:
        print_json(_history_document(known, history, shown, texts))
    else:
        _print_history(known, history, shown, texts)
    if history.differences:
        raise typer.Exit(1)


def _history_document(
    known: dict[str, Any], history: ConversationHistory, shown: list[HistoryEntry], texts: bool
) -> dict[str, Any]:
    return {
        "conversation": known["id"],
        "protocol": known["protocol"],
        "version": shown[-1].version if shown else 0,
        "state": shown[-1].state if shown else None,
        "moments": [_entry_document(moment, texts) for moment in shown],
        "equals_stored": not history.differences,
        "differs": history.differences,
    }


def _entry_document(moment: HistoryEntry, texts: bool) -> dict[str, Any]:
    said = {"text": moment.message_text} if texts and moment.message_text is not None else {}
    return {
        "version": moment.version,
        "at": moment.at,
        "event": moment.event,
        "cause": moment.cause,
        "cause_came": moment.command_stored_at,
        "changed": moment.changed,
        **said,
    }


def _print_history(
    known: dict[str, Any], history: ConversationHistory, shown: list[HistoryEntry], texts: bool
) -> None:
    _console.print(f"[bold]{known['protocol']}[/bold]  {known['id']}", highlight=False)
    for moment in shown:
        body = {name: value for name, value in moment.event.items() if name != "type"}
        reason = str(body.get("reason") or body.get("code") or "")
        why = f" ({REASON_TEXTS[reason]})" if reason in REASON_TEXTS else ""
        _print_line(
            f"[bold]{moment.version:>4}[/bold] {moment.at:%d/%m %H:%M:%S}"
            f" [cyan]{moment.event['type']}[/cyan] {escape(_format_pairs(body) + why)}"
        )
        _print_line(f"       [dim]cause: {escape(moment.cause or 'not recorded')}[/dim]")
        if texts and moment.message_text is not None:
            _print_line(f"       [dim]said:[/dim] {escape(moment.message_text)}")
        for field, (before, after) in moment.changed.items():
            if before not in _EMPTY_VALUES or after not in _EMPTY_VALUES:
                _print_line(
                    f"       {field}: {escape(_format_value(before))} → "
                    f"{escape(_format_value(after))}"
                )
    _print_summary(history, shown)


def _print_summary(history: ConversationHistory, shown: list[HistoryEntry]) -> None:
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
