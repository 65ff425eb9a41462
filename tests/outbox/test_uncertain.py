"""What may have left is looked up before anything is said again."""

import pytest

from tests.outbox.office import Office

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
async def test_a_send_whose_answer_was_lost_is_found_and_not_repeated(
    office: Office, kind: str
) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", kind, path="/send")
    await office.deliver()

    assert (await office.row())["status"] == "uncertain"
    assert (await office.row())["message_status"] == "uncertain"
    await office.later()
    (arrived,) = await office.provider.received()
    row = await office.row()
    assert (row["status"], row["code"], row["attempts"]) == ("sent", "found", 1)
    assert row["external_id"] == arrived["messageid"]
    assert row["message_status"] == "sent"


@pytest.mark.parametrize("kind", ["drop", "status"])
async def test_a_send_that_was_never_done_is_looked_for_twice_and_sent_once_more(
    office: Office, kind: str
) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", kind, path="/send", status=500)
    await office.deliver()
    before = await office.row()
    assert before["status"] == "uncertain"

    await office.later()
    assert ((await office.row())["status"], (await office.row())["lookups"]) == ("uncertain", 1)
    assert await office.phone() == [], "one look is not enough"
    await office.later()
    await office.later()

    (arrived,) = await office.provider.received()
    row = await office.row()
    assert (row["status"], row["resends"], row["attempts"]) == ("sent", 1, 2)
    assert arrived["track_id"] == str(before["id"])


async def test_what_never_arrives_is_given_up_after_one_more_try(office: Office) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", "drop", path="/send", count=None)
    await office.deliver()
    for _ in range(6):
        await office.later()

    assert await office.status() == ("failed", "never_arrived")
    assert (await office.row())["attempts"] == 2
    assert await office.given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_what_cannot_be_looked_up_stays_uncertain(office: Office) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", "drop", path="/send")
    await office.provider.fault("gateway", "status", path="/message/find", status=500, count=None)
    await office.deliver()
    for _ in range(4):
        await office.later()

    row = await office.row()
    assert (row["status"], row["lookups"], row["attempts"]) == ("uncertain", 0, 1)
