"""Every screen hears exactly what it may see, once, in the order of the log."""

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.domain.permissions import (
    ConversationOwner,
    PermissionAction,
    PermissionScope,
    is_permitted,
)
from niochat.live import event_log
from niochat.live.ephemeral_frames import FrameEnvelope, ReadFrame, TypingFrame, ViewingFrame
from niochat.live.event_log import EventLog
from niochat.live.frames import Frame, LiveConversation
from niochat.live.hub import LiveHub, offer_event
from niochat.live.log_position import LogPosition
from niochat.live.screen_counters import ScreenCounters
from tests.builders import (
    Admin,
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
    open_connection,
)
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


@dataclass(eq=False)
class RecordedScreen:
    """A screen that remembers what it was offered."""

    tenant_id: UUID
    scope: PermissionScope = PermissionScope.ALL
    user: str = "ana"
    frames: list[dict[str, Any]] = field(default_factory=list)
    user_id: UUID = field(default_factory=uuid4)

    def can_see(self, holder: ConversationOwner) -> bool:
        grants = {PermissionAction.CONVERSATIONS_READ: self.scope}
        return is_permitted(grants, PermissionAction.CONVERSATIONS_READ, holder, user=self.user)

    def offer(self, frame: Frame) -> None:
        self.frames.append(json.loads(frame))

    def record_shown(self, conversation_id: UUID) -> None:
        pass

    def send_heartbeat(self, frame: Frame) -> None:
        self.offer(frame)

    def offer_lossy(self, frame: Frame) -> bool:
        self.offer(frame)
        return True

    def passing(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.frames if each["type"] == kind]

    def heard(self) -> list[tuple[str, int]]:
        return [(each["event"], each["conversation"]["version"]) for each in self.events()]

    def events(self) -> list[dict[str, Any]]:
        return [each for each in self.frames if each["type"] == "event"]


@dataclass
class HubFixture:
    """A hub, and a host whose steps it reads."""

    database: Database
    given: RowBuilder
    host: Host
    hub: LiveHub
    place: ChannelRef

    async def enter(self, screen: RecordedScreen, since: LogPosition | None = None) -> bool:
        """As a socket does; whether it was caught up."""
        joining = await self.hub.join(screen, since)
        for each in joining.missed_frames or ():
            screen.offer(each)
        while frames := joining.take_buffered():
            for each in frames:
                screen.offer(each)
        self.hub.admit(joining)
        return joining.missed_frames is not None

    async def thread(self, *words: str) -> UUID:
        thread = await self.given.thread(self.place)
        await self.say(thread, *words)
        return thread

    async def say(self, thread: UUID, *words: str) -> None:
        numbers = iter(range(10**6))
        said = [build_message(f"{thread}{next(numbers)}{word}", word) for word in words]
        await insert_commands(self.host, self.place, thread, said)
        await self.host.run(thread)

    async def read(self, screen: RecordedScreen, events: int) -> None:
        """Look until the screen has heard so many; other tests' transactions hold horizons back."""

        async def heard() -> bool:
            if len(screen.events()) < events:
                await self.hub.read_log()
            return len(screen.events()) >= events

        await wait_until(heard)

    async def has_reached(self, screen: RecordedScreen, version: int) -> bool:
        """Whether the screen has heard of this version; reads the log once."""
        await self.hub.read_log()
        return any(each["conversation"]["version"] >= version for each in screen.events()) and (
            screen.events()[-1]["version"] == version
        )

    async def conversation(self, thread: UUID) -> dict[str, Any]:
        """The row of the thread's newest conversation, as a list returns it."""
        async with self.database.as_tenant(self.place.tenant) as connection:
            row = await connection.fetchrow(
                "SELECT * FROM shown_conversations WHERE thread_id = $1"
                " ORDER BY opened_at DESC LIMIT 1",
                thread,
            )
        assert row is not None
        told: dict[str, Any] = json.loads(
            LiveConversation.model_validate(dict(row)).model_dump_json()
        )
        return told

    async def settle(self) -> None:
        """Until the log's end is beyond all that was committed so far."""
        xid = int(await self.given.admin.fetchval("SELECT pg_current_xact_id()::text"))

        async def beyond() -> bool:
            return (await self.hub._log.load_end()).xid > xid

        await wait_until(beyond)


@pytest_asyncio.fixture
async def room(database: Database, given: RowBuilder, ownership: ShardAssignments) -> HubFixture:
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    hub = LiveHub(EventLog(database), ScreenCounters(database))
    return HubFixture(database, given, host, hub, await given.place())


