"""``niochat demo``, and the demo provider that ``niochat up`` applies."""

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from niochat.adapters.erps.registry import DEFAULT_ERP_KIND
from niochat.cli import command_context
from niochat.cli.commands.admin_commands import create_demo_users, demo_logins_for
from niochat.cli.commands.apply_command import probe_erps, sandbox_variables, set_webhooks
from niochat.cli.demo_history.history_command import fill_history
from niochat.cli.demo_history.history_generator import DEFAULT_PER_DAY
from niochat.cli.json_output import print_json
from niochat.cli.sandbox_client import SandboxClient
from niochat.cli.supabase.demo_mirror import DASHBOARD_VARIABLE
from niochat.composition.components import Components
from niochat.domain.errors import InvalidInputError
from niochat.identity.demo_users import DEMO_TENANTS
from niochat.launcher.ray_serve.ray_cluster import shipped_file
from niochat.tenants.config_records import ChannelAddress
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_sync.provider_sync import apply_providers

DEMO_FILE = shipped_file("examples/demo.yaml")
DEMO_CHANNEL_PHONE, NEIGHBOUR_CHANNEL_PHONE = "558130000001", "551130000002"
DEMO_ERP_INSTALLATION = "sandbox-demo"
"""The installation of the simulated ERP that examples/demo.yaml names."""
SUBSCRIBER_FIELDS = ("phone", "cpf", "name", "case", "open_invoices")
_console = Console()


