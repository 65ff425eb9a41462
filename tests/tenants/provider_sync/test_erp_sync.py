"""Promises about a provider's ERP: declared, applied, looked up, probed."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import InvalidInputError, UnreadableDataError
from niochat.ports.erp import ErpCapability
from niochat.tenants.config_records import ErpRecord
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TTL_S, TenantConfigCache
from niochat.vault.vault import Vault
from tests.manual_clock import ManualClock
from tests.tenants.provider_files import (
    build_channel,
    build_erp,
    build_provider,
    load_provider_file,
)

pytestmark = pytest.mark.asyncio

KEYS = {"k1": bytes(32), "k2": bytes(range(32))}
vault = Vault({"k1": KEYS["k1"]})
rotated = Vault({"k2": KEYS["k2"], "k1": KEYS["k1"]})
FOUND = frozenset({ErpCapability.INVOICES, ErpCapability.OPEN_TICKET})


class ErpConfigFixture:
    """One provider with an ERP, and a directory with a clock of the test's own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.clock = ManualClock()
        self.directory = TenantConfigCache(database, vault, clock=self.clock)
        self.tenant_id = uuid4()

    async def declare(self, *, sealing: Vault = vault, **changes: Any) -> dict[str, str]:
        """What became of each part; the directory is not told."""
        file = load_provider_file(self.folder, build_provider(**{"erp": build_erp(), **changes}))
        changed = await apply_providers(self.database, sealing, file)
        self.tenant_id = changed[0].tenant_id
        return {change.resource: change.outcome.value for change in changed}

    async def found(self, tenant_id: UUID | None = None) -> ErpRecord:
        """The ERP as it is now."""
        self.directory.invalidate_all()
        record = await self.directory.erp(tenant_id or self.tenant_id)
        assert record is not None
        return record

    async def run(self, statement: str, *values: Any) -> Any:
        async with self.database.as_system() as connection:
            return await connection.fetchval(statement, *values)


@pytest_asyncio.fixture
async def erp_config(database: Database, tmp_path: Path) -> ErpConfigFixture:
    made = ErpConfigFixture(database, tmp_path)
    assert (await made.declare())["erp"] == "created"
    return made


async def test_an_erp_account_has_its_opened_token_and_its_limits(
    erp_config: ErpConfigFixture,
) -> None:
    kinds = {"sem_conexao": 1, "outro": "5A"}
    limits = {"calls_at_once": 2, "per_minute": 30, "timeout_s": 10}
    await erp_config.declare(erp=build_erp(base_url="http://h/a/b/", ticket_kinds=kinds, **limits))

    found = await erp_config.found()

    account = found.account
    assert (account.base_url, account.app, account.token) == (
        "http://h/a/b",
        "niochat",
        "token-of-erp",
    )
    assert account.ticket_kinds == {"sem_conexao": "1", "outro": "5A"}
    assert (found.calls_at_once, found.per_minute, found.timeout_s) == (2, 30, 10.0)
    assert (found.capabilities, found.probed_at) == (None, None)
    assert "token-of-erp" not in repr(found)


async def test_omitted_erp_fields_have_defaults(
    erp_config: ErpConfigFixture,
) -> None:
    found = await erp_config.found()

    assert found.account.ticket_kinds == {}
    assert (found.calls_at_once, found.per_minute, found.timeout_s) == (8, 600, 32.0)


async def test_a_token_is_stored_sealed(erp_config: ErpConfigFixture) -> None:
    assert "token-of-erp" not in await erp_config.run("SELECT erps::text FROM erps")
    sealed = await erp_config.run("SELECT token_sealed FROM erps")
    assert b"token-of-erp" not in sealed
    with pytest.raises(InvalidInputError):
        vault.open(sealed, tenant_id=uuid4(), purpose="erp token")


async def test_the_second_time_nothing_is_written(erp_config: ErpConfigFixture) -> None:
    look = "SELECT (ctid, erps)::text FROM erps"
    before = await erp_config.run(look)

    assert set((await erp_config.declare()).values()) == {"unchanged"}

    assert await erp_config.run(look) == before


@pytest.mark.parametrize("left_out", [..., None])
async def test_an_erp_that_the_file_leaves_out_stays(
    erp_config: ErpConfigFixture, left_out: Any
) -> None:
    said = await erp_config.declare(erp=left_out)

    assert "erp" not in said
    assert (await erp_config.found()).account.token == "token-of-erp"


async def test_a_change_raises_the_version_once(erp_config: ErpConfigFixture) -> None:
    assert (await erp_config.declare(erp=build_erp(per_minute=60)))["erp"] == "changed"
    assert (await erp_config.declare(erp=build_erp(per_minute=60)))["erp"] == "unchanged"

    assert await erp_config.run("SELECT config_version FROM tenants") == 2


