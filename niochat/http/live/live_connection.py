"""The WebSocket connection of one client, with a bounded queue of frames. A client that reads too
slowly is disconnected with a reason.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from uuid import UUID

from starlette.websockets import WebSocket, WebSocketDisconnect

from niochat.domain.errors import NiochatError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.http.live.client_frames import ClientFrameHandler, FrameRateLimiter, ViewedConversation
from niochat.http.request_metadata import client_address
from niochat.identity.authentication import Principal
from niochat.live.ephemeral_frames import RejectedFrame
from niochat.live.frames import MAX_FRAME_BYTES, Frame, GoodbyeFrame, encode_frame
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

SEND_TIMEOUT_S = 10.0
"""For one frame while a client catches up."""
MAX_QUEUED_FRAMES = 256
"""Frames that may wait for one client; with more, it is too slow."""
CLOSE_POLICY_VIOLATION, CLOSE_SERVICE_RESTART, CLOSE_TRY_AGAIN_LATER = 1008, 1012, 1013
MAX_NAMED_CONVERSATIONS = 100
"""Conversations that one audit entry names. Events of further ones are only counted; the entry
written at sign-in says what the user may see.
"""


async def receive_text(websocket: WebSocket) -> str | None:
    """Return the next frame; None if it is not text. Raises ``WebSocketDisconnect``."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005), message.get("reason"))
    text: str | None = message.get("text")
    return text


class LiveConnection:
    """The connection of one client. Every frame goes through its queue."""

    def __init__(
        self,
        websocket: WebSocket,
        caller: Principal,
        frame_handler: ClientFrameHandler,
        max_queued_frames: int = MAX_QUEUED_FRAMES,
    ) -> None:
        assert caller.tenant_id is not None
        self.tenant_id: UUID = caller.tenant_id
        self.user_id = caller.id
        self.caller = caller
        self.viewed = ViewedConversation(client_address(websocket))
        self._shown_events = 0
        self._shown_conversations: dict[UUID, None] = {}
        self._frame_handler = frame_handler
        self._rate_limiter = FrameRateLimiter()
        self._websocket = websocket
        self._queue: asyncio.Queue[Frame] = asyncio.Queue(max_queued_frames)
        self._closing = asyncio.Event()
        self._position_sent = False
        """Whether a frame with a position was sent since the last heartbeat."""
        self._goodbye: GoodbyeFrame | None = None

    def can_see(self, holder: ConversationOwner) -> bool:
        """Return whether the user may see conversations of this owner, as in the REST API."""
        return self.caller.may(PermissionAction.CONVERSATIONS_READ, holder)

    def offer(self, frame: Frame) -> None:
        """Queue a frame. If the queue is full, the client is disconnected."""
        self._position_sent = True
        self._enqueue(frame)

    def record_shown(self, conversation_id: UUID) -> None:
        """Record that an event of the conversation was sent to the user."""
        self._shown_events += 1
        if len(self._shown_conversations) < MAX_NAMED_CONVERSATIONS:
            self._shown_conversations[conversation_id] = None

    def take_shown_events(self) -> dict[str, object] | None:
        """Return the number of ``events`` sent since the last call and their ``conversations`` (the
        first hundred); None if there were none.
        """
        if not self._shown_events:
            return None
        shown: dict[str, object] = {
            "events": self._shown_events,
            "conversations": [str(each) for each in self._shown_conversations],
        }
        self._shown_events, self._shown_conversations = 0, {}
        return shown

    def audit_entry(self, action: str, after: Mapping[str, object]) -> AuditEntry:
        """Return an audit entry about this connection."""
        actor = AuditActor(AuditActorKind.USER, str(self.user_id), self.viewed.client_address)
        target = f"session:{self.caller.session_id}"
        return AuditEntry(self.tenant_id, actor, action, target, None, after)

    def send_heartbeat(self, frame: Frame) -> None:
        """Queue a heartbeat, unless a later position was sent since the last one: thousands of
        clients get heartbeats at once.
        """
        if not self._position_sent:
            self._enqueue(frame)
        self._position_sent = False

    def offer_lossy(self, frame: Frame) -> bool:
        """Queue an ephemeral frame if the queue is less than half full. Return whether it was
        queued.
        """
        if self._queue.qsize() >= self._queue.maxsize // 2:
            return False
        self._enqueue(frame)
        return True

    def disconnect(self, goodbye: GoodbyeFrame) -> None:
        """End the connection soon, with a reason."""
        self._goodbye = self._goodbye or goodbye
        self._closing.set()

    def _enqueue(self, frame: Frame) -> None:
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.disconnect(GoodbyeFrame(reason="slow", retry_after_s=1.0))

    @property
    def is_closing(self) -> bool:
        """Whether the connection is about to end."""
        return self._goodbye is not None

    async def serve(self) -> None:
        """Send and receive frames until either side ends the connection."""
        sending = asyncio.create_task(self._send_frames())
        receiving = asyncio.create_task(self._receive_frames())
        closing = asyncio.create_task(self._closing.wait())
        tasks = (sending, receiving, closing)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._goodbye is not None:
            await send_goodbye(self._websocket, self._goodbye)

    async def _send_frames(self) -> None:
        while True:
            frame = await self._queue.get()
            await self._websocket.send_text(frame.decode())

    async def _receive_frames(self) -> None:
        """Handle each frame, or reject it with the reason and continue."""
        while True:
            text = await receive_text(self._websocket)
            if text is None or len(text) > MAX_FRAME_BYTES:
                self.disconnect(GoodbyeFrame(reason="bad_frame"))
                return
            try:
                self._rate_limiter.check(asyncio.get_running_loop().time())
                await self._frame_handler.handle(self.caller, self.viewed, text)
            except NiochatError as error:
                rejected = RejectedFrame(code=error.code, title=str(error))
                self.offer_lossy(rejected.model_dump_json().encode())


async def send_backlog(websocket: WebSocket, frames: Iterable[Frame]) -> None:
    """Send frames without the queue, at the pace of the client. Raises ``TimeoutError``."""
    for each in frames:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await websocket.send_text(each.decode())


async def send_goodbye(websocket: WebSocket, goodbye: GoodbyeFrame) -> None:
    """Send the last frame and close the socket."""
    code = CLOSE_SERVICE_RESTART if goodbye.retry_after_s is not None else CLOSE_POLICY_VIOLATION
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(2):
            await websocket.send_text(encode_frame(goodbye).decode())
            await websocket.close(code, goodbye.reason)
