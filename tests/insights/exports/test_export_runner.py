"""Export jobs end with a whole file or none, which has no more than its requester may read."""

import asyncio
import io
import zipfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.file_store import FileStore
from niochat.insights.exports.export_claims import ClaimLostError
from niochat.insights.exports.export_job import ExportState
from niochat.insights.exports.export_runner import (
    MAX_ATTEMPTS,
    ExportProgress,
    ReportExportRunner,
)
from niochat.insights.reports.report_request import ReportFilter
from tests.insights.exports.export_fixture import (
    BATCH,
    CONVERSATIONS,
    MONDAY,
    ExportsFixture,
    build_runner,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


@pytest_asyncio.fixture
async def boss(exports: ExportsFixture) -> UUID:
    """Somebody who may read everything."""
    return await exports.house.create_user("chefe@example.com", "admin")


def once_written(rows: int, action: Any) -> Any:
    """A hook that runs ``action`` once so many rows are written."""
    done: list[bool] = []

    async def hook(progress: ExportProgress) -> None:
        if progress.rows_written >= rows and progress.state == "running" and not done:
            done.append(True)
            await action()

    return hook


class TalkativeRunner(ReportExportRunner):
    """Tells its progress after each batch, however soon that is."""

    async def _advance(self, attempt: Any, *arguments: Any) -> None:
        attempt.announced_at = float("-inf")
        await super()._advance(attempt, *arguments)


def talkative(exports: ExportsFixture) -> ReportExportRunner:
    runner = exports.new_runner(exports.claims)
    runner.__class__ = TalkativeRunner
    return runner


async def test_a_job_becomes_a_file_with_each_conversation_once(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)
    assert (await exports.row(export))["state"] == "queued"

    assert await talkative(exports).run_next()
    assert not await exports.runner.run_next()

    protocols = await exports.protocols(export)
    assert len(set(protocols)) == len(protocols) == CONVERSATIONS
    row = await exports.row(export)
    assert (row["rows_written"], row["rows_expected"]) == (CONVERSATIONS, CONVERSATIONS)
    assert row["expires_at"] - row["finished_at"] == timedelta(days=7)
    written = [each.rows_written for each in exports.told]
    assert written == sorted(written)
    assert max(later - earlier for earlier, later in pairwise(written)) <= BATCH
    assert [each.state for each in exports.told][-1] == ExportState.DONE
    assert {each.requester.id for each in exports.told} == {boss}


async def test_a_workbook_has_the_same_rows_with_local_times(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss, file_format="xlsx")
    assert await exports.runner.run_next()

    with zipfile.ZipFile(io.BytesIO(await exports.file(export))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 1 + CONVERSATIONS
    assert "<f>" not in sheet


async def test_filters_and_values_choose_the_conversations(
    exports: ExportsFixture, boss: UUID
) -> None:
    bia = exports.week.people["bia"]
    export = await exports.request(boss, metric="resolved", filters=ReportFilter(agent=bia))
    assert await exports.runner.run_next()

    shown = await exports.week.get("conversations", metric="resolved", agent=bia, limit="200")
    assert await exports.protocols(export) == [each["protocol"] for each in shown["items"]]


async def test_two_runners_share_the_jobs_and_each_is_done_once(
    exports: ExportsFixture, boss: UUID
) -> None:
    jobs = [await exports.request(boss) for _ in range(3)]
    runners = [exports.new_runner() for _ in range(2)]

    async def work(runner: ReportExportRunner) -> None:
        for _ in range(20):
            if not await runner.run_next():
                await asyncio.sleep(0.01)

    await asyncio.gather(*map(work, runners))

    for job in jobs:
        row = await exports.row(job)
        assert (row["state"], row["attempts"]) == ("done", 1)
        assert len(await exports.protocols(job)) == CONVERSATIONS
    assert len(exports.stored()) == 3


async def test_one_job_of_a_provider_runs_at_a_time_and_providers_take_turns(
    exports: ExportsFixture, boss: UUID
) -> None:
    first, second = await exports.request(boss), await exports.request(boss)
    foreign = await exports.week.api.given.tenant()
    stranger = await exports.house.create_user("fora@example.com", "admin", tenant=foreign)
    theirs = await exports.request(stranger, tenant=foreign)

    claims = [await exports.claims.claim() for _ in range(3)]

    assert [each and each.id for each in claims] == [first, theirs, None]
    assert claims[0] is not None
    await exports.claims.postpone(claims[0], 0)
    again = await exports.claims.claim()
    assert again is not None
    assert again.id in (first, second)


async def test_who_lost_the_claim_changes_nothing_and_leaves_no_file(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)

    async def other_process() -> None:
        exports.claims.before_finish = None
        await exports.lapse(export)
        assert await exports.new_runner().run_next()

    exports.claims.before_finish = other_process
    assert await exports.runner.run_next()

    row = await exports.row(export)
    assert (row["state"], row["attempts"], row["file_attempt"]) == ("done", 2, 2)
    assert exports.stored() == [f"{export}-2"]
    assert len(await exports.protocols(export)) == CONVERSATIONS


async def test_a_job_that_is_cancelled_while_it_runs_stops_and_leaves_no_file(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)

    async def cancel() -> None:
        await exports.store.cancel_or_remove(exports.owner(boss), export)

    exports.hook = once_written(BATCH, cancel)
    assert await talkative(exports).run_next()

    row = await exports.row(export)
    assert row["state"] == "cancelled"
    assert row["rows_written"] < CONVERSATIONS
    assert exports.stored() == []
    assert not await exports.runner.run_next()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET status = 'disabled' WHERE id = $1",
        "UPDATE tenants SET status = 'suspended'"
        " WHERE tenant_id = (SELECT tenant_id FROM users WHERE id = $1)",
        "UPDATE users SET role = 'nothing' WHERE id = $1",
    ],
)
async def test_a_job_stops_when_its_requester_may_no_longer_read(
    exports: ExportsFixture, boss: UUID, change: str
) -> None:
    export = await exports.request(boss)
    exports.hook = once_written(BATCH, lambda: exports.admin.execute(change, boss))
    await exports.admin.execute(
        "UPDATE report_exports SET created_at = now() - interval '1 hour' WHERE id = $1", export
    )

    assert await talkative(exports).run_next()

    row = await exports.row(export)
    assert (row["state"], row["failure"]) == ("failed", "not_permitted")
    assert exports.stored() == []
    assert await exports.deliver() == []


