"""One conversation: how it stands, and to call people to it."""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response

from niochat.actors import kinds
from niochat.domain.commands import HandOverConversation
from niochat.domain.errors import Invalid, Refused
from niochat.inbox.accept import Inbox
from niochat.ingress.operators.actors import ActorDoor
from niochat.ingress.operators.asked import HandOverBody, answer, body_of, idempotency_key
from niochat.ingress.operators.rows import Rows

_log = structlog.get_logger(__name__)

DONE_WITHIN_S = 5.0
"""For the step of a command; then the answer is 202, and the row is processed later."""
LOOK_EVERY_S = 0.05


class ConversationDoor:
    """``/conversations``. ``poke`` is told the thread whose inbox got a row."""

    def __init__(
        self, rows: Rows, actors: ActorDoor, inbox: Inbox, poke: Callable[[UUID], None]
    ) -> None:
        self._rows = rows
        self._actors = actors
        self._inbox = inbox
        self._poke = poke

    async def conversation(self, request: Request) -> Response:
        """``GET /conversations/{wanted}``: state, turn, what waits, and its actor."""
        found = await self._find(request)
        actor = await self._actors.look(kinds.conversation(found["thread_id"]))
        return answer({**found, **await self._rows.doings(found), "actor": actor})

    async def hand_over(self, request: Request) -> Response:
        """``POST /conversations/{wanted}/hand-over`` with ``{"team": "suporte"}`` or nothing.

        Under the same ``Idempotency-Key`` it happens once. 200 with the ``outcome``, or 202 when
        the step did not come in time: the command is stored and will be processed.
        """
        key = idempotency_key(request) or secrets.token_hex(8)
        team = (await body_of(request, HandOverBody)).team
        found = await self._find(request)
        if team is not None and not await self._rows.has_team(found["tenant_id"], team):
            raise Invalid("the tenant has no such team: name another, or none", code="unknown_team")
        outcome = await self._commanded(found, f"operator:{found['thread_id']}:{key}", team)
        _log.info(
            "operator_acted", who="operator", action="hand_over", conversation=str(found["id"])
        )
        if outcome is not None and outcome.startswith("refused:"):
            raise Refused("the conversation did not take it", code=outcome.partition(":")[2])
        told = {"conversation": found["id"], "protocol": found["protocol"], "outcome": outcome}
        return answer(told, 202 if outcome is None else 200)

    async def _commanded(self, found: dict[str, Any], key: str, team: str | None) -> str | None:
        place = (found["tenant_id"], found["thread_id"], found["channel_id"])
        await self._inbox.command(*place, key, HandOverConversation("operator", team))
        self._poke(found["thread_id"])
        deadline = time.monotonic() + DONE_WITHIN_S
        while time.monotonic() < deadline:
            outcome = await self._inbox.outcome(found["tenant_id"], found["channel_id"], key)
            if outcome is not None:
                return outcome
            await asyncio.sleep(LOOK_EVERY_S)
        return None

    async def _find(self, request: Request) -> dict[str, Any]:
        return await self._rows.conversation(
            request.path_params["wanted"], request.query_params.get("tenant")
        )
