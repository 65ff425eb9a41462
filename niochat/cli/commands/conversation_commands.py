"""``niochat conversations``, ``show``, ``assign`` and ``give-back``."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from niochat.cli import command_context
from niochat.cli.json_output import print_json
from niochat.cli.reason_texts import REASON_TEXTS
from niochat.composition.components import Components
from niochat.domain.conversation.commands import (
    AssignConversation,
    DurableCommand,
    ReturnConversationToAssistant,
)
from niochat.domain.errors import NotFoundError, OperationRefusedError, UnavailableError
from niochat.inbox.command_submitter import CommandSubmitter, ThreadRef

STEP_TIMEOUT_S = 15.0
_console = Console()

TenantOption = Annotated[str | None, typer.Option(help="The tenant (slug), if there are several.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
ConversationArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONVERSATION", help="The protocol or id, or the phone of the customer."
    ),
]

STATUS_LABELS = {
    "pending": "Com IA",
    "waiting": "Em espera",
    "open": "Em atendimento",
    "snoozed": "Adiada",
    "resolved": "Encerrada",
}


WRITE_STATUS_LABELS = {
    "started": "não foi enviado",
    "sending": "sem confirmação: confira no ERP",
    "done": "feito",
    "refused": "recusado",
}


def list_conversations(
    tenant: TenantOption = None,
    status: Annotated[str | None, typer.Option(help="pending, waiting, open, resolved.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List conversations, newest change first."""
    if status is not None and status not in STATUS_LABELS:
        raise typer.BadParameter(f"one of {', '.join(STATUS_LABELS)}", param_hint="--status")

    async def work() -> list[dict[str, Any]]:
        async with command_context.connect_components() as parts:
            owner = await command_context.find_tenant(parts, tenant)
            return await parts.views.list_conversations(owner.tenant_id, status=status)

    rows = command_context.run_async(work)
    if as_json:
        print_json(rows)
        return
    table = Table("protocolo", "status", "cliente", "telefone", "equipe", "atendente", "mudou")
    for row in rows:
        table.add_row(
            row["protocol"],
            STATUS_LABELS[row["status"]],
            escape(row["contact"] or ""),
            _mask_phone(row["phone"]),
            row["team"] or "",
            escape(row["agent"] or ""),
            f"{row['changed_at']:%d/%m %H:%M:%S}",
        )
    _console.print(table)


def show_conversation(
    conversation_key: ConversationArgument, tenant: TenantOption = None, as_json: JsonOption = False
) -> None:
    """Show one conversation: messages, turns, events, and the reasons."""

    async def work() -> tuple[dict[str, Any], dict[str, list[Any]]]:
        async with command_context.connect_components() as parts:
            conversation = await _find_conversation(parts, tenant, conversation_key)
            tenant_id = conversation.pop("tenant_id")
            return conversation, await parts.views.load_timeline(tenant_id, conversation["id"])

    conversation, timeline = command_context.run_async(work)
    if as_json:
        print_json({**conversation, **timeline})
        return
    _print_timeline(conversation, timeline)


def assign_conversation(
    conversation_key: ConversationArgument,
    agent: Annotated[str, typer.Option(help="The agent who takes over.")] = "cli",
    tenant: TenantOption = None,
) -> None:
    """Assign a conversation to a person. The assistant stops answering."""
    command_context.run_async(lambda: _submit(conversation_key, tenant, AssignConversation(agent)))
    _console.print(f"Assigned to {escape(agent)}.")


def return_to_assistant(
    conversation_key: ConversationArgument,
    by: Annotated[str, typer.Option(help="The agent who returns it.")] = "cli",
    tenant: TenantOption = None,
) -> None:
    """Return a conversation to the assistant. It starts with the unanswered messages."""
    command_context.run_async(
        lambda: _submit(conversation_key, tenant, ReturnConversationToAssistant(by))
    )
    _console.print("Given back to the assistant.")


async def _find_conversation(parts: Components, tenant: str | None, key: str) -> dict[str, Any]:
    owner = await command_context.find_tenant(parts, tenant)
    conversation = await parts.views.find_conversation(owner.tenant_id, key.removeprefix("+"))
    if conversation is None:
        listing = command_context.format_command("conversations")
        raise NotFoundError(f"no conversation is known by {key!r}: `{listing}` lists them")
    return {**conversation, "tenant_id": owner.tenant_id}