class ChangingStore(FileStore):
    """Something happens right after a file is stored."""

    after_upload: Any = None

    async def put_file(self, key: str, file: Path) -> None:
        await super().put_file(key, file)
        await self.after_upload()


async def test_a_permission_that_is_lost_after_the_upload_leaves_no_file(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)
    files = ChangingStore.from_url(exports.folder.as_uri())
    assert isinstance(files, ChangingStore)
    files.after_upload = lambda: exports.admin.execute(
        "UPDATE users SET status = 'disabled' WHERE id = $1", boss
    )
    runner = build_runner(exports.database, exports.week, files, exports.claims, exports.announce)

    assert await runner.run_next()

    assert (await exports.row(export))["failure"] == "not_permitted"
    assert exports.stored() == []


async def test_a_job_begins_again_when_its_requester_may_read_less(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)
    await exports.admin.execute(
        "INSERT INTO roles VALUES ($1, 'own', '{reports:read:own,conversations:read:own}')",
        exports.tenant,
    )
    exports.hook = once_written(
        BATCH, lambda: exports.admin.execute("UPDATE users SET role = 'own' WHERE id = $1", boss)
    )

    assert await talkative(exports).run_next()
    row = await exports.row(export)
    assert (row["state"], row["rows_written"]) == ("queued", 0)
    assert await exports.runner.run_next()

    assert await exports.protocols(export) == []
    row = await exports.row(export)
    assert row["scopes"]["visible"]["scope"] == "own"
    assert exports.stored() == [f"{export}-2"]


