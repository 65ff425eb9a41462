"""Create a tenant for each scenario, as ``niochat apply`` creates them from a file."""

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
from niochat.cli.commands.apply_command import channel_addresses_for
from niochat.cli.sandbox_client import SandboxClient
from niochat.composition.components import Components
from niochat.ports.encryption import Encryptor
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.provider_sync.sync_result import ProviderSyncOutcome, ProviderSyncResult
from niochat_lab.evaluation.definitions.scenario_schema import Scenario

TIMEZONE = "America/Recife"
TODAY, TOMORROW = "{today}", "{tomorrow}"
"""Placeholders for dates in a scenario's policy, in the tenant's time zone."""
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
    "ratings": {"after_s": 0},
}
_FIRST_OWNER = 558130500000


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """The model that is evaluated. ``endpoint`` empty: the scripted model.

    ``api_key``: ``env:NAME``. Prices are per million tokens.
    """

    endpoint: str = ""
    model: str = ""
    api_key: str = ""
    price_in: float = 0.0
    price_out: float = 0.0
    stream: bool = False
    keys: bool = False
    """Whether each tenant uses its scenario's key, by which the endpoint identifies
    the scenario.
    """

    @property
    def is_simulated(self) -> bool:
        """Whether the scripted model is evaluated."""
        return not self.endpoint

    @property
    def display_name(self) -> str:
        """The name for people."""
        return self.model or "sandbox-simulador"


@dataclass(frozen=True, slots=True)
class ScenarioTenant:
    """The tenant, channel and gateway token of a scenario."""

    tenant_id: UUID
    channel_id: UUID
    token: str


async def create_scenario_tenants(
    components: Components,
    sandbox_url: str,
    scenarios: Sequence[Scenario],
    evaluated_model: EvaluatedModel,
) -> dict[str, ScenarioTenant]:
    """Create instances, tenants and webhooks of all scenarios; return them by the
    scenario's name.
    """
    await _create_instances(sandbox_url, scenarios)
    entries = [build_provider_entry(each, sandbox_url, evaluated_model) for each in scenarios]
    changes = await apply_provider_entries(components.database, components.vault, entries)
    for tenant_id in {
        c.tenant_id for c in changes if c.outcome is not ProviderSyncOutcome.UNCHANGED
    }:
        await components.tenant_changes.publish(tenant_id)
    return await _connect(components, scenarios)


async def apply_provider_entries(
    database: Database, vault: Encryptor, entries: Sequence[Any]
) -> list[ProviderSyncResult]:
    """Create or update the tenants of these entries."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "providers.yaml"
        file.write_text(yaml.safe_dump({"providers": entries}, allow_unicode=True), "utf-8")
        providers = load_providers(file, os.environ)
    return await apply_providers(database, vault, providers)


def build_provider_entry(
    scenario: Scenario, sandbox_url: str, evaluated_model: EvaluatedModel
) -> dict[str, Any]:
    """The entry of the scenario's tenant in a file of providers."""
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
        "assistant": {
            **_build_assistant(scenario, sandbox_url, evaluated_model),
            **scenario.assistant,
        },
    }
    if not scenario.without_erp:
        erp = {"base_url": f"{sandbox_url}/sgp", "token": scenario.key, "app": "niochat"}
        entry["erp"] = {**erp, **scenario.erp}
    return entry


def _build_assistant(
    scenario: Scenario, sandbox_url: str, evaluated_model: EvaluatedModel
) -> dict[str, Any]:
    simulated: dict[str, Any] = {
        "endpoint": f"{sandbox_url}/model/v1",
        "api_key": scenario.key,
        "model": scenario.model.value,
    }
    real: dict[str, Any] = {
        "endpoint": evaluated_model.endpoint,
        "api_key": scenario.key if evaluated_model.keys else evaluated_model.api_key,
        "model": evaluated_model.model,
    }
    return {
        **(simulated if evaluated_model.is_simulated else real),
        "persona": _PERSONA,
        "stream": evaluated_model.stream,
        "price_in": evaluated_model.price_in,
        "price_out": evaluated_model.price_out,
    }


def _fill_dates(policy: Mapping[str, Any], today: date) -> dict[str, Any]:
    date_values = {TODAY: today.isoformat(), TOMORROW: (today + timedelta(days=1)).isoformat()}
    days = [date_values.get(day, day) for day in policy.get("closed_days", ())]
    return {**policy, "closed_days": days} if days else dict(policy)


async def _create_instances(sandbox_url: str, scenarios: Sequence[Scenario]) -> None:
    for number, scenario in enumerate(scenarios):
        client = SandboxClient(sandbox_url, scenario.slug)
        try:
            await client.create_instance(str(_FIRST_OWNER + number), scenario.slug)
        finally:
            await client.close()


async def _connect(
    components: Components, scenarios: Sequence[Scenario]
) -> dict[str, ScenarioTenant]:
    tenants: dict[str, ScenarioTenant] = {}
    names = {scenario.slug: scenario.name for scenario in scenarios}
    for address in await channel_addresses_for(components, set(names)):
        channel = address.channel
        credentials = components.credentials_for(
            channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
        )
        await components.gateway.set_webhook(
            credentials, address.webhook_url(components.settings.base_url)
        )
        tenants[names[channel.tenant_slug]] = ScenarioTenant(
            channel.tenant_id, channel.id, credentials.token
        )
    return tenants