def show_demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    history: Annotated[
        int | None,
        typer.Option(help="Fill the demo provider with conversations of this many days, 1 to 365."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the history.")] = 1,
    per_day: Annotated[
        int, typer.Option("--per-day", help="Conversations of a usual day of the history.")
    ] = DEFAULT_PER_DAY,
) -> None:
    """Show the providers of this home, their webhooks, and the customers and users of the demo;
    or fill the demo provider with a history.
    """
    if history is not None:
        fill_history(history, seed, per_day, as_json=as_json)
        return
    overview = command_context.run_async(_load_overview)
    if as_json:
        print_json(overview)
        return
    _console.print(f"[bold]{overview['base_url']}[/bold]")
    shown = [
        t
        for t in overview["tenants"]
        if not t["slug"].startswith(command_context.EVALUATION_SLUG_PREFIX)
    ]
    for tenant in shown:
        _console.print(f"{tenant['slug']}  {tenant['name']}")
        for channel in tenant["channels"]:
            _console.print(f"    {channel['webhook_url']}", highlight=False, soft_wrap=True)
    if len(shown) < len(overview["tenants"]):
        _console.print(
            f"[dim]and {len(overview['tenants']) - len(shown)} of niochat evaluate[/dim]"
        )
    if overview["subscribers"]:
        _console.print(subscribers_table(overview["subscribers"]))
    print_logins(overview)
    if overview["supabase_dashboard"]:
        link = escape(overview["supabase_dashboard"])
        _console.print(f"painel do Supabase: {link}", highlight=False, soft_wrap=True)


async def apply_demo(*, users: bool = True) -> None:
    """Create the demo providers on the sandbox: gateway instances, tenants, webhooks and users.
    Raises ``OperationRefusedError`` where other machines could use these users.
    """
    command_context.adopt_environment()
    await _create_instance(demo_token(), DEMO_CHANNEL_PHONE, "provedor-demo")
    neighbour = _require_stack_variable("NIOCHAT_SANDBOX_NEIGHBOUR_TOKEN")
    await _create_instance(neighbour, NEIGHBOUR_CHANNEL_PHONE, "provedor-vizinho")
    providers = load_providers(DEMO_FILE, {**os.environ, **sandbox_variables()})
    async with command_context.connect_components() as parts:
        changes = await apply_providers(parts.database, parts.vault, providers)
        for change in changes:
            await parts.tenant_changes.publish(change.tenant_id)
        await probe_erps(parts, changes, quiet=True)
        await set_webhooks(parts, set(DEMO_TENANTS), quiet=True)
        if users:
            await create_demo_users(parts, _require_stack_variable("NIOCHAT_DEMO_PASSWORD"))


def demo_token() -> str:
    """Return the gateway token of the demo channel."""
    command_context.adopt_environment()
    return _require_stack_variable("NIOCHAT_SANDBOX_TOKEN")


def subscribers_table(subscribers: Sequence[Mapping[str, object]]) -> Table:
    """Return a table of the simulated customers. Values to copy are never shortened."""
    table = Table(
        Column("telefone", no_wrap=True),
        Column("CPF/CNPJ", no_wrap=True),
        "nome",
        "caso",
        "faturas",
    )
    for each in subscribers:
        table.add_row(*(str(each[name]) for name in SUBSCRIBER_FIELDS))
    return table


def print_logins(overview: Mapping[str, Any], console: Console = _console) -> None:
    """Print the demo users by password. Logins are never shortened."""
    people = [("", user) for user in overview["superusers"]]
    people += [(tenant["slug"], user) for tenant in overview["tenants"] for user in tenant["users"]]
    for password in dict.fromkeys(user["password"] for _, user in people):
        console.print(f"senha: {escape(password)}", highlight=False, soft_wrap=True)
        table = Table("provedor", Column("login", no_wrap=True), "papel")
        for slug, user in people:
            if user["password"] == password:
                table.add_row(slug, user["login"], user["role"])
        console.print(table)


def _require_stack_variable(name: str) -> str:
    """Return a variable that the launcher sets. Raises ``InvalidInputError`` without a sandbox."""
    value = os.environ.get(name)
    if not value:
        start = command_context.format_command("up")
        raise InvalidInputError(f"there is no sandbox: start with `{start}`, without --no-sandbox")
    return value


async def _create_instance(token: str, owner: str, name: str) -> None:
    client = SandboxClient(command_context.sandbox_url(), token)
    try:
        await client.create_instance(owner, name)
    finally:
        await client.close()


async def _load_subscribers() -> list[dict[str, object]]:
    """Return the simulated customers; none without a sandbox."""
    if not os.environ.get("NIOCHAT_SANDBOX_URL"):
        return []
    client = SandboxClient(command_context.sandbox_url(), demo_token())
    try:
        page = await client.call_control(
            "GET", f"/sandbox/{DEFAULT_ERP_KIND}/{DEMO_ERP_INSTALLATION}/subscribers"
        )
    finally:
        await client.close()
    people = [{**each, "phone": f"+{each['phone']}"} for each in page["items"]]
    return [{name: each[name] for name in SUBSCRIBER_FIELDS} for each in people]


async def _load_overview() -> dict[str, Any]:
    command_context.adopt_environment()
    subscribers, password = await _load_subscribers(), os.environ.get("NIOCHAT_DEMO_PASSWORD")
    async with command_context.connect_components() as parts:
        addresses = await parts.directory.list_channels()
        base_url = parts.settings.base_url
        tenants = [
            {
                "id": str(tenant.tenant_id),
                "slug": tenant.slug,
                "name": tenant.name,
                "users": demo_logins_for(tenant.slug, password),
                "channels": [
                    _channel_details(parts, address, base_url)
                    for address in addresses
                    if address.channel.tenant_id == tenant.tenant_id
                ],
            }
            for tenant in await parts.directory.list_tenants()
        ]
    return {
        "base_url": base_url,
        "tenants": tenants,
        "superusers": demo_logins_for(None, password),
        "subscribers": subscribers,
        "supabase_dashboard": os.environ.get(DASHBOARD_VARIABLE),
    }


def _channel_details(parts: Components, address: ChannelAddress, base_url: str) -> dict[str, str]:
    channel = address.channel
    credentials = parts.credentials_for(
        channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
    )
    return {
        "id": str(channel.id),
        "webhook_url": address.webhook_url(base_url),
        "token": credentials.token,
    }
