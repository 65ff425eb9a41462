"""A plan and a cap are declared in the file, and reach whoever shares places out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from niochat.adapters.postgres.database import Database
from niochat.cli.doctor.doctor_checks import format_throttle
from niochat.domain.errors import InvalidInputError
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.quota_cache import DEFAULT_QUOTA, TenantQuota, TenantQuotaCache
from niochat.tenants.throttle_status import ThrottleReporter, load_throttles
from niochat.vault.vault import Vault
from tests.builders import Admin, RowBuilder
from tests.tenants.provider_files import (
    build_assistant,
    build_channel,
    build_provider,
    load_provider_file,
)

pytestmark = pytest.mark.asyncio

vault = Vault({"k1": bytes(32)})
SINCE = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def declared(database: Database, folder: Path, **changes: Any) -> dict[str, str]:
    changed = await apply_providers(
        database, vault, load_provider_file(folder, build_provider(**changes))
    )
    return {change.resource: change.outcome.value for change in changed}


async def share(database: Database) -> TenantQuota:
    shares = TenantQuotaCache(database)
    await shares.refresh()
    async with database.as_system() as connection:
        return shares.quota_for(await connection.fetchval("SELECT tenant_id FROM tenants"))


async def test_a_plan_and_a_cap_reach_who_shares_places_out(
    database: Database, tmp_path: Path
) -> None:
    lines = [build_channel(), build_channel(slug="segundo", token="another-token")]
    await declared(
        database,
        tmp_path,
        plan="enterprise",
        channels=lines,
        assistant=build_assistant(turns_at_once=7),
    )

    assert await share(database) == TenantQuota(4.0, 7, 2)


async def test_without_a_word_a_provider_has_the_middle_plan(
    database: Database, tmp_path: Path
) -> None:
    await declared(database, tmp_path, assistant=..., channels=[])

    assert await share(database) == DEFAULT_QUOTA == TenantQuota(2.0, 100, 1)


async def test_a_changed_tier_is_a_change_and_the_same_tier_is_none(
    database: Database, tmp_path: Path
) -> None:
    await declared(database, tmp_path)

    assert (await declared(database, tmp_path, plan="basico"))["provider"] == "changed"
    assert (await declared(database, tmp_path, plan="basico"))["provider"] == "unchanged"
    more = build_assistant(turns_at_once=3)
    assert (await declared(database, tmp_path, plan="basico", assistant=more))[
        "assistant"
    ] == "changed"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"plan": "gold"}, "plan: Input should be 'basico', 'profissional' or 'enterprise'"),
        (
            {"assistant": build_assistant(turns_at_once=0)},
            "assistant.turns_at_once: Input should be greater than or equal to 1",
        ),
        (
            {"assistant": build_assistant(turns_at_once=1.5)},
            "assistant.turns_at_once: must be a whole",
        ),
    ],
)
async def test_an_invalid_tier_or_cap_is_reported_with_its_place(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text(yaml.safe_dump({"providers": [build_provider(**changes)]}))
    env = {"DEMO_TOKEN": "t", "DEMO_KEY": "k"}
    with pytest.raises(InvalidInputError) as refused:
        load_providers(path, env)

    assert complaint in str(refused.value)


async def test_a_throttled_tenant_is_reported_until_the_throttle_ends(
    database: Database, given: RowBuilder, admin: Admin
) -> None:
    tenant, other = await given.tenant(), await given.tenant()
    one, two = ThrottleReporter(database, "host-0.a"), ThrottleReporter(database, "host-1.b")
    await one.report(
        [
            TenantThrottleStatus(tenant, ThrottleReason.TURNS, SINCE, 3),
            TenantThrottleStatus(other, ThrottleReason.ERP, SINCE, 1),
        ]
    )
    await two.report([TenantThrottleStatus(tenant, ThrottleReason.TURNS, datetime.now(UTC), 4)])

    assert await load_throttles(database, tenant) == [
        TenantThrottleStatus(tenant, ThrottleReason.TURNS, SINCE, 7)
    ]

    await one.report([])
    assert [each.waiting for each in await load_throttles(database, tenant)] == [4]
    assert await load_throttles(database, other) == []


async def test_a_throttle_that_no_process_reports_has_ended(
    database: Database, given: RowBuilder, admin: Admin
) -> None:
    tenant = await given.tenant()
    await ThrottleReporter(database, "host-0.gone").report(
        [TenantThrottleStatus(tenant, ThrottleReason.GATEWAY, SINCE, 3)]
    )
    await admin.execute("UPDATE held_back SET told_at = now() - interval '20 s'")

    assert await load_throttles(database, tenant) == []


@pytest.mark.parametrize("reason", ThrottleReason)
async def test_every_reason_is_stored_and_has_words(
    database: Database, given: RowBuilder, reason: ThrottleReason
) -> None:
    tenant = await given.tenant()
    await ThrottleReporter(database, "host-0.a").report(
        [TenantThrottleStatus(tenant, reason, SINCE, 3)]
    )

    (held,) = await load_throttles(database, tenant)
    assert held.reason is reason
    assert "3" in format_throttle(held)
