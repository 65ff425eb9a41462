"""Old months of the audit log are dropped, and the chain shows it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.audit_months import drop_months
from niochat.adapters.postgres.database import Database
from niochat.audit.audit_chain import AuditChain
from niochat.audit.audit_head_store import AuditHeadStore
from niochat.domain.errors import InvalidInputError, OperationRefusedError
from niochat.vault.vault import Vault
from tests.audit.test_audit_chain import sealed
from tests.builders import Admin, RowBuilder
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


@pytest_asyncio.fixture
async def chain(database: Database, given: RowBuilder, admin: Admin) -> AuditChain:
    """A sealed chain of six rows in each of three months that are over."""
    tenant = await given.tenant()
    await admin.execute(
        "SET ROLE niochat; SELECT add_audit_months('audit', '2026-01-01 00:00+00',"
        " '2026-03-31 00:00+00'); RESET ROLE"
    )
    for month in (1, 2, 3):
        for day in range(1, 7):
            await admin.execute(
                "INSERT INTO audit (tenant_id, at, who_kind, who, action, target, address)"
                " VALUES ($1, $2, 'user', 'ana', 'x', $3, '')",
                tenant,
                datetime(2026, month, day, tzinfo=UTC),
                f"t{month}",
            )
    chain = AuditChain(database, batch=4)
    await sealed(chain, 18)
    return chain


async def test_old_months_are_dropped_and_the_chain_is_verified_from_there_on(
    chain: AuditChain, database_url: str, given: RowBuilder, admin: Admin
) -> None:
    whole = await chain.verify()
    dropped = await asyncio.to_thread(drop_months, database_url, "2026-03")

    assert (dropped.months, dropped.rows) == (2, 12)
    assert await given.rows("SELECT DISTINCT target FROM audit ORDER BY 1") == ["audit", "t3"]
    assert await given.rows(
        "SELECT (action, after ->> 'before', after ->> 'rows')::text FROM audit"
        " WHERE target = 'audit'"
    ) == ["(audit.months_dropped,2026-03,12)"]
    await sealed(chain, 1)
    verdict = await chain.verify()
    assert (verdict.broken, verdict.kept_from) == (None, "2026-03")
    assert (verdict.links, verdict.rows) == (whole.links + 1, whole.rows + 1)
    again = await asyncio.to_thread(drop_months, database_url, "2026-03")
    assert (again.months, again.rows) == (0, 0)

    await admin.execute("UPDATE audit SET who = 'rui' WHERE at = '2026-03-06 00:00+00'")
    assert (await chain.verify()).broken is not None


async def test_a_head_of_before_the_drop_still_finds_a_chain_that_was_made_anew(
    chain: AuditChain, database: Database, database_url: str, admin: Admin, tmp_path: Path
) -> None:
    heads = AuditHeadStore(tmp_path.as_uri(), Vault({"k1": bytes(32)}), FileStore.from_url)
    head = await wait_until(
        lambda: AuditChain(database, heads=heads).save_head(datetime(2030, 1, 1, tzinfo=UTC))
    )
    assert head is not None
    await asyncio.to_thread(drop_months, database_url, "2026-02")
    await sealed(chain, 1)
    await asyncio.to_thread(drop_months, database_url, "2026-04")
    await sealed(chain, 1)

    assert (await chain.verify(head)).broken is None
    await admin.execute("UPDATE audit_links SET digest = '\\x00' WHERE number = $1", head.links)
    assert (await chain.verify(head)).broken == head.links


async def test_months_that_are_not_sealed_or_not_over_stay(
    chain: AuditChain, database_url: str, given: RowBuilder, admin: Admin
) -> None:
    await admin.execute("DELETE FROM audit_links WHERE number > 2")
    with pytest.raises(OperationRefusedError, match="not sealed"):
        await asyncio.to_thread(drop_months, database_url, "2026-03")
    for month in ("2099-01", "2026-13", "2026-1", "'; --"):
        with pytest.raises(InvalidInputError):
            await asyncio.to_thread(drop_months, database_url, month)

    assert await given.count("audit") == 18
