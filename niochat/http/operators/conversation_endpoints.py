"""One conversation: how it stands, and to call people to it."""

import secrets
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from niochat.actors import actor_addresses
from niochat.domain.conversation.commands import HandOffConversation
from niochat.domain.errors import InvalidInputError
from niochat.http.operators.actor_endpoints import ActorEndpoints
from niochat.http.operators.operator_repository import OperatorRepository
from niochat.http.operators.request_parsing import (
    HandOffRequest,
    client_address,
    json_response,
    parse_body,
    parse_idempotency_key,
)
from niochat.inbox.command_submitter import CommandSubmitter, ThreadRef

_log = structlog.get_logger(__name__)

COMMAND_TIMEOUT_S = 5.0
"""For the step of a command; then the answer is 202, and the row is processed later."""


class ConversationEndpoints:
    """``/conversations``."""

    def __init__(
        self, rows: OperatorRepository, actors: ActorEndpoints, asking: CommandSubmitter
    ) -> None:
        self._repository = rows
        self._actors = actors
        self._command_submitter = asking

    async def get_conversation(self, request: Request) -> Response:
        """``GET /conversations/{wanted}``: state, turn, what waits, and its actor."""
        found = await self._find_conversation(request)
        await self._repository.write_audit_entry(
            found["tenant_id"],
            client_address(request),
            "operators.read",
            found["thread_id"],
            {"conversation": str(found["id"])},
        )
        actor = await self._actors.load_actor(
            actor_addresses.conversation_address(found["thread_id"])
        )
        return json_response(
            {**found, **await self._repository.load_activity(found), "actor": actor}
        )

    async def hand_off(self, request: Request) -> Response:
        """``POST /conversations/{wanted}/hand-over`` with ``{"team": "suporte"}`` or nothing.

        Under the same ``Idempotency-Key`` it happens once. 200 with the ``outcome``, or 202 when
        the step did not come in time: the command is stored and will be processed.
        """
        key = parse_idempotency_key(request) or secrets.token_hex(8)
        team = (await parse_body(request, HandOffRequest)).team
        found = await self._find_conversation(request)
        if team is not None and not await self._repository.has_team(found["tenant_id"], team):
            raise InvalidInputError(
                "The tenant has no such team. Send another team, or none.", code="unknown_team"
            )
        place = ThreadRef(found["tenant_id"], found["thread_id"], found["channel_id"])
        command = HandOffConversation("operator", team)
        named = f"operator:{found['thread_id']}:{key}"
        done = await self._command_submitter.submit(place, named, command, COMMAND_TIMEOUT_S)
        _log.info(
            "operator_acted", who="operator", action="hand_over", conversation=str(found["id"])
        )
        await self._repository.write_audit_entry(
            found["tenant_id"],
            client_address(request),
            "operators.hand_over",
            found["thread_id"],
            {"conversation": str(found["id"]), "team": team, "done": done},
        )
        told = {"conversation": found["id"], "protocol": found["protocol"]}
        return json_response({**told, "outcome": "done" if done else None}, 200 if done else 202)

    async def _find_conversation(self, request: Request) -> dict[str, Any]:
        return await self._repository.find_conversation(
            request.path_params["wanted"], request.query_params.get("tenant")
        )
