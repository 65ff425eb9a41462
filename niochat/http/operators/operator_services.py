"""The services that the routes of the operators' API use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Request

from niochat.cluster.hosts.host_inspection import OperatorRequest
from niochat.conversations.pauses import ActorPauseStore
from niochat.http.operators.operator_repository import OperatorRepository
from niochat.http.request_metadata import client_address
from niochat.inbox.command_submitter import CommandSubmitter

_log = structlog.get_logger(__name__)

SendToHost = Callable[[str, OperatorRequest], Awaitable[Any]]
"""Sends a request to the host with a name or incarnation. Raises ``UnavailableError``."""


@dataclass(frozen=True, slots=True)
class OperatorServices:
    """What the application is built with."""

    repository: OperatorRepository
    pauses: ActorPauseStore
    command_submitter: CommandSubmitter
    send_to_host: SendToHost


async def operator_services_for(request: Request) -> OperatorServices:
    """Return the services that the application was built with."""
    services: OperatorServices = request.app.state.services
    return services


Services = Annotated[OperatorServices, Depends(operator_services_for)]
"""A parameter of an endpoint."""


async def audit_operator_action(
    request: Request,
    services: OperatorServices,
    tenant_id: UUID,
    action: str,
    thread_id: UUID,
    after: dict[str, object],
) -> None:
    """Record an action in the audit log of the tenant whose conversation it concerns."""
    await services.repository.write_audit_entry(
        tenant_id, client_address(request), action, thread_id, after
    )


def log_operator_action(action: str, **target: object) -> None:
    """Write an action to the process log."""
    _log.info("operator_acted", who="operator", action=action, **target)
