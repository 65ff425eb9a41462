"""What the routes of conversations share: finding one for its caller, asking something of it."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Request, Response

from niochat.conversations.conversation_queries import ConversationQueries, ConversationVisibility
from niochat.domain.conversation.commands import DurableCommand
from niochat.domain.errors import NotFoundError, PermissionDeniedError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.http.rest.dependencies import (
    PermissionDependency,
    audit_actor_for,
    audit_denied,
    identity_services_for,
)
from niochat.http.rest.rest_services import services_for
from niochat.http.rest.schemas import ResponseModel
from niochat.identity.authentication import Principal
from niochat.inbox.command_submitter import ThreadRef
from niochat.ports.audit import AuditEntry
from niochat.runtime.background_tasks import BackgroundTaskSet

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="A command with the same key is executed once, however often it is sent.",
    ),
]

_COMMAND_TASKS = BackgroundTaskSet("asked")


class CommandResponse(ResponseModel):
    """The result of a command. ``done`` is true if the command was executed. It is false with
    status 202: the command is stored and will be executed.
    """

    done: bool


@dataclass(frozen=True, slots=True)
class ConversationContext:
    """A conversation that the caller may do this to: its row, as the desk's queries have it."""

    request: Request
    response: Response
    caller: Principal
    tenant_id: UUID
    row: dict[str, Any]
    idempotency_key: str | None

    @property
    def id(self) -> UUID:
        """Of the conversation."""
        return UUID(str(self.row["id"]))

    @property
    def queries(self) -> ConversationQueries:
        """The desk's reads."""
        return conversation_queries_for(self.request)

    async def submit(self, command: DurableCommand, dedupe_key: str = "") -> CommandResponse:
        """It is stored under its key, and done; or done soon (202). ``once`` names what happens
        once, whatever key is sent and whoever asks.
        """
        key = dedupe_key or f"{self.caller.id}:{self.idempotency_key or secrets.token_hex(8)}"
        named = f"person:{self.id}:{command.type}:{key}"
        # Whoever hangs up meanwhile has done it all the same: it is written down without them.
        done = await asyncio.shield(_COMMAND_TASKS.start(self._submit(named, command)))
        if isinstance(done, Exception):
            raise done
        if not done:
            self.response.status_code = 202
        return CommandResponse(done=done)

    async def _submit(self, named: str, command: DurableCommand) -> bool | Exception:
        """A refusal is an answer too, and no failure of the task."""
        place = ThreadRef(self.tenant_id, self.row["thread_id"], self.row["channel_id"])
        rooms = services_for(self.request)
        try:
            done = await rooms.command_submitter.submit(
                place, named, command, rooms.command_timeout_s
            )
            await self._audit_command(command, done)
        except Exception as error:  # noqa: BLE001 - raised again where the request waits
            return error
        return done

    async def audit_read(self, **after: object) -> None:
        """The caller looked at what the customer said or is called."""
        target = f"conversation:{self.id}"
        await audit_conversation_read(
            self.request, self.caller, self.tenant_id, target, after or None
        )

    async def find_message(self, message_id: UUID) -> dict[str, Any]:
        """One thing said in it. Raises ``NotFoundError``."""
        return await self.queries.get_message(self.tenant_id, self.id, message_id)

    async def _audit_command(self, command: DurableCommand, done: bool) -> None:
        before = {name: self.row[name] for name in ("status", "team", "agent")}
        who = audit_actor_for(self.request, self.caller)
        entry = AuditEntry(
            self.tenant_id,
            who,
            f"conversations.{command.type}",
            f"conversation:{self.id}",
            before,
            {"done": done},
        )
        await identity_services_for(self.request).audit_log.write_entry(entry)


class ConversationDependency(PermissionDependency):
    """Whoever is allowed ``action`` to the conversation that the address names."""

    async def __call__(  # type: ignore[override]  # the address and the key are the routes' own
        self,
        request: Request,
        response: Response,
        conversation_id: UUID,
        key: IdempotencyKeyHeader = None,
    ) -> ConversationContext:
        """The conversation. Raises ``NotFoundError`` for what the caller may not see,
        ``PermissionDeniedError`` for what they may see and not do this to.
        """
        caller = await super().__call__(request)
        tenant_id = caller.require(self.action)
        row = await conversation_queries_for(request).get_conversation(tenant_id, conversation_id)
        holder = ConversationOwner(row["agent"], row["team"])
        if not caller.may(PermissionAction.CONVERSATIONS_READ, holder):
            hidden = NotFoundError("The conversation does not exist.")
            await audit_denied(request, hidden)
            raise hidden
        if not caller.may(self.action, holder):
            raise PermissionDeniedError(
                f"The conversation belongs to another agent or team. The permission "
                f"{self.action}:all is required."
            )
        return ConversationContext(request, response, caller, tenant_id, row, key)


def conversation_queries_for(request: Request) -> ConversationQueries:
    """The desk's reads."""
    return services_for(request).conversation_queries


def visibility_for(caller: Principal) -> ConversationVisibility:
    """How far the caller sees."""
    scope = caller.grants[PermissionAction.CONVERSATIONS_READ]
    return ConversationVisibility(scope.name.lower(), str(caller.id), caller.teams)


async def audit_conversation_read(
    request: Request,
    caller: Principal,
    tenant_id: UUID,
    target: str,
    after: dict[str, object] | None = None,
) -> None:
    """Whoever looked at what customers said or are called is written down."""
    who = audit_actor_for(request, caller)
    await identity_services_for(request).audit_log.write_entry(
        AuditEntry(tenant_id, who, "conversations.read", target, None, after)
    )
