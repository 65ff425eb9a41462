"""``/conversations``: what goes on, what was said, and what people do about it."""

import secrets
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field, model_validator

from niochat.access.callers import Caller
from niochat.conversation.desk import DeskViews, Sight, Wanted
from niochat.domain import commands as cmd
from niochat.domain.audit import Entry
from niochat.domain.conversation import Status
from niochat.domain.errors import Forbidden, NotFound
from niochat.domain.permissions import Action, Holder
from niochat.inbox.ask import Asking, ThreadPlace
from niochat.ingress.api.doorway import Needs, access_of, who_of
from niochat.ingress.api.shapes import (
    Body,
    Cursor,
    Limit,
    Page,
    Shown,
    moment_cursor,
    moment_of,
    number_cursor,
    number_of,
)
from niochat.live.frames import ConversationRow, MessageRow

DONE_WITHIN_S = 5.0
MOST_TEXT = 4096
"""Characters of a WhatsApp text."""
Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$",
        description="Under the same key it happens once, however often it is sent.",
    ),
]  # fmt: skip
MayRead = Annotated[Caller, Depends(Needs(Action.CONVERSATIONS_READ))]
MayReply = Annotated[Caller, Depends(Needs(Action.CONVERSATIONS_REPLY))]
MayAssign = Annotated[Caller, Depends(Needs(Action.CONVERSATIONS_ASSIGN))]
MayNote = Annotated[Caller, Depends(Needs(Action.CONVERSATIONS_NOTE))]

router = APIRouter(prefix="/conversations", tags=["conversations"])


class Counts(Shown):
    """Of the conversations that go on and that one may see."""

    mine: int
    unassigned: int
    with_assistant: int
    all: int


class Done(Shown):
    """``done`` is false where it is stored and will be done (202)."""

    done: bool


class Assignment(Body):
    """Without an ``agent`` it is oneself who takes over."""

    agent: UUID | None = None


class Saying(Body):
    """What the customer reads."""

    text: Text


class Note(Body):
    """For people of the provider; ``mentions`` are users."""

    text: Text
    mentions: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)


class Transfer(Body):
    """To a team's queue, or to an agent."""

    team: Slug | None = None
    agent: UUID | None = None
    note: Annotated[str, Field(max_length=MOST_TEXT)] = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.team is None) == (self.agent is None):
            raise ValueError("name either a team or an agent")
        return self


