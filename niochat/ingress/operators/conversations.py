"""One conversation: how it stands, and to call people to it."""

import secrets
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from niochat.actors import kinds
from niochat.domain.commands import HandOffConversation
from niochat.domain.errors import InvalidInputError
from niochat.inbox.ask import CommandSubmitter, ThreadRef
from niochat.ingress.operators.actors import ActorDoor
from niochat.ingress.operators.asked import (
    HandOverBody,
    answer,
    body_of,
    client_of,
    idempotency_key,
)
from niochat.ingress.operators.rows import Rows

_log = structlog.get_logger(__name__)

DONE_WITHIN_S = 5.0
"""For the step of a command; then the answer is 202, and the row is processed later."""


class ConversationDoor:
    """``/conversations``."""

    def __init__(self, rows: Rows, actors: ActorDoor, asking: CommandSubmitter) -> None:
        self._rows = rows
        self._actors = actors
        self._asking = asking

    async def conversation(self, request: Request) -> Response:
        """``GET /conversations/{wanted}``: state, turn, what waits, and its actor."""
        found = await self._find(request)
        await self._rows.note(
            found["tenant_id"], client_of(request), "operators.read", found["thread_id"],
            {"conversation": str(found["id"])},
        )  # fmt: skip
        actor = await self._actors.look(kinds.conversation_address(found["thread_id"]))
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
            raise InvalidInputError(
                "The tenant has no such team. Send another team, or none.", code="unknown_team"
            )
        place = ThreadRef(found["tenant_id"], found["thread_id"], found["channel_id"])
        command = HandOffConversation("operator", team)
        named = f"operator:{found['thread_id']}:{key}"
        done = await self._asking.submit(place, named, command, DONE_WITHIN_S)
        _log.info(
            "operator_acted", who="operator", action="hand_over", conversation=str(found["id"])
        )
        await self._rows.note(
            found["tenant_id"], client_of(request), "operators.hand_over", found["thread_id"],
            {"conversation": str(found["id"]), "team": team, "done": done},
        )  # fmt: skip
        told = {"conversation": found["id"], "protocol": found["protocol"]}
        return answer({**told, "outcome": "done" if done else None}, 200 if done else 202)

    async def _find(self, request: Request) -> dict[str, Any]:
        return await self._rows.conversation(
            request.path_params["wanted"], request.query_params.get("tenant")
        )
