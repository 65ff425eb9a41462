"""What the routes of conversations share: loading a conversation for its caller, and submitting
commands to it.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from niochat.conversations.conversation_queries import ConversationQueries, ConversationVisibility
from niochat.domain.conversation.commands import DurableCommand
from niochat.domain.conversation.handlers.outbound_messages import command_message_id
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.errors import NotFoundError, PermissionDeniedError
from niochat.domain.ids import ConversationId, inbox_cause
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.http.api.idempotency_key import IdempotencyKey
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.dependencies import (
    PermissionDependency,
    audit_actor_for,
    audit_denied,
    audit_read,
    identity_services_for,
)
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.inbox.command_submitter import SubmittedCommand, ThreadRef
from niochat.ports.audit import AuditEntry
from niochat.runtime.background_tasks import BackgroundTaskSet

READ_ACTION = "conversations.read"
"""The action in the audit log for reading conversations and messages."""
_COMMAND_TASKS = BackgroundTaskSet("commands")


class CommandResponse(ResponseModel):
    """The result of a command. ``done`` is true if the command was executed. It is false with
    status 202: the command is stored and will be executed. Repeat the request with the same
    Idempotency-Key to learn the outcome.

    ``message_id`` is the message or note that the command adds to the conversation, also while
    ``done`` is false. It is null if the command adds none, or if the id is not known.
    """

    done: bool
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AccessibleConversation:
    """A conversation on which the caller may perform the action of the route. ``row`` is its row of
    ``ConversationQueries``.
    """

    request: Request
    response: Response
    caller: Principal
    tenant_id: UUID
    row: dict[str, Any]
    idempotency_key: str | None

    @property
    def id(self) -> UUID:
        """The id of the conversation."""
        return UUID(str(self.row["id"]))

    @property
    def queries(self) -> ConversationQueries:
        """The queries for conversations."""
        return conversation_queries_for(self.request)

    async def submit(self, command: DurableCommand, dedupe_key: str = "") -> CommandResponse:
        """Store the command under its idempotency key and wait until it is executed; if that takes
        too long, answer 202. ``dedupe_key`` identifies a command that is executed once, regardless
        of the caller and of the key in the header.
        """
        key = dedupe_key or f"{self.caller.id}:{self.idempotency_key or secrets.token_hex(8)}"
        command_key = f"person:{self.id}:{command.type}:{key}"
        # A client that disconnects has given the command all the same: it must reach the audit log.
        result: CommandResponse | Exception = await asyncio.shield(
            _COMMAND_TASKS.start(self._submit(command_key, command))
        )
        if isinstance(result, Exception):
            raise result
        if not result.done:
            self.response.status_code = 202
        return result

    async def _submit(
        self, command_key: str, command: DurableCommand
    ) -> CommandResponse | Exception:
        """Return an error instead of raising it: it is a result, not a failure of the task."""
        thread = ThreadRef(self.tenant_id, self.row["thread_id"], self.row["channel_id"])
        services = services_for(self.request)
        try:
            submitted = await services.command_submitter.submit(
                thread, command_key, command, services.command_timeout_s
            )
            await self._audit_command(command, submitted.done)
            message_id = await self._find_message_id(command, submitted)
        except Exception as error:  # noqa: BLE001 - raised again by submit
            return error
        return CommandResponse(done=submitted.done, message_id=message_id)

    async def _find_message_id(
        self, command: DurableCommand, submitted: SubmittedCommand
    ) -> UUID | None:
        """Return the id of the message that the command adds. It derives from the conversation in
        which the command is executed: the unresolved one of the thread, which is another one if
        this one is resolved by then. The id is not known in that case.
        """
        if submitted.inbox_id is None:
            return None
        conversation, cause = ConversationId(self.id), inbox_cause(submitted.inbox_id)
        message_id = command_message_id(command, conversation, cause)
        if message_id is None:
            return None
        if submitted.done:
            is_here = await self.queries.has_message(self.tenant_id, message_id)
        else:
            is_here = self.row["status"] != ConversationStatus.RESOLVED
        return message_id if is_here else None

    async def audit_read(self, **after: object) -> None:
        """Record that the caller has read the conversation."""
        target = f"conversation:{self.id}"
        await audit_read(self.request, self.caller, READ_ACTION, target, after or None)

    async def find_message(self, message_id: UUID) -> dict[str, Any]:
        """Return a message of the conversation. Raises ``NotFoundError``."""
        return await self.queries.get_message(self.tenant_id, self.id, message_id)

    async def _audit_command(self, command: DurableCommand, done: bool) -> None:
        before = {name: self.row[name] for name in ("status", "team", "agent")}
        actor = audit_actor_for(self.request, self.caller)
        entry = AuditEntry(
            self.tenant_id,
            actor,
            f"conversations.{command.type}",
            f"conversation:{self.id}",
            before,
            {"done": done},
        )
        await identity_services_for(self.request).audit_log.write_entry(entry)


class ConversationDependency(PermissionDependency):
    """Requires the permission ``action`` on the conversation that the path names."""

    async def __call__(  # type: ignore[override]  # FastAPI passes path and header
        self,
        request: Request,
        response: Response,
        conversation_id: UUID,
        key: IdempotencyKey,
    ) -> AccessibleConversation:
        """Load the conversation. Raises ``NotFoundError`` if the caller may not see it, and
        ``PermissionDeniedError`` if the caller may see it but lacks ``action``.
        """
        caller = await super().__call__(request)
        loader = ConversationLoader(request, response, caller, key)
        return await loader.load(conversation_id, self.action)


@dataclass(frozen=True, slots=True)
class ConversationLoader:
    """Loads conversations for the caller of a request."""

    request: Request
    response: Response
    caller: Principal
    idempotency_key: str | None

    async def load(self, conversation_id: UUID, action: PermissionAction) -> AccessibleConversation:
        """Return the conversation. Raises ``NotFoundError`` if the caller may not see it, and
        ``PermissionDeniedError`` if the caller may see it but lacks ``action``.
        """
        tenant_id = self.caller.require(action)
        queries = conversation_queries_for(self.request)
        row = await queries.get_conversation(tenant_id, conversation_id)
        owner = ConversationOwner(row["agent"], row["team"])
        if not self.caller.may(PermissionAction.CONVERSATIONS_READ, owner):
            error = NotFoundError("The conversation does not exist.")
            await audit_denied(self.request, error)
            raise error
        if not self.caller.may(action, owner):
            raise PermissionDeniedError(
                f"The conversation belongs to another agent or team. The permission "
                f"{action}:all is required."
            )
        return AccessibleConversation(
            self.request, self.response, self.caller, tenant_id, row, self.idempotency_key
        )


def conversation_queries_for(request: Request) -> ConversationQueries:
    """Return the queries for conversations."""
    return services_for(request).conversation_queries


def visibility_for(caller: Principal) -> ConversationVisibility:
    """Return which conversations the caller may see. Raises ``PermissionDeniedError``."""
    scope = caller.grants.get(PermissionAction.CONVERSATIONS_READ)
    if scope is None:
        raise PermissionDeniedError(
            f"The permission {PermissionAction.CONVERSATIONS_READ} is required."
        )
    return ConversationVisibility(scope.name.lower(), str(caller.id), caller.teams)
