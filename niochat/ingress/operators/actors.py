"""Virtual actors: who is in memory, one of them closely, and to forget, pause or resume it."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from niochat.actors import kinds
from niochat.actors.inspection import (
    ActorInfo,
    ActorInfoRequest,
    ActorListRequest,
    DeactivateActorRequest,
    OperatorRequest,
    RefreshPausesRequest,
    page_sort_key,
)
from niochat.conversation.pauses import MAX_PAUSES, PauseStore
from niochat.domain.errors import (
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    UnavailableError,
)
from niochat.ingress.operators.asked import (
    Page,
    PauseBody,
    address_of,
    answer,
    body_of,
    client_of,
    page_of,
)
from niochat.ingress.operators.hosts import Operate
from niochat.ingress.operators.rows import Rows
from niochat.runtime.address import ActorAddress

_log = structlog.get_logger(__name__)

Found = tuple[str, ActorInfo]
"""(incarnation, actor)."""


class ActorDoor:
    """``/actors``."""

    def __init__(self, rows: Rows, pauses: PauseStore, operate: Operate) -> None:
        self._rows = rows
        self._pauses = pauses
        self._operate = operate

    async def actors(self, request: Request) -> Response:
        """``GET /actors?host=&kind=&after=&limit=&order=``: one page, of one host or of all.

        ``silent`` names the living hosts that did not answer: the page lacks theirs. ``next`` is
        the ``after`` of the next page, absent on the last one and with ``order=mailbox``.
        """
        page = page_of(request)
        hosts = await self._asked(page)
        order = ActorListRequest(page.limit, page.kind, page.after, page.busiest)
        answers = await asyncio.gather(*(self._listed(host, order) for host in hosts))
        found = _merged(page, [each for listed in answers for each in listed or []])
        body: dict[str, Any] = {"actors": await self._told(found)}
        if len(found) == page.limit and not page.busiest:
            body["next"] = f"{found[-1][1].kind}:{found[-1][1].key}"
        silent = [host for host, listed in zip(hosts, answers, strict=True) if listed is None]
        return answer({**body, "silent": silent})

    async def actor(self, request: Request) -> Response:
        """``GET /actors/{kind}/{key}``: from memory and from its rows."""
        return answer(await self.look(_address(request)))

    async def look(self, address: ActorAddress) -> dict[str, Any]:
        """``host`` and, if it is in memory there, ``actor``; a conversation's rows besides."""
        host = await self._rows.owner(address.shard)
        seen = await self._of_owner(host, ActorInfoRequest(address))
        told: dict[str, Any] = {"kind": address.kind, "key": address.key, "host": host}
        told["actor"] = None if seen is None else asdict(seen)
        if address.kind == kinds.CONVERSATION:
            rows = (await self._rows.waiting([address.key])).get(address.key)
            if rows is None:
                raise NotFoundError("The thread does not exist.")
            told |= rows
        return told

    async def deactivate(self, request: Request) -> Response:
        """``POST /actors/{kind}/{key}/deactivate``: it leaves memory after what it is doing."""
        address = _address(request)
        host = await self._rows.owner(address.shard)
        if host is None:
            raise UnavailableError(
                "No host owns the shard of the actor. Repeat the request later.", code="host"
            )
        was_active = bool(await self._operate(host, DeactivateActorRequest(address)))
        _say("deactivate", address)
        return answer({"kind": address.kind, "key": address.key, "was_active": was_active})

    async def pause(self, request: Request) -> Response:
        """``POST /actors/conversation/{key}/pause`` with ``{"seconds": 600}``: no more steps."""
        address = _pausable(request)
        seconds = (await body_of(request, PauseBody)).seconds
        until = await self._pauses.pause(address.key, seconds)
        if until is None:
            if not await self._rows.waiting([address.key]):
                raise NotFoundError("The thread does not exist.")
            raise OperationRefusedError(
                f"{MAX_PAUSES} conversations are already paused. Resume some of them.",
                code="too_many_pauses",
            )
        _say("pause", address)
        await self._note(request, "operators.pause", address)
        return answer(
            {"key": address.key, "paused_until": until, "told": await self._tell(address)}
        )

    async def resume(self, request: Request) -> Response:
        """``POST /actors/conversation/{key}/resume``: it takes up what waited."""
        address = _pausable(request)
        await self._pauses.resume(address.key)
        _say("resume", address)
        await self._note(request, "operators.resume", address)
        return answer({"key": address.key, "paused_until": None, "told": await self._tell(address)})

    async def _note(self, request: Request, action: str, address: ActorAddress) -> None:
        rows = (await self._rows.waiting([address.key])).get(address.key)
        if rows is not None:  # of no thread there is nothing to tell, and nobody to tell it to
            client = client_of(request)
            await self._rows.note(rows["tenant_id"], client, action, address.key, {})

    async def _tell(self, address: ActorAddress) -> bool:
        """Whether the owner knows already; it reads the rows each second anyway."""
        host = await self._rows.owner(address.shard)
        if host is None:
            return False
        try:
            await self._operate(host, RefreshPausesRequest())
        except UnavailableError:
            return False
        return True

    async def _asked(self, page: Page) -> list[str]:
        living = [row for row in await self._rows.hosts() if row["alive"]]
        if page.host is None:
            return [row["incarnation"] for row in living]
        chosen = [r["incarnation"] for r in living if page.host in (r["name"], r["incarnation"])]
        if not chosen:
            names = ", ".join(row["name"] for row in living)
            raise NotFoundError(f"No live host has this name. Live hosts: {names}.")
        return chosen

    async def _listed(self, host: str, order: ActorListRequest) -> list[Found] | None:
        try:
            return [(host, seen) for seen in await self._operate(host, order)]
        except UnavailableError:
            return None

    async def _of_owner(self, host: str | None, order: OperatorRequest) -> Any:
        if host is None:
            return None
        try:
            return await self._operate(host, order)
        except UnavailableError:
            return None

    async def _told(self, found: Sequence[Found]) -> list[dict[str, Any]]:
        threads = [seen.key for _, seen in found if seen.kind == kinds.CONVERSATION]
        waiting = await self._rows.waiting(threads)
        told = []
        for host, seen in found:
            rows = waiting.get(seen.key, {})
            tenant = seen.tenant_id or rows.get("tenant_id")
            told.append({"host": host, **rows, **asdict(seen), "tenant_id": tenant})
        return told


def _merged(page: Page, found: Sequence[Found]) -> list[Found]:
    if page.busiest:
        ordered = sorted(found, key=lambda each: -each[1].mailbox)
    else:
        ordered = sorted(found, key=lambda each: page_sort_key(each[1].address))
    return ordered[: page.limit]


def _address(request: Request) -> ActorAddress:
    return address_of(request.path_params["kind"], request.path_params["key"])


def _pausable(request: Request) -> ActorAddress:
    """The others hand out places and answer questions: paused, they would fail who waits."""
    address = _address(request)
    if address.kind != kinds.CONVERSATION:
        raise InvalidInputError(
            "Only conversations can be paused. Suspend the tenant instead.", code="bad_kind"
        )
    return address


def _say(action: str, address: ActorAddress) -> None:
    _log.info(
        "operator_acted", who="operator", action=action, kind=address.kind, actor=str(address.key)
    )
