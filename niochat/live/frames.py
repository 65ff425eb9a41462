"""What travels over a socket, both ways. Its JSON schema is docs/live.json."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from niochat.domain.conversation import Priority, Status
from niochat.domain.errors import Invalid
from niochat.domain.plain import refusal
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
    return Priority(priority).name.lower() if isinstance(priority, int) else priority


class ConversationRow(_Out):
    """One visit. ``version`` grows with every event of it; ``waiting_since``: the customer waits
    for a person.
    """

    id: UUID
    protocol: str
    status: Status
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
    """A message's file. ``status``: wanted (it is being fetched), kept, missing."""

    id: UUID
    status: Literal["wanted", "kept", "missing"]
    mimetype: str
    filename: str
    size: int | None


class ReadingRow(_Out):
    """What is known of what a customer's file says. ``facts``: what a picture or PDF shows, which
    nobody has checked; ``code``: why it could not be read.
    """

    status: Literal["waiting", "read", "failed"]
    code: str | None
    facts: dict[str, Any]


class MessageRow(_Out):
    """One thing said. ``status`` is how far a message of ours got; ``reply_to`` the message that
    it quotes; ``transcript`` a voice note's words, once they are known.
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
    """The first frame. ``caught_up``: what was missed since ``position`` comes next; if not, fetch
    everything anew, and apply what comes to that.
    """

    type: Literal["welcome"] = "welcome"
    position: str
    caught_up: bool


class Event(_Out):
    """Something happened. The rows are as they are now: keep whichever has the higher version."""

    type: Literal["event"] = "event"
    position: str
    event: str
    at: datetime
    conversation: ConversationRow
    message: MessageRow | None


class Hidden(_Out):
    """A conversation that one may not see any more."""

    type: Literal["hidden"] = "hidden"
    position: str
    conversation_id: UUID


class Standing(_Out):
    """Nothing new up to here: a screen that was idle resumes from this position."""

    type: Literal["standing"] = "standing"
    position: str


class Goodbye(_Out):
    """The server is about to close. ``retry_after_s``: reconnect after so long, give or take."""

    type: Literal["goodbye"] = "goodbye"
    reason: Literal["slow", "signed_out", "restarting", "bad_frame", "too_many"]
    retry_after_s: float | None = None


class Hello(BaseModel):
    """The first frame of a screen: ``ticket`` of ``POST /api/v1/auth/ticket`` unless the browser's
    cookie signs in; ``position`` of the last frame it has seen.
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
    """Raises ``Invalid`` that says what a first frame is."""
    try:
        hello = _hello.validate_json(text)
    except ValidationError:
        raise Invalid(
            'begin with {"type": "hello"}, with "ticket" and "position" where you have them',
            code="bad_frame",
        ) from None
    odd = refusal(hello.model_dump(), "hello")
    if odd is not None:
        raise Invalid(odd, code="bad_frame")
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