async def in_log(admin: Admin, tenant: UUID) -> int:
    count: int = await admin.fetchval("SELECT count(*) FROM events WHERE tenant_id = $1", tenant)
    return count


async def test_a_screen_hears_each_event_once_with_its_rows(room: HubFixture, admin: Admin) -> None:
    screen = RecordedScreen(room.place.tenant)
    await room.enter(screen)
    await room.thread("bom dia")
    total = await in_log(admin, room.place.tenant)
    await room.read(screen, total)
    for _ in range(3):
        await room.hub.read_log()

    assert len(screen.events()) == total
    received = next(each for each in screen.events() if each["event"] == "message_received")
    assert received["message"]["text"] == "bom dia"
    assert received["conversation"]["status"] == "pending"
    positions = [LogPosition.parse(each["position"]) for each in screen.events()]
    assert positions == sorted(set(positions))


async def test_events_never_reach_another_tenant(room: HubFixture, given: RowBuilder) -> None:
    mine, theirs = RecordedScreen(room.place.tenant), RecordedScreen((await given.place()).tenant)
    await room.enter(mine)
    await room.enter(theirs)
    await room.thread("oi")
    await room.read(mine, 3)
    assert theirs.frames == []


async def test_a_resumed_client_receives_exactly_the_missed_frames(
    room: HubFixture, admin: Admin
) -> None:
    whole, comes_and_goes = RecordedScreen(room.place.tenant), RecordedScreen(room.place.tenant)
    await room.enter(whole)
    await room.enter(comes_and_goes)
    thread = await room.thread("um")
    first = await in_log(admin, room.place.tenant)
    await room.read(whole, first)
    room.hub.leave(comes_and_goes)
    since = LogPosition.parse(comes_and_goes.events()[-1]["position"])

    await room.say(thread, "dois")
    await room.thread("três")
    await room.settle()
    again = RecordedScreen(room.place.tenant)
    assert await room.enter(again, since)
    total = await in_log(admin, room.place.tenant)
    await room.read(whole, total)
    await room.read(again, total - first)

    def keys(frames: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(each["position"], each["event"]) for each in frames]

    assert keys(comes_and_goes.events()) + keys(again.events()) == keys(whole.events())


async def test_a_reconnecting_client_misses_and_repeats_nothing_under_load(
    room: HubFixture, admin: Admin
) -> None:
    await room.settle()
    begun, screen = await room.hub._log.load_end(), RecordedScreen(room.place.tenant)
    await room.enter(screen, begun)
    reading = asyncio.create_task(room.hub.run())

    async def write() -> None:
        for number in range(12):
            await room.thread(f"linha {number}")
            room.hub.notify()

    writing = asyncio.create_task(write())
    while not writing.done():
        await asyncio.sleep(0.02)
        room.hub.leave(screen)
        heard = screen.events()
        since = LogPosition.parse(heard[-1]["position"]) if heard else begun
        assert await room.enter(screen, since)
    await writing
    total = await in_log(admin, room.place.tenant)

    def everything() -> bool:
        room.hub.notify()
        return len(screen.events()) >= total

    await wait_until(everything)
    reading.cancel()
    positions = [LogPosition.parse(each["position"]) for each in screen.events()]
    assert positions == sorted(set(positions))
    assert len(positions) == total


async def test_clients_that_resume_together_each_receive_their_own_missed_frames(
    room: HubFixture, given: RowBuilder, admin: Admin
) -> None:
    await room.settle()
    begun = await room.hub._log.load_end()
    await room.thread("um", "dois")
    await room.settle()
    later = await room.hub._log.load_end()
    await room.thread("três")
    await room.settle()
    tenant, other = room.place.tenant, (await given.place()).tenant
    away = [begun, later, begun, begun]
    screens = [
        RecordedScreen(tenant),
        RecordedScreen(tenant),
        RecordedScreen(tenant),
        RecordedScreen(other),
    ]

    comings = (room.enter(s, since) for s, since in zip(screens, away, strict=True))
    caught_up = await asyncio.gather(*comings)

    long, short, same, foreign = (
        [LogPosition.parse(each["position"]) for each in screen.events()] for screen in screens
    )
    assert caught_up == [True] * 4
    assert len(long) == await in_log(admin, tenant)
    assert long == sorted(set(long)) == same
    assert short == [each for each in long if each > later] != []
    assert foreign == []


