"""What the routes of conversations share: finding one for its caller, asking something of it."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Request, Response

from niochat.access.callers import Caller
from niochat.conversation.desk import ConversationQueries, ConversationVisibility
from niochat.domain.audit import AuditEntry
from niochat.domain.commands import DurableCommand
from niochat.domain.errors import NotFoundError, PermissionDeniedError
from niochat.domain.permissions import ConversationOwner, PermissionAction
from niochat.inbox.ask import ThreadRef
from niochat.ingress.api.doorway import Needs, access_of, note_denied, who_of
from niochat.ingress.api.rooms import rooms_of
from niochat.ingress.api.shapes import Shown
from niochat.runtime.tasks import BackgroundTaskSet

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$",
        description="A command with the same key is executed once, however often it is sent.",
    ),
]  # fmt: skip

_OWNER = BackgroundTaskSet("asked")


class Done(Shown):
    """The result of a command. ``done`` is true if the command was executed. It is false with
    status 202: the command is stored and will be executed.
    """

    done: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that the caller may do this to: its row, as the desk's queries have it."""

    request: Request
    response: Response
    caller: Caller
    tenant_id: UUID
    row: dict[str, Any]
    key: str | None

    @property
    def id(self) -> UUID:
        """Of the conversation."""
        return UUID(str(self.row["id"]))

    @property
    def views(self) -> ConversationQueries:
        """The desk's reads."""
        return views_of(self.request)

    async def ask(self, command: DurableCommand, once: str = "") -> Done:
        """It is stored under its key, and done; or done soon (202). ``once`` names what happens
        once, whatever key is sent and whoever asks.
        """
        key = once or f"{self.caller.id}:{self.key or secrets.token_hex(8)}"
        named = f"person:{self.id}:{command.type}:{key}"
        # Whoever hangs up meanwhile has done it all the same: it is written down without them.
        done = await asyncio.shield(_OWNER.start(self._asked(named, command)))
        if isinstance(done, Exception):
            raise done
        if not done:
            self.response.status_code = 202
        return Done(done=done)

    async def _asked(self, named: str, command: DurableCommand) -> bool | Exception:
        """A refusal is an answer too, and no failure of the task."""
        place = ThreadRef(self.tenant_id, self.row["thread_id"], self.row["channel_id"])
        rooms = rooms_of(self.request)
        try:
            done = await rooms.asking.submit(place, named, command, rooms.done_within_s)
            await self._write_down(command, done)
        except Exception as error:  # noqa: BLE001 - raised again where the request waits
            return error
        return done

    async def read(self, **after: object) -> None:
        """The caller looked at what the customer said or is called."""
        target = f"conversation:{self.id}"
        await note_read(self.request, self.caller, self.tenant_id, target, after or None)

    async def message(self, message_id: UUID) -> dict[str, Any]:
        """One thing said in it. Raises ``NotFoundError``."""
        return await self.views.get_message(self.tenant_id, self.id, message_id)

    async def _write_down(self, command: DurableCommand, done: bool) -> None:
        before = {name: self.row[name] for name in ("status", "team", "agent")}
        who = who_of(self.request, self.caller)
        entry = AuditEntry(
            self.tenant_id, who, f"conversations.{command.type}", f"conversation:{self.id}",
            before, {"done": done},
        )  # fmt: skip
        await access_of(self.request).audit_log.write(entry)


class NeedsOf(Needs):
    """Whoever is allowed ``action`` to the conversation that the address names."""

    async def __call__(  # type: ignore[override]  # the address and the key are the routes' own
        self, request: Request, response: Response, conversation_id: UUID, key: Key = None
    ) -> Found:
        """The conversation. Raises ``NotFoundError`` for what the caller may not see, ``PermissionDeniedError`` for
        what they may see and not do this to.
        """
        caller = await super().__call__(request)
        tenant_id = caller.need(self.action)
        row = await views_of(request).get_conversation(tenant_id, conversation_id)
        holder = ConversationOwner(row["agent"], row["team"])
        if not caller.may(PermissionAction.CONVERSATIONS_READ, holder):
            hidden = NotFoundError("The conversation does not exist.")
            await note_denied(request, hidden)
            raise hidden
        if not caller.may(self.action, holder):
            raise PermissionDeniedError(
                f"The conversation belongs to another agent or team. The permission {self.action}:all is required."
            )
        return Found(request, response, caller, tenant_id, row, key)


def views_of(request: Request) -> ConversationQueries:
    """The desk's reads."""
    return rooms_of(request).desk_views


def sight_of(caller: Caller) -> ConversationVisibility:
    """How far the caller sees."""
    scope = caller.grants[PermissionAction.CONVERSATIONS_READ]
    return ConversationVisibility(scope.name.lower(), str(caller.id), caller.teams)


async def note_read(
    request: Request, caller: Caller, tenant_id: UUID, target: str,
    after: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """Whoever looked at what customers said or are called is written down."""
    who = who_of(request, caller)
    await access_of(request).audit_log.write(
        AuditEntry(tenant_id, who, "conversations.read", target, None, after)
    )
