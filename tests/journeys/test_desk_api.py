"""A desk built on the API alone: sign in, hear a customer, take over, answer, resolve."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.journeys.conftest import World, until

pytestmark = [pytest.mark.ray, pytest.mark.asyncio, pytest.mark.timeout(120)]


def somebody(world: World, tenant: str, role: str) -> dict[str, str]:
    """Whom ``niochat demo --json`` lists."""
    (found,) = [t for t in world.demo["tenants"] if t["slug"] == tenant]
    (user,) = [u for u in found["users"] if u["role"] == role]
    return {"login": user["login"], "password": user["password"]}


async def signed_in(api: httpx.AsyncClient, who: dict[str, str]) -> dict[str, str]:
    told = await api.post("/auth/login", json=who)
    assert told.status_code == 200, told.text
    return {"authorization": f"Bearer {told.json()['access_token']}"}


async def event(socket: ClientConnection, *kinds: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] == "event" and frame["event"] in kinds:
                return frame


async def test_an_agent_hears_a_customer_takes_over_answers_and_resolves(world: World) -> None:
    live = world.stack.url.replace("http://", "ws://") + "/live"
    async with httpx.AsyncClient(base_url=f"{world.stack.url}/api/v1", trust_env=False) as api:
        agent = await signed_in(api, somebody(world, "demo", "agent"))
        ticket = (await api.post("/auth/ticket", headers=agent)).json()["ticket"]
        async with connect(live) as socket:
            await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
            assert json.loads(await socket.recv())["type"] == "welcome"

            phone = "+5581977776666"
            await world.niochat("say", phone, "quero falar com uma pessoa")
            heard = await event(socket, "message_received")
            assert heard["message"]["text"] == "quero falar com uma pessoa"
            path = f"/conversations/{heard['conversation']['id']}"

            assert (await api.post(f"{path}/assign", json={}, headers=agent)).status_code == 200
            said = await api.post(f"{path}/messages", json={"text": "Olá, sou eu."}, headers=agent)
            assert said.status_code == 200, said.text
            sent = await event(socket, "message_status_changed")
            while (sent["message"] or {}).get("text") != "Olá, sou eu.":
                sent = await event(socket, "message_status_changed")
            assert sent["message"]["status"] in ("sent", "delivered", "read")
            assert (await api.post(f"{path}/resolve", headers=agent)).status_code == 200
            over = await event(socket, "conversation_resolved")
            assert over["conversation"]["status"] == "resolved"

        neighbour = await signed_in(api, somebody(world, "vizinho", "admin"))
        hidden = await api.get(path, headers=neighbour)
        assert hidden.status_code == 404
        viewer = await signed_in(api, somebody(world, "demo", "viewer"))
        assert (await api.get(path, headers=viewer)).status_code == 200
        refused = await api.post(f"{path}/messages", json={"text": "x"}, headers=viewer)
        assert refused.status_code == 403

    verified = await world.niochat.json("audit", "verify")
    assert verified["broken"] is None


async def test_an_invitation_is_a_mail_in_the_sandbox_and_opens_an_account(world: World) -> None:
    async with httpx.AsyncClient(base_url=f"{world.stack.url}/api/v1", trust_env=False) as api:
        admin = await signed_in(api, somebody(world, "demo", "admin"))
        login = "nova.atendente@demo.example.com"
        new = {"login": login, "name": "Nova", "role": "agent", "teams": ["atendimento"]}
        made = await api.post("/users", json=new, headers=admin)
        assert made.status_code == 201, made.text

        async def letter() -> Any:
            return (await world.sandbox("GET", f"/mails?to={login}"))["items"]

        (mail,) = await until(letter)
        secret = re.search(r"/senha#(\S+)", mail["text"])
        assert secret
        chosen = {"secret": secret[1], "password": "uma senha comprida"}
        assert (await api.post("/auth/password", json=chosen)).status_code == 204
        me = await signed_in(api, {"login": login, "password": "uma senha comprida"})
        assert (await api.get("/auth/me", headers=me)).json()["teams"] == ["atendimento"]


async def test_a_superuser_is_made_on_the_command_line_by_a_link(world: World) -> None:
    said = await world.niochat("superuser", "raiz@example.com", "--name", "Raiz")
    secret = re.search(r"/senha#(\S+)", said.out)
    assert secret
    async with httpx.AsyncClient(base_url=f"{world.stack.url}/api/v1", trust_env=False) as api:
        chosen = {"secret": secret[1], "password": "uma senha comprida"}
        assert (await api.post("/auth/password", json=chosen)).status_code == 204
        who = {"login": "raiz@example.com", "password": "uma senha comprida"}
        root = await signed_in(api, who)
        listed = (await api.get("/tenants", headers=root)).json()["items"]
        assert {"demo", "vizinho"} <= {each["slug"] for each in listed}
    again = await world.niochat("superuser", "raiz@example.com", code=1)
    assert "taken" in again.err
