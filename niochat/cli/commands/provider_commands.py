"""``niochat migrate``, ``apply``, ``demo`` and ``doctor``: providers as code."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from niochat.adapters.erps.registry import DEFAULT_ERP_KIND
from niochat.adapters.postgres.schema_migration import migrate as migrate_database
from niochat.cli import command_context
from niochat.cli.commands.admin_commands import create_demo_users, demo_logins_for
from niochat.cli.json_output import print_json
from niochat.cli.sandbox_client import SandboxClient
from niochat.composition.components import Components
from niochat.composition.erp_factory import make_erp_settings_lookup, open_erp
from niochat.domain.errors import InvalidInputError
from niochat.erp.capability_probe import PROBE_TIMEOUT_S
from niochat.launcher.stack_launcher import StackLauncher
from niochat.ports.erp import ErpCapability, ErpConnector, ErpError
from niochat.tenants.config_records import ChannelAddress
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_file.provider_schema import ProviderConfig
from niochat.tenants.provider_sync.provider_sync import apply_providers as apply_providers
from niochat.tenants.provider_sync.sync_result import SyncOutcome, SyncResult

DEMO_FILE = Path(__file__).parents[3] / "examples" / "demo.yaml"
DEMO_CHANNEL_PHONE, NEIGHBOUR_CHANNEL_PHONE = "558130000001", "551130000002"
DEMO_ERP_INSTALLATION = "sandbox-demo"
"""The demo's installation of the simulated ERP, as examples/demo.yaml names it."""
SUBSCRIBER_FIELDS = ("phone", "cpf", "name", "case", "open_invoices")
_console = Console()


def migrate() -> None:
    """Bring the database to this version's schema, as the owner of its tables."""
    settings = command_context.load_settings()
    serving = settings.database_url.get_secret_value()
    owner = StackLauncher(command_context.home_path()).owner_url(serving)
    if settings.owner_url is not None:
        owner = settings.owner_url.get_secret_value()
    migrate_database(owner, serving_url=None if owner == serving else serving)
    _console.print("The database is up to date.")


def apply_provider_file(
    file: Annotated[Path, typer.Argument(help="YAML file of providers, see examples/demo.yaml.")],
    connect: Annotated[
        bool, typer.Option(help="Also set the webhook address at each gateway.")
    ] = False,
) -> None:
    """Create or change providers, channels and assistants; twice is as once."""
    command_context.adopt_environment()
    providers = load_providers(file, {**os.environ, **_sandbox_variables()})

    async def work() -> None:
        async with command_context.connect_components() as parts:
            await _require_reachable(parts, providers)
            changes = await apply_providers(parts.database, parts.vault, providers)
            await _print_changes(parts, changes)
            await _probe_erps(parts, changes)
            if connect:
                await _set_webhooks(parts, {provider.slug for provider in providers})

    command_context.run_async(work)


async def apply_demo() -> None:
    """The demo provider on the sandbox: instance, tenant, webhook."""
    command_context.adopt_environment()
    await _create_instance(demo_token(), DEMO_CHANNEL_PHONE, "provedor-demo")
    neighbour = _require_stack_variable("NIOCHAT_SANDBOX_NEIGHBOUR_TOKEN")
    await _create_instance(neighbour, NEIGHBOUR_CHANNEL_PHONE, "provedor-vizinho")
    providers = load_providers(DEMO_FILE, {**os.environ, **_sandbox_variables()})
    async with command_context.connect_components() as parts:
        changes = await apply_providers(parts.database, parts.vault, providers)
        for change in changes:
            await parts.tenant_changes.publish(change.tenant_id)
        await _probe_erps(parts, changes, quiet=True)
        await _set_webhooks(parts, set(command_context.DEMO_TENANTS), quiet=True)
        await create_demo_users(parts, _require_stack_variable("NIOCHAT_DEMO_PASSWORD"))


async def _create_instance(token: str, owner: str, name: str) -> None:
    client = SandboxClient(command_context.sandbox_url(), token)
    try:
        await client.create_instance(owner, name)
    finally:
        await client.close()


