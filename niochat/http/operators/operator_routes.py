"""Every route of the API for operators, each behind the gate."""

from collections.abc import Callable
from uuid import UUID

from pydantic import SecretStr
from starlette.routing import Route

from niochat.adapters.postgres.database import Database
from niochat.conversations.pauses import PauseStore
from niochat.http.operators.actor_endpoints import ActorEndpoints
from niochat.http.operators.conversation_endpoints import ConversationEndpoints
from niochat.http.operators.host_endpoints import HostEndpoints, SendToHost
from niochat.http.operators.operator_auth import OperatorAuthenticator
from niochat.http.operators.operator_repository import OperatorRepository
from niochat.inbox.command_submitter import CommandSubmitter
from niochat.inbox.inbox_store import InboxStore


def build_operator_routes(
    token: SecretStr | None,
    database: Database,
    inbox: InboxStore,
    operate: SendToHost,
    poke: Callable[[UUID], None],
) -> list[Route]:
    """The routes."""
    gate, rows = OperatorAuthenticator(token), OperatorRepository(database)
    hosts = HostEndpoints(rows, operate)
    actors = ActorEndpoints(rows, PauseStore(database), operate)
    talks = ConversationEndpoints(rows, actors, CommandSubmitter(inbox, poke))
    actor, talk = "/actors/{kind}/{key}", "/conversations/{wanted}"
    routes = [
        ("GET", "/hosts", hosts.list_hosts),
        ("POST", "/hosts/{name}/drain", hosts.drain_host),
        ("POST", "/hosts/{name}/undrain", hosts.undrain_host),
        ("GET", "/shards", hosts.list_shards),
        ("GET", "/actors", actors.list_actors),
        ("GET", actor, actors.get_actor),
        ("POST", f"{actor}/deactivate", actors.deactivate_actor),
        ("POST", f"{actor}/pause", actors.pause_actor),
        ("POST", f"{actor}/resume", actors.resume_actor),
        ("GET", talk, talks.get_conversation),
        ("POST", f"{talk}/handoff", talks.hand_off),
    ]
    return [
        Route(f"/api/operators{path}", gate.require_token(endpoint), methods=[method])
        for method, path, endpoint in routes
    ]
