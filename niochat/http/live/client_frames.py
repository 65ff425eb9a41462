"""Handles the frames of a client after its hello: typing, viewing and read markers. Permissions are
checked as in the REST API.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never
from uuid import UUID

from niochat.domain.errors import InvalidInputError, NotFoundError, PermissionDeniedError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.identity.authentication import Principal
from niochat.live.ephemeral_frames import (
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
"""Frames that one client may send in a second."""
FindConversation = Callable[[UUID, UUID], Awaitable[Mapping[str, Any]]]
"""Returns the conversation of (tenant, id). Raises ``NotFoundError``."""
MarkRead = Callable[[UUID, UUID, UUID, int], Awaitable[bool]]
"""Marks (tenant, user, conversation, version) as read. Returns whether the marker moved."""
PublishFrame = Callable[[bytes], Awaitable[object]]
WriteAuditEntry = Callable[[AuditEntry], Awaitable[object]]
"""Writes an entry to the audit log."""


@dataclass(slots=True)
class FrameRateLimiter:
    """The times of the last frames of one client, in seconds of one clock."""

    frame_times: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_FRAMES_PER_S))

    def check(self, now: float) -> None:
        """Count a frame. Raises ``InvalidInputError`` (``too_many``) above the limit."""
        if len(self.frame_times) == MAX_FRAMES_PER_S and now - self.frame_times[0] < 1.0:
            raise InvalidInputError(
                "The limit is ten frames a second. Send fewer frames.", code="too_many"
            )
        self.frame_times.append(now)


@dataclass(slots=True)
class ViewedConversation:
    """The conversation that a client views, and the address of the client."""

    client_address: str = ""
    conversation_id: UUID | None = None
    holder: ConversationOwner | None = None


class ClientFrameHandler:
    """Handles frames of clients and publishes them to the users who may see the conversation.
    ``write_audit`` records viewed conversations and rejected frames.
    """

    def __init__(
        self,
        find: FindConversation,
        mark_read: MarkRead,
        publish: PublishFrame,
        write_audit: WriteAuditEntry,
    ) -> None:
        self._find = find
        self._mark_read = mark_read
        self._publish = publish
        self._write_audit = write_audit

    async def handle(self, caller: Principal, viewed: ViewedConversation, text: str) -> None:
        """Handle one frame. Raises ``InvalidInputError``, ``NotFoundError``,
        ``PermissionDeniedError``, and has changed nothing then.
        """
        frame = parse_client_frame(text)
        tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
        match frame:
            case TypingUpdate():
                holder = await self._require_holder(
                    caller, viewed, frame, PermissionAction.CONVERSATIONS_REPLY
                )
                typing = TypingFrame(
                    conversation_id=frame.conversation_id, user_id=caller.id, typing=frame.typing
                )
                await self._publish(FrameEnvelope.wrap(tenant_id, typing, holder).encode())
            case ReadMarkerUpdate(conversation_id=conversation_id, version=version):
                await self._require_holder(
                    caller, viewed, frame, PermissionAction.CONVERSATIONS_READ
                )
                if await self._mark_read(tenant_id, caller.id, conversation_id, version):
                    read = ReadFrame(conversation_id=conversation_id, version=version)
                    await self._publish(
                        FrameEnvelope.wrap(tenant_id, read, user_id=caller.id).encode()
                    )
            case ViewingUpdate():
                await self._view(caller, viewed, frame)
            case _:
                assert_never(frame)

    async def rebroadcast_viewed(self, caller: Principal, viewed: ViewedConversation) -> None:
        """Repeat the viewed conversation for clients that have connected since."""
        await self._broadcast_viewed(caller, viewed, viewing=True)

    async def clear_viewed(self, caller: Principal, viewed: ViewedConversation) -> None:
        """Publish that the client no longer views its conversation."""
        await self._broadcast_viewed(caller, viewed, viewing=False)
        viewed.conversation_id = viewed.holder = None

    async def _view(
        self, caller: Principal, viewed: ViewedConversation, frame: ViewingUpdate
    ) -> None:
        holder = None
        if frame.conversation_id is not None:
            holder = await self._require_holder(
                caller, viewed, frame, PermissionAction.CONVERSATIONS_READ
            )
            await self._write_audit(_audit_entry(caller, viewed, frame, "conversations.read"))
        await self.clear_viewed(caller, viewed)
        viewed.conversation_id, viewed.holder = frame.conversation_id, holder
        await self._broadcast_viewed(caller, viewed, viewing=True)

    async def _broadcast_viewed(
        self, caller: Principal, viewed: ViewedConversation, *, viewing: bool
    ) -> None:
        if viewed.conversation_id is None or caller.tenant_id is None:
            return
        viewing_frame = ViewingFrame(
            conversation_id=viewed.conversation_id, user_id=caller.id, viewing=viewing
        )
        await self._publish(
            FrameEnvelope.wrap(caller.tenant_id, viewing_frame, viewed.holder).encode()
        )

    async def _require_holder(
        self,
        caller: Principal,
        viewed: ViewedConversation,
        frame: ClientFrame,
        action: PermissionAction,
    ) -> ConversationOwner:
        assert frame.conversation_id is not None
        row = await self._find(caller.require(action), frame.conversation_id)
        holder = ConversationOwner(row["agent"], row["team"])
        if not (
            caller.may(PermissionAction.CONVERSATIONS_READ, holder) and caller.may(action, holder)
        ):
            await self._write_audit(_audit_entry(caller, viewed, frame, "access.denied"))
        if not caller.may(PermissionAction.CONVERSATIONS_READ, holder):
            raise NotFoundError("The conversation does not exist.")
        if not caller.may(action, holder):
            raise PermissionDeniedError(
                f"The conversation belongs to another agent or team. The permission {action}:all "
                f"is required."
            )
        return holder


def _audit_entry(
    caller: Principal, viewed: ViewedConversation, frame: ClientFrame, action: str
) -> AuditEntry:
    actor = AuditActor(AuditActorKind.USER, str(caller.id), viewed.client_address)
    target = f"conversation:{frame.conversation_id}"
    return AuditEntry(caller.tenant_id, actor, action, target, None, {"live": frame.type})
