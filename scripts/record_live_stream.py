#!/usr/bin/env python3
"""Record what two users see on /live while invented customers write and agents work, with the pages
of the REST API at some moments, for the tests of the desk (frontend/src/testing/streams/).

Start a stack with demo providers first (``scripts/run --detach``), then run this script with the
same NIOCHAT_HOME. All texts and persons are invented.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

STREAMS = Path(__file__).parents[1] / "frontend" / "src" / "testing" / "streams"
QUIET_S = 4.0
"""Without a frame for this long, everything has been told."""
NAMES = ("Ana Lima", "Bruno Sá", "Carla Nunes", "Davi Melo", "Eva Rocha", "Fábio Leal")
TEXTS = (
    "minha internet está lenta",
    "quero falar com uma pessoa",
    "qual o valor da fatura?",
    "caiu de novo",
    "obrigado",
)


@dataclass
class RowTable:
    """Rows that frames and pages share are stored once."""

    numbers: dict[str, int] = field(default_factory=dict)

    def packed(self) -> list[dict[str, Any]]:
        """Return all rows. A row whose id came before is stored as ``of`` (the number of that row)
        and the fields that differ.
        """
        packed: list[dict[str, Any]] = []
        rows = [json.loads(text) for text in self.numbers]
        last: dict[str, int] = {}
        for number, row in enumerate(rows):
            earlier = last.get(row["id"])
            last[row["id"]] = number
            if earlier is None:
                packed.append(row)
                continue
            changes = {key: value for key, value in row.items() if rows[earlier][key] != value}
            packed.append({"of": earlier, "set": changes})
        return packed

    def intern(self, row: dict[str, Any] | None) -> int | None:
        """Return the number of a row; None stays None."""
        if row is None:
            return None
        text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return self.numbers.setdefault(text, len(self.numbers))


@dataclass
class Observer:
    """A user with an open socket, the frames received and the pages fetched."""

    name: str
    user_id: str
    api: httpx.AsyncClient
    rows: RowTable
    frames: list[dict[str, Any]] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)
    last_frame_at: float = field(default_factory=time.monotonic)

    async def receive(self, socket: ClientConnection) -> None:
        """Collect frames until cancelled."""
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "event":
                self.last_frame_at = time.monotonic()
                frame["conversation"] = self.rows.intern(frame["conversation"])
                frame["message"] = self.rows.intern(frame["message"])
            self.frames.append(frame)

    async def fetch(self, path: str, **query: Any) -> Any:
        """Fetch all pages of a list; remember how many frames came before and after."""
        before, items, activities, cursor = len(self.frames), [], [], None
        while True:
            page = {**query, **({"cursor": cursor} if cursor else {})}
            answer = (await self.api.get(path, params=page)).raise_for_status().json()
            if not isinstance(answer, dict) or "items" not in answer:
                kept: Any = answer
                break
            items += answer["items"]
            activities += answer.get("activities", [])
            cursor = answer["next_cursor"]
            kept = [self.rows.intern(each) for each in items]
            if "activities" in answer:
                kept = {"rows": kept, "activities": activities}
            if cursor is None:
                break
        told = {"path": path, "query": query, "before": before, "after": len(self.frames)}
        self.pages.append({**told, "body": kept})
        return items or answer

    async def fetch_all(self) -> None:
        """Fetch every list and the messages of every conversation that the user may see."""
        unresolved = await self.fetch("/conversations", limit=50)
        resolved = await self.fetch("/conversations", limit=50, status="resolved")
        await self.fetch("/conversations", limit=50, sort="waiting")
        await self.fetch("/conversations", limit=50, agent="me")
        await self.fetch("/conversations/counts")
        await self.fetch("/conversations/unread")
        for each in [*unresolved, *resolved]:
            if isinstance(each, dict):
                await self.fetch(f"/conversations/{each['id']}/messages", limit=100)


class Provider:
    """The simulated customers and the users of the demo provider."""

    def __init__(self, home: Path, seed: int) -> None:
        environment = json.loads((home / "env.json").read_text())
        self.url = environment["NIOCHAT_BASE_URL"]
        self.token = environment["NIOCHAT_SANDBOX_TOKEN"]
        self.rows = RowTable()
        self.random = random.Random(seed)
        self.seed = seed
        self.sandbox = httpx.AsyncClient(
            base_url=f"{environment['NIOCHAT_SANDBOX_URL']}/sandbox", timeout=60, trust_env=False
        )
        self.users = _demo_users(home)

    @asynccontextmanager
    async def observe(self, login: str, name: str) -> AsyncIterator[Observer]:
        """Sign in and open a socket."""
        base = f"{self.url}/api/v1"
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=60) as api:
            body = {"login": login, "password": self.users[login]["password"]}
            signed_in = (await api.post("/auth/login", json=body)).raise_for_status().json()
            api.headers["authorization"] = f"Bearer {signed_in['access_token']}"
            me = (await api.get("/auth/me")).raise_for_status().json()
            ticket = (await api.post("/auth/socket-tickets")).raise_for_status().json()["ticket"]
            async with connect(self.url.replace("http", "ws", 1) + "/live") as socket:
                await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
                observer = Observer(name, me["id"], api, self.rows)
                receiving = asyncio.create_task(observer.receive(socket))
                try:
                    yield observer
                finally:
                    receiving.cancel()

    async def write(self, number: int, text: str, **more: Any) -> str:
        """A customer writes; returns the gateway's id of the message."""
        phone = f"55819{self.seed:02}0000{number:02}"
        path = f"/instances/{self.token}/customers/{phone}/messages"
        body = {"text": text, "name": NAMES[number % len(NAMES)], **more}
        answer = await self.sandbox.post(path, json=body)
        return str(answer.raise_for_status().json()["messageid"])


