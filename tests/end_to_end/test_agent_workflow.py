"""A desk built on the API alone: hear a customer, take over, answer with a picture, resolve."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.end_to_end.conftest import EndToEndFixture
from tests.outbox.outbox_harness import PNG
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


Api = httpx.AsyncClient


def somebody(running_product: EndToEndFixture, tenant: str, role: str) -> dict[str, str]:
    """Whom ``niochat demo --json`` lists."""
    (found,) = [t for t in running_product.demo["tenants"] if t["slug"] == tenant]
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


@asynccontextmanager
async def agent_session(
    running_product: EndToEndFixture, who: dict[str, str]
) -> AsyncIterator[tuple[Api, ClientConnection]]:
    """The API and an open socket of somebody."""
    live = running_product.stack.url.replace("http://", "ws://") + "/live"
    base = f"{running_product.stack.url}/api/v1"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30) as api:
        api.headers.update(await signed_in(api, who))
        ticket = (await api.post("/auth/socket-tickets")).json()["ticket"]
        async with connect(live) as socket:
            await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
            assert json.loads(await socket.recv())["type"] == "welcome"
            yield api, socket


async def done(answer: httpx.Response) -> None:
    assert answer.status_code == 200, answer.text


async def test_an_agent_hears_a_customer_takes_over_answers_with_a_picture_and_resolves(
    running_product: EndToEndFixture,
) -> None:
    async with agent_session(running_product, somebody(running_product, "demo", "agent")) as (
        api,
        socket,
    ):
        phone = "+5581977776666"
        await running_product.niochat("say", phone, "quero falar com uma pessoa")
        heard = await event(socket, "message_received")
        assert heard["message"]["text"] == "quero falar com uma pessoa"
        path = f"/conversations/{heard['conversation']['id']}"

        await done(await api.post(f"{path}/assign", json={}))
        await done(await api.post(f"{path}/messages", json={"text": "Olá, sou eu."}))
        uploaded = await api.post("/files", files={"file": ("mapa.png", PNG)})
        assert uploaded.status_code == 201, uploaded.text
        picture = {"file": uploaded.json()["id"], "text": "é aqui"}
        await done(await api.post(f"{path}/messages", json=picture))
        sent = await event(socket, "message_status_changed")
        while (sent["message"] or {}).get("text") != "é aqui":
            sent = await event(socket, "message_status_changed")
        assert sent["message"]["status"] in ("sent", "delivered", "read")
        assert sent["message"]["file"]["mimetype"] == "image/png"
        await done(await api.post(f"{path}/resolve"))
        over = await event(socket, "conversation_resolved")
        assert over["conversation"]["status"] == "resolved"

    token = running_product.demo_token
    lines = await running_product.sandbox(
        "GET", f"/instances/{token}/customers/{phone[1:]}/messages"
    )
    (shown,) = [line for line in lines["items"] if line["text"] == "é aqui"]
    assert shown["file"]["sha256"] == sha256(PNG).hexdigest()

    async with httpx.AsyncClient(
        base_url=f"{running_product.stack.url}/api/v1", trust_env=False
    ) as api:
        neighbour = await signed_in(api, somebody(running_product, "vizinho", "admin"))
        hidden = await api.get(path, headers=neighbour)
        assert hidden.status_code == 404
        viewer = await signed_in(api, somebody(running_product, "demo", "viewer"))
        assert (await api.get(path, headers=viewer)).status_code == 200
        refused = await api.post(f"{path}/messages", json={"text": "x"}, headers=viewer)
        assert refused.status_code == 403

    verified = await running_product.niochat.json("audit", "verify")
    assert verified["broken"] is None


async def test_a_customers_photograph_is_fetched_and_opened_and_found_by_its_words(
    running_product: EndToEndFixture,
) -> None:
    phone, token = "5581977775555", running_product.demo_token
    async with agent_session(running_product, somebody(running_product, "demo", "agent")) as (
        api,
        socket,
    ):
        said = {"kind": "image", "text": "olha o roteador piscando"}
        await running_product.sandbox(
            "POST", f"/instances/{token}/customers/{phone}/messages", said
        )
        here = await event(socket, "file_settled")
        path = f"/conversations/{here['conversation']['id']}/messages/{here['message']['id']}"
        assert here["message"]["file"]["status"] == "kept"

        address = (await api.get(f"{path}/file")).json()
        opened = await api.get(running_product.stack.url + address["url"])
        assert opened.status_code == 200
        assert opened.headers["content-type"] == here["message"]["file"]["mimetype"]
        assert len(opened.content) == address["size"]

        found = (await api.get("/search/messages", params={"q": "roteadores"})).json()["items"]
        assert here["message"]["id"] in [each["message"]["id"] for each in found]


async def test_a_queue_gives_who_waits_to_the_agent_who_is_there(
    running_product: EndToEndFixture,
) -> None:
    phone, token = "5581977774444", running_product.demo_token
    async with agent_session(running_product, somebody(running_product, "demo", "admin")) as (
        boss,
        _,
    ):
        await boss.put("/teams/plantao", json={"name": "Plantão", "assignment": "balanced"})
        login = somebody(running_product, "demo", "agent")["login"]
        users = (await boss.get("/users")).json()["items"]
        (agent,) = [each for each in users if each["login"] == login]
        teams = [*agent["teams"], "plantao"]
        changed = await boss.patch(f"/users/{agent['id']}", json={"teams": teams})
        assert changed.status_code == 200, changed.text
        async with agent_session(running_product, somebody(running_product, "demo", "agent")) as (
            api,
            socket,
        ):
            assert (await api.put("/presence/me", json={"state": "online"})).status_code == 200
            said = {"kind": "text", "text": "oi, tudo bem?"}
            await running_product.sandbox(
                "POST", f"/instances/{token}/customers/{phone}/messages", said
            )
            heard = await event(socket, "message_received")
            while heard["message"]["text"] != "oi, tudo bem?":
                heard = await event(socket, "message_received")
            path = f"/conversations/{heard['conversation']['id']}"
            await done(await boss.post(f"{path}/transfer", json={"team": "plantao"}))
            given = await event(socket, "conversation_assigned")
            assert given["conversation"]["agent"] == agent["id"]
            assert given["conversation"]["id"] == heard["conversation"]["id"]
            await api.put("/presence/me", json={"state": "offline"})
            back = await event(socket, "conversation_transferred")
            assert (back["conversation"]["status"], back["conversation"]["team"]) == (
                "waiting",
                "plantao",
            )
        await done(await boss.post(f"{path}/resolve"))


async def test_a_number_is_made_on_the_gateway_paired_and_answers(
    running_product: EndToEndFixture,
) -> None:
    async with agent_session(running_product, somebody(running_product, "vizinho", "admin")) as (
        api,
        socket,
    ):
        made = await api.post("/channels", json={"slug": "novo", "name": "Novo número"})
        assert made.status_code == 201, made.text
        channel = f"/channels/{made.json()['id']}"
        pairing = (await api.post(f"{channel}/connect", json={})).json()
        assert pairing["qr_code"].startswith("data:image/png;base64,")
        instances = (await running_product.sandbox("GET", "/instances"))["items"]
        (instance,) = [each for each in instances if "novo" in each["name"]]
        await running_product.sandbox("POST", f"/instances/{instance['token']}/scan")
        assert (await api.get(f"{channel}/status")).json()["status"] == "connected"
        checked = (await api.get(f"{channel}/webhook")).json()
        assert checked["problems"] == []

        said = {"kind": "text", "text": "chegou?"}
        customer = f"/instances/{instance['token']}/customers/5581977773333/messages"
        await running_product.sandbox("POST", customer, said)
        heard = await event(socket, "message_received")
        assert heard["message"]["text"] == "chegou?"


async def test_an_invitation_is_a_mail_in_the_sandbox_and_opens_an_account(
    running_product: EndToEndFixture,
) -> None:
    async with httpx.AsyncClient(
        base_url=f"{running_product.stack.url}/api/v1", trust_env=False
    ) as api:
        admin = await signed_in(api, somebody(running_product, "demo", "admin"))
        login = "nova.atendente@demo.example.com"
        new = {"login": login, "name": "Nova", "role": "agent", "teams": ["atendimento"]}
        made = await api.post("/users", json=new, headers=admin)
        assert made.status_code == 201, made.text

        async def letter() -> Any:
            return (await running_product.sandbox("GET", f"/mails?to={login}"))["items"]

        (mail,) = await wait_until(letter)
        secret = re.search(r"/convite#(\S+)", mail["text"])
        assert secret
        chosen = {"secret": secret[1], "password": "uma senha comprida"}
        assert (await api.post("/auth/password", json=chosen)).status_code == 204
        me = await signed_in(api, {"login": login, "password": "uma senha comprida"})
        assert (await api.get("/auth/me", headers=me)).json()["teams"] == ["atendimento"]


async def test_a_superuser_is_made_on_the_command_line_by_a_link(
    running_product: EndToEndFixture,
) -> None:
    said = await running_product.niochat("superuser", "raiz@example.com", "--name", "Raiz")
    secret = re.search(r"/convite#(\S+)", said.out)
    assert secret
    async with httpx.AsyncClient(
        base_url=f"{running_product.stack.url}/api/v1", trust_env=False
    ) as api:
        chosen = {"secret": secret[1], "password": "uma senha comprida"}
        assert (await api.post("/auth/password", json=chosen)).status_code == 204
        who = {"login": "raiz@example.com", "password": "uma senha comprida"}
        root = await signed_in(api, who)
        listed = (await api.get("/tenants", headers=root)).json()["items"]
        assert {"demo", "vizinho"} <= {each["slug"] for each in listed}
    again = await running_product.niochat("superuser", "raiz@example.com", code=1)
    assert "taken" in again.err
