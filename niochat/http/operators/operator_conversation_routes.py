"""``/conversations`` of the operators' API: inspecting a conversation and handing it off."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from niochat.actors import actor_addresses
from niochat.domain.conversation.commands import HandOffConversation
from niochat.domain.errors import InvalidInputError
from niochat.http.api.idempotency_key import IdempotencyKey
from niochat.http.operators.actor_lookup import load_actor
from niochat.http.operators.operator_schemas import (
    HandOffRequest,
    HandOffResponse,
    OperatorConversationResponse,
)
from niochat.http.operators.operator_services import (
    Services,
    audit_operator_action,
    log_operator_action,
)
from niochat.inbox.command_submitter import COMMAND_TIMEOUT_S, ThreadRef

ConversationKey = Annotated[
    str, Path(max_length=100, description="The protocol, the id, or the id of the thread.")
]
TenantSlug = Annotated[
    str | None,
    Query(max_length=63, description="The tenant, if two tenants have the same protocol."),
]

router = APIRouter(prefix="/conversations", tags=["operators"])


@router.get("/{key}")
async def get_operator_conversation(
    key: ConversationKey, request: Request, services: Services, tenant: TenantSlug = None
) -> OperatorConversationResponse:
    """Return one conversation: state, running turn, pending commands, unsettled sends and its
    actor. The audit log of the tenant records the request.
    """
    row = await services.repository.find_conversation(key, tenant)
    details: dict[str, object] = {"conversation": str(row["id"])}
    await audit_operator_action(
        request, services, row["tenant_id"], "operators.read", row["thread_id"], details
    )
    actor = await load_actor(services, actor_addresses.conversation_address(row["thread_id"]))
    activity = await services.repository.load_activity(row)
    return OperatorConversationResponse.model_validate({**row, **activity, "actor": actor})


@router.post("/{key}/handoff")
async def hand_off_conversation(
    key: ConversationKey,
    request: Request,
    response: Response,
    services: Services,
    idempotency_key: IdempotencyKey,
    body: HandOffRequest = HandOffRequest(),  # noqa: B008 - immutable
    tenant: TenantSlug = None,
) -> HandOffResponse:
    """Hand off a conversation to people, to a team or to the default team of the tenant. 202 if
    the command is stored but was not executed in time: it will be executed.
    """
    row = await services.repository.find_conversation(key, tenant)
    tenant_id, thread_id = row["tenant_id"], row["thread_id"]
    if body.team is not None and not await services.repository.has_team(tenant_id, body.team):
        raise InvalidInputError(
            "The tenant has no such team. Send another team, or none.", code="unknown_team"
        )
    submitted = await services.command_submitter.submit(
        ThreadRef(tenant_id, thread_id, row["channel_id"]),
        f"operator:{thread_id}:{idempotency_key or secrets.token_hex(8)}",
        HandOffConversation("operator", body.team),
        COMMAND_TIMEOUT_S,
    )
    done = submitted.done
    log_operator_action("hand_over", conversation=str(row["id"]))
    details: dict[str, object] = {"conversation": str(row["id"]), "team": body.team, "done": done}
    await audit_operator_action(
        request, services, tenant_id, "operators.hand_over", thread_id, details
    )
    response.status_code = 200 if done else 202
    return HandOffResponse(
        conversation=row["id"], protocol=row["protocol"], outcome="done" if done else None
    )
