"""Sockets: who is let in, what they hear, and how they are let go."""

import asyncio
import json

import pytest
from starlette.routing import Match
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from niochat.http.live import live_endpoint as module
from niochat.http.live.live_endpoint import LiveEndpoint
from niochat.identity.sessions import SessionEndReason
from tests.http.live.conftest import LiveFixture, open_live_fixture, receive_frame
from tests.http.rest.conftest import RestApiFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def refused(socket: ClientConnection) -> tuple[int, str]:
    try:
        async with asyncio.timeout(15):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        told = closed.rcvd
    return (told.code, told.reason) if told is not None else (0, "without a word")


async def test_a_screen_is_welcomed_and_hears_what_customers_say(live_fixture: LiveFixture) -> None:
    _, headers = await live_fixture.desk.add_signed_in_user("agent")
    async with live_fixture.connect_screen(headers) as socket:
        welcome = await receive_frame(socket)
        assert (welcome["type"], welcome["caught_up"]) == ("welcome", False)
        await live_fixture.desk.conversation(None, "bom dia")
        live_fixture.hub.notify()
        while True:
            event = await receive_frame(socket, "event")
            if event["event"] == "message_received":
                break
        assert event["message"]["text"] == "bom dia"


async def test_a_screen_that_comes_again_hears_what_it_missed(live_fixture: LiveFixture) -> None:
    _, headers = await live_fixture.desk.add_signed_in_user("admin")
    async with live_fixture.connect_screen(headers) as socket:
        position = (await receive_frame(socket))["position"]
    visit = await live_fixture.desk.conversation(None, "bom dia")
    async with live_fixture.connect_screen(headers, position=position) as socket:
        welcome = await receive_frame(socket)
        event = await receive_frame(socket, "event")

    # Whoever is cut off between the two has missed nothing: the welcome stands where they stood.
    assert (welcome["caught_up"], welcome["position"]) == (True, position)
    assert event["conversation"]["id"] == str(visit.id)


async def test_who_does_not_sign_in_is_shown_out_with_the_reason(live_fixture: LiveFixture) -> None:
    _, headers = await live_fixture.desk.add_signed_in_user("agent")
    used = await live_fixture.create_ticket(headers)
    async with connect(live_fixture.url) as socket:
        await socket.send(json.dumps({"type": "hello", "ticket": used}))
        await receive_frame(socket, "welcome")
    for first in (
        "",
        "{",
        "[]",
        '{"type": "other"}',
        '{"type": "hello"}',
        "x" * 5000,
        json.dumps({"type": "hello", "ticket": used}),
        json.dumps({"type": "hello", "ticket": "guess"}),
        json.dumps(
            {"type": "hello", "ticket": await live_fixture.create_ticket(headers), "position": "x"}
        ),
        json.dumps({"type": "hello", "extra": 1}),
    ):
        async with connect(live_fixture.url) as socket:
            await socket.send(first)
            code, reason = await refused(socket)
            assert code == 1008, first
            assert ":" in reason


@pytest.mark.parametrize("root", ["", "/live"])
async def test_the_address_is_the_same_with_and_without_serves_prefix(root: str) -> None:
    (route,) = LiveEndpoint.routes(LiveEndpoint.__new__(LiveEndpoint))
    for path, found in (("/live", True), ("/live/", True), ("/other", False), ("/live/x", False)):
        scope = {"type": "websocket", "path": path, "root_path": root}
        assert (route.matches(scope)[0] is Match.FULL) is found, path
    assert route.matches({"type": "http", "path": "/live"})[0] is Match.NONE


async def test_a_user_without_read_permission_cannot_connect(live_fixture: LiveFixture) -> None:
    await live_fixture.desk.house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'conferente', ARRAY['contacts:read'])",
        live_fixture.desk.house.tenant,
    )
    for role in ("conferente", "superuser"):
        _, headers = await live_fixture.desk.add_signed_in_user(role)
        async with live_fixture.connect_screen(headers) as socket:
            code, reason = await refused(socket)
            assert (code, reason.partition(":")[0]) == (1008, "forbidden")


