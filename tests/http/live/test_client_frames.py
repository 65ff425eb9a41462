"""What screens say: told to whoever may see it, refused as the API refuses."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from niochat.domain.permissions import ROLE_GRANTS, BuiltInRole, PermissionAction
from niochat.http.live.client_frames import MAX_FRAMES_PER_S
from tests.builders import ChannelRef
from tests.http.live.conftest import LiveFixture, receive_frame
from tests.http.rest.conftest import ConversationFixture, RestApiFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
GESTURES = ("typing", "viewing", "read")


async def says(socket: ClientConnection, kind: str, conversation: object, **more: Any) -> None:
    body = {"typing": {"typing": True}, "viewing": {}, "read": {"version": 3}}[kind]
    said = {"type": kind, "conversation_id": str(conversation), **body, **more}
    await socket.send(json.dumps(said))


async def taken(rest_api: RestApiFixture, who: dict[str, str]) -> ConversationFixture:
    visit = await rest_api.conversation()
    told = await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=who)
    assert told.status_code == 200, told.text
    return visit


async def test_colleagues_see_who_types_and_who_looks_until_they_look_away(
    live_fixture: LiveFixture,
) -> None:
    ana, who = await live_fixture.desk.add_signed_in_user("agent")
    _, boss = await live_fixture.desk.add_signed_in_user("admin")
    visit = await taken(live_fixture.desk, who)
    async with live_fixture.connect_screen(boss) as seen:
        await receive_frame(seen, "welcome")
        async with live_fixture.connect_screen(who) as socket:
            await receive_frame(socket, "welcome")
            await says(socket, "viewing", visit.id)
            looking = await receive_frame(seen, "viewing")
            await says(socket, "typing", visit.id)
            typing = await receive_frame(seen, "typing")
        gone = await receive_frame(seen, "viewing")

    assert (looking["user_id"], looking["viewing"]) == (str(ana), True)
    assert (typing["conversation_id"], typing["typing"]) == (str(visit.id), True)
    assert (gone["conversation_id"], gone["viewing"]) == (str(visit.id), False)


async def test_looking_elsewhere_ends_looking_here(live_fixture: LiveFixture) -> None:
    _, who = await live_fixture.desk.add_signed_in_user("admin")
    first, second = await live_fixture.desk.conversation(), await live_fixture.desk.conversation()
    async with live_fixture.connect_screen(who) as socket:
        await receive_frame(socket, "welcome")
        await says(socket, "viewing", first.id)
        await says(socket, "viewing", second.id)
        await socket.send(json.dumps({"type": "viewing", "conversation_id": None}))
        told = [await receive_frame(socket, "viewing") for _ in range(4)]

    assert [(each["conversation_id"], each["viewing"]) for each in told] == [
        (str(first.id), True),
        (str(first.id), False),
        (str(second.id), True),
        (str(second.id), False),
    ]


async def test_what_one_has_read_is_read_on_ones_other_screens_alone(
    live_fixture: LiveFixture,
) -> None:
    ana, who = await live_fixture.desk.add_signed_in_user("agent")
    _, boss = await live_fixture.desk.add_signed_in_user("admin")
    visit = await taken(live_fixture.desk, who)
    desk = live_fixture.desk
    before = (await desk.http.get("/conversations/unread", headers=who)).json()
    async with AsyncExitStack() as stack:
        one, two, other = [
            await stack.enter_async_context(live_fixture.connect_screen(each))
            for each in (who, who, boss)
        ]
        for socket in (one, two, other):
            await receive_frame(socket, "welcome")
        await says(one, "read", visit.id, version=99)
        assert (await receive_frame(two, "read"))["version"] == 99
        await says(one, "read", visit.id, version=5)
        await says(other, "typing", visit.id)
        heard = await receive_frame(other)
        while heard["type"] in ("queues", "event"):
            heard = await receive_frame(other)

    assert heard["type"] == "typing", "nobody hears what others have read"
    assert [each["unread"] for each in before] == [1]
    assert (await desk.http.get("/conversations/unread", headers=who)).json() == []
    assert await desk.given.rows("SELECT upto FROM reads WHERE user_id = $1", ana) == [99]


@pytest.mark.parametrize("kind", GESTURES)
@pytest.mark.parametrize("role", list(BuiltInRole))
async def test_each_role_may_say_what_its_row_of_the_table_says(
    live_fixture: LiveFixture, role: BuiltInRole, kind: str
) -> None:
    desk = live_fixture.desk
    visit = await desk.conversation()
    _, who = await desk.add_signed_in_user(role)
    needed = (
        PermissionAction.CONVERSATIONS_REPLY
        if kind == "typing"
        else PermissionAction.CONVERSATIONS_READ
    )
    async with live_fixture.connect_screen(who) as socket:
        if PermissionAction.CONVERSATIONS_READ not in ROLE_GRANTS[role]:
            with pytest.raises(ConnectionClosed):
                await receive_frame(socket)
            return
        await receive_frame(socket, "welcome")
        await says(socket, kind, visit.id)
        await receive_frame(socket, kind if needed in ROLE_GRANTS[role] else "rejected")


@pytest.mark.parametrize("kind", GESTURES)
async def test_another_tenants_conversation_is_as_unknown_as_any(
    live_fixture: LiveFixture, kind: str
) -> None:
    desk = live_fixture.desk
    foreign = await desk.given.tenant()
    theirs = await desk.conversation(ChannelRef(foreign, await desk.given.channel(foreign)))
    _, who = await desk.add_signed_in_user("admin")
    _, stranger = await desk.add_signed_in_user("admin", foreign)
    async with (
        live_fixture.connect_screen(stranger) as over_there,
        live_fixture.connect_screen(who) as socket,
    ):
        await receive_frame(socket, "welcome")
        await receive_frame(over_there, "welcome")
        for conversation in (theirs.id, uuid4()):
            await says(socket, kind, conversation)
        refused = [await receive_frame(socket, "rejected") for _ in range(2)]
        await says(over_there, "typing", theirs.id)
        heard = await receive_frame(over_there)
        while heard["type"] == "queues":
            heard = await receive_frame(over_there)

    assert refused[0] == refused[1]
    assert refused[0]["code"] == "not_found"
    assert heard["type"] == "typing", "nothing of the stranger's came through"
    assert await desk.given.count("reads") == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"type": "typing"}',
        '{"type": "viewing", "conversation_id": "x"}',
        json.dumps({"type": "read", "conversation_id": str(UUID(int=1)), "version": -1}),
        '{"type": "hello"}',
        '{"type": "typing", "conversation_id": null, "typing": true}',
    ],
)
async def test_a_frame_that_is_none_is_refused_and_the_screen_goes_on(
    live_fixture: LiveFixture, text: str
) -> None:
    _, who = await live_fixture.desk.add_signed_in_user("admin")
    visit = await live_fixture.desk.conversation()
    async with live_fixture.connect_screen(who) as socket:
        await receive_frame(socket, "welcome")
        await socket.send(text)
        assert (await receive_frame(socket, "rejected"))["code"] == "bad_frame"
        await says(socket, "typing", visit.id)
        assert (await receive_frame(socket, "typing"))["typing"] is True


async def test_too_many_frames_are_rejected(live_fixture: LiveFixture) -> None:
    _, who = await live_fixture.desk.add_signed_in_user("admin")
    async with live_fixture.connect_screen(who) as socket:
        await receive_frame(socket, "welcome")
        for _ in range(MAX_FRAMES_PER_S * 3):
            await socket.send("x")
        codes = {
            (await receive_frame(socket, "rejected"))["code"] for _ in range(MAX_FRAMES_PER_S * 3)
        }
    assert codes == {"bad_frame", "too_many"}


async def test_a_replica_of_other_code_sends_its_screens_away_at_different_times(
    live_fixture: LiveFixture,
) -> None:
    _, who = await live_fixture.desk.add_signed_in_user("admin")
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(live_fixture.connect_screen(who)) for _ in range(6)
        ]
        for socket in sockets:
            await receive_frame(socket, "welcome")
        live_fixture.live.on_build_announced(b"this")
        await asyncio.sleep(0)
        live_fixture.live.on_build_announced(b"another")
        told = [await receive_frame(socket, "goodbye") for socket in sockets]

    assert {each["reason"] for each in told} == {"restarting"}
    assert len({each["retry_after_s"] for each in told}) > 1
