"""The log is only added to, and a chain shows whatever is altered afterwards."""

import asyncio
from uuid import UUID

import pytest

from niochat.access.audit import Audit
from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.database import Database
from niochat.domain.audit import Entry, Who, WhoKind
from niochat.domain.errors import NiochatError
from tests.builders import Admin, Given
from tests.until import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

ANA = Who(WhoKind.USER, "ana", "203.0.113.7")


async def written(database: Database, tenant: UUID, count: int) -> None:
    for number in range(count):
        async with database.tenant(tenant) as connection:
            changed = {"name": f"n{number}"}
            await record(connection, Entry(tenant, ANA, "users.change", "user:1", None, changed))


async def sealed(audit: Audit, rows: int) -> None:
    """Other tests' transactions on the same server may hold the horizon back for a moment."""
    found: list[int] = []

    async def enough() -> bool:
        found.append(await audit.seal())
        return sum(found) >= rows

    await until(enough)


async def test_what_is_sealed_is_verified_and_what_is_not_yet_is_counted(
    database: Database, given: Given
) -> None:
    audit, tenant = Audit(database, batch=4), await given.tenant()
    empty = await audit.verify()
    assert (empty.links, empty.rows, empty.behind, empty.broken) == (0, 0, 0, None)

    await written(database, tenant, 10)
    assert (await audit.verify()).behind == 10
    await sealed(audit, 10)
    whole = await audit.verify()
    assert (whole.links, whole.rows, whole.behind, whole.broken) == (3, 10, 0, None)
    assert len(whole.head) == 64
    assert await audit.seal() == 0


async def test_the_chain_is_whole_where_numbers_of_transactions_get_another_digit(
    database: Database, given: Given, admin: Admin
) -> None:
    """As texts, 100 comes before 99."""
    audit, tenant = Audit(database, batch=4), await given.tenant()
    await written(database, tenant, 10)
    await admin.execute(
        "UPDATE audit SET xid = (94 + id - (SELECT min(id) FROM audit))::text::xid8"
    )
    await sealed(audit, 10)

    whole = await audit.verify()
    assert (whole.links, whole.rows, whole.behind, whole.broken) == (3, 10, 0, None)


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
    database: Database, given: Given, admin: Admin, crime: str
) -> None:
    audit = Audit(database, batch=4)
    await written(database, await given.tenant(), 12)
    await sealed(audit, 12)
    await admin.execute(crime)
    assert (await audit.verify()).broken in (1, 2)


async def test_nobody_of_the_product_can_alter_the_log(database: Database, given: Given) -> None:
    tenant = await given.tenant()
    await written(database, tenant, 1)
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit", "TRUNCATE audit",
                      "UPDATE audit_links SET rows = 1", "DELETE FROM audit_links"):  # fmt: skip
        for place in (database.tenant(tenant), database.gate(), database.path()):
            with pytest.raises(NiochatError, match="permission denied"):
                async with place as connection:
                    await connection.execute(statement)


async def test_a_tenant_writes_and_reads_its_own_log_only(database: Database, given: Given) -> None:
    mine, theirs = await given.tenant(), await given.tenant()
    await written(database, mine, 2)
    await written(database, theirs, 1)
    audit = Audit(database)

    listed = await audit.list(mine, before=None, who=None, target=None, limit=10)
    assert [each["after"]["name"] for each in listed] == ["n1", "n0"]
    assert await audit.list(mine, before=None, who="eve", target=None, limit=10) == []
    with pytest.raises(NiochatError):
        async with database.tenant(mine) as connection:
            await record(connection, Entry(theirs, ANA, "x", "y"))


async def test_processes_that_seal_at_once_make_one_chain(database: Database, given: Given) -> None:
    await written(database, await given.tenant(), 5)
    audits = [Audit(database) for _ in range(4)]
    await asyncio.gather(*(sealed(each, 0) for each in audits))
    await asyncio.gather(*(each.seal() for each in audits))
    await sealed(audits[0], 0)
    verdict = await audits[0].verify()
    assert verdict.broken is None
    assert verdict.rows + verdict.behind == 5