async def test_who_signs_out_or_loses_the_role_is_sent_away(live_fixture: LiveFixture) -> None:
    ana, headers = await live_fixture.desk.add_signed_in_user("agent")
    rui = await live_fixture.desk.house.create_user("rui@example.com")
    theirs = await live_fixture.desk.bearer("rui@example.com")
    async with (
        live_fixture.connect_screen(headers) as first,
        live_fixture.connect_screen(theirs) as second,
    ):
        for socket in (first, second):
            await receive_frame(socket, "welcome")
        sessions = live_fixture.desk.house.sessions
        await sessions.end_all(ana, SessionEndReason.EVERYWHERE, live_fixture.desk.house.clock.now)
        await live_fixture.desk.house.admin.execute(
            "UPDATE users SET role = 'viewer' WHERE id = $1", rui
        )
        live_fixture.live.on_access_changed(ana)
        goodbye = await receive_frame(first, "goodbye")
        assert goodbye["reason"] == "signed_out"
        (left,) = [each for each in live_fixture.live._connections if each.caller.id == rui]
        await live_fixture.live.check_access(left)
        assert left.caller.role == "viewer", "what they may is what they may now"


async def test_a_screen_that_reads_too_slowly_is_cut_off_and_others_are_not(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    async with open_live_fixture(rest_api, line=4) as theatre:
        async with theatre.connect_screen(headers) as slow:
            await receive_frame(slow, "welcome")
            (socket,) = await wait_until(lambda: theatre.live._connections)
            for _ in range(10):  # in one tick: nothing can leave meanwhile
                socket.offer(b'{"type": "heartbeat", "position": "0"}')
            code, reason = await refused(slow)
        assert (code, reason) == (1012, "slow")
        await wait_until(lambda: not theatre.live._connections)
        assert len(theatre.hub) == 0, "nothing is kept for who has gone"


async def test_a_replica_that_goes_tells_everybody_to_come_again(live_fixture: LiveFixture) -> None:
    _, headers = await live_fixture.desk.add_signed_in_user("agent")
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        await wait_until(lambda: live_fixture.live._connections)
        live_fixture.live.disconnect_all()
        goodbye = await receive_frame(socket, "goodbye")
        assert goodbye["reason"] == "restarting"
        assert 1.0 <= goodbye["retry_after_s"] <= module.RECONNECT_SPREAD_S


async def test_an_open_socket_is_what_an_agent_is_seen_by(live_fixture: LiveFixture) -> None:
    desk = live_fixture.desk
    ana, headers = await desk.add_signed_in_user("agent")
    bia, other = await desk.add_signed_in_user("admin")
    for who in (headers, other):
        await desk.http.put("/presence/me", json={"state": "online"}, headers=who)
    await desk.given.admin.execute("UPDATE presences SET seen_at = now() - interval '1 minute'")

    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        await live_fixture.live.refresh_presence()

    listed = (await desk.http.get("/presence", headers=other)).json()
    states = {each["user_id"]: each["state"] for each in listed}
    assert states == {str(ana): "online", str(bia): "offline"}


async def test_who_comes_while_the_database_is_away_is_told_to_come_again(
    live_fixture: LiveFixture,
) -> None:
    _, headers = await live_fixture.desk.add_signed_in_user("agent")
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
    first = json.dumps({"type": "hello", "ticket": await live_fixture.create_ticket(headers)})
    async with connect(live_fixture.url) as socket:
        live_fixture.desk.house.database.terminate()
        await socket.send(first)
        code, reason = await refused(socket)
    assert (code, reason) == (1012, "slow")


async def test_only_who_heard_nothing_since_is_told_where_the_log_stands(
    live_fixture: LiveFixture,
) -> None:
    _, headers = await live_fixture.desk.add_signed_in_user("admin")
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        (screen,) = live_fixture.live._connections
        # It is admitted right after its welcome.
        await wait_until(lambda: screen in live_fixture.hub._screens[screen.tenant_id])
        live_fixture.hub.send_heartbeats()
        screen.offer(b'{"type": "event"}')
        live_fixture.hub.send_heartbeats()
        screen.offer(b'{"type": "hidden"}')
        live_fixture.hub.send_heartbeats()
        live_fixture.hub.send_heartbeats()
        heard = [(await receive_frame(socket))["type"] for _ in range(4)]

    assert heard == ["heartbeat", "event", "hidden", "heartbeat"]