def _demo_users(home: Path) -> dict[str, dict[str, Any]]:
    told = subprocess.run(
        [Path(sys.executable).with_name("niochat"), "demo", "--json"],
        check=True,
        capture_output=True,
        env={**os.environ, "NIOCHAT_HOME": str(home)},
    )
    (demo,) = [t for t in json.loads(told.stdout)["tenants"] if t["slug"] == "demo"]
    return {user["login"]: user for user in demo["users"]}


async def _act(api: httpx.AsyncClient, method: str, path: str, body: Any = None) -> bool:
    """Send a command. What the conversation refuses changes nothing, as on a real desk."""
    answer = await api.request(method, path, json={} if body is None else body)
    return answer.is_success


async def _quiet(*observers: Observer) -> None:
    for _ in range(600):
        if min(time.monotonic() - each.last_frame_at for each in observers) >= QUIET_S:
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("frames keep coming")


async def _newest_messages(observer: Observer, conversation: str) -> list[dict[str, Any]]:
    answer = await observer.api.get(f"/conversations/{conversation}/messages", params={"limit": 30})
    return list(answer.json()["items"]) if answer.is_success else []


async def _settled(observer: Observer, conversation: str) -> None:
    """Return once the messages no longer change."""
    before: list[dict[str, Any]] = []
    for _ in range(10):
        await asyncio.sleep(2)
        now = await _newest_messages(observer, conversation)
        if now == before:
            return
        before = now


