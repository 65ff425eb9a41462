"""Virtual actors: who is in memory, one of them closely, and to forget, pause or resume it."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from niochat.actors import actor_addresses
from niochat.cluster.hosts.host_inspection import (
    ActorInfo,
    ActorInfoRequest,
    ActorListRequest,
    DeactivateActorRequest,
    OperatorRequest,
    RefreshPausesRequest,
    page_sort_key,
)
from niochat.conversations.pauses import MAX_PAUSES, PauseStore
from niochat.domain.errors import (
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    UnavailableError,
)
from niochat.http.operators.host_endpoints import SendToHost
from niochat.http.operators.operator_repository import OperatorRepository
from niochat.http.operators.request_parsing import (
    ActorListQuery,
    PauseActorRequest,
    client_address,
    json_response,
    parse_actor_list_query,
    parse_address,
    parse_body,
)
from niochat.runtime.address import ActorAddress

_log = structlog.get_logger(__name__)

HostedActor = tuple[str, ActorInfo]
"""(incarnation, actor)."""


class ActorEndpoints:
    """``/actors``."""

    def __init__(self, rows: OperatorRepository, pauses: PauseStore, operate: SendToHost) -> None:
        self._repository = rows
        self._pauses = pauses
        self._send_to_host = operate

    async def list_actors(self, request: Request) -> Response:
        """``GET /actors?host=&kind=&after=&limit=&order=``: one page, of one host or of all.

        ``silent`` names the living hosts that did not answer: the page lacks theirs. ``next`` is
        the ``after`` of the next page, absent on the last one and with ``order=mailbox``.
        """
        page = parse_actor_list_query(request)
        hosts = await self._target_hosts(page)
        order = ActorListRequest(page.limit, page.kind, page.after, page.busiest)
        answers = await asyncio.gather(*(self._list_on_host(host, order) for host in hosts))
        found = _merge_pages(page, [each for listed in answers for each in listed or []])
        body: dict[str, Any] = {"actors": await self._render_actors(found)}
        if len(found) == page.limit and not page.busiest:
            body["next"] = f"{found[-1][1].kind}:{found[-1][1].key}"
        silent = [host for host, listed in zip(hosts, answers, strict=True) if listed is None]
        return json_response({**body, "silent": silent})

    async def get_actor(self, request: Request) -> Response:
        """``GET /actors/{kind}/{key}``: from memory and from its rows."""
        return json_response(await self.load_actor(_parse_path_address(request)))

    async def load_actor(self, address: ActorAddress) -> dict[str, Any]:
        """``host`` and, if it is in memory there, ``actor``; a conversation's rows besides."""
        host = await self._repository.find_shard_owner(address.shard)
        seen = await self._query_owner(host, ActorInfoRequest(address))
        told: dict[str, Any] = {"kind": address.kind, "key": address.key, "host": host}
        told["actor"] = None if seen is None else asdict(seen)
        if address.kind == actor_addresses.CONVERSATION:
            rows = (await self._repository.load_backlogs([address.key])).get(address.key)
            if rows is None:
                raise NotFoundError("The thread does not exist.")
            told |= rows
        return told

    async def deactivate_actor(self, request: Request) -> Response:
        """``POST /actors/{kind}/{key}/deactivate``: it leaves memory after what it is doing."""
        address = _parse_path_address(request)
        host = await self._repository.find_shard_owner(address.shard)
        if host is None:
            raise UnavailableError(
                "No host owns the shard of the actor. Repeat the request later.", code="host"
            )
        was_active = bool(await self._send_to_host(host, DeactivateActorRequest(address)))
        _log_action("deactivate", address)
        return json_response({"kind": address.kind, "key": address.key, "was_active": was_active})

    async def pause_actor(self, request: Request) -> Response:
        """``POST /actors/conversation/{key}/pause`` with ``{"seconds": 600}``: no more steps."""
        address = _parse_pausable_address(request)
        seconds = (await parse_body(request, PauseActorRequest)).seconds
        until = await self._pauses.pause(address.key, seconds)
        if until is None:
            if not await self._repository.load_backlogs([address.key]):
                raise NotFoundError("The thread does not exist.")
            raise OperationRefusedError(
                f"{MAX_PAUSES} conversations are already paused. Resume some of them.",
                code="too_many_pauses",
            )
        _log_action("pause", address)
        await self._audit(request, "operators.pause", address)
        return json_response(
            {"key": address.key, "paused_until": until, "told": await self._notify_owner(address)}
        )

    async def resume_actor(self, request: Request) -> Response:
        """``POST /actors/conversation/{key}/resume``: it takes up what waited."""
        address = _parse_pausable_address(request)
        await self._pauses.resume(address.key)
        _log_action("resume", address)
        await self._audit(request, "operators.resume", address)
        return json_response(
            {"key": address.key, "paused_until": None, "told": await self._notify_owner(address)}
        )

    async def _audit(self, request: Request, action: str, address: ActorAddress) -> None:
        rows = (await self._repository.load_backlogs([address.key])).get(address.key)
        if rows is not None:  # of no thread there is nothing to tell, and nobody to tell it to
            client = client_address(request)
            await self._repository.write_audit_entry(
                rows["tenant_id"], client, action, address.key, {}
            )

    async def _notify_owner(self, address: ActorAddress) -> bool:
        """Whether the owner knows already; it reads the rows each second anyway."""
        host = await self._repository.find_shard_owner(address.shard)
        if host is None:
            return False
        try:
            await self._send_to_host(host, RefreshPausesRequest())
        except UnavailableError:
            return False
        return True

    async def _target_hosts(self, page: ActorListQuery) -> list[str]:
        living = [row for row in await self._repository.list_hosts() if row["alive"]]
        if page.host is None:
            return [row["incarnation"] for row in living]
        chosen = [r["incarnation"] for r in living if page.host in (r["name"], r["incarnation"])]
        if not chosen:
            names = ", ".join(row["name"] for row in living)
            raise NotFoundError(f"No live host has this name. Live hosts: {names}.")
        return chosen

    async def _list_on_host(self, host: str, order: ActorListRequest) -> list[HostedActor] | None:
        try:
            return [(host, seen) for seen in await self._send_to_host(host, order)]
        except UnavailableError:
            return None

    async def _query_owner(self, host: str | None, order: OperatorRequest) -> Any:
        if host is None:
            return None
        try:
            return await self._send_to_host(host, order)
        except UnavailableError:
            return None

    async def _render_actors(self, found: Sequence[HostedActor]) -> list[dict[str, Any]]:
        threads = [seen.key for _, seen in found if seen.kind == actor_addresses.CONVERSATION]
        waiting = await self._repository.load_backlogs(threads)
        told = []
        for host, seen in found:
            rows = waiting.get(seen.key, {})
            tenant = seen.tenant_id or rows.get("tenant_id")
            told.append({"host": host, **rows, **asdict(seen), "tenant_id": tenant})
        return told


def _merge_pages(page: ActorListQuery, found: Sequence[HostedActor]) -> list[HostedActor]:
    if page.busiest:
        ordered = sorted(found, key=lambda each: -each[1].mailbox)
    else:
        ordered = sorted(found, key=lambda each: page_sort_key(each[1].address))
    return ordered[: page.limit]


def _parse_path_address(request: Request) -> ActorAddress:
    return parse_address(request.path_params["kind"], request.path_params["key"])


def _parse_pausable_address(request: Request) -> ActorAddress:
    """The others hand out places and answer questions: paused, they would fail who waits."""
    address = _parse_path_address(request)
    if address.kind != actor_addresses.CONVERSATION:
        raise InvalidInputError(
            "Only conversations can be paused. Suspend the tenant instead.", code="bad_kind"
        )
    return address


def _log_action(action: str, address: ActorAddress) -> None:
    _log.info(
        "operator_acted", who="operator", action=action, kind=address.kind, actor=str(address.key)
    )
