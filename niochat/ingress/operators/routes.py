"""Every route of the API for operators, each behind the gate."""

from collections.abc import Callable
from uuid import UUID

from pydantic import SecretStr
from starlette.routing import Route

from niochat.adapters.postgres.database import Database
from niochat.conversation.pauses import PauseStore
from niochat.inbox.accept import InboxStore
from niochat.inbox.ask import CommandSubmitter
from niochat.ingress.operators.actors import ActorDoor
from niochat.ingress.operators.conversations import ConversationDoor
from niochat.ingress.operators.gate import Gate
from niochat.ingress.operators.hosts import HostDoor, Operate
from niochat.ingress.operators.rows import Rows


def build(
    token: SecretStr | None,
    database: Database,
    inbox: InboxStore,
    operate: Operate,
    poke: Callable[[UUID], None],
) -> list[Route]:
    """The routes."""
    gate, rows = Gate(token), Rows(database)
    hosts = HostDoor(rows, operate)
    actors = ActorDoor(rows, PauseStore(database), operate)
    talks = ConversationDoor(rows, actors, CommandSubmitter(inbox, poke))
    actor, talk = "/actors/{kind}/{key}", "/conversations/{wanted}"
    routes = [
        ("GET", "/hosts", hosts.hosts),
        ("POST", "/hosts/{name}/drain", hosts.drain),
        ("POST", "/hosts/{name}/undrain", hosts.undrain),
        ("GET", "/shards", hosts.shards),
        ("GET", "/actors", actors.actors),
        ("GET", actor, actors.actor),
        ("POST", f"{actor}/deactivate", actors.deactivate),
        ("POST", f"{actor}/pause", actors.pause),
        ("POST", f"{actor}/resume", actors.resume),
        ("GET", talk, talks.conversation),
        ("POST", f"{talk}/handoff", talks.hand_over),
    ]
    return [
        Route(f"/api/operators{path}", gate.guarded(endpoint), methods=[method])
        for method, path, endpoint in routes
    ]
