"""One sandbox and one webhook receiver for the session, both over real HTTP in threads."""

import asyncio
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.__main__ import create_server
from tests.http_client import plain_client
from tests.wait_until import wait_until

Hook = dict[str, Any]


def extract_texts(hooks: list[Hook]) -> list[str]:
    return [hook["message"]["text"] for hook in hooks]


def bound_socket() -> tuple[socket.socket, int]:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    return listening, listening.getsockname()[1]


def serve(running: uvicorn.Server, listening: socket.socket) -> Iterator[None]:
    """Runs a server in a thread; the socket already listens, so nobody waits for a start."""
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield
    running.should_exit = True
    thread.join(timeout=5)


@dataclass
class WebhookReceiver:
    """The product's place: keeps what was posted to `/hooks/<name>`, answers as told."""

    origin: str
    posts: dict[str, list[bytes]] = field(default_factory=dict)
    answers: dict[str, Callable[[bytes], int]] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    async def take(self, request: Request) -> Response:
        name, body = request.path_params["name"], await request.body()
        with self.changed:
            self.posts.setdefault(name, []).append(body)
            self.changed.notify_all()
            answering = self.answers.get(name)
        return Response(status_code=answering(body) if answering else 200)

    async def wait(
        self, name: str, ready: Callable[[list[Hook]], bool], event: str | None = None
    ) -> list[Hook]:
        """The posts, of one EventType if given, once they are `ready`. Fails after 5 s."""

        def matching() -> list[Hook]:
            bodies = [orjson.loads(body) for body in self.posts.get(name, [])]
            return [body for body in bodies if event in (None, body["EventType"])]

        def block() -> bool:
            with self.changed:
                return self.changed.wait_for(lambda: ready(matching()), timeout=5)

        arrived = await asyncio.to_thread(block)
        assert arrived, f"{len(matching())} webhooks arrived, not those awaited"
        return matching()


@dataclass
class SandboxFixture:
    """A test's own instance in the shared sandbox."""

    origin: str
    token: str
    hook: str
    receiver: WebhookReceiver
    http: httpx.AsyncClient

    async def control(self, method: str, path: str, **more: Any) -> Any:
        reply = await self.http.request(method, f"/sandbox{path}", **more)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    async def write(self, phone: str, **body: Any) -> str:
        path = f"/instances/{self.token}/customers/{phone}/messages"
        return str((await self.control("POST", path, json=body))["messageid"])

    async def phone(self, phone: str, after: int = 0, wait: float = 0) -> list[dict[str, Any]]:
        path = f"/instances/{self.token}/customers/{phone}/messages?after={after}&wait={wait}"
        return list((await self.control("GET", path))["items"])

    async def gateway(self, path: str, body: Any = None, method: str = "POST") -> httpx.Response:
        headers = {"token": self.token}
        return await self.http.request(method, f"/gateway{path}", json=body, headers=headers)

    async def fault(self, **order: Any) -> None:
        await self.control("POST", "/faults", json=order)

    async def hooks(self, count: int = 1, event: str | None = None) -> list[Hook]:
        return await self.receiver.wait(self.hook, lambda hooks: len(hooks) >= count, event)

    async def hook_texts_with(self, text: str) -> list[str]:
        """The texts that arrived, once `text` is among them."""
        hooks = await self.receiver.wait(self.hook, lambda hooks: text in extract_texts(hooks))
        return extract_texts(hooks)

    async def settled(self) -> None:
        """Returns when no webhook is under way."""

        async def idle() -> bool:
            return not (await self.control("GET", "/health"))["pending_webhooks"]

        await wait_until(idle)

    async def fault_hit(self) -> None:
        """Returns when the first ordered fault has met a request."""

        async def hit() -> bool:
            return bool((await self.control("GET", "/faults"))["items"][0]["hits"])

        await wait_until(hit)

    def answer_hooks(self, answering: Callable[[bytes], int]) -> None:
        self.receiver.answers[self.hook] = answering


@pytest.fixture(scope="session")
def receiver() -> Iterator[WebhookReceiver]:
    listening, port = bound_socket()
    receiving = WebhookReceiver(f"http://127.0.0.1:{port}")
    routes = [
        Route("/hooks/{name}", receiving.take, methods=["POST"]),
        Route("/hooks/{name}/{event}", receiving.take, methods=["POST"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_level="error", access_log=False)
    for _ in serve(uvicorn.Server(config), listening):
        yield receiving


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    listening, port = bound_socket()
    for _ in serve(create_server("127.0.0.1", port), listening):
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture
async def sandbox(origin: str, receiver: WebhookReceiver) -> AsyncIterator[SandboxFixture]:
    token = uuid.uuid4().hex
    async with plain_client(origin, 5) as http:
        here = SandboxFixture(origin, token, token, receiver, http)
        await here.control("DELETE", "/faults")
        await here.control("PUT", "/delivery", json=QUICK_DELIVERY)
        await here.control("PUT", "/model", json={"latency_s": 0, "stream_chunk_delay_s": 0})
        url = f"{receiver.origin}/hooks/{token}"
        instance = {"owner": "558130000001", "name": "provedor-demo", "webhook_url": url}
        await here.control("PUT", f"/instances/{token}", json=instance)
        yield here


QUICK_DELIVERY = {
    "repeat": 3,
    "repeat_delay_s": 0.01,
    "copies": 1,
    "echo": False,
    "acks": False,
    "acks_first": False,
}
