"""``/actors``: actors in memory; deactivating, pausing and resuming them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from niochat.cluster.hosts.host_inspection import (
    ActorListRequest,
    DeactivateActorRequest,
    RefreshPausesRequest,
)
from niochat.conversations.pauses import MAX_PAUSES
from niochat.domain.errors import (
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    UnavailableError,
)
from niochat.http.api.pagination import PageCursor, PageLimit, decode_cursor, encode_cursor
from niochat.http.operators.actor_lookup import list_hosted_actors, load_actor
from niochat.http.operators.operator_schemas import (
    ActorDeactivationResponse,
    ActorKind,
    ActorOrder,
    ActorPageResponse,
    ActorPauseResponse,
    ActorResponse,
    PauseActorRequest,
)
from niochat.http.operators.operator_services import (
    OperatorServices,
    Services,
    audit_operator_action,
    log_operator_action,
)
from niochat.runtime.address import ActorAddress

ACTOR_PATH = "/actors/{kind}/{key}"

router = APIRouter(tags=["operators"])


@router.get("/actors")
async def list_actors(
    services: Services,
    *,
    host: Annotated[
        str | None, Query(max_length=200, description="The name or incarnation of one host.")
    ] = None,
    kind: ActorKind | None = None,
    order: ActorOrder = ActorOrder.ADDRESS,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> ActorPageResponse:
    """List actors in memory, of all hosts or of one. With ``order=mailbox`` there is one page: the
    actors with the most messages.
    """
    busiest = order is ActorOrder.MAILBOX
    request = ActorListRequest(limit, kind, _parse_actor_cursor(cursor), busiest)
    page = await list_hosted_actors(services, request, host)
    following = None
    if page.last is not None and len(page.actors) == limit and not busiest:
        following = encode_cursor(page.last.kind, page.last.key)
    return ActorPageResponse(
        items=page.actors, next_cursor=following, silent_hosts=page.silent_hosts
    )


@router.get(ACTOR_PATH)
async def get_actor(kind: ActorKind, key: UUID, services: Services) -> ActorResponse:
    """Return one actor: its state in memory and what waits for it. The key of a conversation's
    actor is the id of the thread.
    """
    return await load_actor(services, ActorAddress(kind, key))


@router.post(ACTOR_PATH + "/deactivate")
async def deactivate_actor(
    kind: ActorKind, key: UUID, services: Services
) -> ActorDeactivationResponse:
    """Remove an actor from memory once it has finished what it is doing. Its next message loads it
    again from the database.
    """
    address = ActorAddress(kind, key)
    host = await services.repository.find_shard_owner(address.shard)
    if host is None:
        raise UnavailableError(
            "No host owns the shard of the actor. Repeat the request later.", code="host"
        )
    was_active = bool(await services.send_to_host(host, DeactivateActorRequest(address)))
    log_operator_action("deactivate", kind=kind.value, actor=str(key))
    return ActorDeactivationResponse(kind=kind, key=key, was_active=was_active)


@router.post(ACTOR_PATH + "/pause")
async def pause_actor(
    kind: ActorKind,
    key: UUID,
    request: Request,
    services: Services,
    body: PauseActorRequest = PauseActorRequest(),  # noqa: B008 - immutable
) -> ActorPauseResponse:
    """Pause a conversation for some seconds, an hour at most. No steps run and nothing is sent;
    inbound messages are stored.
    """
    address = _require_conversation(kind, key)
    until = await services.pauses.pause(key, body.seconds)
    if until is None:
        if not await services.repository.load_backlogs([key]):
            raise NotFoundError("The thread does not exist.")
        raise OperationRefusedError(
            f"{MAX_PAUSES} conversations are already paused. Resume some of them.",
            code="too_many_pauses",
        )
    await _record(request, services, "pause", address)
    notified = await _notify_owner(services, address)
    return ActorPauseResponse(key=key, paused_until=until, owner_notified=notified)


@router.post(ACTOR_PATH + "/resume")
async def resume_actor(
    kind: ActorKind, key: UUID, request: Request, services: Services
) -> ActorPauseResponse:
    """Resume a paused conversation. It continues with the stored messages."""
    address = _require_conversation(kind, key)
    await services.pauses.resume(key)
    await _record(request, services, "resume", address)
    notified = await _notify_owner(services, address)
    return ActorPauseResponse(key=key, paused_until=None, owner_notified=notified)


async def _record(
    request: Request, services: OperatorServices, action: str, address: ActorAddress
) -> None:
    log_operator_action(action, kind=address.kind, actor=str(address.key))
    row = (await services.repository.load_backlogs([address.key])).get(address.key)
    if row is not None:  # an unknown thread belongs to no tenant
        await audit_operator_action(
            request, services, row["tenant_id"], f"operators.{action}", address.key, {}
        )


async def _notify_owner(services: OperatorServices, address: ActorAddress) -> bool:
    """Return whether the owner has read the change. It reads all pauses every second anyway."""
    host = await services.repository.find_shard_owner(address.shard)
    if host is None:
        return False
    try:
        await services.send_to_host(host, RefreshPausesRequest())
    except UnavailableError:
        return False
    return True


def _require_conversation(kind: ActorKind, key: UUID) -> ActorAddress:
    """Other actors answer requests: paused, they would fail those who wait for the answer."""
    if kind is not ActorKind.CONVERSATION:
        raise InvalidInputError(
            "Only conversations can be paused. Suspend the tenant instead.", code="bad_kind"
        )
    return ActorAddress(kind, key)


def _parse_actor_cursor(cursor: str | None) -> ActorAddress | None:
    parts = decode_cursor(cursor, ActorKind, UUID)
    return None if parts is None else ActorAddress(*parts)
