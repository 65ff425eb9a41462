"""Hosts and shards: how each process is, and to take its shards away and give them back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from niochat.actors.inspection import HostInfoRequest, OperatorRequest
from niochat.domain.errors import NotFoundError, OperationRefusedError, UnavailableError
from niochat.ingress.operators.asked import answer
from niochat.ingress.operators.rows import Rows

_log = structlog.get_logger(__name__)

Operate = Callable[[str, OperatorRequest], Awaitable[Any]]
"""Asks the host of a name or incarnation. Raises ``UnavailableError``."""


class HostDoor:
    """``/hosts`` and ``/shards``."""

    def __init__(self, rows: Rows, operate: Operate) -> None:
        self._rows = rows
        self._operate = operate

    async def hosts(self, _: Request) -> Response:
        """``GET /hosts``: rows and, of each that answers, its own figures."""
        rows = await self._rows.hosts()
        figures = await asyncio.gather(*(self._figures(row) for row in rows))
        return answer(
            {"hosts": [{**row, "figures": f} for row, f in zip(rows, figures, strict=True)]}
        )

    async def shards(self, _: Request) -> Response:
        """``GET /shards``: all 1,024 with owner and epoch."""
        return answer({"shards": await self._rows.shards()})

    async def drain(self, request: Request) -> Response:
        """``POST /hosts/{name}/drain``: the supervisor moves its shards within seconds."""
        return await self._want(request, True)

    async def undrain(self, request: Request) -> Response:
        """``POST /hosts/{name}/undrain``: it gets its shards back."""
        return await self._want(request, False)

    async def _want(self, request: Request, drained: bool) -> Response:
        name = request.path_params["name"]
        if not await self._rows.drain(name, drained):
            known = {row["name"] for row in await self._rows.hosts()}
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
        return answer({"host": name, "draining": drained})

    async def _figures(self, row: dict[str, Any]) -> Any:
        if not row["alive"]:
            return None
        try:
            return await self._operate(row["incarnation"], HostInfoRequest())
        except UnavailableError:
            return None
