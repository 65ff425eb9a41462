"""Builds the operators' API."""

from collections.abc import Callable
from uuid import UUID

from fastapi import Depends, FastAPI
from pydantic import SecretStr
from starlette.routing import Mount

from niochat.adapters.postgres.database import Database
from niochat.conversations.pauses import ActorPauseStore
from niochat.http.api.api_application import create_api_application
from niochat.http.operators import (
    actor_routes,
    host_routes,
    mirror_routes,
    operator_conversation_routes,
)
from niochat.http.operators.operator_auth import OperatorTokenDependency
from niochat.http.operators.operator_repository import OperatorRepository
from niochat.http.operators.operator_services import OperatorServices, SendToHost
from niochat.inbox.command_submitter import CommandSubmitter
from niochat.inbox.inbox_store import InboxStore

OPERATORS_PATH = "/api/operators"
ROUTERS = (
    host_routes.router,
    mirror_routes.router,
    actor_routes.router,
    operator_conversation_routes.router,
)


def build_operator_routes(
    token: SecretStr | None,
    database: Database,
    inbox: InboxStore,
    send_to_host: SendToHost,
    poke: Callable[[UUID], None],
) -> list[Mount]:
    """Return the route of the application. ``poke`` is called with the thread of a new command."""
    app = create_operator_application(token)
    app.state.services = OperatorServices(
        OperatorRepository(database),
        ActorPauseStore(database),
        CommandSubmitter(inbox, poke),
        send_to_host,
    )
    return [Mount(OPERATORS_PATH, app)]


def create_operator_application(token: SecretStr | None = None) -> FastAPI:
    """Return the application without services: enough for its OpenAPI document."""
    authentication = Depends(OperatorTokenDependency(token))
    return create_api_application(OPERATORS_PATH, ROUTERS, dependencies=[authentication])
