"""One screen's socket: a bounded line of frames, cut off with a reason when it is too slow."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from uuid import UUID

from starlette.websockets import WebSocket, WebSocketDisconnect

from niochat.access.callers import Caller
from niochat.domain.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.domain.errors import NiochatError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.ingress.gestures import Gaze, Gestures, Pace
from niochat.live.frames import MAX_FRAME_BYTES, Frame, GoodbyeFrame, encode_frame
from niochat.live.passing import RejectedFrame

SENT_WITHIN_S = 10.0
"""For one frame while a screen catches up."""
LINE = 256
"""Frames that may wait for one screen; with more of them it is too slow."""
POLICY, AGAIN, LATER = 1008, 1012, 1013
MOST_NAMED = 100
"""Conversations that one row of the log names; of further ones it has the number of events, and
what the user may see is told when they come.
"""


async def text_frame(websocket: WebSocket) -> str | None:
    """The next frame; ``None``: it is no text. Raises ``WebSocketDisconnect``."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005), message.get("reason"))
    text: str | None = message.get("text")
    return text


class Socket:
    """One screen. Everything that leaves goes through its line."""

    def __init__(
        self, websocket: WebSocket, caller: Caller, gestures: Gestures, line: int = LINE
    ) -> None:
        assert caller.tenant_id is not None
        self.tenant_id: UUID = caller.tenant_id
        self.user_id = caller.id
        self.caller = caller
        self.gaze = Gaze(websocket.client.host if websocket.client is not None else "")
        self._events = 0
        self._of: dict[UUID, None] = {}
        self._gestures = gestures
        self._pace = Pace()
        self._websocket = websocket
        self._line: asyncio.Queue[Frame] = asyncio.Queue(line)
        self._cut = asyncio.Event()
        self._moved = False
        """It was offered a position since the log's was last told."""
        self._goodbye: GoodbyeFrame | None = None

    def sees(self, holder: ConversationOwner) -> bool:
        """As the API decides."""
        return self.caller.may(PermissionAction.CONVERSATIONS_READ, holder)

    def offer(self, frame: Frame) -> None:
        """Put it in line; where the line is full nothing else follows but a good-bye."""
        self._moved = True
        self._put(frame)

    def shown(self, conversation_id: UUID) -> None:
        """Its user was shown something of this conversation."""
        self._events += 1
        if len(self._of) < MOST_NAMED:
            self._of[conversation_id] = None

    def take_shown(self) -> dict[str, object] | None:
        """``events`` that were shown since this was asked last, and the ``conversations`` they are
        of, as far as they are named; None: nothing.
        """
        if not self._events:
            return None
        told: dict[str, object] = {
            "events": self._events, "conversations": [str(each) for each in self._of],
        }  # fmt: skip
        self._events, self._of = 0, {}
        return told

    def entry(self, action: str, after: Mapping[str, object]) -> AuditEntry:
        """What is written down of it."""
        who = AuditActor(AuditActorKind.USER, str(self.user_id), self.gaze.address)
        target = f"session:{self.caller.session_id}"
        return AuditEntry(self.tenant_id, who, action, target, None, after)

    def stand(self, frame: Frame) -> None:
        """Put it in line unless a later position came since the last time: thousands of screens
        are told at once.
        """
        if not self._moved:
            self._put(frame)
        self._moved = False

    def mention(self, frame: Frame) -> bool:
        """Put it in line where that is not half full: what passes may be left out."""
        if self._line.qsize() >= self._line.maxsize // 2:
            return False
        self._put(frame)
        return True

    def cut(self, goodbye: GoodbyeFrame) -> None:
        """End it soon, with a reason."""
        self._goodbye = self._goodbye or goodbye
        self._cut.set()

    def _put(self, frame: Frame) -> None:
        try:
            self._line.put_nowait(frame)
        except asyncio.QueueFull:
            self.cut(GoodbyeFrame(reason="slow", retry_after_s=1.0))

    @property
    def leaves(self) -> bool:
        """It was told good-bye."""
        return self._goodbye is not None

    async def serve(self) -> None:
        """Send what is in line until somebody ends it."""
        sending = asyncio.create_task(self._send())
        hearing = asyncio.create_task(self._hear())
        cut = asyncio.create_task(self._cut.wait())
        tasks = (sending, hearing, cut)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._goodbye is not None:
            await say_goodbye(self._websocket, self._goodbye)

    async def _send(self) -> None:
        while True:
            waiting = await self._line.get()
            await self._websocket.send_text(waiting.decode())

    async def _hear(self) -> None:
        """What a screen says is done, or refused with the reason; it goes on either way."""
        while True:
            text = await text_frame(self._websocket)
            if text is None or len(text) > MAX_FRAME_BYTES:
                self.cut(GoodbyeFrame(reason="bad_frame"))
                return
            try:
                self._pace.check(asyncio.get_running_loop().time())
                await self._gestures.take(self.caller, self.gaze, text)
            except NiochatError as error:
                refused = RejectedFrame(code=error.code, title=str(error))
                self.mention(refused.model_dump_json().encode())


async def send_at_its_pace(websocket: WebSocket, frames: Iterable[Frame]) -> None:
    """Straight to the screen, at its own pace, but not for ever."""
    for each in frames:
        async with asyncio.timeout(SENT_WITHIN_S):
            await websocket.send_text(each.decode())


async def say_goodbye(websocket: WebSocket, goodbye: GoodbyeFrame) -> None:
    """The last frame, then the end; whoever may come again hears when."""
    code = AGAIN if goodbye.retry_after_s is not None else POLICY
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(2):
            await websocket.send_text(encode_frame(goodbye).decode())
            await websocket.close(code, goodbye.reason)
