"""``niochat apply``: applies a provider file."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from niochat.adapters.erps.registry import DEFAULT_ERP_KIND
from niochat.cli import command_context
from niochat.composition.components import Components
from niochat.composition.erp_factory import make_erp_settings_lookup, open_erp
from niochat.domain.errors import InvalidInputError
from niochat.erp.capability_probe import PROBE_TIMEOUT_S
from niochat.ports.erp import ErpCapability, ErpConnector, ErpError
from niochat.tenants.config_records import ChannelAddress
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_file.provider_schema import ProviderConfig
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.provider_sync.sync_result import ProviderSyncOutcome, ProviderSyncResult

_console = Console()


def apply_provider_file(
    file: Annotated[Path, typer.Argument(help="A provider file (YAML), see examples/demo.yaml.")],
    connect: Annotated[bool, typer.Option(help="Also set the webhook at each gateway.")] = False,
) -> None:
    """Create or change providers, channels and assistants. Applying a file again changes
    nothing.
    """
    command_context.adopt_environment()
    providers = load_providers(file, {**os.environ, **sandbox_variables()})

    async def work() -> None:
        async with command_context.connect_components() as parts:
            await _require_reachable(parts, providers)
            changes = await apply_providers(parts.database, parts.vault, providers)
            await _print_changes(parts, changes)
            await probe_erps(parts, changes)
            if connect:
                await set_webhooks(parts, {provider.slug for provider in providers})

    command_context.run_async(work)


async def set_webhooks(parts: Components, slugs: set[str], *, quiet: bool = False) -> None:
    """Set the webhook of every channel of the tenants with these slugs."""
    for address in await channel_addresses_for(parts, slugs):
        channel = address.channel
        credentials = parts.credentials_for(
            channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
        )
        await parts.gateway.set_webhook(credentials, address.webhook_url(parts.settings.base_url))
        if not quiet:
            _console.print(f"[green]{channel.tenant_slug}  {channel.slug}: webhook set[/green]")


async def channel_addresses_for(parts: Components, slugs: set[str]) -> list[ChannelAddress]:
    """Return the channels of the tenants with these slugs."""
    return [a for a in await parts.directory.list_channels() if a.channel.tenant_slug in slugs]


async def probe_erps(
    parts: Components, changes: Sequence[ProviderSyncResult], *, quiet: bool = False
) -> None:
    """Probe the ERPs in the file. An ERP that does not answer is probed again later."""
    tenants = {c.tenant_id: c.tenant for c in changes if c.resource == "erp"}
    erp = open_erp(parts)
    try:
        for tenant_id, slug in tenants.items():
            sentence, well = await probe_erp(parts, erp, tenant_id)
            if not (quiet and well):
                _console.print(f"[{'green' if well else 'yellow'}]{slug}  erp: {sentence}[/]")
    finally:
        await erp.close()


async def probe_erp(parts: Components, erp: ErpConnector, tenant_id: UUID) -> tuple[str, bool]:
    """Probe a tenant's ERP and store its capabilities. Return a sentence, and whether the ERP has
    every capability.
    """
    try:
        settings = await make_erp_settings_lookup(parts)(tenant_id)
        capabilities = await erp.probe(settings.account, PROBE_TIMEOUT_S)
    except ErpError as error:
        return f"{error} ({error.code})", False
    await parts.directory.save_capabilities(tenant_id, capabilities)
    missing = sorted(frozenset(ErpCapability) - capabilities)
    if missing:
        return f"answers, without {', '.join(missing)}: those tools are not offered", False
    return "answers, all tools are offered", True


def sandbox_variables() -> Mapping[str, str]:
    """Return the variables of provider files that point to the sandbox; none without one."""
    url = os.environ.get("NIOCHAT_SANDBOX_URL")
    if not url:
        return {}
    return {
        "NIOCHAT_SANDBOX_GATEWAY": f"{url}/gateway",
        "NIOCHAT_SANDBOX_MODEL": f"{url}/model/v1",
        "NIOCHAT_SANDBOX_ERP": f"{url}/{DEFAULT_ERP_KIND}",
    }


async def _require_reachable(parts: Components, providers: Sequence[ProviderConfig]) -> None:
    """Check all addresses before anything changes. Raises ``InvalidInputError`` that names the
    provider and the key of a forbidden address.
    """
    for provider in providers:
        addresses = {f"channel {each.slug}, base_url": each.base_url for each in provider.channels}
        if provider.assistant is not None:
            addresses["assistant, endpoint"] = provider.assistant.endpoint
            transcription = provider.assistant.transcription_endpoint
            if transcription is not None:
                addresses["assistant, transcription_endpoint"] = transcription
        if provider.erp is not None:
            addresses["erp, base_url"] = provider.erp.base_url
        for key, address in addresses.items():
            try:
                await parts.ssrf_guard.check_url(address)
            except InvalidInputError as error:
                raise _refused(provider, key, error) from None
        if provider.supabase is not None and provider.supabase.url is not None:
            try:
                await parts.ssrf_guard.check_secret_url(provider.supabase.url)
            except InvalidInputError as error:
                raise _refused(provider, "supabase, url", error) from None


def _refused(provider: ProviderConfig, key: str, error: InvalidInputError) -> InvalidInputError:
    return InvalidInputError(f"{provider.slug}, {key}: {error}. Nothing changed.", code=error.code)


async def _print_changes(parts: Components, changes: Sequence[ProviderSyncResult]) -> None:
    for change in changes:
        colour = "dim" if change.outcome is ProviderSyncOutcome.UNCHANGED else "green"
        _console.print(f"[{colour}]{change.tenant}  {change.resource}: {change.outcome}[/{colour}]")
    for tenant_id in {
        c.tenant_id for c in changes if c.outcome is not ProviderSyncOutcome.UNCHANGED
    }:
        await parts.tenant_changes.publish(tenant_id)