async def test_the_log_is_in_order_where_numbers_of_transactions_get_another_digit(
    room: HubFixture,
) -> None:
    """As texts, 100 comes before 99; a page that ended in between skipped what it had not read."""
    thread = await room.thread("um", "dois", "três")
    numbered = "UPDATE events SET xid = (98 + version)::text::xid8 WHERE thread_id = $1"
    await room.given.admin.execute(numbered, thread)
    log, position, seen = EventLog(room.database, limit=2), LogPosition(0), []
    for _ in range(10):
        look = await log.read_after(position, [room.place.tenant])
        seen += [each.position for each in look.events]
        if not look.has_more:
            break
        position = look.end

    assert len(seen) == await room.given.count("events")
    assert seen == sorted(seen)
    assert {99, 100} <= {each.xid for each in seen}


async def test_a_client_that_missed_too_much_is_asked_to_refetch(
    room: HubFixture,
) -> None:
    log = EventLog(room.database)
    room.hub = LiveHub(log, ScreenCounters(room.database), max_missed=3)
    since = await log.load_end()
    await room.thread("um", "dois", "três")
    await room.settle()
    screen = RecordedScreen(room.place.tenant)
    assert not await room.enter(screen, since)
    assert screen.frames == []


async def test_a_transaction_that_ends_late_is_not_skipped(
    room: HubFixture, admin_url: str
) -> None:
    """It began first, so its number is lower; what came after it waits until it has ended."""
    thread = await room.thread("antes")
    await room.settle()
    screen = RecordedScreen(room.place.tenant)
    await room.enter(screen)
    (conversation,) = await room.given.rows(
        "SELECT id FROM conversations WHERE thread_id = $1", thread
    )
    another = await open_connection(admin_url)
    slow = another.transaction()
    await slow.start()
    await another.execute(
        "INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body,"
        " schema_version, at) VALUES ($1, $2, 900, $3, 'command_parked', '{}', 2, now())",
        room.place.tenant,
        conversation,
        thread,
    )
    await room.thread("depois")
    for _ in range(5):
        await room.hub.read_log()
    assert screen.events() == [], "nothing is told before what may still come in front of it"

    await slow.commit()
    await another.close()
    await room.read(screen, 4)
    assert screen.events()[0]["event"] == "command_parked"


async def test_a_position_never_goes_back_also_for_who_is_catching_up(room: HubFixture) -> None:
    admitted, catching_up = RecordedScreen(room.place.tenant), RecordedScreen(room.place.tenant)
    await room.enter(admitted)
    joining = await room.hub.join(catching_up, await room.hub._log.load_end())
    await room.thread("oi")
    await room.read(admitted, 3)
    room.hub.send_heartbeats()
    await room.thread("de novo")
    await room.read(admitted, 6)
    for each in (*(joining.missed_frames or ()), *joining.take_buffered()):
        catching_up.offer(each)

    for screen in (admitted, catching_up):
        positions = [LogPosition.parse(each["position"]) for each in screen.frames]
        assert positions == sorted(positions)
        assert [each["type"] for each in screen.frames].count("heartbeat") == 1
    assert len(catching_up.frames) == len(admitted.frames)


async def test_a_conversation_that_becomes_invisible_is_hidden_from_the_client(
    room: HubFixture,
) -> None:
    own = RecordedScreen(room.place.tenant, PermissionScope.OWN, "ana")
    whole = RecordedScreen(room.place.tenant)
    await room.enter(own)
    await room.enter(whole)
    thread = await room.thread("oi")
    await insert_commands(room.host, room.place, thread, [cmd.AssignConversation("ana")])
    await room.host.run(thread)
    await insert_commands(
        room.host, room.place, thread, [cmd.TransferConversation("ana", agent="rui")]
    )
    await room.host.run(thread)
    async with asyncio.timeout(20):
        while not [e for e in whole.events() if e["event"] == "conversation_transferred"]:
            await room.hub.read_log()

    assert own.frames[-1]["type"] == "hidden"
    assert "conversation" not in own.frames[-1], "its id, and nothing that is in it"