@pytest.mark.parametrize("changes", [{"base_url": "http://h"}, {"app": "b"}, {"token": "another"}])
async def test_another_access_forgets_what_was_probed(
    erp_config: ErpConfigFixture, changes: dict[str, Any]
) -> None:
    await erp_config.directory.save_capabilities(erp_config.tenant_id, FOUND)

    assert (await erp_config.declare(erp=build_erp(**changes)))["erp"] == "changed"

    found = await erp_config.found()
    assert (found.capabilities, found.probed_at) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [{"calls_at_once": 2}, {"per_minute": 6}, {"timeout_s": 5}, {"ticket_kinds": {"outro": 7}}],
)
async def test_another_limit_keeps_what_was_probed(
    erp_config: ErpConfigFixture, changes: dict[str, Any]
) -> None:
    await erp_config.directory.save_capabilities(erp_config.tenant_id, FOUND)
    before = await erp_config.found()

    assert (await erp_config.declare(erp=build_erp(**changes)))["erp"] == "changed"

    found = await erp_config.found()
    assert (found.capabilities, found.probed_at) == (FOUND, before.probed_at)


async def test_after_a_rotation_the_token_is_sealed_with_the_new_key_and_probes_stay(
    erp_config: ErpConfigFixture,
) -> None:
    await erp_config.directory.save_capabilities(erp_config.tenant_id, FOUND)

    assert (await erp_config.declare(sealing=rotated))["erp"] == "changed"

    only_new = TenantConfigCache(erp_config.database, Vault({"k2": KEYS["k2"]}))
    found = await only_new.erp(erp_config.tenant_id)
    assert found is not None
    assert (found.account.token, found.capabilities) == ("token-of-erp", FOUND)
    assert (await erp_config.declare(sealing=rotated))["erp"] == "unchanged"


async def test_with_its_key_missing_a_token_is_unreadable(erp_config: ErpConfigFixture) -> None:
    with pytest.raises(UnreadableDataError):
        await TenantConfigCache(erp_config.database, Vault({"k2": KEYS["k2"]})).erp(
            erp_config.tenant_id
        )


async def test_a_damaged_token_is_healed_by_the_file(erp_config: ErpConfigFixture) -> None:
    flipped = "get_byte(token_sealed, length(token_sealed) - 1) # 1"
    damaged = f"set_byte(token_sealed, length(token_sealed) - 1, {flipped})"
    await erp_config.run(f"UPDATE erps SET token_sealed = {damaged}")
    with pytest.raises(InvalidInputError, match="altered"):
        await erp_config.directory.erp(erp_config.tenant_id)

    assert (await erp_config.declare())["erp"] == "changed"

    assert (await erp_config.found()).account.token == "token-of-erp"


async def test_an_erp_is_kept_until_its_time_is_over_or_it_is_forgotten(
    erp_config: ErpConfigFixture,
) -> None:
    async def seen() -> int:
        found = await erp_config.directory.erp(erp_config.tenant_id)
        assert found is not None
        return found.per_minute

    assert await seen() == 600
    await erp_config.declare(erp=build_erp(per_minute=1))
    erp_config.directory.invalidate(uuid4())
    assert await seen() == 600
    erp_config.directory.invalidate(erp_config.tenant_id)
    assert await seen() == 1
    await erp_config.declare(erp=build_erp(per_minute=2))
    erp_config.directory.invalidate_all()
    assert await seen() == 2
    await erp_config.declare(erp=build_erp(per_minute=3))
    assert await seen() == 2
    erp_config.clock.now += TTL_S
    assert await seen() == 3


async def test_a_tenant_without_erp_has_none_and_so_has_nobody(
    erp_config: ErpConfigFixture,
) -> None:
    await erp_config.declare(slug="other", channels=[build_channel(token="b")], erp=...)

    assert await erp_config.directory.erp(erp_config.tenant_id) is None
    assert await erp_config.directory.erp(uuid4()) is None
    await erp_config.directory.save_capabilities(erp_config.tenant_id, FOUND)
    assert await erp_config.directory.erp(erp_config.tenant_id) is None


async def test_probed_capabilities_are_visible_at_once_and_to_their_tenant_alone(
    erp_config: ErpConfigFixture,
) -> None:
    demo = erp_config.tenant_id
    await erp_config.declare(
        slug="other", channels=[build_channel(token="b")], erp=build_erp(token="c")
    )
    assert (await erp_config.found(demo)).capabilities is None

    await erp_config.directory.save_capabilities(demo, FOUND)

    found = await erp_config.directory.erp(demo)
    assert found is not None
    assert found.capabilities == FOUND
    assert found.probed_at is not None
    assert found.probed_at.tzinfo is not None
    other = await erp_config.found()
    assert (other.account.token, other.capabilities, other.probed_at) == ("c", None, None)


async def test_a_probe_that_found_nothing_is_not_a_missing_probe(
    erp_config: ErpConfigFixture,
) -> None:
    await erp_config.directory.save_capabilities(erp_config.tenant_id, frozenset())

    assert (await erp_config.found()).capabilities == frozenset()


async def test_a_capability_of_a_newer_version_means_nothing_here(
    erp_config: ErpConfigFixture,
) -> None:
    await erp_config.run("UPDATE erps SET capabilities = $1", ["invoices", "teleport"])

    assert (await erp_config.found()).capabilities == frozenset({ErpCapability.INVOICES})
