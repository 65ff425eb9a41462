"""``/hosts`` and ``/shards``: the host processes, and draining them."""

import asyncio
from typing import Any

from fastapi import APIRouter

from niochat.cluster.hosts.host_inspection import HostInfoRequest
from niochat.domain.errors import NotFoundError, OperationRefusedError, UnavailableError
from niochat.http.operators.operator_schemas import (
    HostDrainResponse,
    HostListResponse,
    HostResponse,
    ShardListResponse,
    ShardResponse,
)
from niochat.http.operators.operator_services import (
    OperatorServices,
    Services,
    log_operator_action,
)

router = APIRouter(tags=["operators"])


@router.get("/hosts")
async def list_hosts(services: Services) -> HostListResponse:
    """List all hosts and the metrics of each host that answers."""
    rows = await services.repository.list_hosts()
    metrics = await asyncio.gather(*(_load_metrics(services, row) for row in rows))
    return HostListResponse(
        hosts=[
            HostResponse.model_validate({**row, "metrics": each})
            for row, each in zip(rows, metrics, strict=True)
        ]
    )


@router.get("/shards")
async def list_shards(services: Services) -> ShardListResponse:
    """List all shards with their owner and epoch."""
    rows = await services.repository.list_shards()
    return ShardListResponse(shards=[ShardResponse.model_validate(row) for row in rows])


@router.post("/hosts/{name}/drain")
async def drain_host(name: str, services: Services) -> HostDrainResponse:
    """Drain a host. Its shards move to other hosts within seconds, and stay there until the host
    is undrained or restarted. 409 if no other host can take them over.
    """
    return await _set_draining(services, name, draining=True)


@router.post("/hosts/{name}/undrain")
async def undrain_host(name: str, services: Services) -> HostDrainResponse:
    """Let a drained host own shards again."""
    return await _set_draining(services, name, draining=False)


async def _set_draining(
    services: OperatorServices, name: str, *, draining: bool
) -> HostDrainResponse:
    if not await services.repository.set_draining(name, draining):
        names = sorted({row["name"] for row in await services.repository.list_hosts()})
        if name not in names:
            raise NotFoundError(f"The host does not exist. Known hosts: {', '.join(names)}.")
        raise OperationRefusedError(
            "No other host can take over the shards. Undrain another host first.", code="last_host"
        )
    log_operator_action("drain" if draining else "undrain", host=name)
    return HostDrainResponse(host=name, draining=draining)


async def _load_metrics(services: OperatorServices, row: dict[str, Any]) -> Any:
    if not row["alive"]:
        return None
    try:
        return await services.send_to_host(row["incarnation"], HostInfoRequest())
    except UnavailableError:
        return None