def show_demo(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """The providers of this home, their webhooks, and who can be played in the demo."""
    found = command_context.run_async(_load_overview)
    if as_json:
        print_json(found)
        return
    _console.print(f"[bold]{found['base_url']}[/bold]")
    named = [
        t
        for t in found["tenants"]
        if not t["slug"].startswith(command_context.EVALUATION_SLUG_PREFIX)
    ]
    for tenant in named:
        _console.print(f"{tenant['slug']}  {tenant['name']}")
        for channel in tenant["channels"]:
            _console.print(f"    {channel['webhook_url']}", highlight=False, soft_wrap=True)
    if len(named) < len(found["tenants"]):
        _console.print(f"[dim]and {len(found['tenants']) - len(named)} of niochat evaluate[/dim]")
    if found["subscribers"]:
        _console.print(subscribers_table(found["subscribers"]))
    print_logins(found)


def run_doctor(
    tenant: Annotated[str | None, typer.Argument(help="Slug; without it: all.")] = None,
) -> None:
    """Test model, gateway and ERP of a tenant, and say in a sentence what is wrong."""
    # The model's client takes longer to import than the other commands take to run.
    from niochat.cli.doctor.doctor_checks import run_checks

    if not command_context.run_async(lambda: run_checks(tenant)):
        raise typer.Exit(1)


def demo_token() -> str:
    """The demo channel's gateway token."""
    command_context.adopt_environment()
    return _require_stack_variable("NIOCHAT_SANDBOX_TOKEN")


def _require_stack_variable(name: str) -> str:
    """What the launcher told this home's processes. Raises ``InvalidInputError`` without a
    sandbox.
    """
    value = os.environ.get(name)
    if not value:
        start = command_context.format_command("up")
        raise InvalidInputError(f"there is no sandbox: start with `{start}`, without --no-sandbox")
    return value


def _sandbox_variables() -> Mapping[str, str]:
    url = os.environ.get("NIOCHAT_SANDBOX_URL")
    if not url:
        return {}
    return {
        "NIOCHAT_SANDBOX_GATEWAY": f"{url}/gateway",
        "NIOCHAT_SANDBOX_MODEL": f"{url}/model/v1",
        "NIOCHAT_SANDBOX_ERP": f"{url}/{DEFAULT_ERP_KIND}",
    }


async def _require_reachable(parts: Components, providers: Sequence[ProviderConfig]) -> None:
    """Before anything changes: raises ``InvalidInputError`` that names the provider and the key
    whose address leads where none may.
    """
    for provider in providers:
        addresses = {f"channel {each.slug}, base_url": each.base_url for each in provider.channels}
        if provider.assistant is not None:
            addresses["assistant, endpoint"] = provider.assistant.endpoint
            hearing = provider.assistant.transcription_endpoint
            if hearing is not None:
                addresses["assistant, transcription_endpoint"] = hearing
        if provider.erp is not None:
            addresses["erp, base_url"] = provider.erp.base_url
        for what, address in addresses.items():
            try:
                await parts.ssrf_guard.check_url(address)
            except InvalidInputError as error:
                raise InvalidInputError(
                    f"{provider.slug}, {what}: {error}. Nothing changed.", code=error.code
                ) from None


async def _print_changes(parts: Components, changes: Sequence[SyncResult]) -> None:
    for change in changes:
        colour = "dim" if change.outcome is SyncOutcome.UNCHANGED else "green"
        _console.print(f"[{colour}]{change.tenant}  {change.resource}: {change.outcome}[/{colour}]")
    for tenant_id in {c.tenant_id for c in changes if c.outcome is not SyncOutcome.UNCHANGED}:
        await parts.tenant_changes.publish(tenant_id)


async def _set_webhooks(parts: Components, slugs: set[str], *, quiet: bool = False) -> None:
    for address in await channel_addresses_for(parts, slugs):
        channel = address.channel
        credentials = parts.credentials_for(
            channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
        )
        await parts.gateway.set_webhook(credentials, address.webhook_url(parts.settings.base_url))
        if not quiet:
            _console.print(f"[green]{channel.tenant_slug}  {channel.slug}: webhook set[/green]")


async def channel_addresses_for(parts: Components, slugs: set[str]) -> list[ChannelAddress]:
    return [a for a in await parts.directory.list_channels() if a.channel.tenant_slug in slugs]


async def _probe_erps(
    parts: Components, changes: Sequence[SyncResult], *, quiet: bool = False
) -> None:
    """Find out what the ERPs that were declared can do; one that is away is asked again later."""
    named = {c.tenant_id: c.tenant for c in changes if c.resource == "erp"}
    erp = open_erp(parts)
    try:
        for tenant_id, slug in named.items():
            sentence, well = await probe_erp(parts, erp, tenant_id)
            if not (quiet and well):
                _console.print(f"[{'green' if well else 'yellow'}]{slug}  erp: {sentence}[/]")
    finally:
        await erp.close()


async def probe_erp(parts: Components, erp: ErpConnector, tenant_id: UUID) -> tuple[str, bool]:
    """What a tenant's ERP can do, in a sentence, and whether that is all; it is remembered."""
    try:
        settings = await make_erp_settings_lookup(parts)(tenant_id)
        found = await erp.probe(settings.account, PROBE_TIMEOUT_S)
    except ErpError as error:
        return f"{error} ({error.code})", False
    await parts.directory.save_capabilities(tenant_id, found)
    missing = sorted(frozenset(ErpCapability) - found)
    if missing:
        return f"answers, without {', '.join(missing)}: those tools are not offered", False
    return "answers, all tools are offered", True


def subscribers_table(subscribers: Sequence[Mapping[str, object]]) -> Table:
    """Who can be played. What is copied from it is never broken: the rest gives way."""
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


def print_logins(found: Mapping[str, Any], console: Console = _console) -> None:
    """Who signs in, each log-in in one piece; a password that several have stands there once."""
    people = [("", user) for user in found["superusers"]]
    people += [(tenant["slug"], user) for tenant in found["tenants"] for user in tenant["users"]]
    for password in dict.fromkeys(user["password"] for _, user in people):
        console.print(f"senha: {escape(password)}", highlight=False, soft_wrap=True)
        table = Table("provedor", Column("login", no_wrap=True), "papel")
        for slug, user in people:
            if user["password"] == password:
                table.add_row(slug, user["login"], user["role"])
        console.print(table)


async def _load_subscribers() -> list[dict[str, object]]:
    """Who can be played; nobody without a sandbox."""
    if not os.environ.get("NIOCHAT_SANDBOX_URL"):
        return []
    client = SandboxClient(command_context.sandbox_url(), demo_token())
    try:
        found = await client.call_control(
            "GET", f"/sandbox/{DEFAULT_ERP_KIND}/{DEMO_ERP_INSTALLATION}/subscribers"
        )
    finally:
        await client.close()
    people = [{**each, "phone": f"+{each['phone']}"} for each in found["items"]]
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
