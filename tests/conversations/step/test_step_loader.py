"""What a step finds: whether people are there, and what is known of messages and sends."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from niochat.adapters.postgres.database import Database
from niochat.conversations.step.step_loader import TenantContext, external_ids_for, load_batch
from niochat.conversations.step.step_types import StepRequest
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.policy import StaffAvailability
from niochat.domain.ids import ThreadId
from niochat.domain.message import DeliveryStatus, MessageContent, MessageKind
from tests.builders import (
    SENT_AT,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio

EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
"""25 hours apart: it is never the same day of the week in both."""


def all_day(*days: int) -> list[dict[str, object]]:
    return [{"days": days, "opens": "00:00:00", "closes": "23:59:59.999999"}]


def today(zone: str) -> datetime:
    return datetime.now(ZoneInfo(zone))


async def found(
    database: Database, given: RowBuilder, zone: str, **policy: object
) -> TenantContext:
    """A tenant as the step of one of its threads finds it."""
    place = await given.place(**policy)
    await given.admin.execute(
        "UPDATE tenants SET timezone = $1 WHERE tenant_id = $2", zone, place.tenant
    )
    thread: UUID = await given.thread(place)
    async with database.as_system() as connection:
        loaded = await load_batch(connection, [StepRequest(ThreadId(thread), 0)])
    return loaded.tenants[place.tenant]


async def test_without_shifts_people_are_always_there(
    database: Database, given: RowBuilder
) -> None:
    assert (await found(database, given, EAST)).staff == StaffAvailability()


async def test_shifts_are_of_the_tenants_own_place(database: Database, given: RowBuilder) -> None:
    shifts = all_day(today(EAST).weekday())

    there = await found(database, given, EAST, hours=shifts)
    away = await found(database, given, WEST, hours=shifts)

    assert there.staff == StaffAvailability()
    assert not away.staff.available
    assert away.staff.returns_at is not None
    assert away.staff.returns_at > datetime.now(UTC)
    assert away.staff.returns_at.weekday() == today(EAST).weekday()
    assert (away.staff.returns_at.hour, away.staff.returns_at.tzinfo) == (0, ZoneInfo(WEST))


async def test_on_a_closed_day_nobody_is_there_whatever_the_shifts_say(
    database: Database, given: RowBuilder
) -> None:
    closed = [str(today(WEST).date() + timedelta(days=n)) for n in range(2)]

    tenant = await found(database, given, WEST, hours=all_day(*range(7)), closed_days=closed)

    assert not tenant.staff.available
    assert tenant.staff.returns_at is not None
    assert tenant.staff.returns_at.date() == today(WEST).date() + timedelta(days=2)


TEXT = MessageContent(MessageKind.TEXT, "oi")
SPEAKING = (
    cmd.ReceiveMessage("m1", TEXT, SENT_AT),
    cmd.ReceiveProviderPhoneMessage("m1", TEXT, SENT_AT),
    cmd.ReceiveSystemNotice("m1", "pinInChatMessage"),
    cmd.ReceiveEcho("m1", "no-uuid", TEXT, SENT_AT),
    cmd.ReceiveReaction("r1", "m1", "👍", False),
    cmd.ReceiveEdit("r2", "m1", "olá"),
    cmd.ReceiveDeletion(("m1", "m2")),
    cmd.EditReply("ana", "m1", "olá"),
    cmd.DeleteReply("ana", "m1"),
    cmd.ReactToMessage("ana", "m1", "👍"),
    cmd.ReceiveDeliveryReceipt(("m1", "m2"), DeliveryStatus.READ),
)
"""Every durable command that speaks of messages by the gateway's ids."""


async def test_no_other_durable_command_speaks_of_messages() -> None:
    fields = {"external_id", "target", "targets", "track_id"}
    speaking = {c for c in get_args(cmd.DurableCommand) if fields & c.__dataclass_fields__.keys()}

    assert speaking == {type(command) for command in SPEAKING}


@pytest.mark.parametrize("command", SPEAKING, ids=lambda command: command.type)
async def test_stored_messages_of_a_row_are_loaded_with_it(
    database: Database, given: RowBuilder, ownership: ShardAssignments, command: cmd.DurableCommand
) -> None:
    """The query reads the names of the fields; `external_ids_for` is its twin for memory's
    commands.
    """
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    place = await given.place()
    thread = await given.thread(place)
    await insert_commands(host, place, thread, [build_message("m1"), build_message("m2")])
    await host.run(thread)
    await given.admin.execute("DELETE FROM inbox")
    await insert_commands(host, place, thread, [command])

    async with database.as_system() as connection:
        loaded = await load_batch(connection, [StepRequest(ThreadId(thread), 0)])

    assert set(loaded.messages[thread]) == set(external_ids_for(command))


async def test_a_send_is_known_by_its_echo(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    place = await given.place()
    thread, other = await given.thread(place), await given.thread(place)
    for each in (thread, other):
        await insert_commands(host, place, each, [build_message("m1")])
        await host.run(each)
        await host.answer(each, "Olá.")
    (ours,) = await given.rows("SELECT id FROM outbox WHERE thread_id = $1", thread)
    (theirs,) = await given.rows("SELECT id FROM outbox WHERE thread_id = $1", other)
    echoes = [cmd.ReceiveEcho(f"e{n}", str(n), TEXT, SENT_AT) for n in (ours, theirs)]
    await insert_commands(host, place, thread, echoes)

    async with database.as_system() as connection:
        loaded = await load_batch(connection, [StepRequest(ThreadId(thread), 0)])

    assert set(loaded.sends[thread]) == {ours}, "another thread's send is nobody's"


async def test_a_step_tells_the_customer_when_people_are_back(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    place = await given.place(
        hours=all_day((today("America/Sao_Paulo").weekday() + 3) % 7),
        unavailable_text="Já volto.",
        closed_text="Voltamos {when}.",
    )
    thread = await given.thread(place)
    await insert_commands(host, place, thread, [build_message("m1")])
    await host.run(thread)
    turn = host.turn(thread)

    await host.step(thread, cmd.FinishAssistantTurn(turn.id, 1, cmd.TurnOutcome.FAILED))

    (said,) = await given.rows("SELECT text FROM outbox WHERE thread_id = $1", thread)
    assert said.startswith("Já volto.\n\nVoltamos ")
    assert said.endswith("às 00:00.")
