"""Providers made for a measurement, in any database of the stack."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from niochat.accounts.apply import apply
from niochat.accounts.providers import read_providers
from niochat.cli.bench.stores import Stores
from niochat.cli.providers import channels_of
from niochat.wiring.parts import Parts

_TEAMS = {"atendimento": "Atendimento", "financeiro": "Financeiro", "suporte": "Suporte técnico",
          "vendas": "Vendas"}  # fmt: skip
_PERSONA = {
    "name": "Nia",
    "company": "Fibra Fictícia",
    "style": "cordial e objetiva",
    "greeting": "Olá! Sou a Nia, assistente virtual da Fibra Fictícia.",
}
# The rim takes no window of 0, because a customer's burst would become as many turns.
_NO_WINDOW = """
UPDATE tenants SET policy = policy || '{"burst_window_s": 0}' WHERE slug = ANY (%s)
"""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A provider of the bench: its address and the token in its webhooks."""

    slug: str
    tenant_id: UUID
    channel_id: UUID
    webhook_url: str
    token: str


async def prepare(
    parts: Parts, crowd_url: str, slugs: Sequence[str], *, assistant: bool
) -> dict[str, Tenant]:
    """Create them; without an assistant every conversation is with people from its first message.

    Their gateway, model and ERP are the crowd.
    """
    entries = [_declared(slug, crowd_url, assistant) for slug in slugs]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "providers.yaml"
        file.write_text(yaml.safe_dump({"providers": entries}, allow_unicode=True), "utf-8")
        providers = read_providers(file, os.environ)
    await apply(parts.database, parts.vault, providers)
    found = await channels_of(parts, set(slugs))
    return {
        each.channel.tenant_slug: Tenant(
            each.channel.tenant_slug,
            each.channel.tenant_id,
            each.channel.id,
            each.webhook_url(parts.settings.base_url),
            f"token-{each.channel.tenant_slug}",
        )
        for each in found
    }


def answer_at_once(stores: Stores, database: str, slugs: Sequence[str]) -> None:
    """A burst window of 0: a turn begins with the message. Before the tenants are first used."""
    stores.fetch(_NO_WINDOW, list(slugs), database=database)


def _declared(slug: str, crowd_url: str, assistant: bool) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": f"Provedor {slug}",
        "timezone": "America/Recife",
        "teams": [{"slug": each, "name": name} for each, name in _TEAMS.items()],
        "channels": [
            {
                "slug": "principal",
                "name": "WhatsApp",
                "base_url": f"{crowd_url}/gateway",
                "token": f"token-{slug}",
            }
        ],
        "assistant": {
            "enabled": assistant,
            "endpoint": f"{crowd_url}/model/v1",
            "api_key": "sandbox-bench",
            "model": "sandbox-simulador",
            "turns_per_minute": 1_000_000,
            "persona": _PERSONA,
        },
        "erp": {"base_url": f"{crowd_url}/sgp", "token": "sandbox-bench", "app": "niochat"},
    }