async def _submit(key: str, tenant: str | None, command: DurableCommand) -> None:
    """Store the command and wait for its step. Nothing is poked: a sweep finds the row."""
    async with command_context.connect_components() as parts:
        conversation = await _find_conversation(parts, tenant, key)
        if conversation["status"] == "resolved":
            raise OperationRefusedError(
                "the conversation is resolved: nothing to do", code="resolved"
            )
        thread = ThreadRef(
            conversation["tenant_id"], conversation["thread_id"], conversation["channel_id"]
        )
        submitter = CommandSubmitter(parts.inbox, lambda thread_id: None)
        key = f"agent:{secrets.token_hex(8)}"
        if (await submitter.submit(thread, key, command, STEP_TIMEOUT_S)).done:
            return
    raise UnavailableError(f"stored, but not processed within {STEP_TIMEOUT_S:g} s: is it running?")


def _print_timeline(conversation: dict[str, Any], timeline: dict[str, list[Any]]) -> None:
    head = f"[bold]{conversation['protocol']}[/bold]  {STATUS_LABELS[conversation['status']]}"
    for field in ("team", "agent"):
        if conversation[field]:
            head += f"  {field}: {escape(conversation[field])}"
    _console.print(head)
    for message in timeline["messages"]:
        mark = " ".join(str(message[k]) for k in ("status", "code") if message[k])
        _console.print(
            f"  {message['sent_at']:%H:%M:%S} [cyan]{_author_label(message):<9}[/cyan]"
            f" {escape(message['text'] or '[' + message['kind'] + ']')} [dim]{escape(mark)}[/dim]",
            highlight=False,
        )
        if message["reading"] is not None:
            _console.print(f"    {escape(format_reading(*message['reading']))}", highlight=False)
    for turn in timeline["turns"]:
        why = f": {REASON_TEXTS.get(turn['code'], turn['code'])}" if turn["code"] else ""
        detail = escape(f" ({turn['detail']})") if turn["detail"] else ""
        tokens = _format_tokens(turn)
        _console.print(
            f"  turno {turn['status']}, tentativa {turn['attempt']}, {tokens}{why}{detail}",
            highlight=False,
        )
        for call in turn["tool_results"]:
            outcome = "ok" if call["result"]["ok"] else call["result"]["erro"]
            _console.print(f"    {call['tool']}: {outcome}", highlight=False)
    for write in timeline["writes"]:
        result = write["result"] or {}
        known = result.get("protocol") or result.get("reason") or ""
        said = f"  no ERP: {write['kind']} {WRITE_STATUS_LABELS[write['status']]} {known}"
        _console.print(escape(said.rstrip()), highlight=False)
    for event in timeline["events"]:
        reason = event["body"].get("reason") or event["body"].get("code") or ""
        said = f" {REASON_TEXTS.get(reason, reason)}" if reason else ""
        _console.print(f"  [dim]{event['version']:>4} {event['type']}{said}[/dim]", highlight=False)


def format_reading(
    status: str, text: str, facts: Mapping[str, object], code: str | None, detail: str, cost: float
) -> str:
    """Return the result of reading a file as one line."""
    if status == "failed":
        return f"não lido: {code}" + (f" ({detail})" if detail else "")
    if status != "read":
        return "sendo lido"
    shown = ", ".join(f"{name}: {value}" for name, value in facts.items())
    price = f" (custo {cost:g})" if cost else ""
    return (f"áudio: «{text}»" if text else f"arquivo: {shown}") + price


def _author_label(message: dict[str, Any]) -> str:
    """Return the label of a message's author. A note has its own label."""
    return "nota" if message["kind"] == "note" else str(message["author"])


def _mask_phone(phone: str | None) -> str:
    return f"…{phone[-4:]}" if phone else ""


def _format_tokens(turn: Mapping[str, Any]) -> str:
    """Return the model calls and tokens of a turn, with the share of cached tokens."""
    calls = turn["model_calls"]
    call_text = f"{calls} chamada{'' if calls == 1 else 's'}"
    text = f"{call_text}, {turn['tokens_in']}+{turn['tokens_out']} tokens"
    if not turn["tokens_cached"]:
        return text
    return f"{text} ({turn['tokens_cached'] / turn['tokens_in']:.0%} em cache)"
