"""Joins, tokens and heartbeats of a socket."""

import uuid
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.niochat_sandbox.supabase.conftest import ProjectClient, TokenSigner
from tests.niochat_sandbox.supabase.realtime.phoenix_client import (
    ARRAYS,
    OBJECTS,
    Frame,
    PhoenixClient,
    binding,
    open_socket,
)

pytestmark = pytest.mark.asyncio


async def join_reply(socket: PhoenixClient, token: str | None, *bindings: dict[str, Any]) -> Frame:
    config = {"config": {"postgres_changes": list(bindings)}, "access_token": token}
    ref = await socket.send("realtime:test", "phx_join", config)
    return await socket.until(lambda frame: frame.ref == ref)


@pytest.mark.parametrize("version", [OBJECTS, ARRAYS])
async def test_bindings_come_back_unchanged_and_in_order_with_an_id(
    client: ProjectClient, version: str
) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    asked = [
        binding("INSERT", filter="status=eq.a"),
        binding("*", select=["id"]),
        {"event": "DELETE", "schema": "public"},
    ]
    async with open_socket(project.url, project.publishable_key, version) as socket:
        reply = await join_reply(socket, token, *asked)

    answered = reply.payload["response"]["postgres_changes"]
    ids = [each.pop("id") for each in answered]
    assert answered == asked
    assert all(isinstance(each, int) and each > 0 for each in ids)
    assert len(set(ids)) == 3


@pytest.mark.parametrize("key", ["", "sb_publishable_wrong"])
async def test_a_connection_needs_a_key_of_the_project(client: ProjectClient, key: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with open_socket(client.project.url, key):
            pass

    assert refusal.value.response.status_code == 401


@pytest.mark.parametrize("version", [OBJECTS, ARRAYS])
async def test_heartbeats_are_answered(client: ProjectClient, version: str) -> None:
    project = client.project
    async with open_socket(project.url, project.publishable_key, version) as socket:
        ref = await socket.send("phoenix", "heartbeat", {})
        frame = await socket.receive()

    assert (frame.topic, frame.event, frame.ref) == ("phoenix", "phx_reply", ref)
    assert frame.payload == {"status": "ok", "response": {}}


async def test_a_token_must_be_valid_and_have_a_role(client: ProjectClient) -> None:
    project, sign = client.project, client.signer.sign
    refused = {
        "expired": sign(client.tenant, life_s=-1),
        "forged": TokenSigner(client.signer.kid).sign(client.tenant),
        "unknown key": TokenSigner("another").sign(client.tenant),
        "no role": sign(client.tenant, role=None),
        "no end": sign(client.tenant, exp=None),
    }
    async with open_socket(project.url, project.publishable_key) as socket:
        for token in refused.values():
            reply = await join_reply(socket, token, binding())

            assert reply.payload["status"] == "error"
            assert "Token" in reply.payload["response"]["reason"] or (
                "Jwt" in reply.payload["response"]["reason"]
            )


async def test_a_channel_ends_with_its_token(client: ProjectClient) -> None:
    project = client.project
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=client.signer.sign(client.tenant, life_s=2))
        system = await socket.until(lambda frame: frame.event == "system")
        closed = await socket.receive()

    assert system.payload["status"] == "error"
    assert system.payload["message"].startswith("Token has expired")
    assert closed.event == "phx_close"


async def test_a_new_token_keeps_the_channel_and_changes_what_it_sees(
    client: ProjectClient,
) -> None:
    project, sign = client.project, client.signer.sign
    other = uuid.uuid4()
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=sign(client.tenant, life_s=3))
        await socket.send("realtime:test", "access_token", {"access_token": "sb_publishable_x"})
        await socket.send("realtime:test", "access_token", {"access_token": sign(other)})
        system = await socket.until(lambda frame: frame.event == "system")
        assert system.payload["status"] == "ok"
        await client.upsert(client.row())
        row = client.row(provedor_id=str(other))
        await client.upsert(row)

        assert (await socket.change())["data"]["record"]["id"] == row["id"]


async def test_a_refused_token_closes_the_channel(client: ProjectClient) -> None:
    project, sign = client.project, client.signer.sign
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=sign(client.tenant))
        token = sign(client.tenant, life_s=-5)
        await socket.send("realtime:test", "access_token", {"access_token": token})
        system = await socket.until(lambda frame: frame.event == "system")
        closed = await socket.receive()

    assert system.payload["status"] == "error"
    assert closed.event == "phx_close"


async def test_a_channel_that_was_left_receives_nothing(client: ProjectClient) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    async with open_socket(project.url, project.publishable_key) as socket:
        await socket.join(binding(), token=token, topic="realtime:one")
        await socket.join(binding(), token=token, topic="realtime:two")
        ref = await socket.send("realtime:one", "phx_leave", {})
        left = await socket.until(lambda frame: frame.ref == ref)
        closed = await socket.receive()
        await client.upsert(client.row())
        change = await socket.until(lambda frame: frame.event == "postgres_changes")
        unknown = await socket.send("realtime:one", "access_token", {"access_token": token})
        reply = await socket.until(lambda frame: frame.ref == unknown)

    assert left.payload["status"] == "ok"
    assert (closed.topic, closed.event) == ("realtime:one", "phx_close")
    assert change.topic == "realtime:two"
    assert reply.payload == {"status": "error", "response": {"reason": "unmatched topic"}}


@pytest.mark.parametrize(
    "condition", ["nothing=eq.1", "version=eq.word", "status", "status=in.a,b", "status=huge.1"]
)
async def test_a_filter_that_cannot_be_applied_is_refused(
    client: ProjectClient, condition: str
) -> None:
    project, token = client.project, client.signer.sign(client.tenant)
    async with open_socket(project.url, project.publishable_key) as socket:
        reply = await join_reply(socket, token, binding(filter=condition))
        if reply.payload["status"] == "ok":
            reply = await socket.until(lambda frame: frame.event == "system")

        assert reply.payload["status"] == "error"


@pytest.mark.parametrize("role", ["supabase_owner", "postgres", "nobody"])
async def test_a_role_that_rest_may_not_assume_is_refused(client: ProjectClient, role: str) -> None:
    project, token = client.project, client.signer.sign(client.tenant, role=role)
    async with open_socket(project.url, project.publishable_key) as socket:
        await join_reply(socket, token, binding())
        system = await socket.until(lambda frame: frame.event == "system")

    assert system.payload["status"] == "error"
    assert "permission denied" in system.payload["message"]


async def test_what_is_no_message_is_ignored(client: ProjectClient) -> None:
    project = client.project
    async with open_socket(project.url, project.publishable_key) as socket:
        for frame in ("", "{", "[]", '["1"]', "null", "[null, null, 1, 2, 3]", b"\x00\x01"):
            await socket.socket.send(frame)
        ref = await socket.send("phoenix", "heartbeat", {})

        assert (await socket.receive()).ref == ref
