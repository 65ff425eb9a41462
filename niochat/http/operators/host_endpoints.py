"""Hosts and shards: how each process is, and to take its shards away and give them back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from niochat.cluster.hosts.host_inspection import HostInfoRequest, OperatorRequest
from niochat.domain.errors import NotFoundError, OperationRefusedError, UnavailableError
from niochat.http.operators.operator_repository import OperatorRepository
from niochat.http.operators.request_parsing import json_response

_log = structlog.get_logger(__name__)

SendToHost = Callable[[str, OperatorRequest], Awaitable[Any]]
"""Asks the host of a name or incarnation. Raises ``UnavailableError``."""


class HostEndpoints:
    """``/hosts`` and ``/shards``."""

    def __init__(self, rows: OperatorRepository, operate: SendToHost) -> None:
        self._repository = rows
        self._send_to_host = operate

    async def list_hosts(self, _: Request) -> Response:
        """``GET /hosts``: rows and, of each that answers, its own figures."""
        rows = await self._repository.list_hosts()
        figures = await asyncio.gather(*(self._host_metrics(row) for row in rows))
        return json_response(
            {"hosts": [{**row, "figures": f} for row, f in zip(rows, figures, strict=True)]}
        )

    async def list_shards(self, _: Request) -> Response:
        """``GET /shards``: all 1,024 with owner and epoch."""
        return json_response({"shards": await self._repository.list_shards()})

    async def drain_host(self, request: Request) -> Response:
        """``POST /hosts/{name}/drain``: the supervisor moves its shards within seconds."""
        return await self._set_draining(request, True)

    async def undrain_host(self, request: Request) -> Response:
        """``POST /hosts/{name}/undrain``: it gets its shards back."""
        return await self._set_draining(request, False)

    async def _set_draining(self, request: Request, drained: bool) -> Response:
        name = request.path_params["name"]
        if not await self._repository.set_draining(name, drained):
            known = {row["name"] for row in await self._repository.list_hosts()}
            if name not in known:
                raise NotFoundError(
                    f"The host does not exist. Known hosts: {', '.join(sorted(known))}."
                )
            raise OperationRefusedError(
                "No other host can take over the shards. Undrain another host first.",
                code="last_host",
            )
        _log.info(
            "operator_acted", who="operator", action="drain" if drained else "undrain", host=name
        )
        return json_response({"host": name, "draining": drained})

    async def _host_metrics(self, row: dict[str, Any]) -> Any:
        if not row["alive"]:
            return None
        try:
            return await self._send_to_host(row["incarnation"], HostInfoRequest())
        except UnavailableError:
            return None
