"""Request and response bodies of the operators' API. None contains the text of a message."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AliasChoices, Field

from niochat.actors import actor_addresses
from niochat.conversations.pauses import MAX_PAUSE_S
from niochat.http.api.pagination import CursorPage
from niochat.http.api.schemas import RequestModel, ResponseModel


class ActorKind(StrEnum):
    """The kind of an actor."""

    CONVERSATION = actor_addresses.CONVERSATION
    TENANT = actor_addresses.TENANT
    TEAM_QUEUE = actor_addresses.TEAM_QUEUE


class ActorOrder(StrEnum):
    """The order of a list of actors: by address, or with the fullest mailbox first."""

    ADDRESS = "address"
    MAILBOX = "mailbox"


class WaitingWorkResponse(ResponseModel):
    """Work that waits on a host: steps, turns, activations and sends."""

    steps: int
    turns: int
    activations: Annotated[int, Field(validation_alias=AliasChoices("activations", "outside"))]
    sends: int


class TenantThrottleResponse(ResponseModel):
    """A tenant that is throttled, the reason, and how much of its work waits."""

    tenant_id: UUID
    reason: str
    since: datetime
    waiting: int


class HostMetricsResponse(ResponseModel):
    """The metrics that a host process reports. ``rejected`` counts messages that found no free
    mailbox; ``lag_ms`` is the delay of the event loop; ``by_kind`` counts actors by kind.
    """

    shards: int
    actors: int
    conversations: int
    turns: int
    sends: int
    waiting: WaitingWorkResponse
    rejected: Annotated[int, Field(validation_alias=AliasChoices("rejected", "refused"))]
    throttled: Annotated[
        list[TenantThrottleResponse],
        Field(validation_alias=AliasChoices("throttled", "held_back")),
    ]
    mailbox_depth: int
    lag_ms: float
    by_kind: dict[str, int]


class HostResponse(ResponseModel):
    """A host process. ``alive`` is true while the process reports; ``seen_s`` is the number of
    seconds since its last report. ``metrics`` is null if the process does not answer.
    """

    name: str
    incarnation: str
    node: str
    pid: int
    started_at: datetime
    draining: bool
    seen_s: float
    shards: int
    alive: bool
    metrics: HostMetricsResponse | None


class HostListResponse(ResponseModel):
    """All hosts by name."""

    hosts: list[HostResponse]


class HostDrainResponse(ResponseModel):
    """Whether the host is draining now."""

    host: str
    draining: bool


class ShardResponse(ResponseModel):
    """A shard, the incarnation of its host, and its epoch."""

    shard: int
    host: str | None
    epoch: int


class ShardListResponse(ResponseModel):
    """All shards by number."""

    shards: list[ShardResponse]


class TimerResponse(ResponseModel):
    """A timer of a conversation."""

    name: str
    generation: int
    due_at: datetime


class ThreadBacklogResponse(ResponseModel):
    """What waits for a conversation: unprocessed inbox rows, unsettled sends and timers. All are
    null for other actors.
    """

    tenant_id: UUID | None = None
    inbox: int | None = None
    outbox: int | None = None
    timers: list[TimerResponse] | None = None
    paused_until: datetime | None = None


class ActorStateResponse(ResponseModel):
    """An actor in memory. ``status`` is ``stepping``, ``queued``, ``paused`` or ``resting``;
    ``mailbox`` is the number of its messages; ``error`` is the code of its last error.
    """

    kind: str
    key: UUID
    tenant_id: UUID | None
    status: str
    mailbox: int
    age_s: float
    idle_s: float
    error: str | None
    error_at: datetime | None


class ListedActorResponse(ActorStateResponse, ThreadBacklogResponse):
    """An actor in memory, its host, and what waits for it."""

    host: str


class ActorPageResponse(CursorPage[ListedActorResponse]):
    """A page of actors. ``silent_hosts`` are the live hosts that did not answer: their actors are
    missing from the page.
    """

    silent_hosts: list[str]


class ActorResponse(ThreadBacklogResponse):
    """An actor. ``host`` is the owner of its shard; ``actor`` is null if the actor is not in
    memory.
    """

    kind: str
    key: UUID
    host: str | None
    actor: ActorStateResponse | None


class ActorDeactivationResponse(ResponseModel):
    """``was_active`` is true if the actor was in memory."""

    kind: str
    key: UUID
    was_active: bool


class PauseActorRequest(RequestModel):
    """The duration of the pause in seconds."""

    seconds: Annotated[float, Field(gt=0, le=MAX_PAUSE_S, allow_inf_nan=False)] = 600.0


class ActorPauseResponse(ResponseModel):
    """The end of the pause; null: not paused. If ``owner_notified`` is false, the host of the
    conversation learns of the change within a second or two.
    """

    key: UUID
    paused_until: datetime | None
    owner_notified: bool


class HandOffRequest(RequestModel):
    """The team that receives the conversation. Without a team, the default team of the tenant
    receives it.
    """

    team: Annotated[str, Field(min_length=1, max_length=63)] | None = None


class HandOffResponse(ResponseModel):
    """``outcome`` is ``done``; it is null with status 202: the command will be executed later."""

    conversation: UUID
    protocol: str
    outcome: str | None


class RunningTurnResponse(ResponseModel):
    """The running turn of the assistant."""

    id: UUID
    attempt: int
    host: str
    model: str
    started_at: datetime


class PendingCommandResponse(ResponseModel):
    """An unprocessed row of the inbox."""

    id: int
    type: str | None
    received_at: datetime
    failures: int


class UnsettledSendResponse(ResponseModel):
    """A send whose outcome is not settled."""

    id: UUID
    origin: str
    kind: str
    status: str
    attempts: int
    code: str | None
    created_at: datetime
    next_at: datetime


class OperatorConversationResponse(ResponseModel):
    """A conversation with its state, its running turn, its oldest pending commands, its unsettled
    sends, and its actor.
    """

    id: UUID
    tenant_id: UUID
    tenant: str
    thread_id: UUID
    channel_id: UUID
    protocol: str
    status: str
    team: str | None
    agent: str | None
    paused_until: datetime | None
    version: int
    state: dict[str, Any]
    schema_version: int
    opened_at: datetime
    changed_at: datetime
    turn: RunningTurnResponse | None
    pending: list[PendingCommandResponse]
    sends: list[UnsettledSendResponse]
    actor: ActorResponse