async def test_a_provider_gets_its_own_conversations_only(exports: ExportsFixture) -> None:
    foreign = await exports.week.api.given.tenant()
    stranger = await exports.house.create_user("fora@example.com", "admin", tenant=foreign)
    export = await exports.request(stranger, tenant=foreign)
    # Somebody's id with another tenant is nobody.
    forged = await exports.request(stranger)

    while await exports.runner.run_next():
        pass

    assert await exports.protocols(export) == []
    assert (await exports.row(forged))["failure"] == "not_permitted"


async def test_a_store_that_is_away_postpones_the_job_and_in_the_end_it_fails(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)
    exports.folder.parent.joinpath("blocked").write_text("a file where a folder should be")
    files = FileStore.from_url(exports.folder.as_uri())
    exports.folder.joinpath(str(exports.tenant)).write_text("no folder")
    runner = build_runner(exports.database, exports.week, files, exports.claims, exports.announce)

    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert await runner.run_next()
        row = await exports.row(export)
        assert row["attempts"] == attempt
        assert not await runner.run_next()
        await exports.lapse(export)

    assert (row["state"], row["failure"]) == ("failed", "interrupted")


async def test_an_installation_without_a_file_store_says_so(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)
    runner = build_runner(
        exports.database,
        exports.week,
        FileStore.from_url(None),
        exports.claims,
        exports.announce,
    )
    assert await runner.run_next()
    assert (await exports.row(export))["failure"] == "no_file_store"


async def test_a_request_that_this_release_does_not_know_fails_at_once(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(boss)
    await exports.admin.execute("UPDATE report_exports SET metric = 'love'")
    assert await exports.runner.run_next()
    row = await exports.row(export)
    assert (row["state"], row["failure"], row["attempts"]) == ("failed", "invalid", 1)


async def test_only_who_waited_gets_a_mail_and_it_has_a_link(
    exports: ExportsFixture, boss: UUID
) -> None:
    await exports.request(boss)
    assert await exports.runner.run_next()
    assert await exports.deliver() == []

    await exports.request(boss)
    await exports.admin.execute(
        "UPDATE report_exports SET created_at = now() - interval '1 minute' WHERE state = 'queued'"
    )
    assert await exports.runner.run_next()

    (mail,) = await exports.deliver()
    assert mail["To"] == "chefe@example.com"
    assert str(mail["Subject"]).endswith("sua exportação está pronta")
    text = mail.get_content()
    assert "20/04/2026 – 26/04/2026" in text
    assert "https://desk.example.com/relatorios?exportacoes=abertas" in text
    assert list(mail.iter_attachments()) == []


async def test_a_claim_that_is_over_advances_nothing(exports: ExportsFixture, boss: UUID) -> None:
    export = await exports.request(boss)
    job = await exports.claims.claim()
    assert job is not None
    await exports.lapse(export)
    later = await exports.new_claims().claim()
    assert later is not None
    assert later.attempt == job.attempt + 1
    for change in (
        exports.claims.advance(job, 1, 1),
        exports.claims.postpone(job, 0),
    ):
        with pytest.raises(ClaimLostError):
            await change
    assert (await exports.row(export))["rows_written"] == 0


async def test_an_export_of_a_moment_without_conversations_is_an_empty_table(
    exports: ExportsFixture, boss: UUID
) -> None:
    export = await exports.request(
        boss, since=MONDAY - timedelta(days=9), until=MONDAY - timedelta(days=8)
    )
    assert await exports.runner.run_next()
    assert await exports.protocols(export) == []
    assert (await exports.row(export))["rows_expected"] == 0


async def test_a_job_of_somebody_who_never_was_fails(exports: ExportsFixture) -> None:
    export = await exports.request(uuid4())
    assert await exports.runner.run_next()
    assert (await exports.row(export))["failure"] == "not_permitted"
