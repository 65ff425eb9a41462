"""Every route of the API for operators, each behind the gate."""

from collections.abc import Callable
from uuid import UUID

from pydantic import SecretStr
from starlette.routing import Route

from niochat.adapters.postgres.database import Database
from niochat.conversation.pauses import PauseStore
from niochat.inbox.accept import InboxStore
from niochat.inbox.ask import CommandSubmitter
from niochat.ingress.operators.actors import ActorEndpoints
from niochat.ingress.operators.conversations import ConversationEndpoints
from niochat.ingress.operators.gate import OperatorAuthenticator
from niochat.ingress.operators.hosts import HostEndpoints, SendToHost
from niochat.ingress.operators.rows import OperatorRepository


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
