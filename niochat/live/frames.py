"""Frames of a live socket in both directions. Their JSON schema is docs/live.json."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from niochat.domain.conversation.state import ConversationPriority, ConversationStatus
from niochat.domain.errors import InvalidInputError
from niochat.domain.rating.conversation_rating import RatingStatus
from niochat.domain.text_validation import control_character_error
from niochat.live.activities import LiveActivity, activity_from_event
from niochat.live.ephemeral_frames import (
    AlertsFrame,
    ChannelsFrame,
    ClientFrame,
    ContactFrame,
    DraftFrame,
    ExportFrame,
    LiveSla,
    PresenceFrame,
    QueuesFrame,
    ReadFrame,
    RejectedFrame,
    SlaFrame,
    ToolFrame,
    TypingFrame,
    UnreadFrame,
    ViewingFrame,
)
from niochat.live.event_log import LoggedEvent
from niochat.live.log_position import LogPosition

Frame = bytes
"""A frame as JSON, encoded once for all screens that get it."""
MAX_FRAME_BYTES = 4096
"""Size limit of a frame that a screen sends."""
FRAME_CACHE_SIZE = 500
"""Events whose encoded frames are cached, because screens that reconnect need the same ones."""


class _ServerFrameModel(BaseModel):
    model_config = ConfigDict(from_attributes=True)


PriorityName = Literal["low", "normal", "high", "urgent"]


def _priority_name(priority: object) -> object:
    return ConversationPriority(priority).name.lower() if isinstance(priority, int) else priority


class LiveLastMessage(_ServerFrameModel):
    """The newest message or note of a conversation, for lists. ``text`` is cut after 140
    characters, and empty if the message was deleted. ``status`` is the delivery status of an
    outbound message.
    """

    id: UUID
    version: int
    author: str
    kind: str
    text: str
    sent_at: datetime
    status: str | None
    deleted: bool


class LiveConversation(_ServerFrameModel):
    """A conversation. ``version`` grows with every event of the conversation. ``waiting_since`` is
    set while the customer waits for a person.

    The assistant holds the reply right if ``assistant_writes`` is true and ``paused_until`` is not
    in the future. Otherwise people hold it: the agent, or the team while there is no agent.

    The name and phone of the contact, ``contact_blocked`` and ``channel``, the name of the channel,
    can change without a new ``version``. A ``contact`` frame tells a changed name or block.
    ``rating_score`` is that of the latest answer, from 1 (worst) to 5 (best). ``sla`` follows an
    event within seconds, without a new ``version``; a ``sla`` frame tells it.
    """

    id: UUID
    protocol: str
    status: ConversationStatus
    team: str | None
    agent: str | None
    version: int
    contact_id: UUID
    contact: str | None
    phone: str | None
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    waiting_since: datetime | None
    priority: Annotated[PriorityName, BeforeValidator(_priority_name)]
    labels: list[str]
    snoozed_until: datetime | None
    channel_id: UUID
    channel: str
    contact_blocked: bool
    assistant_writes: bool
    paused_until: datetime | None
    rating_status: RatingStatus | None
    rating_score: int | None
    sla: LiveSla | None
    last_message: LiveLastMessage | None


class LiveFile(_ServerFrameModel):
    """The file of a message. ``status`` is ``wanted`` (being downloaded), ``kept`` (available) or
    ``missing``. ``width`` and ``height`` are those of a picture, in pixels. ``duration_s`` is the
    length of a recording; ``waveform`` has up to 64 values from 0 to 100 for a voice note. All are
    null if they are unknown.
    """

    id: UUID
    status: Literal["wanted", "kept", "missing"]
    mimetype: str
    filename: str
    size: int | None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    waveform: list[int] | None = None


class LiveFileReading(_ServerFrameModel):
    """The result of reading the file of a customer. ``facts`` are values recognised in an image or
    PDF; nobody has verified them. ``code`` says why reading failed.
    """

    status: Literal["waiting", "read", "failed"]
    code: str | None
    facts: dict[str, Any]


class LiveMessage(_ServerFrameModel):
    """A message. ``status`` is the delivery status of an outbound message. ``reply_to`` is the
    quoted message. ``transcript`` is the text of a voice note, once it is known.
    """

    id: UUID
    version: int | None
    author: str
    kind: str
    text: str
    details: dict[str, Any]
    reply_to: UUID | None
    file: LiveFile | None
    transcript: str | None = None
    reading: LiveFileReading | None = None
    status: str | None
    code: str | None
    reactions: dict[str, Any]
    sent_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


class WelcomeFrame(_ServerFrameModel):
    """The first frame of the server. If ``caught_up`` is true, the events since ``position``
    follow. If it is false, load all data again and apply the following events to it.
    """

    type: Literal["welcome"] = "welcome"
    position: str
    caught_up: bool


class EventFrame(_ServerFrameModel):
    """An event of a conversation; ``version`` is its number. The rows show the current state: keep
    the row with the higher ``version``. ``activity`` is set if the event is shown as a line between
    the messages.
    """

    type: Literal["event"] = "event"
    position: str
    event: str
    version: int
    at: datetime
    conversation: LiveConversation
    message: LiveMessage | None
    activity: LiveActivity | None


class MessageFrame(_ServerFrameModel):
    """A message that has changed without an event, because its conversation is not the current one
    of its thread. It has no position, is not stored and may be lost.
    """

    type: Literal["message"] = "message"
    conversation_id: UUID
    message: LiveMessage


class HiddenFrame(_ServerFrameModel):
    """A conversation that the user may no longer see. Remove it from the screen."""

    type: Literal["hidden"] = "hidden"
    position: str
    conversation_id: UUID


class HeartbeatFrame(_ServerFrameModel):
    """No newer event exists up to ``position``. An idle client resumes from this position."""

    type: Literal["heartbeat"] = "heartbeat"
    position: str


class GoodbyeFrame(_ServerFrameModel):
    """The server is about to close the socket. Reconnect after about ``retry_after_s`` seconds; do
    not reconnect if it is null.
    """

    type: Literal["goodbye"] = "goodbye"
    reason: Literal["slow", "signed_out", "restarting", "bad_frame", "too_many"]
    retry_after_s: float | None = None


class HelloFrame(BaseModel):
    """The first frame of the client. ``ticket`` comes from ``POST /api/v1/auth/socket-tickets``;
    leave it out if the cookie of the browser signs in. ``position`` is the position of the last
    frame received.
    """

    model_config = ConfigDict(extra="forbid")
    type: Literal["hello"]
    ticket: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    position: Annotated[str, Field(max_length=120)] | None = None


ServerFrame = (
    WelcomeFrame
    | EventFrame
    | MessageFrame
    | HiddenFrame
    | HeartbeatFrame
    | GoodbyeFrame
    | TypingFrame
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
    | UnreadFrame
    | QueuesFrame
    | RejectedFrame
)
_hello_adapter: TypeAdapter[HelloFrame] = TypeAdapter(HelloFrame)


def frames_json_schema() -> dict[str, Any]:
    """Returns the JSON schema of all frames of the server and of screens."""
    server: TypeAdapter[Any] = TypeAdapter(Annotated[ServerFrame, Field(discriminator="type")])
    client: TypeAdapter[Any] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])
    _, schema = TypeAdapter.json_schemas(
        [
            ("server", "serialization", server),
            ("hello", "validation", _hello_adapter),
            ("client", "validation", client),
        ],
        title="NioChat live",
        description="Frames of a socket at /live. The first frame is the hello of the client.",
    )
    return dict(schema)


def parse_hello(text: str) -> HelloFrame:
    """Parses the first frame of a screen. Raises ``InvalidInputError`` (``bad_frame``)."""
    try:
        hello = _hello_adapter.validate_json(text)
    except ValidationError:
        raise InvalidInputError(
            'The first frame must be {"type": "hello"}, with an optional "ticket" and "position".',
            code="bad_frame",
        ) from None
    error = control_character_error(hello.model_dump(), "hello")
    if error is not None:
        raise InvalidInputError(error, code="bad_frame")
    return hello


def encode_frame(frame: ServerFrame) -> Frame:
    """Encodes a frame as JSON."""
    return frame.model_dump_json().encode()


@lru_cache(FRAME_CACHE_SIZE)
def encode_event_frame(event: LoggedEvent) -> Frame:
    """Encodes an event for screens that may see its conversation."""
    message = event.message
    return encode_frame(
        EventFrame(
            position=str(event.position),
            event=event.type,
            version=event.position.version,
            at=event.at,
            conversation=LiveConversation.model_validate(event.conversation),
            message=None if message is None else LiveMessage.model_validate(message),
            activity=activity_from_event(event.position.version, event.type, event.at, event.body),
        )
    )


def encode_hidden_frame(event: LoggedEvent) -> Frame:
    """Encodes an event for screens that may not see its conversation any more."""
    return encode_frame(
        HiddenFrame(
            position=str(event.position),
            conversation_id=UUID(str(event.conversation["id"])),
        )
    )


def encode_heartbeat_frame(position: LogPosition) -> Frame:
    """Encodes a heartbeat for screens that got no other frame."""
    return encode_frame(HeartbeatFrame(position=str(position)))
