"""Promises about applying what a file declares, on a real PostgreSQL."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.domain.errors import (
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    UnreadableDataError,
)
from niochat.tenants.provider_file.provider_schema import ProviderConfig
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat.vault.vault import Vault
from tests.tenants.provider_files import (
    build_assistant,
    build_channel,
    build_provider,
    load_provider_file,
)

pytestmark = pytest.mark.asyncio

KEYS = {"k1": bytes(32), "k2": bytes(range(32))}
vault = Vault({"k1": KEYS["k1"]})
rotated = Vault({"k2": KEYS["k2"], "k1": KEYS["k1"]})

Said = list[tuple[str, str]]
Declare = Callable[..., Awaitable[Said]]


async def applied(
    database: Database, providers: Sequence[ProviderConfig], sealing: Vault = vault
) -> Said:
    changes = await apply_providers(database, sealing, providers)
    return [(f"{change.tenant}: {change.resource}", change.outcome.value) for change in changes]


async def row(database: Database, query: str, *values: Any) -> dict[str, Any]:
    async with database.as_system() as connection:
        found = await connection.fetchrow(query, *values)
    assert found is not None
    return dict(found)


async def everything(database: Database) -> list[dict[str, Any]]:
    """Whole rows with their place on disk: a rewritten row is another one."""
    async with database.as_system() as connection:
        return [
            dict(found)
            for table in ("tenants", "teams", "channels", "assistants", "erps")
            for found in await connection.fetch(f"SELECT ctid, * FROM {table} ORDER BY ctid")
        ]


async def version(database: Database) -> int:
    found = await row(database, "SELECT config_version FROM tenants WHERE slug = 'demo'")
    return int(found["config_version"])


@pytest.fixture
def declare(database: Database, tmp_path: Path) -> Declare:
    """Applies a file with one provider of these changes."""

    async def declared(**changes: Any) -> Said:
        return await applied(database, load_provider_file(tmp_path, build_provider(**changes)))

    return declared


@pytest_asyncio.fixture
async def demo(declare: Declare) -> Said:
    return await declare()


async def test_the_first_time_everything_is_created(demo: Said, database: Database) -> None:
    assert demo == [
        ("demo: provider", "created"),
        ("demo: team atendimento", "created"),
        ("demo: channel principal", "created"),
        ("demo: assistant", "created"),
    ]
    assert await version(database) == 1
    stored = await row(database, "SELECT status, policy FROM tenants")
    assert policy_from_row(stored["status"], stored["policy"]).assistant_answers


async def test_the_second_time_nothing_is_written(
    demo: Said, declare: Declare, database: Database
) -> None:
    before = await everything(database)

    assert {outcome for _, outcome in await declare()} == {"unchanged"}

    assert await everything(database) == before
    assert await version(database) == 1


async def test_secrets_are_stored_sealed(demo: Said, database: Database) -> None:
    stored = str(await everything(database))

    assert "token-of-demo" not in stored
    assert "key-of-demo" not in stored
    (address,) = await TenantConfigCache(database, vault).list_channels()
    assert len(base64.urlsafe_b64decode(address.secret + "=")) == 32
    assert address.secret not in stored


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"name": "Outro"}, "provider"),
        ({"timezone": "America/Recife"}, "provider"),
        ({"policy": {"burst_window_s": 3}}, "provider"),
        ({"teams": [{"slug": "atendimento", "name": "Suporte"}]}, "team atendimento"),
        ({"channels": [build_channel(name="Outro")]}, "channel principal"),
        ({"channels": [build_channel(token="another")]}, "channel principal"),
        ({"channels": [build_channel(base_url="http://elsewhere")]}, "channel principal"),
        ({"channels": [build_channel(hmac_key="env:DEMO_HMAC")]}, "channel principal"),
        ({"assistant": build_assistant(api_key="another")}, "assistant"),
        ({"assistant": build_assistant(persona={})}, "assistant"),
        ({"assistant": build_assistant(max_seconds=30)}, "assistant"),
        ({"assistant": build_assistant(facts={"address": "Rua do Sol, 120"})}, "assistant"),
        ({"assistant": build_assistant(price_in=0.15, price_out=0.6)}, "assistant"),
        ({"assistant": build_assistant(enabled=False)}, "provider"),
        ({"assistant": build_assistant(temperature=0.2, seed=7)}, "assistant"),
        ({"assistant": build_assistant(parallel_tool_calls=False)}, "assistant"),
        ({"assistant": build_assistant(dialect=["one_system", "alternate"])}, "assistant"),
        ({"assistant": build_assistant(extra_headers={"x-proxy": "env:DEMO_HMAC"})}, "assistant"),
        ({"assistant": build_assistant(extra_body={"top_k": 1, "a": {"b": ["c"]}})}, "assistant"),
        ({"policy": {"hours": [{"days": ["sun"], "from": "08:00", "to": "12:00"}]}}, "provider"),
        ({"policy": {"closed_days": ["2026-12-24"]}}, "provider"),
        ({"policy": {"reminder_after_s": 0}}, "provider"),
    ],
)
async def test_one_change_is_written_once_and_raises_the_version(
    demo: Said, declare: Declare, database: Database, changes: dict[str, Any], changed: str
) -> None:
    said = await declare(**changes)

    assert [what for what, outcome in said if outcome == "changed"] == [f"demo: {changed}"]
    assert await version(database) == 2
    assert {outcome for _, outcome in await declare(**changes)} == {"unchanged"}
    assert await version(database) == 2


async def test_facts_stay_where_a_file_does_not_tell_them_and_go_where_it_tells_none(
    demo: Said, declare: Declare, database: Database
) -> None:
    facts = {"fees": [{"name": "Visita", "amount": 50.0}], "billing": {"due_days": [5, 10]}}

    async def kept() -> Any:
        return (await row(database, "SELECT facts FROM assistants"))["facts"]

    await declare(assistant=build_assistant(facts=facts))
    await declare(assistant=build_assistant(model="another"))
    assert await kept() == {
        "fees": [{"name": "Visita", "amount": 50.0}],
        "billing": facts["billing"],
    }
    await declare(assistant=build_assistant(model="another", facts={}))
    assert await kept() == {}


async def test_the_webhook_secret_and_the_id_outlive_every_change(
    demo: Said, declare: Declare, database: Database
) -> None:
    (before,) = await TenantConfigCache(database, vault).list_channels()

    await declare(channels=[build_channel(token="another", base_url="http://elsewhere")])

    (after,) = await TenantConfigCache(database, vault).list_channels()
    assert after.webhook_url("http://x") == before.webhook_url("http://x")
    record = after.channel
    assert Vault.matches_fingerprint(after.secret, record.secret_hash)
    assert Vault.matches_fingerprint("another", record.token_hash)
    line = TenantConfigCache(database, vault).gateway_credentials(
        record.kind, record.base_url, record.token_sealed, record.tenant_id
    )
    assert (line.base_url, line.token) == ("http://elsewhere", "another")


async def test_another_gateway_instance_does_not_inherit_the_hold_of_the_former(
    demo: Said, declare: Declare, database: Database
) -> None:
    hold = "UPDATE channels SET status = 'connected', held_until = now() + '1 h', holds = 3"
    await row(database, f"{hold} RETURNING id")
    look = "SELECT status, holds, held_until IS NOT NULL AS held FROM channels"

    await declare(channels=[build_channel(name="Outro")])
    assert await row(database, look) == {"status": "connected", "holds": 3, "held": True}

    await declare(channels=[build_channel(token="another")])
    assert await row(database, look) == {"status": "unknown", "holds": 0, "held": False}


async def test_resources_that_the_file_omits_stay(
    demo: Said, declare: Declare, database: Database
) -> None:
    await declare(suspended=True, channels=[build_channel(hmac_key="env:DEMO_HMAC")])
    before = [each for each in await everything(database) if "hmac_sealed" in each]

    said = await declare(channels=[build_channel()], assistant=...)

    assert {outcome for _, outcome in said} == {"unchanged"}
    assert [each for each in await everything(database) if "hmac_sealed" in each] == before
    said = await declare(channels=..., assistant=...)
    assert {outcome for _, outcome in said} == {"unchanged"}
    tenant = await row(database, "SELECT tenant_id, status FROM tenants")
    assert tenant["status"] == "suspended"
    assert (
        await TenantConfigCache(database, vault).assistant(tenant["tenant_id"])
    ).model == "sandbox"


async def test_a_signing_key_goes_only_when_the_file_says_so(
    declare: Declare, database: Database
) -> None:
    await declare(channels=[build_channel(hmac_key="env:DEMO_HMAC")])
    directory = TenantConfigCache(database, vault)
    (address,) = await directory.list_channels()
    assert directory.hmac_key(address.channel) == "hmac-of-demo"

    await declare(channels=[build_channel(hmac_key=None)])

    (address,) = await directory.list_channels()
    assert directory.hmac_key(address.channel) is None


async def test_without_an_assistant_no_conversation_begins_with_one(
    declare: Declare, database: Database
) -> None:
    await declare(assistant=...)

    stored = await row(database, "SELECT tenant_id, status, policy FROM tenants")
    assert not policy_from_row(stored["status"], stored["policy"]).assistant_answers
    with pytest.raises(NotFoundError):
        await TenantConfigCache(database, vault).assistant(stored["tenant_id"])


async def test_one_wrong_provider_leaves_all_of_them_as_they_were(
    demo: Said, database: Database, tmp_path: Path
) -> None:
    before = await everything(database)
    changed = build_provider(name="Outro")
    same_instance = build_provider(slug="other", channels=[build_channel(slug="second")])
    second = load_provider_file(tmp_path, same_instance)

    with pytest.raises(OperationRefusedError, match=r"demo/principal and other/second"):
        await apply_providers(database, vault, [*load_provider_file(tmp_path, changed), *second])

    assert await everything(database) == before


async def test_a_channel_under_a_new_slug_is_refused_and_not_doubled(
    demo: Said, declare: Declare
) -> None:
    with pytest.raises(OperationRefusedError, match="identified by their slugs"):
        await declare(channels=[build_channel(slug="renamed")])


async def test_two_channels_may_swap_their_instances(declare: Declare) -> None:
    one, two = build_channel(), build_channel(slug="second", token="second-token")
    await declare(channels=[one, two])

    said = await declare(channels=[{**one, "token": two["token"]}, {**two, "token": one["token"]}])

    assert [outcome for what, outcome in said if "channel" in what] == ["changed", "changed"]


async def test_two_applies_at_once_create_one_provider(database: Database, tmp_path: Path) -> None:
    file = load_provider_file(tmp_path, build_provider())

    both = await asyncio.gather(*(applied(database, file) for _ in range(2)))

    assert sorted(said[0][1] for said in both) == ["created", "unchanged"]


async def test_after_a_rotation_everything_is_sealed_with_the_new_key_and_is_the_same(
    declare: Declare, database: Database, tmp_path: Path
) -> None:
    changes = {"channels": [build_channel(hmac_key="env:DEMO_HMAC")]}
    await declare(**changes)
    (before,) = await TenantConfigCache(database, vault).list_channels()
    file = load_provider_file(tmp_path, build_provider(**changes))

    said = await applied(database, file, rotated)

    assert dict(said)["demo: channel principal"] == dict(said)["demo: assistant"] == "changed"
    only_new = TenantConfigCache(database, Vault({"k2": KEYS["k2"]}))
    (after,) = await only_new.list_channels()
    assert after.secret == before.secret
    assert only_new.hmac_key(after.channel) == "hmac-of-demo"
    assert (await only_new.assistant(after.channel.tenant_id)).api_key == "key-of-demo"
    assert {outcome for _, outcome in await applied(database, file, rotated)} == {"unchanged"}


async def test_with_a_key_missing_nothing_is_changed(
    demo: Said, database: Database, tmp_path: Path
) -> None:
    before = await everything(database)

    with pytest.raises(UnreadableDataError, match="NIOCHAT_VAULT_KEYS"):
        await apply_providers(
            database,
            Vault({"k2": KEYS["k2"]}),
            load_provider_file(tmp_path, build_provider(name="Outro")),
        )

    assert await everything(database) == before


async def test_a_damaged_secret_is_healed_by_the_file(
    demo: Said, declare: Declare, database: Database
) -> None:
    tenant: UUID = (await row(database, "SELECT tenant_id FROM tenants"))["tenant_id"]
    damage = "set_byte({0}, length({0}) - 1, get_byte({0}, length({0}) - 1) # 1)"
    for table, column in (("assistants", "api_key_sealed"), ("channels", "token_sealed")):
        change = f"UPDATE {table} SET {column} = {damage.format(column)} RETURNING 1 AS done"
        await row(database, change)
    with pytest.raises(InvalidInputError, match="altered"):
        await TenantConfigCache(database, vault).assistant(tenant)

    said = await declare()

    assert [outcome for _, outcome in said] == ["unchanged", "unchanged", "changed", "changed"]
    directory = TenantConfigCache(database, vault)
    assert (await directory.assistant(tenant)).api_key == "key-of-demo"
    (address,) = await directory.list_channels()
    record = address.channel
    line = directory.gateway_credentials(
        record.kind, record.base_url, record.token_sealed, record.tenant_id
    )
    assert line.token == "token-of-demo"


async def ways(database: Database) -> dict[str, str]:
    async with database.as_system() as connection:
        rows = await connection.fetch("SELECT slug, assignment FROM teams ORDER BY slug")
    return {row["slug"]: row["assignment"] for row in rows}


async def test_a_new_team_gives_what_waits_to_who_is_there_unless_its_file_says_otherwise(
    database: Database, tmp_path: Path
) -> None:
    names = ("atendimento", "vendas", "suporte")
    teams = [{"slug": slug, "name": slug} for slug in names]
    teams[1]["assignment"] = "manual"
    teams[2]["assignment"] = "round_robin"
    await applied(database, load_provider_file(tmp_path, build_provider(teams=teams)))
    said = {"atendimento": "balanced", "suporte": "round_robin", "vendas": "manual"}
    assert await ways(database) == said

    silent = [{"slug": slug, "name": slug} for slug in names]
    again = await applied(database, load_provider_file(tmp_path, build_provider(teams=silent)))
    assert {outcome for _, outcome in again} == {"unchanged"}
    assert await ways(database) == said

    silent[0]["assignment"] = "manual"
    changed = await applied(database, load_provider_file(tmp_path, build_provider(teams=silent)))
    assert ("demo: team atendimento", "changed") in changed
    assert (await ways(database))["atendimento"] == "manual"


async def test_an_assignment_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="assignment"):
        load_provider_file(
            tmp_path,
            build_provider(teams=[{"slug": "atendimento", "name": "A", "assignment": "x"}]),
        )