async def test_applying_what_was_heard_is_the_same_as_refetching(room: HubFixture) -> None:
    screen = RecordedScreen(room.place.tenant)
    await room.enter(screen)
    thread = await room.thread("oi", "tem boleto?")
    await room.host.answer(thread, "Claro!")
    claimed = await room.host.claim(thread)
    assert claimed is not None
    await room.host.settle(claimed, cmd.SendStatus.SENT, "out-1")
    await insert_commands(
        room.host,
        room.place,
        thread,
        [
            cmd.ReceiveEdit("e1", f"{thread}0oi", "olá"),
            cmd.AssignConversation("ana"),
            cmd.ReplyToCustomer("ana", "Posso ajudar?"),
            cmd.AddNote("ana", "cliente antigo"),
            cmd.TransferConversation("ana", team="atendimento", note="financeiro"),
            cmd.ResolveConversation("ana"),
        ],
    )
    await room.host.run(thread)
    total = await in_log(room.given.admin, room.place.tenant)
    await room.read(screen, total)

    conversations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for each in screen.events():
        row = each["conversation"]
        if row["version"] >= conversations.get(row["id"], row)["version"]:
            conversations[row["id"]] = row
        if each["message"] is not None:
            messages[each["message"]["id"]] = each["message"]
    look = await room.hub._log.read_after(LogPosition(0), [room.place.tenant])
    fresh: dict[str, Any] = {}
    for happened in look.events:
        again = RecordedScreen(room.place.tenant)
        offer_event([again], happened)
        (frame,) = again.events()
        assert frame["conversation"] == conversations[frame["conversation"]["id"]]
        if frame["message"] is not None:
            fresh[frame["message"]["id"]] = frame["message"]
    assert messages == fresh
    assert {each["text"] for each in messages.values()} == {
        "olá",
        "tem boleto?",
        "Claro!",
        "Posso ajudar?",
        "cliente antigo",
        "financeiro",
    }


async def test_queues_are_counted_when_they_change_for_who_may_see_them(room: HubFixture) -> None:
    boss, other = (
        RecordedScreen(room.place.tenant),
        RecordedScreen(room.place.tenant, PermissionScope.OWN),
    )
    foreign = RecordedScreen(await room.given.tenant())
    for screen in (boss, other, foreign):
        await room.enter(screen)
    thread = await room.thread("oi")
    await insert_commands(
        room.host, room.place, thread, [cmd.TransferConversation("ana", "atendimento")]
    )
    await room.host.run(thread)
    await room.thread("olá")
    await room.hub.read_log()
    await room.hub.send_counts()
    await room.enter(
        RecordedScreen(room.place.tenant)
    )  # all are counted anew, and nothing has changed
    await room.hub.send_counts()

    (counted,) = boss.passing("queues")
    assert (counted["waiting"], counted["with_assistant"]) == ({"atendimento": 1}, 1)
    assert [each["waiting"] for each in other.passing("queues")] == [{}]
    assert [each["waiting"] for each in foreign.passing("queues")] == [{}]


async def test_an_agent_hears_what_they_have_not_read(room: HubFixture) -> None:
    ana, rui = UUID(int=7), UUID(int=8)
    hers, his = (
        RecordedScreen(room.place.tenant, user=str(each), user_id=each) for each in (ana, rui)
    )
    await room.enter(hers)
    await room.enter(his)
    thread = await room.thread("oi")
    await insert_commands(room.host, room.place, thread, [cmd.AssignConversation(str(ana))])
    await room.host.run(thread)
    await room.say(thread, "alô", "alguém?")
    await room.hub.read_log()
    await room.hub.send_counts()

    assert [each["unread"] for each in hers.passing("unread")] == [3]
    assert his.passing("unread") == []


async def test_ephemeral_frames_reach_only_permitted_users(room: HubFixture) -> None:
    ana = RecordedScreen(room.place.tenant, PermissionScope.OWN, "ana", user_id=UUID(int=7))
    boss = RecordedScreen(room.place.tenant)
    foreign = RecordedScreen(await room.given.tenant())
    for screen in (ana, boss, foreign):
        await room.enter(screen)
    tenant, conversation = room.place.tenant, UUID(int=5)
    typing = TypingFrame(conversation_id=conversation, user_id=UUID(int=8), typing=True)
    read = ReadFrame(conversation_id=conversation, version=3)

    room.hub.receive_envelope(
        FrameEnvelope.wrap(tenant, typing, ConversationOwner("rui", None)).encode()
    )
    room.hub.receive_envelope(
        FrameEnvelope.wrap(tenant, typing, ConversationOwner("ana", None)).encode()
    )
    room.hub.receive_envelope(FrameEnvelope.wrap(tenant, read, user_id=UUID(int=7)).encode())
    room.hub.receive_envelope(b"nonsense")

    assert len(boss.passing("typing")) == 2
    assert len(ana.passing("typing")) == 1
    assert [len(each.passing("read")) for each in (ana, boss)] == [1, 0]
    assert foreign.frames == []


