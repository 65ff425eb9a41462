"""A process that is killed while it works on an export job."""

import signal
from datetime import datetime, timedelta

import pytest

from niochat.insights.exports.temporary_folders import FOLDER_PREFIX, remove_old_folders
from tests.insights.exports.export_fixture import BATCH, CONVERSATIONS, ExportsFixture
from tests.insights.exports.killed_export import KilledExport, Moment

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]


@pytest.mark.parametrize("moment", ["claimed", "in the middle", "stored"])
async def test_another_process_takes_over_and_there_is_one_whole_file_and_one_mail(
    exports: ExportsFixture, serving_url: str, moment: Moment
) -> None:
    boss = await exports.house.create_user("chefe@example.com", "admin")
    export = await exports.request(boss)
    await exports.admin.execute("UPDATE report_exports SET created_at = now() - interval '1 hour'")

    killed = KilledExport(serving_url, exports.folder.as_uri(), BATCH, moment)
    assert killed.run() == -signal.SIGKILL

    row = await exports.row(export)
    assert (row["state"], row["attempts"], row["file_attempt"]) == ("running", 1, None)
    assert row["claimed_until"] > datetime.now(row["claimed_until"].tzinfo)
    assert not await exports.runner.run_next(), "its claim has not expired yet"

    await exports.lapse(export)
    assert await exports.runner.run_next()
    assert len(await exports.protocols(export)) == CONVERSATIONS
    assert (await exports.row(export))["file_attempt"] == 2
    assert len(await exports.deliver()) == 1

    # What the dead process had stored goes with the rest.
    assert exports.stored() == [f"{export}-1", f"{export}-2"][moment != "stored" :]
    await exports.store.cancel_or_remove(exports.owner(boss), export)
    await exports.purge.delete_expired()
    assert exports.stored() == []


async def test_a_process_that_dies_right_after_the_end_has_ended_the_job(
    exports: ExportsFixture, serving_url: str
) -> None:
    boss = await exports.house.create_user("chefe@example.com", "admin")
    export = await exports.request(boss)
    await exports.admin.execute("UPDATE report_exports SET created_at = now() - interval '1 hour'")

    killed = KilledExport(serving_url, exports.folder.as_uri(), BATCH, "done")
    assert killed.run() == -signal.SIGKILL

    assert not await exports.runner.run_next()
    assert len(await exports.protocols(export)) == CONVERSATIONS
    assert len(await exports.deliver()) == 1


async def test_folders_of_killed_processes_are_deleted_a_day_later(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    parent = tmp_path_factory.mktemp("temporary")
    for name in (f"{FOLDER_PREFIX}1", "other"):
        parent.joinpath(name).mkdir()
        parent.joinpath(name, "export").write_text("half a file")

    assert remove_old_folders(parent) == 0
    assert remove_old_folders(parent, -timedelta(seconds=1).total_seconds()) == 1
    assert [each.name for each in parent.iterdir()] == ["other"]
