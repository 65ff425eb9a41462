"""Tenants for a measurement, in any database of the stack."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from niochat.cli.commands.apply_command import channel_addresses_for
from niochat.composition.components import Components, open_components
from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat_lab.bench.environment.bench_environment import PLAIN_DATABASE, BenchEnvironment
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")

_TEAMS = {
    "atendimento": "Atendimento",
    "financeiro": "Financeiro",
    "suporte": "Suporte técnico",
    "vendas": "Vendas",
}
_PERSONA = {
    "name": "Nia",
    "company": "Fibra Fictícia",
    "style": "cordial e objetiva",
    "greeting": "Olá! Sou a Nia, assistente virtual da Fibra Fictícia.",
}


@dataclass(frozen=True, slots=True)
class BenchTenant:
    """A tenant of a benchmark, its webhook URL and the token in its webhooks."""

    slug: str
    tenant_id: UUID
    channel_id: UUID
    webhook_url: str
    token: str


async def create_tenants(
    components: Components, load_generator_url: str, slugs: Sequence[str], *, assistant: bool
) -> dict[str, BenchTenant]:
    """Create tenants; without an assistant every conversation waits for agents from its first
    message.

    Their gateway, model and ERP are the load generator.
    """
    entries = [_build_provider_entry(slug, load_generator_url, assistant) for slug in slugs]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "providers.yaml"
        file.write_text(yaml.safe_dump({"providers": entries}, allow_unicode=True), "utf-8")
        providers = load_providers(file, os.environ)
    await apply_providers(components.database, components.vault, providers)
    addresses = await channel_addresses_for(components, set(slugs))
    return {
        each.channel.tenant_slug: BenchTenant(
            each.channel.tenant_slug,
            each.channel.tenant_id,
            each.channel.id,
            each.webhook_url(components.settings.base_url),
            f"token-{each.channel.tenant_slug}",
        )
        for each in addresses
    }


async def create_bench_tenants(
    environment: BenchEnvironment, slugs: Sequence[str], *, assistant: bool, plain: bool = False
) -> dict[str, BenchTenant]:
    """Create tenants in the product's database or the plain process's, with a burst window of 0.

    They must be created before their first use, because processes cache a tenant's settings.
    """
    components = await open_components(
        environment.plain_settings() if plain else environment.settings()
    )
    try:
        tenants = await create_tenants(
            components, environment.load_generator_url, slugs, assistant=assistant
        )
    finally:
        await components.close()
    environment.postgres.fetch(
        _SQL["disable_burst_window"],
        list(slugs),
        database=PLAIN_DATABASE if plain else DATABASE_NAME,
    )
    return tenants


def _build_provider_entry(slug: str, load_generator_url: str, assistant: bool) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": f"Provedor {slug}",
        "timezone": "America/Recife",
        # The customers are simulated and write without end.
        "policy": {"stop_machines": False, "turns_per_hour": 0},
        "teams": [{"slug": each, "name": name} for each, name in _TEAMS.items()],
        "channels": [
            {
                "slug": "principal",
                "name": "WhatsApp",
                "base_url": f"{load_generator_url}/gateway",
                "token": f"token-{slug}",
            }
        ],
        "assistant": {
            "enabled": assistant,
            "endpoint": f"{load_generator_url}/model/v1",
            "api_key": "sandbox-bench",
            "model": "sandbox-simulador",
            "turns_per_minute": 1_000_000,
            "persona": _PERSONA,
        },
        "erp": {
            "base_url": f"{load_generator_url}/sgp",
            "token": "sandbox-bench",
            "app": "niochat",
        },
    }
