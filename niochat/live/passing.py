"""What screens show for a moment: who types, who looks, what the assistant is writing. It has no
position, is stored nowhere, and may be lost.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from niochat.domain.errors import Invalid
from niochat.domain.permissions import Holder


class Typing(BaseModel):
    """Somebody writes an answer, or has stopped."""

    type: Literal["typing"] = "typing"
    conversation_id: UUID
    user_id: UUID
    typing: bool


class Viewing(BaseModel):
    """Somebody looks at a conversation, or no more. Repeated while it lasts; forget it after 150 s
    without a repeat.
    """

    type: Literal["viewing"] = "viewing"
    conversation_id: UUID
    user_id: UUID
    viewing: bool


class Writing(BaseModel):
    """What the assistant is about to say: all of it so far, not checked yet. It is over with the
    turn's own event.
    """

    type: Literal["writing"] = "writing"
    conversation_id: UUID
    turn_id: UUID
    text: str


class Presence(BaseModel):
    """Somebody is there, pauses, or has gone."""

    type: Literal["presence"] = "presence"
    user_id: UUID
    state: Literal["online", "away", "offline"]
    reason: str | None = None


class Read(BaseModel):
    """Oneself has read a conversation on another screen, up to this version."""

    type: Literal["read"] = "read"
    conversation_id: UUID
    upto: int


class Unread(BaseModel):
    """Messages of the customer in a conversation of one's own that one has not read."""

    type: Literal["unread"] = "unread"
    conversation_id: UUID
    unread: int


class Queues(BaseModel):
    """How many wait, by team, in the queues that one may see; ``with_assistant`` where one sees
    those, too. Sent when it changes, once a second at most.
    """

    type: Literal["queues"] = "queues"
    waiting: dict[str, int]
    with_assistant: int | None


class Refused(BaseModel):
    """What the screen asked for was not done, and why."""

    type: Literal["refused"] = "refused"
    code: str
    title: str


class TypingTold(BaseModel):
    """One writes an answer, or has stopped."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["typing"]
    conversation_id: UUID
    typing: bool


class ViewingTold(BaseModel):
    """One looks at a conversation; null: at none."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["viewing"]
    conversation_id: UUID | None


class ReadTold(BaseModel):
    """One has read a conversation up to this version."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["read"]
    conversation_id: UUID
    upto: Annotated[int, Field(ge=0, lt=2**63)]


Passed = Typing | Viewing | Writing | Presence | Read
"""What travels between replicas."""
Told = TypingTold | ViewingTold | ReadTold
"""What a screen says after its hello."""
_told: TypeAdapter[Told] = TypeAdapter(Annotated[Told, Field(discriminator="type")])


def told_of(text: str) -> Told:
    """Raises ``Invalid`` that says what a screen may say."""
    try:
        return _told.validate_json(text)
    except ValidationError:
        raise Invalid(
            'say {"type": "typing" | "viewing" | "read", …} as docs/live.json has it',
            code="bad_frame",
        ) from None


@dataclass(frozen=True, slots=True)
class Passing:
    """A frame, and for whom: everybody of the tenant, who may see what ``holder`` says whose it
    is, or one user.
    """

    tenant_id: UUID
    frame: str
    holder: Holder | None = None
    user_id: UUID | None = None

    @classmethod
    def of(
        cls,
        tenant_id: UUID,
        passed: Passed,
        holder: Holder | None = None,
        user_id: UUID | None = None,
    ) -> "Passing":
        """Its frame, encoded once for all."""
        return cls(tenant_id, passed.model_dump_json(), holder, user_id)

    def words(self) -> bytes:
        """As it travels between replicas."""
        holder = None if self.holder is None else [self.holder.agent, self.holder.team]
        user = None if self.user_id is None else str(self.user_id)
        return json.dumps([str(self.tenant_id), self.frame, holder, user]).encode()

    @classmethod
    def heard(cls, words: bytes) -> "Passing":
        """Raises ``Invalid`` for what no replica says."""
        try:
            tenant_id, frame, holder, user = json.loads(words)
            return cls(
                UUID(tenant_id), str(frame), None if holder is None else Holder(*holder),
                None if user is None else UUID(user),
            )  # fmt: skip
        except (ValueError, TypeError):
            raise Invalid("not a passing frame", code="bad_frame") from None
