"""What is told of an earlier start of a send says nothing about the one under way."""

from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import OutboxId
from niochat.outbox.outbox_store import ClaimedSend
from tests.builders import ChannelRef, Host, RowBuilder, build_message, insert_commands

pytestmark = pytest.mark.asyncio


async def started_twice(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> tuple[ClaimedSend, ...]:
    """A send whose first start came to nothing and whose second one is on the wire."""
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    await a.answer(thread, "Um.")
    first = await a.claim(thread)
    assert first is not None
    await a.step(thread, told(first, cmd.SendStatus.UNCERTAIN))
    await a.step(thread, told(first, cmd.SendStatus.RETRY))
    await given.admin.execute("UPDATE outbox SET next_at = now()")
    second = await a.claim(thread)
    assert second is not None
    return first, second


def told(claimed: ClaimedSend, result: cmd.SendStatus) -> cmd.SettleSend:
    return cmd.SettleSend(OutboxId(claimed.id), result, attempt=claimed.attempts)


@pytest.mark.parametrize(
    "result", [cmd.SendStatus.RETRY, cmd.SendStatus.FAILED, cmd.SendStatus.UNCERTAIN]
)
async def test_a_result_reported_twice_starts_no_third_send(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder, result: cmd.SendStatus
) -> None:
    """Two looks at an uncertain row each found nothing: the second may be heard late."""
    first, second = await started_twice(a, place, thread, given)

    await a.step(thread, told(first, result))

    assert await given.rows("SELECT status FROM outbox") == ["sending"]
    assert await a.claim(thread) is None
    await a.step(thread, told(second, cmd.SendStatus.RETRY))
    assert await given.rows("SELECT status FROM outbox") == ["queued"]


async def test_evidence_of_an_earlier_start_ends_the_later_one(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    first, _ = await started_twice(a, place, thread, given)

    await a.step(
        thread, cmd.SettleSend(OutboxId(first.id), cmd.SendStatus.SENT, "out-1", attempt=1)
    )

    assert await given.rows("SELECT status FROM outbox") == ["sent"]