async def _visit(provider: Provider, admin: Observer, agent: Observer, number: int) -> None:
    """One customer is served, each a little differently."""
    pick, text = provider.random, "quero falar com uma pessoa"
    first = await provider.write(number, TEXTS[number % len(TEXTS)])
    await asyncio.sleep(pick.uniform(0, 3))
    second = await provider.write(number, text)
    conversation = await _find_conversation(admin, NAMES[number % len(NAMES)])
    path = f"/conversations/{conversation}"
    for each in _work(number, path, agent, admin):
        await asyncio.sleep(pick.uniform(0.1, 1.2))
        await each()
    await provider.write(number, "👍", kind="reaction", target=second)
    await provider.write(number, "corrigindo", kind="edit", target=first)
    sent = [m for m in await _newest_messages(admin, conversation) if m["author"] == "agent"]
    sent = [m for m in sent if m["kind"] != "note"]
    await asyncio.sleep(2)
    for message in sent[:1]:
        at = f"{path}/messages/{message['id']}"
        await _act(agent.api, "PUT", f"{at}/reaction", {"emoji": "✅"})
        await _act(agent.api, "PATCH", at, {"text": "Texto corrigido."})
        if number % 2:
            await _act(agent.api, "DELETE", at)
    # A change of a message in a resolved conversation has no event.
    await _settled(admin, conversation)
    if number % 3 != 2:
        await _act(admin.api, "POST", f"{path}/resolve")
        if number % 3 == 1:
            await asyncio.sleep(1)
            await provider.write(number, "voltei, caiu de novo")


def _work(number: int, path: str, agent: Observer, admin: Observer) -> list[Any]:
    def does(who: Observer, method: str, rest: str, body: Any = None) -> Any:
        return lambda: _act(who.api, method, path + rest, body)

    until = (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
    steps = [
        does(agent, "POST", "/assign"),
        does(agent, "POST", "/messages", {"text": f"Olá, aqui é da equipe ({number})."}),
        does(agent, "POST", "/notes", {"text": "Cliente com dúvida na fatura."}),
        does(agent, "PUT", "/labels", {"labels": ["fatura"] if number % 2 else ["sinal", "vip"]}),
        does(admin, "PUT", "/priority", {"priority": ("low", "high", "urgent")[number % 3]}),
    ]
    if number % 3 == 0:
        steps.append(does(agent, "POST", "/transfer", {"team": "financeiro", "note": "Boleto."}))
        steps.append(does(admin, "POST", "/assign"))
        steps.append(does(admin, "POST", "/messages", {"text": "Segue a segunda via."}))
    if number % 3 == 1:
        steps.append(does(agent, "POST", "/snooze", {"until": until}))
    if number % 3 == 2:
        steps.append(does(agent, "POST", "/return-to-assistant"))
    return steps


async def _find_conversation(observer: Observer, name: str) -> str:
    for _ in range(150):
        answer = await observer.api.get("/conversations", params={"limit": 50})
        for each in answer.raise_for_status().json()["items"]:
            if each["contact"] == name:
                return str(each["id"])
        await asyncio.sleep(0.2)
    raise TimeoutError(name)


async def record(home: Path, seed: int, customers: int) -> dict[str, Any]:
    """Play one scenario and return the recording."""
    provider = Provider(home, seed)
    roles = {user["role"]: login for login, user in provider.users.items()}
    async with (
        provider.observe(roles["admin"], "admin") as admin,
        provider.observe(roles["agent"], "agent") as agent,
    ):
        visits = asyncio.gather(
            *(_visit(provider, admin, agent, number) for number in range(customers))
        )
        while not visits.done():
            await asyncio.wait([visits], timeout=4)
            await asyncio.gather(admin.fetch_all(), agent.fetch_all())
        await visits
        await _quiet(admin, agent)
        for each in (admin, agent):
            await each.fetch_all()
            unresolved = await each.api.get("/conversations", params={"limit": 50})
            print(each.name, len(each.frames), "frames", len(unresolved.json()["items"]))
    await provider.sandbox.aclose()
    return {
        "rows": provider.rows.packed(),
        "observers": {
            each.name: {"userId": each.user_id, "frames": each.frames, "pages": each.pages}
            for each in (admin, agent)
        },
    }


def main() -> None:
    """Record one scenario into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the name of the file, without .json")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=4)
    options = parser.parse_args()
    home = Path(os.environ.get("NIOCHAT_HOME", ".niochat"))
    recording = asyncio.run(record(home, options.seed, options.customers))
    STREAMS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(recording, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (STREAMS / f"{options.name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
