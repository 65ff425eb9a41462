"""The log is only added to, and a chain shows whatever is altered afterwards."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.audit.audit_chain import AuditChain
from niochat.audit.audit_head_store import AuditChainHead, AuditHeadStore
from niochat.domain.errors import InvalidInputError, NiochatError, OperationRefusedError
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.vault.vault import Vault
from tests.builders import Admin, RowBuilder
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ANA = AuditActor(AuditActorKind.USER, "ana", "203.0.113.7")


async def written(database: Database, tenant: UUID, count: int) -> None:
    for number in range(count):
        async with database.as_tenant(tenant) as connection:
            changed = {"name": f"n{number}"}
            await record_change(
                connection, AuditEntry(tenant, ANA, "users.change", "user:1", None, changed)
            )


async def sealed(audit: AuditChain, rows: int) -> None:
    """Other tests' transactions on the same server may hold the horizon back for a moment."""
    found: list[int] = []

    async def enough() -> bool:
        found.append(await audit.seal_batch())
        return sum(found) >= rows

    await wait_until(enough)


async def test_what_is_sealed_is_verified_and_what_is_not_yet_is_counted(
    database: Database, given: RowBuilder
) -> None:
    audit, tenant = AuditChain(database, batch=4), await given.tenant()
    empty = await audit.verify()
    assert (empty.links, empty.rows, empty.unsealed, empty.broken) == (0, 0, 0, None)

    await written(database, tenant, 10)
    assert (await audit.verify()).unsealed == 10
    await sealed(audit, 10)
    whole = await audit.verify()
    assert (whole.links, whole.rows, whole.unsealed, whole.broken) == (3, 10, 0, None)
    assert len(whole.head) == 64
    assert await audit.seal_batch() == 0


async def test_the_chain_is_whole_where_numbers_of_transactions_get_another_digit(
    database: Database, given: RowBuilder, admin: Admin
) -> None:
    """As texts, 100 comes before 99."""
    audit, tenant = AuditChain(database, batch=4), await given.tenant()
    await written(database, tenant, 10)
    await admin.execute(
        "UPDATE audit SET xid = (94 + id - (SELECT min(id) FROM audit))::text::xid8"
    )
    await sealed(audit, 10)

    whole = await audit.verify()
    assert (whole.links, whole.rows, whole.unsealed, whole.broken) == (3, 10, 0, None)


@pytest.mark.parametrize(
    "crime",
    [
        'UPDATE audit SET after = \'{"name": "x"}\' WHERE id = (SELECT min(id) + 4 FROM audit)',
        "UPDATE audit SET who = 'rui' WHERE id = (SELECT min(id) + 4 FROM audit)",
        "DELETE FROM audit WHERE id = (SELECT min(id) + 4 FROM audit)",
        "INSERT INTO audit (xid, tenant_id, who_kind, who, action, target, address)"
        " SELECT xid, tenant_id, 'user', 'eve', 'x', 'y', '' FROM audit ORDER BY id LIMIT 1",
        "DELETE FROM audit_links WHERE number = 2",
        "UPDATE audit_links SET digest = '\\x00' WHERE number = 2",
        "UPDATE audit_links SET rows = rows + 1 WHERE number = 2",
    ],
)
async def test_whatever_is_altered_afterwards_breaks_a_link(
    database: Database, given: RowBuilder, admin: Admin, crime: str
) -> None:
    audit = AuditChain(database, batch=4)
    await written(database, await given.tenant(), 12)
    await sealed(audit, 12)
    await admin.execute(crime)
    assert (await audit.verify()).broken in (1, 2)


@pytest.fixture
def heads(tmp_path: Path) -> AuditHeadStore:
    return AuditHeadStore(tmp_path.as_uri(), Vault({"k1": bytes(32)}), FileStore.from_url)


async def anchored(audit: AuditChain) -> AuditChainHead:
    """Another process, or test, may be sealing for a moment."""

    async def kept() -> AuditChainHead | None:
        return await audit.save_head(NOW)

    head = await wait_until(kept)
    assert head is not None
    return head


CUTS = [
    "DELETE FROM audit_links WHERE number = 3",
    "DELETE FROM audit_links; DELETE FROM audit",
    "DELETE FROM audit_links",
    "TRUNCATE audit_links, audit",
    "DELETE FROM audit WHERE id > (SELECT upto_id FROM audit_links WHERE number = 2);"
    " DELETE FROM audit_links WHERE number = 3",
]


@pytest.mark.parametrize("crime", CUTS)
async def test_a_chain_whose_end_was_cut_off_lacks_the_head_that_was_kept(
    database: Database, given: RowBuilder, admin: Admin, heads: AuditHeadStore, crime: str
) -> None:
    audit = AuditChain(database, batch=4, heads=heads)
    await written(database, await given.tenant(), 12)
    await sealed(audit, 12)
    head = await anchored(audit)
    assert (head.links, head.rows, head.at) == (3, 12, NOW)
    assert await heads.read() == head
    whole = await audit.verify(head)
    assert (whole.broken, whole.head_links) == (None, 3)

    await admin.execute(crime)
    assert (await audit.verify()).broken is None, "of itself a shorter chain is whole"
    assert (await audit.verify(head)).broken in (1, 3)


