"""What people read over sockets is in their provider's log, and what they may not, too."""

import json
from typing import Any
from uuid import uuid4

import pytest

from niochat.domain.permissions import ROLE_GRANTS, BuiltInRole
from niochat.identity.users import ChangedBy, UserUpdate
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.http.live.conftest import LiveFixture, receive_frame
from tests.http.live.test_client_frames import says
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def written(live_fixture: LiveFixture, who: object, *actions: str) -> list[dict[str, Any]]:
    rows = await live_fixture.desk.house.admin.fetch(
        "SELECT action, target, after, address, tenant_id FROM audit"
        " WHERE who = $1 AND action = ANY ($2) ORDER BY id",
        str(who),
        list(actions),
    )
    return [dict(row) for row in rows]


async def test_what_a_screen_was_shown_is_written_down(live_fixture: LiveFixture) -> None:
    ana, headers = await live_fixture.desk.add_signed_in_user("agent")
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        (opened,) = await written(live_fixture, ana, "live.open")
        visit = await live_fixture.desk.conversation(None, "bom dia")
        live_fixture.hub.notify()
        await receive_frame(socket, "event")

    async def told() -> list[dict[str, Any]]:
        return await written(live_fixture, ana, "conversations.read")

    (row,) = await wait_until(told)
    assert (opened["after"], opened["address"]) == ({"scope": "team", "teams": []}, "127.0.0.1")
    assert opened["target"] == row["target"]
    assert row["after"]["conversations"] == [str(visit.id)]
    assert row["after"]["events"] >= 1
    assert row["tenant_id"] == live_fixture.desk.house.tenant
    assert "bom dia" not in json.dumps(row["after"])


async def test_what_was_missed_and_is_caught_up_is_written_down_too(
    live_fixture: LiveFixture,
) -> None:
    ana, headers = await live_fixture.desk.add_signed_in_user("admin")
    async with live_fixture.connect_screen(headers) as socket:
        position = (await receive_frame(socket))["position"]
    visit = await live_fixture.desk.conversation(None, "bom dia")
    async with live_fixture.connect_screen(headers, position=position) as socket:
        await receive_frame(socket, "event")

    async def told() -> bool:
        rows = await written(live_fixture, ana, "conversations.read")
        return any(str(visit.id) in row["after"]["conversations"] for row in rows)

    await wait_until(told)


async def test_what_stays_open_is_written_down_meanwhile(live_fixture: LiveFixture) -> None:
    ana, headers = await live_fixture.desk.add_signed_in_user("agent")
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        for _ in range(2):
            visit = await live_fixture.desk.conversation(None, "bom dia")
            live_fixture.hub.notify()

            async def told(conversation: str = str(visit.id)) -> bool:
                for each in list(live_fixture.live._connections):
                    await live_fixture.live._audit_shown(each)
                rows = await written(live_fixture, ana, "conversations.read")
                return any(conversation in row["after"]["conversations"] for row in rows)

            await wait_until(told)


async def test_viewing_a_conversation_is_audited(live_fixture: LiveFixture) -> None:
    ana, headers = await live_fixture.desk.add_signed_in_user("admin")
    visit = await live_fixture.desk.conversation()
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        await says(socket, "viewing", visit.id)
        await receive_frame(socket, "viewing")
    (row, *_) = await written(live_fixture, ana, "conversations.read")
    assert (row["target"], row["after"]) == (f"conversation:{visit.id}", {"live": "viewing"})


async def test_a_rejected_socket_command_is_audited(live_fixture: LiveFixture) -> None:
    _, who = await live_fixture.desk.add_signed_in_user("admin")
    visit = await live_fixture.desk.conversation()
    await live_fixture.desk.http.post(f"/conversations/{visit.id}/assign", json={}, headers=who)
    ana, headers = await live_fixture.desk.add_signed_in_user("agent")
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        for kind in ("viewing", "typing", "read"):
            await says(socket, kind, visit.id)
            await receive_frame(socket, "rejected")
        await says(socket, "viewing", uuid4())
        await receive_frame(socket, "rejected")
    rows = await written(live_fixture, ana, "access.denied")
    assert [row["after"] for row in rows] == [
        {"live": "viewing"},
        {"live": "typing"},
        {"live": "read"},
    ]
    assert {row["target"] for row in rows} == {f"conversation:{visit.id}"}


async def test_a_rejected_connection_is_audited(live_fixture: LiveFixture) -> None:
    house = live_fixture.desk.house
    await house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'nada', ARRAY['contacts:read'])", house.tenant
    )
    eve, headers = await live_fixture.desk.add_signed_in_user("nada")
    async with live_fixture.connect_screen(headers) as socket:
        await socket.wait_closed()
    (row,) = await written(live_fixture, eve, "access.denied")
    assert row["target"] == "live"


async def test_another_sight_of_a_screen_is_written_down(live_fixture: LiveFixture) -> None:
    ana, headers = await live_fixture.desk.add_signed_in_user("agent")
    by = ChangedBy(uuid4(), ROLE_GRANTS[BuiltInRole.ADMIN], AuditActor(AuditActorKind.USER, "boss"))
    async with live_fixture.connect_screen(headers) as socket:
        await receive_frame(socket, "welcome")
        house = live_fixture.desk.house
        await house.users.change(house.tenant, ana, UserUpdate(teams=("atendimento",)), by)
        (here,) = live_fixture.live._connections
        await live_fixture.live.check_access(here)
        await live_fixture.live.check_access(here)
    (row,) = await written(live_fixture, ana, "live.sight")
    assert row["after"] == {"scope": "team", "teams": ["atendimento"]}
