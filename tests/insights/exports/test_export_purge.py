"""Files are deleted when their time is over, and jobs some time later."""

from uuid import UUID

import pytest

from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.insights.exports.export_job import (
    MAX_UNFINISHED_OF_REQUESTER,
    MAX_UNFINISHED_OF_TENANT,
)
from tests.insights.exports.export_fixture import ExportsFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def done(exports: ExportsFixture, boss: UUID) -> UUID:
    export = await exports.request(boss)
    assert await exports.runner.run_next()
    return export


async def test_a_file_is_deleted_after_seven_days_and_its_job_after_thirty(
    exports: ExportsFixture,
) -> None:
    boss = await exports.house.create_user("chefe@example.com", "admin")
    export = await done(exports, boss)
    await exports.purge.delete_expired()
    assert exports.stored() == [f"{export}-1"]

    await exports.admin.execute("UPDATE report_exports SET expires_at = now()")
    await exports.purge.delete_expired()
    assert exports.stored() == []
    assert (await exports.row(export))["state"] == "expired"
    with pytest.raises(NotFoundError) as refused:
        await exports.store.find_file(exports.owner(boss), export)
    assert refused.value.code == "export_expired"

    await exports.purge.delete_expired()
    assert (await exports.row(export))["state"] == "expired"
    await exports.admin.execute("UPDATE report_exports SET finished_at = now() - interval '31 d'")
    await exports.purge.delete_expired()
    assert await exports.admin.fetchval("SELECT count(*) FROM report_exports") == 0


async def test_a_removed_job_is_hidden_at_once_and_deleted_with_its_file(
    exports: ExportsFixture,
) -> None:
    boss = await exports.house.create_user("chefe@example.com", "admin")
    export = await done(exports, boss)
    kept = await done(exports, boss)

    await exports.store.cancel_or_remove(exports.owner(boss), export)
    assert [row["id"] for row in await exports.store.list_page(exports.owner(boss), None, 9)] == [
        kept
    ]
    with pytest.raises(NotFoundError):
        await exports.store.cancel_or_remove(exports.owner(boss), export)
    await exports.purge.delete_expired()
    assert exports.stored() == [f"{kept}-1"]


async def test_a_cancelled_job_is_deleted_only_when_nobody_works_on_it(
    exports: ExportsFixture,
) -> None:
    boss = await exports.house.create_user("chefe@example.com", "admin")
    export = await exports.request(boss)
    job = await exports.claims.claim()
    assert job is not None
    owner = exports.owner(boss)
    await exports.store.cancel_or_remove(owner, export)
    await exports.store.cancel_or_remove(owner, export)

    await exports.files.put(job.file_key, b"late")
    await exports.purge.delete_expired()
    assert exports.stored() == [f"{export}-1"]
    await exports.lapse(export)
    await exports.purge.delete_expired()
    assert exports.stored() == []


async def test_a_requester_and_a_provider_have_limits_and_they_count_what_is_unfinished(
    exports: ExportsFixture,
) -> None:
    boss = await exports.house.create_user("chefe@example.com", "admin")
    jobs = [await exports.request(boss) for _ in range(MAX_UNFINISHED_OF_REQUESTER)]
    with pytest.raises(OperationRefusedError, match="of your exports") as refused:
        await exports.request(boss)
    assert refused.value.code == "too_many_exports"
    await exports.store.cancel_or_remove(exports.owner(boss), jobs[0])
    await exports.request(boss)

    await exports.admin.execute(
        "INSERT INTO report_exports (tenant_id, requester_kind, requester_id, metric, grouping,"
        " since, until, file_format, language)"
        " SELECT tenant_id, 'user', uuidv7(), metric, grouping, since, until, 'csv', 'pt'"
        " FROM report_exports, generate_series(2, $1) AS n WHERE id = $2",
        MAX_UNFINISHED_OF_TENANT,
        jobs[1],
    )
    other = await exports.house.create_user("outra@example.com", "admin")
    with pytest.raises(OperationRefusedError, match="of the provider"):
        await exports.request(other)
