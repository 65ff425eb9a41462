"""One screen's socket: a bounded line of frames, cut off with a reason when it is too slow."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from uuid import UUID

from starlette.websockets import WebSocket, WebSocketDisconnect

from niochat.domain.errors import NiochatError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.http.live.client_frames import ClientFrameHandler, FrameRateLimiter, ViewedConversation
from niochat.identity.authentication import Principal
from niochat.live.ephemeral import RejectedFrame
from niochat.live.frames import MAX_FRAME_BYTES, Frame, GoodbyeFrame, encode_frame
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

SEND_TIMEOUT_S = 10.0
"""For one frame while a screen catches up."""
MAX_QUEUED_FRAMES = 256
"""Frames that may wait for one screen; with more of them it is too slow."""
CLOSE_POLICY_VIOLATION, CLOSE_SERVICE_RESTART, CLOSE_TRY_AGAIN_LATER = 1008, 1012, 1013
MAX_NAMED_CONVERSATIONS = 100
"""Conversations that one row of the log names; of further ones it has the number of events, and
what the user may see is told when they come.
"""


async def receive_text(websocket: WebSocket) -> str | None:
    """The next frame; ``None``: it is no text. Raises ``WebSocketDisconnect``."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005), message.get("reason"))
    text: str | None = message.get("text")
    return text


class LiveConnection:
    """One screen. Everything that leaves goes through its line."""

    def __init__(
        self,
        websocket: WebSocket,
        caller: Principal,
        gestures: ClientFrameHandler,
        line: int = MAX_QUEUED_FRAMES,
    ) -> None:
        assert caller.tenant_id is not None
        self.tenant_id: UUID = caller.tenant_id
        self.user_id = caller.id
        self.caller = caller
        self.viewed = ViewedConversation(
            websocket.client.host if websocket.client is not None else ""
        )
        self._shown_events = 0
        self._shown_conversations: dict[UUID, None] = {}
        self._frame_handler = gestures
        self._rate_limiter = FrameRateLimiter()
        self._websocket = websocket
        self._queue: asyncio.Queue[Frame] = asyncio.Queue(line)
        self._closing = asyncio.Event()
        self._position_sent = False
        """It was offered a position since the log's was last told."""
        self._goodbye: GoodbyeFrame | None = None

    def can_see(self, holder: ConversationOwner) -> bool:
        """As the API decides."""
        return self.caller.may(PermissionAction.CONVERSATIONS_READ, holder)

    def offer(self, frame: Frame) -> None:
        """Put it in line; where the line is full nothing else follows but a good-bye."""
        self._position_sent = True
        self._enqueue(frame)

    def record_shown(self, conversation_id: UUID) -> None:
        """Its user was shown something of this conversation."""
        self._shown_events += 1
        if len(self._shown_conversations) < MAX_NAMED_CONVERSATIONS:
            self._shown_conversations[conversation_id] = None

    def take_shown_events(self) -> dict[str, object] | None:
        """``events`` that were shown since this was asked last, and the ``conversations`` they are
        of, as far as they are named; None: nothing.
        """
        if not self._shown_events:
            return None
        told: dict[str, object] = {
            "events": self._shown_events,
            "conversations": [str(each) for each in self._shown_conversations],
        }
        self._shown_events, self._shown_conversations = 0, {}
        return told

    def audit_entry(self, action: str, after: Mapping[str, object]) -> AuditEntry:
        """What is written down of it."""
        who = AuditActor(AuditActorKind.USER, str(self.user_id), self.viewed.client_address)
        target = f"session:{self.caller.session_id}"
        return AuditEntry(self.tenant_id, who, action, target, None, after)

    def send_heartbeat(self, frame: Frame) -> None:
        """Put it in line unless a later position came since the last time: thousands of screens
        are told at once.
        """
        if not self._position_sent:
            self._enqueue(frame)
        self._position_sent = False

    def offer_lossy(self, frame: Frame) -> bool:
        """Put it in line where that is not half full: what passes may be left out."""
        if self._queue.qsize() >= self._queue.maxsize // 2:
            return False
        self._enqueue(frame)
        return True

    def disconnect(self, goodbye: GoodbyeFrame) -> None:
        """End it soon, with a reason."""
        self._goodbye = self._goodbye or goodbye
        self._closing.set()

    def _enqueue(self, frame: Frame) -> None:
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.disconnect(GoodbyeFrame(reason="slow", retry_after_s=1.0))

    @property
    def is_closing(self) -> bool:
        """It was told good-bye."""
        return self._goodbye is not None

    async def serve(self) -> None:
        """Send what is in line until somebody ends it."""
        sending = asyncio.create_task(self._send_frames())
        hearing = asyncio.create_task(self._receive_frames())
        cut = asyncio.create_task(self._closing.wait())
        tasks = (sending, hearing, cut)
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
            waiting = await self._queue.get()
            await self._websocket.send_text(waiting.decode())

    async def _receive_frames(self) -> None:
        """What a screen says is done, or refused with the reason; it goes on either way."""
        while True:
            text = await receive_text(self._websocket)
            if text is None or len(text) > MAX_FRAME_BYTES:
                self.disconnect(GoodbyeFrame(reason="bad_frame"))
                return
            try:
                self._rate_limiter.check(asyncio.get_running_loop().time())
                await self._frame_handler.handle(self.caller, self.viewed, text)
            except NiochatError as error:
                refused = RejectedFrame(code=error.code, title=str(error))
                self.offer_lossy(refused.model_dump_json().encode())


async def send_backlog(websocket: WebSocket, frames: Iterable[Frame]) -> None:
    """Straight to the screen, at its own pace, but not for ever."""
    for each in frames:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await websocket.send_text(each.decode())


async def send_goodbye(websocket: WebSocket, goodbye: GoodbyeFrame) -> None:
    """The last frame, then the end; whoever may come again hears when."""
    code = CLOSE_SERVICE_RESTART if goodbye.retry_after_s is not None else CLOSE_POLICY_VIOLATION
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(2):
            await websocket.send_text(encode_frame(goodbye).decode())
            await websocket.close(code, goodbye.reason)