@pytest.mark.parametrize("crime", [CUTS[1], CUTS[3], CUTS[4]])
async def test_the_head_is_never_replaced_by_that_of_a_chain_that_lacks_it(
    database: Database, given: RowBuilder, admin: Admin, heads: AuditHeadStore, crime: str
) -> None:
    audit, tenant = AuditChain(database, batch=4, heads=heads), await given.tenant()
    await written(database, tenant, 12)
    await sealed(audit, 12)
    head = await anchored(audit)
    await admin.execute(crime)
    await written(database, tenant, 12)
    await sealed(audit, 12)

    async def refused() -> bool:
        with contextlib.suppress(OperationRefusedError):
            await audit.save_head(NOW + timedelta(minutes=1))
            return False
        return True

    await wait_until(refused)
    assert await heads.read() == head
    assert (await audit.verify(head)).broken is not None


async def test_a_whole_new_chain_does_not_hold_the_head(
    database: Database, given: RowBuilder, admin: Admin, heads: AuditHeadStore
) -> None:
    audit = AuditChain(database, batch=4, heads=heads)
    await written(database, await given.tenant(), 12)
    await sealed(audit, 12)
    head = await anchored(audit)
    await admin.execute("DELETE FROM audit_links")
    await admin.execute("UPDATE audit SET who = 'eve' WHERE id = (SELECT max(id) FROM audit)")
    await sealed(audit, 12)
    assert (await audit.verify()).broken is None
    assert (await audit.verify(head)).broken == 3


async def test_the_head_goes_on_with_the_chain_and_counts_its_rows(
    database: Database, given: RowBuilder, heads: AuditHeadStore
) -> None:
    audit, tenant = AuditChain(database, batch=4, heads=heads), await given.tenant()
    assert await heads.read() is None
    assert await audit.save_head(NOW) is None
    first = None
    for rows in (6, 12):
        await written(database, tenant, 6)
        await sealed(audit, 6)
        head = await anchored(audit)
        assert head.rows == rows
        first = first or head
    assert (await audit.verify(first)).broken is None, "an older copy is as good"
    assert await audit.save_head(NOW) is None, "there is nothing new"


async def test_the_head_is_signed_anew_once_the_vault_has_another_key(
    database: Database, given: RowBuilder, tmp_path: Path
) -> None:
    def audit(*keys: int) -> AuditChain:
        ring = {f"k{each}": bytes([each] * 32) for each in keys}
        return AuditChain(
            database,
            batch=4,
            heads=AuditHeadStore(tmp_path.as_uri(), Vault(ring), FileStore.from_url),
        )

    await written(database, await given.tenant(), 4)
    await sealed(audit(1), 4)
    head = await anchored(audit(1))
    assert await anchored(audit(2, 1)) == head
    assert await audit(2, 1).save_head(NOW) is None
    assert (
        await AuditHeadStore(
            tmp_path.as_uri(), Vault({"k2": bytes([2] * 32)}), FileStore.from_url
        ).read()
        == head
    )


async def test_a_head_that_nobody_here_signed_is_none(
    heads: AuditHeadStore, tmp_path: Path
) -> None:
    await heads.write(AuditChainHead(3, 12, "ab" * 32, NOW))
    file = tmp_path / "head.json"
    signed = file.read_bytes()
    assert heads.parse(signed).links == 3
    rotated = AuditHeadStore(
        tmp_path.as_uri(), Vault({"k2": bytes([1] * 32), "k1": bytes(32)}), FileStore.from_url
    )
    assert rotated.parse(signed).links == 3

    forged = [
        signed.replace(b'"links": 3', b'"links": 2'),
        signed.replace(b"abab", b"abac", 1),
        signed.replace(b'"rows": 12', b'"rows": 11'),
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"links": "x"}',
    ]
    for text in forged:
        with pytest.raises(InvalidInputError):
            heads.parse(text)
    with pytest.raises(InvalidInputError):
        AuditHeadStore(tmp_path.as_uri(), Vault({"k1": bytes([2] * 32)}), FileStore.from_url).parse(
            signed
        )


async def test_nobody_of_the_product_can_alter_the_log(
    database: Database, given: RowBuilder
) -> None:
    tenant = await given.tenant()
    await written(database, tenant, 1)
    for statement in (
        "UPDATE audit SET who = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "UPDATE audit_links SET rows = 1",
        "DELETE FROM audit_links",
    ):
        for place in (database.as_tenant(tenant), database.as_auth(), database.as_system()):
            with pytest.raises(NiochatError, match="permission denied"):
                async with place as connection:
                    await connection.execute(statement)


async def test_a_tenant_writes_and_reads_its_own_log_only(
    database: Database, given: RowBuilder
) -> None:
    mine, theirs = await given.tenant(), await given.tenant()
    await written(database, mine, 2)
    await written(database, theirs, 1)
    audit = AuditChain(database)

    listed = await audit.list_entries(mine, before=None, who=None, target=None, limit=10)
    assert [each["after"]["name"] for each in listed] == ["n1", "n0"]
    assert await audit.list_entries(mine, before=None, who="eve", target=None, limit=10) == []
    with pytest.raises(NiochatError):
        async with database.as_tenant(mine) as connection:
            await record_change(connection, AuditEntry(theirs, ANA, "x", "y"))


async def test_processes_that_seal_at_once_make_one_chain(
    database: Database, given: RowBuilder
) -> None:
    await written(database, await given.tenant(), 5)
    audits = [AuditChain(database) for _ in range(4)]
    await asyncio.gather(*(sealed(each, 0) for each in audits))
    await asyncio.gather(*(each.seal_batch() for each in audits))
    await sealed(audits[0], 0)
    verdict = await audits[0].verify()
    assert verdict.broken is None
    assert verdict.rows + verdict.unsealed == 5
