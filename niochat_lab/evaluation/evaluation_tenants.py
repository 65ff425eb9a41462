"""A provider of its own for each scenario, applied as ``niochat apply`` applies a file."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import yaml

from niochat.adapters.postgres.database import Database
from niochat.cli.commands.provider_commands import channel_addresses_for
from niochat.cli.sandbox_client import SandboxClient
from niochat.composition.components import Components
from niochat.ports.encryption import Encryptor
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.provider_sync.sync_result import SyncOutcome, SyncResult
from niochat_lab.evaluation.definitions.scenario_schema import Scenario

TIMEZONE = "America/Recife"
TODAY, TOMORROW = "{today}", "{tomorrow}"
"""In a scenario's policy: the provider's days."""
_TEAMS = {
    "atendimento": "Atendimento",
    "financeiro": "Financeiro",
    "suporte": "Suporte técnico",
    "vendas": "Vendas",
}
_PERSONA = {
    "name": "Nia",
    "company": "Provedor Demo",
    "style": "cordial e objetiva",
    "greeting": "Olá! Sou a Nia, assistente virtual do Provedor Demo.",
}
_POLICY = {
    "burst_window_s": 0.3,
    "burst_limit_s": 1.5,
    "reminder_after_s": 0,
    "remember_days": 0,
    "stop_machines": False,
}
_FIRST_OWNER = 558130500000


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """The model that is evaluated. ``endpoint`` empty: the sandbox's. ``api_key`` is
    ``env:NAME``; prices per million tokens.
    """

    endpoint: str = ""
    model: str = ""
    api_key: str = ""
    price_in: float = 0.0
    price_out: float = 0.0
    stream: bool = False
    keys: bool = False
    """Each provider comes with its scenario's key, by which the end point tells them apart."""

    @property
    def is_simulated(self) -> bool:
        """Whether it is the sandbox's."""
        return not self.endpoint

    @property
    def display_name(self) -> str:
        """Its name for people."""
        return self.model or "sandbox-simulador"


@dataclass(frozen=True, slots=True)
class ScenarioTenant:
    """Where a scenario is played: its tenant, its channel, its gateway instance."""

    tenant_id: UUID
    channel_id: UUID
    token: str


async def create_scenario_tenants(
    parts: Components, sandbox_url: str, scenarios: Sequence[Scenario], choice: EvaluatedModel
) -> dict[str, ScenarioTenant]:
    """Instances, tenants and webhooks of all scenarios in one go; places by scenario's name."""
    await _create_instances(sandbox_url, scenarios)
    entries = [build_provider_entry(each, sandbox_url, choice) for each in scenarios]
    changes = await apply_provider_entries(parts.database, parts.vault, entries)
    for tenant_id in {c.tenant_id for c in changes if c.outcome is not SyncOutcome.UNCHANGED}:
        await parts.tenant_changes.publish(tenant_id)
    return await _connect(parts, scenarios)


async def apply_provider_entries(
    database: Database, vault: Encryptor, entries: Sequence[Any]
) -> list[SyncResult]:
    """The providers of these entries exist as they say."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "providers.yaml"
        file.write_text(yaml.safe_dump({"providers": entries}, allow_unicode=True), "utf-8")
        providers = load_providers(file, os.environ)
    return await apply_providers(database, vault, providers)


def build_provider_entry(
    scenario: Scenario, sandbox_url: str, choice: EvaluatedModel
) -> dict[str, Any]:
    """The scenario's provider, as a file of providers has it."""
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    entry: dict[str, Any] = {
        "slug": scenario.slug,
        "name": scenario.title,
        "timezone": TIMEZONE,
        "teams": [{"slug": slug, "name": name} for slug, name in _TEAMS.items()],
        "policy": {**_POLICY, **_fill_dates(scenario.policy, today)},
        "channels": [
            {
                "slug": "principal",
                "name": "WhatsApp",
                "base_url": f"{sandbox_url}/gateway",
                "token": scenario.slug,
            }
        ],
        "assistant": {**_build_assistant(scenario, sandbox_url, choice), **scenario.assistant},
    }
    if not scenario.without_erp:
        erp = {"base_url": f"{sandbox_url}/sgp", "token": scenario.key, "app": "niochat"}
        entry["erp"] = {**erp, **scenario.erp}
    return entry


def _build_assistant(
    scenario: Scenario, sandbox_url: str, choice: EvaluatedModel
) -> dict[str, Any]:
    simulated: dict[str, Any] = {
        "endpoint": f"{sandbox_url}/model/v1",
        "api_key": scenario.key,
        "model": scenario.model.value,
    }
    real: dict[str, Any] = {
        "endpoint": choice.endpoint,
        "api_key": scenario.key if choice.keys else choice.api_key,
        "model": choice.model,
    }
    return {
        **(simulated if choice.is_simulated else real),
        "persona": _PERSONA,
        "stream": choice.stream,
        "price_in": choice.price_in,
        "price_out": choice.price_out,
    }


def _fill_dates(policy: Mapping[str, Any], today: date) -> dict[str, Any]:
    named = {TODAY: today.isoformat(), TOMORROW: (today + timedelta(days=1)).isoformat()}
    days = [named.get(day, day) for day in policy.get("closed_days", ())]
    return {**policy, "closed_days": days} if days else dict(policy)


async def _create_instances(sandbox_url: str, scenarios: Sequence[Scenario]) -> None:
    for number, scenario in enumerate(scenarios):
        client = SandboxClient(sandbox_url, scenario.slug)
        try:
            await client.create_instance(str(_FIRST_OWNER + number), scenario.slug)
        finally:
            await client.close()


async def _connect(parts: Components, scenarios: Sequence[Scenario]) -> dict[str, ScenarioTenant]:
    places: dict[str, ScenarioTenant] = {}
    names = {scenario.slug: scenario.name for scenario in scenarios}
    for address in await channel_addresses_for(parts, set(names)):
        channel = address.channel
        line = parts.credentials_for(
            channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
        )
        await parts.gateway.set_webhook(line, address.webhook_url(parts.settings.base_url))
        places[names[channel.tenant_slug]] = ScenarioTenant(
            channel.tenant_id, channel.id, line.token
        )
    return places
