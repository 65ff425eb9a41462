"""A socket of Realtime without a client library: what is sent and received is visible."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect

OBJECTS, ARRAYS = "1.0.0", "2.0.0"
TIMEOUT_S = 10.0


class Frame(NamedTuple):
    """One message of the server."""

    topic: str
    event: str
    payload: dict[str, Any]
    ref: str | None


class PhoenixClient:
    """One connection."""

    def __init__(self, socket: ClientConnection, version: str) -> None:
        self.socket = socket
        self.version = version
        self._last_ref = 0

    async def send(self, topic: str, event: str, payload: dict[str, Any]) -> str:
        self._last_ref += 1
        ref = str(self._last_ref)
        data: Any = [ref, ref, topic, event, payload]
        if self.version == OBJECTS:
            data = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": ref}
        await self.socket.send(json.dumps(data))
        return ref

    async def receive(self) -> Frame:
        data = json.loads(await asyncio.wait_for(self.socket.recv(), TIMEOUT_S))
        if self.version == OBJECTS:
            assert set(data) == {"topic", "event", "payload", "ref"}
            return Frame(data["topic"], data["event"], data["payload"], data["ref"])
        _join_ref, ref, topic, event, payload = data
        return Frame(topic, event, payload, ref)

    async def until(self, matches: Callable[[Frame], bool]) -> Frame:
        """The first message that matches; others before it are dropped."""
        while not matches(frame := await self.receive()):
            pass
        return frame

    async def join(
        self, *bindings: dict[str, Any], token: str | None = None, topic: str = "realtime:test"
    ) -> list[int]:
        """Join and wait until changes are sent; returns the ids of the bindings."""
        config = {"config": {"postgres_changes": list(bindings)}, "access_token": token}
        ref = await self.send(topic, "phx_join", config)
        reply = await self.until(lambda frame: frame.ref == ref)
        assert reply.payload["status"] == "ok", reply
        ids = [each["id"] for each in reply.payload["response"]["postgres_changes"]]
        system = await self.until(lambda frame: frame.event == "system")
        assert system.payload["status"] == "ok", system
        return ids

    async def change(self) -> dict[str, Any]:
        """The payload of the next change."""
        frame = await self.until(lambda each: each.event in ("postgres_changes", "phx_close"))
        assert frame.event == "postgres_changes", frame
        return frame.payload


def binding(event: str = "*", **more: Any) -> dict[str, Any]:
    return {"event": event, "schema": "public", "table": "conversations", **more}


@asynccontextmanager
async def open_socket(url: str, key: str, version: str = ARRAYS) -> AsyncIterator[PhoenixClient]:
    address = f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?apikey={key}&vsn={version}"
    async with connect(address, proxy=None) as socket:
        yield PhoenixClient(socket, version)
