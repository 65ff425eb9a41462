"""What a screen says after its hello: somebody types, looks, has read. Checked like the API."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never
from uuid import UUID

from niochat.domain.errors import InvalidInputError, NotFoundError, PermissionDeniedError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.identity.authentication import Principal
from niochat.live.ephemeral import (
    ClientFrame,
    FrameEnvelope,
    ReadFrame,
    ReadMarkerUpdate,
    TypingFrame,
    TypingUpdate,
    ViewingFrame,
    ViewingUpdate,
    parse_client_frame,
)
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

MAX_FRAMES_PER_S = 10
"""Gestures of one screen in one second; nobody types faster."""
FindConversation = Callable[[UUID, UUID], Awaitable[Mapping[str, Any]]]
"""The conversation of (tenant, id). Raises ``NotFoundError``."""
MarkRead = Callable[[UUID, UUID, UUID, int], Awaitable[bool]]
"""Marks as read: (tenant, user, conversation, version); whether that was news."""
PublishFrame = Callable[[bytes], Awaitable[object]]
WriteAuditEntry = Callable[[AuditEntry], Awaitable[object]]
"""A row of the audit log."""


@dataclass(slots=True)
class FrameRateLimiter:
    """When the last gestures of one screen came, in seconds of one clock."""

    frame_times: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_FRAMES_PER_S))

    def check(self, now: float) -> None:
        """Raises ``InvalidInputError`` (``too_many``) for one too many."""
        if len(self.frame_times) == MAX_FRAMES_PER_S and now - self.frame_times[0] < 1.0:
            raise InvalidInputError(
                "The limit is ten frames a second. Send fewer frames.", code="too_many"
            )
        self.frame_times.append(now)


@dataclass(slots=True)
class ViewedConversation:
    """What one screen looks at, and the address it is at."""

    client_address: str = ""
    conversation_id: UUID | None = None
    holder: ConversationOwner | None = None


class ClientFrameHandler:
    """Takes what screens say and tells it to whoever may see the conversation."""

    def __init__(
        self, find: FindConversation, mark: MarkRead, say: PublishFrame, write_down: WriteAuditEntry
    ) -> None:
        """``write_down`` takes what somebody looked at, and what they were not allowed to."""
        self._find = find
        self._mark = mark
        self._publish = say
        self._write_audit = write_down

    async def handle(self, caller: Principal, gaze: ViewedConversation, text: str) -> None:
        """One frame. Raises ``InvalidInputError``, ``NotFoundError``, ``PermissionDeniedError``:
        nothing has happened then.
        """
        told = parse_client_frame(text)
        tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
        match told:
            case TypingUpdate():
                holder = await self._require_holder(
                    caller, gaze, told, PermissionAction.CONVERSATIONS_REPLY
                )
                typing = TypingFrame(
                    conversation_id=told.conversation_id, user_id=caller.id, typing=told.typing
                )
                await self._publish(FrameEnvelope.wrap(tenant_id, typing, holder).encode())
            case ReadMarkerUpdate(conversation_id=conversation_id, version=version):
                await self._require_holder(caller, gaze, told, PermissionAction.CONVERSATIONS_READ)
                if await self._mark(tenant_id, caller.id, conversation_id, version):
                    read = ReadFrame(conversation_id=conversation_id, version=version)
                    await self._publish(
                        FrameEnvelope.wrap(tenant_id, read, user_id=caller.id).encode()
                    )
            case ViewingUpdate():
                await self._view(caller, gaze, told)
            case _:
                assert_never(told)

    async def rebroadcast_viewed(self, caller: Principal, gaze: ViewedConversation) -> None:
        """Who came meanwhile hears it, too."""
        await self._broadcast_viewed(caller, gaze, viewing=True)

    async def clear_viewed(self, caller: Principal, gaze: ViewedConversation) -> None:
        """The screen is gone, or looks elsewhere."""
        await self._broadcast_viewed(caller, gaze, viewing=False)
        gaze.conversation_id = gaze.holder = None

    async def _view(self, caller: Principal, gaze: ViewedConversation, told: ViewingUpdate) -> None:
        holder = None
        if told.conversation_id is not None:
            holder = await self._require_holder(
                caller, gaze, told, PermissionAction.CONVERSATIONS_READ
            )
            await self._write_audit(_audit_entry(caller, gaze, told, "conversations.read"))
        await self.clear_viewed(caller, gaze)
        gaze.conversation_id, gaze.holder = told.conversation_id, holder
        await self._broadcast_viewed(caller, gaze, viewing=True)

    async def _broadcast_viewed(
        self, caller: Principal, gaze: ViewedConversation, *, viewing: bool
    ) -> None:
        if gaze.conversation_id is None or caller.tenant_id is None:
            return
        looking = ViewingFrame(
            conversation_id=gaze.conversation_id, user_id=caller.id, viewing=viewing
        )
        await self._publish(FrameEnvelope.wrap(caller.tenant_id, looking, gaze.holder).encode())

    async def _require_holder(
        self,
        caller: Principal,
        gaze: ViewedConversation,
        told: ClientFrame,
        action: PermissionAction,
    ) -> ConversationOwner:
        assert told.conversation_id is not None
        row = await self._find(caller.require(action), told.conversation_id)
        holder = ConversationOwner(row["agent"], row["team"])
        if not (
            caller.may(PermissionAction.CONVERSATIONS_READ, holder) and caller.may(action, holder)
        ):
            await self._write_audit(_audit_entry(caller, gaze, told, "access.denied"))
        if not caller.may(PermissionAction.CONVERSATIONS_READ, holder):
            raise NotFoundError("The conversation does not exist.")
        if not caller.may(action, holder):
            raise PermissionDeniedError(
                f"The conversation belongs to another agent or team. The permission {action}:all "
                f"is required."
            )
        return holder


def _audit_entry(
    caller: Principal, gaze: ViewedConversation, told: ClientFrame, action: str
) -> AuditEntry:
    who = AuditActor(AuditActorKind.USER, str(caller.id), gaze.client_address)
    target = f"conversation:{told.conversation_id}"
    return AuditEntry(caller.tenant_id, who, action, target, None, {"live": told.type})
