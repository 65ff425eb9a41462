"""Screens are told of changes to messages of earlier conversations, which no event tells."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.conversations.step.step_types import StepResult
from niochat.domain.conversation import commands as cmd
from niochat.domain.message import DeliveryStatus
from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral_frames import FrameEnvelope
from niochat.live.unlogged_changes import MAX_READ, UnloggedChangePublisher
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


@dataclass
class LateChanges:
    """A host, and what it tells screens of changes without events."""

    given: RowBuilder
    host: Host
    place: ChannelRef
    publisher: UnloggedChangePublisher
    published: list[bytes]
    thread: UUID = field(default_factory=uuid4)

    async def take(self, *commands: cmd.DurableCommand) -> list[StepResult]:
        await insert_commands(self.host, self.place, self.thread, commands)
        return await self.host.run(self.thread)

    async def serve(self) -> None:
        """A conversation in which an agent's answer was sent as ``out-1``, resolved."""
        self.thread = await self.given.thread(self.place)
        await self.take(build_message("in-1", "oi"), cmd.AssignConversation("ana"))
        await self.take(cmd.ReplyToCustomer("ana", "Bom dia"))
        claimed = await self.host.claim(self.thread)
        assert claimed is not None
        await self.host.settle(claimed, cmd.SendStatus.SENT, "out-1")
        await self.take(cmd.ResolveConversation("ana"))

    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(FrameEnvelope.decode(each).frame) for each in self.published]


@pytest_asyncio.fixture
async def late(database: Database, given: RowBuilder, ownership: ShardAssignments) -> LateChanges:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    published: list[bytes] = []

    async def publish(data: bytes) -> None:
        published.append(data)

    publisher = UnloggedChangePublisher(database, publish, interval_s=0)
    place = await given.place(ratings={"after_s": 0})
    changes = LateChanges(given, host, place, publisher, published)
    await changes.serve()
    return changes


@pytest.mark.parametrize("returned", [False, True])
@pytest.mark.parametrize(
    ("command", "field_name", "value"),
    [
        (cmd.ReceiveDeliveryReceipt(("out-1",), DeliveryStatus.READ), "status", "read"),
        (cmd.ReceiveEdit("e-1", "in-1", "olá"), "text", "olá"),
        (cmd.ReceiveReaction("r-1", "out-1", "👍", False), "reactions", {"customer": "👍"}),
    ],
)
async def test_a_change_after_the_conversation_is_told_with_its_row(
    late: LateChanges,
    returned: bool,
    command: cmd.DurableCommand,
    field_name: str,
    value: object,
) -> None:
    if returned:
        await late.take(build_message("in-2", "voltei"))
    (step,) = await late.take(command)

    late.publisher.add(late.place.tenant, step.unlogged_changes)
    await wait_until(lambda: late.published)

    (frame,) = late.frames()
    (first,) = await late.given.rows("SELECT id FROM conversations WHERE status = 'resolved'")
    assert (frame["type"], frame["conversation_id"]) == ("message", str(first))
    assert frame["message"][field_name] == value
    envelope = FrameEnvelope.decode(late.published[0])
    assert (envelope.tenant_id, envelope.user_id) == (late.place.tenant, None)
    assert envelope.holder == ConversationOwner("ana", None)


async def test_a_deletion_after_the_conversation_is_told(late: LateChanges) -> None:
    (step,) = await late.take(cmd.ReceiveDeletion(("in-1", "out-1")))
    late.publisher.add(late.place.tenant, step.unlogged_changes)
    await wait_until(lambda: len(late.published) == 2)
    assert all(each["message"]["deleted_at"] is not None for each in late.frames())


async def test_what_an_event_tells_is_not_told_again(late: LateChanges) -> None:
    await late.take(build_message("in-2", "voltei"))
    steps = await late.take(
        cmd.ReceiveEdit("e-2", "in-2", "voltei!"),
        cmd.ReceiveReaction("r-2", "in-2", "👍", True),
        cmd.ReceiveDeletion(("in-2",)),
    )
    assert [each.unlogged_changes for each in steps] == [()]


async def test_each_message_is_read_once_and_those_of_no_conversation_are_left_out(
    late: LateChanges,
) -> None:
    (message,) = await late.given.rows("SELECT id FROM messages WHERE external_id = 'out-1'")
    unknown = [uuid4() for _ in range(MAX_READ + 5)]
    late.publisher.add(late.place.tenant, [*unknown, message, message])
    late.publisher.add(await late.given.tenant(), [message])
    await wait_until(lambda: late.published)
    await late.publisher.publish_pending()
    assert [each["message"]["id"] for each in late.frames()] == [str(message)]
