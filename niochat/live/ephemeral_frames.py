"""Ephemeral frames: typing, viewing, drafts and other states of the moment. They have no log
position, are not stored and may be lost.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from niochat.domain.errors import InvalidInputError
from niochat.domain.permissions import ConversationOwner
from niochat.domain.sla.sla_policy import SlaTarget


class TypingFrame(BaseModel):
    """A user types a reply, or has stopped typing."""

    type: Literal["typing"] = "typing"
    conversation_id: UUID
    user_id: UUID
    typing: bool


class ViewingFrame(BaseModel):
    """A user views a conversation, or has stopped viewing it. A client that connects gets the
    frames of the current viewers. Each is repeated while the user views the conversation; discard
    it after 150 seconds without a repeat.
    """

    type: Literal["viewing"] = "viewing"
    conversation_id: UUID
    user_id: UUID
    viewing: bool


class DraftFrame(BaseModel):
    """The reply that the assistant is writing: the complete text so far, not yet verified. The
    event of the turn replaces it.
    """

    type: Literal["draft"] = "draft"
    conversation_id: UUID
    turn_id: UUID
    text: str


class ToolFrame(BaseModel):
    """The assistant uses a tool, such as ``consultar_faturas``, or has finished using it. The
    frames of one turn may be lost: the event of the turn ends all its tools.
    """

    type: Literal["tool"] = "tool"
    conversation_id: UUID
    turn_id: UUID
    tool: str
    running: bool


class PresenceFrame(BaseModel):
    """The presence of a user has changed."""

    type: Literal["presence"] = "presence"
    user_id: UUID
    state: Literal["online", "away", "offline"]
    reason: str | None = None


class ReadFrame(BaseModel):
    """The user has read a conversation on another screen, up to a version."""

    type: Literal["read"] = "read"
    conversation_id: UUID
    version: int


class ContactFrame(BaseModel):
    """A contact was renamed, blocked or unblocked. Sent to users who may see a conversation with
    the contact; apply it to all conversations of the contact.
    """

    type: Literal["contact"] = "contact"
    contact_id: UUID
    name: str | None
    blocked: bool


class AlertsFrame(BaseModel):
    """An alert of the provider has begun or ended. ``GET /alerts`` lists alerts for those who may
    read settings.
    """

    type: Literal["alerts"] = "alerts"


class ChannelsFrame(BaseModel):
    """The state of a channel of the provider has changed. ``GET /reports/now`` has the channels for
    those who may read reports.
    """

    type: Literal["channels"] = "channels"


class ExportFrame(BaseModel):
    """An export job of the user has a new state, or has read more rows; ``rows_expected`` is null
    until they are counted. Each frame may be lost: ``GET /reports/exports`` has all jobs.
    """

    type: Literal["export"] = "export"
    export_id: UUID
    state: Literal["queued", "running", "done", "failed", "cancelled", "expired"]
    rows_written: int
    rows_expected: int | None


class LiveSla(BaseModel):
    """The promise of an SLA policy that is due next. ``policy`` is the name of the policy. It warns
    from ``warn_at`` on, and is breached once ``due_at`` has passed.
    """

    target: SlaTarget
    policy: str
    warn_at: datetime
    due_at: datetime


class SlaFrame(BaseModel):
    """The promise of a conversation that is due next has changed; null: there is none."""

    type: Literal["sla"] = "sla"
    conversation_id: UUID
    sla: LiveSla | None


class UnreadFrame(BaseModel):
    """The number of unread customer messages in a conversation of the user."""

    type: Literal["unread"] = "unread"
    conversation_id: UUID
    unread: int


class QueuesFrame(BaseModel):
    """The numbers of waiting conversations by team, for the queues that the user may see.
    ``with_assistant`` is null if the user may not see the conversations of the assistant. Sent on
    change, at most once a second.
    """

    type: Literal["queues"] = "queues"
    waiting: dict[str, int]
    with_assistant: int | None


class RejectedFrame(BaseModel):
    """The last frame of the client was rejected. ``code`` is stable; ``title`` says what to do."""

    type: Literal["rejected"] = "rejected"
    code: str
    title: str


class TypingUpdate(BaseModel):
    """The user types a reply, or has stopped typing."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["typing"]
    conversation_id: UUID
    typing: bool


class ViewingUpdate(BaseModel):
    """The user views a conversation; null: none."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["viewing"]
    conversation_id: UUID | None


class ReadMarkerUpdate(BaseModel):
    """The user has read a conversation up to a version."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["read"]
    conversation_id: UUID
    version: Annotated[int, Field(ge=0, lt=2**63)]


ReplicatedFrame = (
    TypingFrame
    | ViewingFrame
    | DraftFrame
    | ToolFrame
    | PresenceFrame
    | ReadFrame
    | ContactFrame
    | AlertsFrame
    | ChannelsFrame
    | ExportFrame
    | SlaFrame
)
"""Frames that replicas send to one another."""
ClientFrame = TypingUpdate | ViewingUpdate | ReadMarkerUpdate
"""Frames that a screen may send after its hello."""
_client_frame_adapter: TypeAdapter[ClientFrame] = TypeAdapter(
    Annotated[ClientFrame, Field(discriminator="type")]
)


def parse_client_frame(text: str) -> ClientFrame:
    """Parses a frame of a screen. Raises ``InvalidInputError`` (``bad_frame``)."""
    try:
        return _client_frame_adapter.validate_json(text)
    except ValidationError:
        raise InvalidInputError(
            'The frame must have the type "typing", "viewing" or "read". docs/live.json has its '
            "format.",
            code="bad_frame",
        ) from None


@dataclass(frozen=True, slots=True)
class FrameEnvelope:
    """A frame with its recipients: one user, or all users of the tenant who may see a conversation
    of ``holder``, or all users if both are ``None``.
    """

    tenant_id: UUID
    frame: str
    holder: ConversationOwner | None = None
    user_id: UUID | None = None

    @classmethod
    def wrap(
        cls,
        tenant_id: UUID,
        frame: ReplicatedFrame,
        holder: ConversationOwner | None = None,
        user_id: UUID | None = None,
    ) -> "FrameEnvelope":
        """Creates an envelope. The frame is encoded once for all recipients."""
        return cls(tenant_id, frame.model_dump_json(), holder, user_id)

    def encode(self) -> bytes:
        """Encodes the envelope for the transport between replicas."""
        holder = None if self.holder is None else [self.holder.agent, self.holder.team]
        user = None if self.user_id is None else str(self.user_id)
        return json.dumps([str(self.tenant_id), self.frame, holder, user]).encode()

    @classmethod
    def decode(cls, data: bytes) -> "FrameEnvelope":
        """Decodes an envelope. Raises ``InvalidInputError`` for other data."""
        try:
            tenant_id, frame, holder, user = json.loads(data)
            return cls(
                UUID(tenant_id),
                str(frame),
                None if holder is None else ConversationOwner(*holder),
                None if user is None else UUID(user),
            )
        except (ValueError, TypeError):
            raise InvalidInputError("The data is no frame envelope.", code="bad_frame") from None
