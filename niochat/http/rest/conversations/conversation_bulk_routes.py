"""``/conversations/bulk``: one act on many conversations."""

import asyncio
from collections import Counter
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field, model_validator

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.errors import NiochatError, PermissionDeniedError, UnavailableError
from niochat.domain.permissions import PermissionAction
from niochat.http.api.idempotency_key import IdempotencyKey
from niochat.http.api.schemas import RequestModel, ResponseModel, Slug
from niochat.http.rest.conversation_access import (
    AccessibleConversation,
    ConversationLoader,
    conversation_queries_for,
)
from niochat.http.rest.conversations.conversation_routes import MAX_TEXT, MayRead
from niochat.http.rest.dependencies import (
    audit_actor_for,
    audit_denied,
    identity_services_for,
)
from niochat.identity.authentication import Principal
from niochat.live.frames import PriorityName
from niochat.ports.audit import AuditEntry

MAX_CONVERSATIONS = 100
MAX_CONCURRENT_COMMANDS = 10
"""Commands of one request that are executed at a time."""
BulkAct = Literal["assign", "transfer", "resolve", "labels", "priority", "snooze"]
ACTION_BY_ACT: dict[BulkAct, PermissionAction] = {
    "assign": PermissionAction.CONVERSATIONS_ASSIGN,
    "transfer": PermissionAction.CONVERSATIONS_ASSIGN,
    "resolve": PermissionAction.CONVERSATIONS_REPLY,
    "labels": PermissionAction.CONVERSATIONS_REPLY,
    "priority": PermissionAction.CONVERSATIONS_REPLY,
    "snooze": PermissionAction.CONVERSATIONS_REPLY,
}

router = APIRouter(prefix="/conversations", tags=["conversations"])


class BulkRequest(RequestModel):
    """An ``act`` on up to 100 conversations. ``assign`` takes ``agent`` (without it, the caller);
    ``transfer`` takes ``team`` or ``agent``, and ``note``; ``labels`` takes ``add`` and ``remove``;
    ``priority`` takes ``priority``; ``snooze`` takes ``until``.
    """

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_CONVERSATIONS)]
    act: BulkAct
    agent: UUID | None = None
    team: Slug | None = None
    note: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    add: Annotated[list[Slug], Field(max_length=20)] = Field(default_factory=list)
    remove: Annotated[list[Slug], Field(max_length=20)] = Field(default_factory=list)
    priority: PriorityName | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = self.model_fields_set - {"ids", "act"}
        unused = given - _FIELDS_BY_ACT[self.act]
        if unused:
            raise ValueError(f"{self.act} does not take {', '.join(sorted(unused))}")
        if self.act == "transfer" and (self.team is None) == (self.agent is None):
            raise ValueError("send either team or agent")
        if self.act == "labels" and not (self.add or self.remove):
            raise ValueError("send add, remove or both")
        if self.act == "priority" and self.priority is None:
            raise ValueError("send priority")
        if self.act == "snooze" and self.until is None:
            raise ValueError("send until")
        return self


_FIELDS_BY_ACT: dict[BulkAct, set[str]] = {
    "assign": {"agent"},
    "transfer": {"team", "agent", "note"},
    "resolve": set(),
    "labels": {"add", "remove"},
    "priority": {"priority"},
    "snooze": {"until"},
}


class BulkResult(ResponseModel):
    """The result for one conversation. ``accepted``: the command is stored and will be executed.
    ``refused``: nothing has changed; ``code`` and ``title`` are those of the problem that the
    single route would return.
    """

    id: UUID
    result: Literal["done", "accepted", "refused"]
    code: str | None = None
    title: str | None = None


class BulkResponse(ResponseModel):
    """The results, in the order of ``ids`` without repeats."""

    results: list[BulkResult]


@router.post("/bulk")
async def act_on_conversations(
    body: BulkRequest, caller: MayRead, request: Request, response: Response, key: IdempotencyKey
) -> BulkResponse:
    """Do the same with many conversations. Each is checked and executed by itself, as by its own
    route: some may be refused while others are done. A repeat with the same Idempotency-Key
    executes nothing again and returns the current results.
    """
    action = ACTION_BY_ACT[body.act]
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    users = [body.agent] if body.agent is not None else []
    await conversation_queries_for(request).require_assignees(tenant_id, body.team, users)
    loader = ConversationLoader(request, response, caller, key)
    slots = asyncio.Semaphore(MAX_CONCURRENT_COMMANDS)
    command = _command(body, caller)

    async def act_on(conversation_id: UUID) -> BulkResult:
        async with slots:
            return await _submit(loader, conversation_id, action, command)

    ids = list(dict.fromkeys(body.ids))
    results = await asyncio.gather(*(act_on(each) for each in ids))
    response.status_code = 200  # a command that was only accepted has set 202
    counts: dict[str, object] = {"act": body.act, **Counter(each.result for each in results)}
    actor = audit_actor_for(request, caller)
    entry = AuditEntry(tenant_id, actor, "conversations.bulk", "conversations", None, counts)
    await identity_services_for(request).audit_log.write_entry(entry)
    return BulkResponse(results=list(results))


async def _submit(
    loader: ConversationLoader,
    conversation_id: UUID,
    action: PermissionAction,
    command: cmd.DurableCommand,
) -> BulkResult:
    try:
        conversation: AccessibleConversation = await loader.load(conversation_id, action)
        done = (await conversation.submit(command)).done
    except UnavailableError:
        raise
    except PermissionDeniedError as error:
        await audit_denied(loader.request, error)
        return BulkResult(id=conversation_id, result="refused", code=error.code, title=str(error))
    except NiochatError as error:
        return BulkResult(id=conversation_id, result="refused", code=error.code, title=str(error))
    return BulkResult(id=conversation_id, result="done" if done else "accepted")


def _command(body: BulkRequest, caller: Principal) -> cmd.DurableCommand:
    by = str(caller.id)
    agent = str(body.agent) if body.agent is not None else None
    match body.act:
        case "assign":
            return cmd.AssignConversation(agent or by, by=by)
        case "transfer":
            return cmd.TransferConversation(by, body.team, agent, body.note)
        case "resolve":
            return cmd.ResolveConversation(by)
        case "labels":
            return cmd.ChangeConversationLabels(by, tuple(body.add), tuple(body.remove))
        case "priority":
            assert body.priority is not None
            return cmd.SetConversationPriority(by, ConversationPriority[body.priority.upper()])
        case "snooze":
            assert body.until is not None
            return cmd.SnoozeConversation(by, body.until)
