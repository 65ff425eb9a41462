"""The WebSocket at ``/realtime/v1/websocket``: joins, leaves, heartbeats and tokens.

Broadcast, presence and private channels are accepted and do nothing.
"""

import asyncio
import contextlib

from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from niochat_sandbox.http_json import json_response
from niochat_sandbox.supabase.project.project_keys import ProjectKeys
from niochat_sandbox.supabase.realtime.phoenix_messages import (
    ARRAYS,
    OBJECTS,
    PhoenixMessage,
    decode_message,
    encode_message,
)
from niochat_sandbox.supabase.realtime.realtime_channel import RealtimeChannel, RealtimeService

MAX_QUEUED_MESSAGES = 10_000
"""Of one socket. A client that does not read so many loses its connection."""
MAX_CHANNELS = 100
"""Of one connection."""
_TOPIC_PREFIX = "realtime:"


class RealtimeEndpoint:
    """The route, and the sockets that are open."""

    def __init__(self, keys: ProjectKeys, service: RealtimeService) -> None:
        self._keys = keys
        self.service = service
        self.sockets: set[RealtimeSocket] = set()

    def routes(self) -> list[WebSocketRoute]:
        """The route below the project's address."""
        return [WebSocketRoute("/realtime/v1/websocket", self.serve)]

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection until it ends."""
        role = self._keys.role_of(websocket.query_params.get("apikey", ""))
        version = websocket.query_params.get("vsn", OBJECTS)
        if role is None:
            refusal: Response = json_response({"message": "Invalid API key"}, 401)
            await websocket.send_denial_response(refusal)
            return
        if version not in (OBJECTS, ARRAYS):
            await websocket.send_denial_response(json_response({"message": "unknown vsn"}, 403))
            return
        await websocket.accept()
        socket = RealtimeSocket(websocket, version, role, self.service)
        self.sockets.add(socket)
        try:
            await socket.run()
        finally:
            self.sockets.discard(socket)

    async def disconnect_all(self) -> None:
        """Cut every connection, as a restart of Realtime does."""
        await asyncio.gather(*(socket.cut() for socket in list(self.sockets)))


class RealtimeSocket:
    """One connection and its channels. Messages are queued, so that nobody waits for a client."""

    def __init__(
        self, websocket: WebSocket, version: str, role: str, service: RealtimeService
    ) -> None:
        self._websocket = websocket
        self._version = version
        self._role = role
        self._service = service
        self._outgoing: asyncio.Queue[PhoenixMessage] = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self._is_full = asyncio.Event()
        self.channels: dict[str, RealtimeChannel] = {}

    async def run(self) -> None:
        """Read and write until the connection ends or too many messages wait."""
        tasks = [
            asyncio.create_task(work)
            for work in (self._read(), self._write(), self._is_full.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for channel in self.channels.values():
                channel.close()
                await channel.wait_closed()
            await self.cut()

    async def cut(self) -> None:
        """Close the connection; no-op if it is closed."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._websocket.close(1012)

    def push(self, message: PhoenixMessage) -> None:
        """Queue a message for the client."""
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            self._is_full.set()

    async def _write(self) -> None:
        while True:
            message = await self._outgoing.get()
            await self._websocket.send_text(encode_message(message, self._version))

    async def _read(self) -> None:
        while True:
            frame = await self._websocket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            message = decode_message(frame.get("text") or frame.get("bytes") or b"", self._version)
            if message is not None:
                await self._handle(message)

    async def _handle(self, message: PhoenixMessage) -> None:
        channel = self.channels.get(message.topic)
        if channel is not None and channel.is_closed:
            channel = None
        match message.event:
            case "heartbeat" if message.topic == "phoenix":
                self._reply(message, "ok", {})
            case "phx_join":
                await self._join(message)
            case _ if channel is None:
                self._reply(message, "error", {"reason": "unmatched topic"})
            case "phx_leave":
                del self.channels[message.topic]
                channel.reply(message, "ok", {})
                channel.leave()
            case "access_token":
                await channel.change_token(message.payload.get("access_token"))

    async def _join(self, message: PhoenixMessage) -> None:
        if not message.topic.startswith(_TOPIC_PREFIX):
            self._reply(message, "error", {"reason": "unmatched topic"})
            return
        previous = self.channels.pop(message.topic, None)
        if previous is not None:
            previous.close()
        if len(self.channels) >= MAX_CHANNELS:
            reason = "ChannelRateLimitReached: Too many channels"
            self._reply(message, "error", {"reason": reason})
            return
        channel = RealtimeChannel(self._service, self._role, self.push)
        if await channel.join(message):
            self.channels[message.topic] = channel

    def _reply(self, message: PhoenixMessage, status: str, response: dict[str, str]) -> None:
        payload = {"status": status, "response": response}
        self.push(
            PhoenixMessage(message.topic, "phx_reply", payload, message.ref, message.join_ref)
        )
