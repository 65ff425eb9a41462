"""Reads actors: their state in the memory of hosts and their rows in the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from niochat.actors import actor_addresses
from niochat.cluster.hosts.host_inspection import (
    ActorInfo,
    ActorInfoRequest,
    ActorListRequest,
    OperatorRequest,
    page_sort_key,
)
from niochat.domain.errors import NotFoundError, UnavailableError
from niochat.http.operators.operator_schemas import (
    ActorResponse,
    ActorStateResponse,
    ListedActorResponse,
)
from niochat.http.operators.operator_services import OperatorServices
from niochat.runtime.address import ActorAddress

HostedActor = tuple[str, ActorInfo]
"""(incarnation of the host, actor)."""


@dataclass(frozen=True, slots=True)
class ActorListResult:
    """A page of actors, the last address on it, and the live hosts that did not answer."""

    actors: list[ListedActorResponse]
    last: ActorAddress | None
    silent_hosts: list[str]


async def list_hosted_actors(
    services: OperatorServices, request: ActorListRequest, host: str | None
) -> ActorListResult:
    """List actors of all live hosts, or of one. Raises ``NotFoundError`` for an unknown host."""
    hosts = await _live_hosts(services, host)
    listed = await asyncio.gather(*(_list_on_host(services, each, request) for each in hosts))
    merged = _merge_pages(request, [actor for page in listed for actor in page or []])
    return ActorListResult(
        await _add_backlogs(services, merged),
        merged[-1][1].address if merged else None,
        [each for each, page in zip(hosts, listed, strict=True) if page is None],
    )


async def load_actor(services: OperatorServices, address: ActorAddress) -> ActorResponse:
    """Load one actor. Raises ``NotFoundError`` for a conversation without a thread."""
    host = await services.repository.find_shard_owner(address.shard)
    info = await _ask_owner(services, host, ActorInfoRequest(address))
    backlog: dict[str, Any] = {}
    if address.kind == actor_addresses.CONVERSATION:
        rows = await services.repository.load_backlogs([address.key])
        if address.key not in rows:
            raise NotFoundError("The thread does not exist.")
        backlog = rows[address.key]
    state = None if info is None else ActorStateResponse.model_validate(info)
    return ActorResponse(kind=address.kind, key=address.key, host=host, actor=state, **backlog)


async def _live_hosts(services: OperatorServices, host: str | None) -> list[str]:
    rows = [row for row in await services.repository.list_hosts() if row["alive"]]
    if host is None:
        return [row["incarnation"] for row in rows]
    chosen = [row["incarnation"] for row in rows if host in (row["name"], row["incarnation"])]
    if not chosen:
        names = ", ".join(row["name"] for row in rows)
        raise NotFoundError(f"No live host has this name. Live hosts: {names}.")
    return chosen


async def _list_on_host(
    services: OperatorServices, host: str, request: ActorListRequest
) -> list[HostedActor] | None:
    try:
        return [(host, actor) for actor in await services.send_to_host(host, request)]
    except UnavailableError:
        return None


async def _ask_owner(services: OperatorServices, host: str | None, request: OperatorRequest) -> Any:
    if host is None:
        return None
    try:
        return await services.send_to_host(host, request)
    except UnavailableError:
        return None


async def _add_backlogs(
    services: OperatorServices, actors: Sequence[HostedActor]
) -> list[ListedActorResponse]:
    threads = [actor.key for _, actor in actors if actor.kind == actor_addresses.CONVERSATION]
    backlogs = await services.repository.load_backlogs(threads)
    listed = []
    for host, actor in actors:
        backlog = backlogs.get(actor.key, {})
        fields = {**backlog, **asdict(actor), "host": host}
        fields["tenant_id"] = actor.tenant_id or backlog.get("tenant_id")
        listed.append(ListedActorResponse.model_validate(fields))
    return listed


def _merge_pages(request: ActorListRequest, actors: Sequence[HostedActor]) -> list[HostedActor]:
    if request.busiest:
        ordered = sorted(actors, key=lambda each: -each[1].mailbox)
    else:
        ordered = sorted(actors, key=lambda each: page_sort_key(each[1].address))
    return ordered[: request.limit]
