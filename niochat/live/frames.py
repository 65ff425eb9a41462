"""What travels over a socket, both ways. Its JSON schema is docs/live.json."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from niochat.domain.conversation import ConversationPriority, ConversationStatus
from niochat.domain.errors import InvalidInputError
from niochat.domain.plain import control_character_error
from niochat.live.log import Happened
from niochat.live.passing import (
    Presence,
    Queues,
    Read,
    Refused,
    Told,
    Typing,
    Unread,
    Viewing,
    Writing,
)
from niochat.live.position import Position

Frame = bytes
"""JSON, encoded once for all who get it."""
MOST_BYTES = 4096
"""Of a frame that a screen sends."""
ENCODED = 500
"""Events whose frames are kept: whoever comes again at the same time gets the same ones."""


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


PriorityName = Literal["low", "normal", "high", "urgent"]


def _named(priority: object) -> object:
    return ConversationPriority(priority).name.lower() if isinstance(priority, int) else priority


class ConversationRow(_Out):
    """A conversation. ``version`` grows with every event of the conversation. ``waiting_since`` is
    set while the customer waits for a person.
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
    priority: Annotated[PriorityName, BeforeValidator(_named)]
    labels: list[str]
    snoozed_until: datetime | None


class FileRow(_Out):
    """The file of a message. ``status`` is ``wanted`` (being downloaded), ``kept`` (available) or
    ``missing``.
    """

    id: UUID
    status: Literal["wanted", "kept", "missing"]
    mimetype: str
    filename: str
    size: int | None


class ReadingRow(_Out):
    """The result of reading the file of a customer. ``facts`` are values recognised in an image or
    PDF; nobody has verified them. ``code`` says why reading failed.
    """

    status: Literal["waiting", "read", "failed"]
    code: str | None
    facts: dict[str, Any]


class MessageRow(_Out):
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
    file: FileRow | None
    transcript: str | None = None
    reading: ReadingRow | None = None
    status: str | None
    code: str | None
    reactions: dict[str, Any]
    sent_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


class Welcome(_Out):
    """The first frame of the server. If ``caught_up`` is true, the events since ``position``
    follow. If it is false, load all data again and apply the following events to it.
    """

    type: Literal["welcome"] = "welcome"
    position: str
    caught_up: bool


class Event(_Out):
    """An event of a conversation. The rows show the current state: keep the row with the higher
    ``version``.
    """

    type: Literal["event"] = "event"
    position: str
    event: str
    at: datetime
    conversation: ConversationRow
    message: MessageRow | None


class Hidden(_Out):
    """A conversation that the user may no longer see. Remove it from the screen."""

    type: Literal["hidden"] = "hidden"
    position: str
    conversation_id: UUID


class Standing(_Out):
    """No newer event exists up to ``position``. An idle client resumes from this position."""

    type: Literal["heartbeat"] = "heartbeat"
    position: str


class Goodbye(_Out):
    """The server is about to close the socket. Reconnect after about ``retry_after_s`` seconds; do
    not reconnect if it is null.
    """

    type: Literal["goodbye"] = "goodbye"
    reason: Literal["slow", "signed_out", "restarting", "bad_frame", "too_many"]
    retry_after_s: float | None = None


class Hello(BaseModel):
    """The first frame of the client. ``ticket`` comes from ``POST /api/v1/auth/socket-tickets``;
    leave it out if the cookie of the browser signs in. ``position`` is the position of the last
    frame received.
    """

    model_config = ConfigDict(extra="forbid")
    type: Literal["hello"]
    ticket: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    position: Annotated[str, Field(max_length=120)] | None = None


Sent = (
    Welcome | Event | Hidden | Standing | Goodbye | Typing | Viewing | Writing | Presence | Read
    | Unread | Queues | Refused
)  # fmt: skip
_hello: TypeAdapter[Hello] = TypeAdapter(Hello)


def described() -> dict[str, Any]:
    """JSON schema of every frame: ``sent`` by the server, ``hello`` and ``told`` by a screen."""
    sent: TypeAdapter[Any] = TypeAdapter(Annotated[Sent, Field(discriminator="type")])
    spoken: TypeAdapter[Any] = TypeAdapter(Annotated[Told, Field(discriminator="type")])
    _, told = TypeAdapter.json_schemas(
        [
            ("sent", "serialization", sent),
            ("hello", "validation", _hello),
            ("told", "validation", spoken),
        ],
        title="NioChat live",
        description="Frames of a socket at /live. The first one is a screen's hello.",
    )
    return dict(told)


def hello_of(text: str) -> Hello:
    """Raises ``InvalidInputError`` that says what a first frame is."""
    try:
        hello = _hello.validate_json(text)
    except ValidationError:
        raise InvalidInputError(
            'The first frame must be {"type": "hello"}, with an optional "ticket" and "position".',
            code="bad_frame",
        ) from None
    odd = control_character_error(hello.model_dump(), "hello")
    if odd is not None:
        raise InvalidInputError(odd, code="bad_frame")
    return hello


def frame(sent: Sent) -> Frame:
    """Its bytes."""
    return sent.model_dump_json().encode()


@lru_cache(ENCODED)
def event_frame(happened: Happened) -> Frame:
    """For those who may see the conversation."""
    message = happened.message
    return frame(
        Event(
            position=str(happened.position),
            event=happened.type,
            at=happened.at,
            conversation=ConversationRow.model_validate(happened.conversation),
            message=None if message is None else MessageRow.model_validate(message),
        )
    )


def hidden_frame(happened: Happened) -> Frame:
    """For those who may not."""
    return frame(
        Hidden(
            position=str(happened.position),
            conversation_id=UUID(str(happened.conversation["id"])),
        )
    )


def standing_frame(position: Position) -> Frame:
    """For those who hear nothing."""
    return frame(Standing(position=str(position)))
