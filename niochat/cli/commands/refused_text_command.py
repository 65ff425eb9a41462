"""``niochat refused``: texts of the assistant that the guardrail refused."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from niochat.cli import command_context
from niochat.cli.commands.conversation_commands import JsonOption, TenantOption
from niochat.cli.json_output import print_json
from niochat.conversations.conversation_queries import ConversationQueries

_console = Console()


def list_refused_texts(
    tenant: TenantOption = None,
    code: Annotated[
        str | None, typer.Option(help="Only this code, such as valor or pagamento.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: JsonOption = False,
) -> None:
    """List refused texts, newest first, with the rejected sentence."""

    async def work() -> list[dict[str, Any]]:
        async with command_context.connect_components() as parts:
            owner = await command_context.find_tenant(parts, tenant)
            queries = ConversationQueries(parts.database)
            return await queries.list_blocked_replies(owner.tenant_id, code=code, limit=limit)

    rows = command_context.run_async(work)
    if as_json:
        print_json(rows)
        return
    table = Table("quando", "protocolo", "código", "frase", "modelo", "prompt")
    for row in rows:
        table.add_row(
            f"{row['refused_at']:%d/%m %H:%M:%S}",
            row["protocol"],
            row["code"],
            escape(row["sentence"]),
            escape(row["model"]),
            row["prompt_version"],
        )
    _console.print(table)