async def test_the_last_frame_of_a_conversation_is_what_a_refetch_returns(
    room: HubFixture,
) -> None:
    """With its last message, whether the frames bring that or it is read."""
    screen = RecordedScreen(room.place.tenant)
    await room.enter(screen)
    thread = await room.thread("oi", "tudo bem? " * 20)
    commands: list[list[cmd.DurableCommand]] = [
        [],
        [cmd.AssignConversation("ana", by="bia")],
        [cmd.AddNote("ana", "liga depois")],
        [cmd.SetConversationLabels("ana", ("vip",)), cmd.ReplyToCustomer("ana", "Olá")],
        [cmd.ReceiveReaction("r", f"{thread}0oi", "👍", from_provider=False)],
        [cmd.ReceiveEdit("e", f"{thread}0oi", "olá")],
        [build_message("last", "tchau")],
        [cmd.ReceiveDeletion(("last",))],
        [cmd.ResolveConversation("ana")],
    ]
    for some in commands:
        await insert_commands(room.host, room.place, thread, some)
        await room.host.run(thread)
        stored = await room.conversation(thread)
        await wait_until(partial(room.has_reached, screen, stored["version"]))
        assert screen.events()[-1]["conversation"] == stored
    assert stored["last_message"]["deleted"] is True
    assert stored["last_message"]["text"] == ""


async def test_a_frame_says_what_its_line_says(room: HubFixture) -> None:
    screen = RecordedScreen(room.place.tenant)
    await room.enter(screen)
    thread = await room.thread("oi")
    await insert_commands(
        room.host,
        room.place,
        thread,
        [cmd.AssignConversation("ana", by="bia"), cmd.SetConversationLabels("ana", ("vip",))],
    )
    await room.host.run(thread)
    stored = await room.conversation(thread)
    await wait_until(lambda: room.has_reached(screen, stored["version"]))
    versions = [each["version"] for each in screen.events()]
    assert versions == list(range(1, stored["version"] + 1))
    lines = [each["activity"] for each in screen.events() if each["activity"]]
    assert [(each["event"], each["by"], each["agent"], each["labels"]) for each in lines] == [
        ("conversation_opened", None, None, None),
        ("conversation_assigned", "bia", "ana", None),
        ("labels_changed", "ana", None, ["vip"]),
    ]
    for each in screen.events():
        if each["activity"]:
            assert (each["activity"]["version"], each["activity"]["at"]) == (
                each["version"],
                each["at"],
            )


@pytest.mark.parametrize(
    ("events", "version", "known"),
    [([3], 3, True), ([3, 4, 5], 5, True), ([3, 5], 5, False), ([3], 4, False)],
)
async def test_the_last_message_is_known_if_no_later_event_is_missing(
    events: list[int], version: int, known: bool
) -> None:
    """Then it is not read again, as for nearly every message that arrives."""
    conversation, message = uuid4(), uuid4()
    rows = [{"conversation_id": conversation, "version": each} for each in events]
    conversations = {conversation: {"id": conversation, "version": version}}
    messages = {message: {"conversation_id": conversation, "version": 3}}
    found = event_log.known_last_messages(rows, conversations, messages)
    assert (conversation in found) == known


async def test_a_screen_that_connects_hears_at_once_who_views_what(room: HubFixture) -> None:
    tenant, ana, rui = room.place.tenant, uuid4(), uuid4()
    mine, others, left = uuid4(), uuid4(), uuid4()

    def views(user: UUID, conversation: UUID, holder: ConversationOwner, viewing: bool) -> None:
        frame = ViewingFrame(conversation_id=conversation, user_id=user, viewing=viewing)
        room.hub.receive_envelope(FrameEnvelope.wrap(tenant, frame, holder).encode())

    own = ConversationOwner("ana", None)
    views(rui, mine, own, True)
    views(rui, mine, own, True)  # the repeat
    views(rui, others, ConversationOwner("rui", None), True)
    views(ana, left, own, True)
    views(ana, left, own, False)
    screen = RecordedScreen(tenant, PermissionScope.OWN)
    foreign = RecordedScreen(uuid4())
    await room.enter(screen)
    await room.enter(foreign)
    assert [(each["conversation_id"], each["user_id"]) for each in screen.passing("viewing")] == [
        (str(mine), str(rui))
    ]
    assert foreign.passing("viewing") == []