@router.get("")
async def conversations(
    caller: MayRead, request: Request, *, status: Status | None = None,
    team: Slug | None = None, agent: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[ConversationRow]:  # fmt: skip
    """Newest change first; without a status those that go on. ``agent=me`` are one's own."""
    tenant_id = caller.need(Action.CONVERSATIONS_READ)
    who = str(caller.id) if agent == "me" else agent
    wanted = Wanted(status, team, who, moment_of(cursor), limit + 1)
    rows = await _views(request).page(tenant_id, _sight(caller), wanted)
    await _read(request, caller, tenant_id, "conversations", {"shown": len(rows[:limit])})
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = moment_cursor(rows[-1]["changed_at"], rows[-1]["id"])
    items = [ConversationRow.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/counts")
async def counts(caller: MayRead, request: Request) -> Counts:
    """How many there are in each list of the desk."""
    tenant_id = caller.need(Action.CONVERSATIONS_READ)
    return Counts.model_validate(await _views(request).counts(tenant_id, _sight(caller)))


@router.get("/{conversation_id}")
async def conversation(conversation_id: UUID, caller: MayRead, request: Request) -> ConversationRow:
    """One of them."""
    found = await _found(request, caller, conversation_id, Action.CONVERSATIONS_READ)
    tenant_id = caller.need(Action.CONVERSATIONS_READ)
    await _read(request, caller, tenant_id, f"conversation:{conversation_id}")
    return ConversationRow.model_validate(found)


@router.get("/{conversation_id}/messages")
async def messages(
    conversation_id: UUID, caller: MayRead, request: Request, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MessageRow]:  # fmt: skip
    """What was said, the newest first."""
    await _found(request, caller, conversation_id, Action.CONVERSATIONS_READ)
    tenant_id = caller.need(Action.CONVERSATIONS_READ)
    rows = await _views(request).messages(tenant_id, conversation_id, number_of(cursor), limit + 1)
    await _read(request, caller, tenant_id, f"conversation:{conversation_id}", {"messages": True})
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = number_cursor(rows[-1]["version"])
    return Page(items=[MessageRow.model_validate(row) for row in rows], next_cursor=following)


@router.post("/{conversation_id}/messages")
async def reply(
    conversation_id: UUID, body: Saying, caller: MayReply, request: Request, response: Response,
    key: Key = None,
) -> Done:  # fmt: skip
    """Answer the customer; the conversation has to be taken over first."""
    command = cmd.ReplyToCustomer(str(caller.id), body.text)
    action = Action.CONVERSATIONS_REPLY
    return await _done(request, response, caller, conversation_id, action, command, key)


@router.post("/{conversation_id}/notes")
async def note(
    conversation_id: UUID, body: Note, caller: MayNote, request: Request, response: Response,
    key: Key = None,
) -> Done:  # fmt: skip
    """Leave a note for colleagues."""
    await _views(request).check(caller.need(Action.CONVERSATIONS_NOTE), None, body.mentions)
    mentions = tuple(str(each) for each in body.mentions)
    command = cmd.LeaveNote(str(caller.id), body.text, mentions)
    action = Action.CONVERSATIONS_NOTE
    return await _done(request, response, caller, conversation_id, action, command, key)


@router.post("/{conversation_id}/assign")
async def assign(
    conversation_id: UUID, body: Assignment, caller: MayAssign, request: Request,
    response: Response, key: Key = None,
) -> Done:  # fmt: skip
    """Take it over, or give it to somebody: the assistant says nothing from now on."""
    if body.agent is not None:
        await _views(request).check(caller.need(Action.CONVERSATIONS_ASSIGN), None, [body.agent])
    command = cmd.AssignConversation(str(body.agent or caller.id))
    action = Action.CONVERSATIONS_ASSIGN
    return await _done(request, response, caller, conversation_id, action, command, key)


@router.post("/{conversation_id}/transfer")
async def transfer(
    conversation_id: UUID, body: Transfer, caller: MayAssign, request: Request,
    response: Response, key: Key = None,
) -> Done:  # fmt: skip
    """Pass it on, with a note."""
    users = [body.agent] if body.agent is not None else []
    await _views(request).check(caller.need(Action.CONVERSATIONS_ASSIGN), body.team, users)
    agent = str(body.agent) if body.agent is not None else None
    command = cmd.TransferConversation(str(caller.id), body.team, agent, body.note)
    action = Action.CONVERSATIONS_ASSIGN
    return await _done(request, response, caller, conversation_id, action, command, key)


@router.post("/{conversation_id}/give-back")
async def give_back(
    conversation_id: UUID, caller: MayAssign, request: Request, response: Response,
    key: Key = None,
) -> Done:  # fmt: skip
    """The assistant answers again, beginning with what nobody answered."""
    command = cmd.GiveBackConversation(str(caller.id))
    action = Action.CONVERSATIONS_ASSIGN
    return await _done(request, response, caller, conversation_id, action, command, key)


@router.post("/{conversation_id}/resolve")
async def resolve(
    conversation_id: UUID, caller: MayReply, request: Request, response: Response,
    key: Key = None,
) -> Done:  # fmt: skip
    """The visit is over; the customer's next message opens another one."""
    command = cmd.ResolveConversation(str(caller.id))
    action = Action.CONVERSATIONS_REPLY
    return await _done(request, response, caller, conversation_id, action, command, key)


def _views(request: Request) -> DeskViews:
    views: DeskViews = request.app.state.desk_views
    return views


def _sight(caller: Caller) -> Sight:
    scope = caller.grants[Action.CONVERSATIONS_READ]
    return Sight(scope.name.lower(), str(caller.id), caller.teams)


async def _found(
    request: Request, caller: Caller, conversation_id: UUID, action: Action
) -> dict[str, Any]:
    """Raises ``NotFound`` for what the caller may not see, ``Forbidden`` for what they may see
    and not do this to.
    """
    found = await _views(request).one(caller.need(action), conversation_id)
    holder = Holder(found["agent"], found["team"])
    if not caller.may(Action.CONVERSATIONS_READ, holder):
        raise NotFound("there is no such conversation")
    if not caller.may(action, holder):
        raise Forbidden(f"this conversation is others': it needs {action}:all")
    return found


async def _done(
    request: Request, response: Response, caller: Caller, conversation_id: UUID,
    action: Action, command: cmd.DurableCommand, key: str | None,
) -> Done:  # fmt: skip
    found = await _found(request, caller, conversation_id, action)
    place = ThreadPlace(caller.need(action), found["thread_id"], found["channel_id"])
    asking: Asking = request.app.state.asking
    named = f"person:{caller.id}:{conversation_id}:{command.type}:{key or secrets.token_hex(8)}"
    done = await asking.ask(place, named, command, DONE_WITHIN_S)
    entry = Entry(
        place.tenant_id, who_of(request, caller), f"conversations.{command.type}",
        f"conversation:{conversation_id}",
        {name: found[name] for name in ("status", "team", "agent")}, {"done": done},
    )  # fmt: skip
    await access_of(request).audit.write(entry)
    if not done:
        response.status_code = 202
    return Done(done=done)


async def _read(
    request: Request, caller: Caller, tenant_id: UUID, target: str,
    after: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """Whoever looked at what customers said or are called is written down."""
    who = who_of(request, caller)
    await access_of(request).audit.write(
        Entry(tenant_id, who, "conversations.read", target, None, after)
    )
