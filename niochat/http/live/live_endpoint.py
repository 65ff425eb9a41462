"""``/live``: the WebSocket endpoint of the desk. Connections are authenticated, resumable and
bounded.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from niochat.adapters.clock import database_clock
from niochat.assignment.agent_presence import PresenceStore
from niochat.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    NiochatError,
    PermissionDeniedError,
    UnavailableError,
)
from niochat.domain.permissions import PermissionAction
from niochat.http.live.client_frames import ClientFrameHandler, WriteAuditEntry
from niochat.http.live.live_connection import (
    CLOSE_POLICY_VIOLATION,
    CLOSE_TRY_AGAIN_LATER,
    MAX_QUEUED_FRAMES,
    LiveConnection,
    receive_text,
    send_backlog,
    send_goodbye,
)
from niochat.http.request_metadata import client_address
from niochat.http.rest.dependencies import ACCESS_COOKIE
from niochat.identity.authentication import Authenticator, Principal
from niochat.identity.socket_tickets import SocketTicketStore
from niochat.live.frames import (
    MAX_FRAME_BYTES,
    GoodbyeFrame,
    WelcomeFrame,
    encode_frame,
    parse_hello,
)
from niochat.live.hub import LiveHub
from niochat.live.log_position import LogPosition
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.periodic_loop import IntervalTimer, run_periodically

_log = structlog.get_logger(__name__)

HELLO_TIMEOUT_S = 10.0
ACCESS_CHECK_INTERVAL_S = 15.0
"""Between two checks whether the users of open sockets still have access."""
VIEWED_BROADCAST_INTERVAL_S = 60.0
"""Between two broadcasts of the viewed conversations, for clients that have connected since."""
RECONNECT_SPREAD_S = 10.0
"""Clients of a replica that stops reconnect at random times within this interval."""
SHOWN_AUDIT_INTERVAL_S = 600.0
"""Between two audit entries about the events that an open socket has received."""
PRESENCE_REFRESH_INTERVAL_S = 15.0
"""Between two records that the users of open sockets are present."""
MAX_CONCURRENT_HANDSHAKES = 64
"""Further handshakes wait without a time limit; in the queue of the database they would time
out.
"""
MAX_CONCURRENT_ACCESS_CHECKS = 100
MAX_PENDING_HELLOS, MAX_PENDING_HELLOS_PER_ADDRESS = 1000, 100
"""Sockets before their hello frame: anyone can open one."""
MAX_CONNECTIONS_PER_USER = 20
"""Sockets of a user in one replica."""


class LiveEndpoint:
    """The connections of one replica. ``build_id`` identifies its code; ``write_audit`` writes to
    the audit log; ``max_queued_frames`` may wait for one client.
    """

    def __init__(
        self,
        hub: LiveHub,
        authenticator: Authenticator,
        tickets: SocketTicketStore,
        frame_handler: ClientFrameHandler,
        build_id: str,
        presences: PresenceStore,
        write_audit: WriteAuditEntry,
        max_queued_frames: int = MAX_QUEUED_FRAMES,
    ) -> None:
        self._write_audit = write_audit
        self._hub = hub
        self._frame_handler = frame_handler
        self._max_queued_frames = max_queued_frames
        self._build_id = build_id
        self._authenticator = authenticator
        self._tickets = tickets
        self._presences = presences
        self._connections: set[LiveConnection] = set()
        self._connections_per_user: Counter[UUID] = Counter()
        self._pending_hellos: Counter[str] = Counter()
        self._handshake_slots = asyncio.Semaphore(MAX_CONCURRENT_HANDSHAKES)
        self._owner = BackgroundTaskSet("live")
        self._viewed_timer = IntervalTimer(VIEWED_BROADCAST_INTERVAL_S)

    def routes(self) -> list[BaseRoute]:
        """Return the route of the endpoint."""
        return [_LiveRoute(self.connect)]

    async def connect(self, websocket: WebSocket) -> None:
        """Serve one client until its connection ends."""
        address = client_address(websocket)
        if (
            self._pending_hellos[address] >= MAX_PENDING_HELLOS_PER_ADDRESS
            or self._pending_hellos.total() >= MAX_PENDING_HELLOS
        ):
            await websocket.close(CLOSE_TRY_AGAIN_LATER)  # not accepted yet: the client gets 403
            return
        await websocket.accept()
        self._pending_hellos[address] += 1
        try:
            socket, since = await self._handshake(websocket)
        except (WebSocketDisconnect, TimeoutError):
            with contextlib.suppress(RuntimeError):
                await websocket.close(CLOSE_POLICY_VIOLATION, "Send a hello frame first.")
            return
        except UnavailableError:
            await send_goodbye(websocket, GoodbyeFrame(reason="slow", retry_after_s=5.0))
            return
        except NiochatError as error:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close(CLOSE_POLICY_VIOLATION, f"{error.code}: {error}"[:120])
            return
        finally:
            self._pending_hellos[address] -= 1
            if not self._pending_hellos[address]:
                del self._pending_hellos[address]
        self._connections.add(socket)
        self._connections_per_user[socket.user_id] += 1
        try:
            await self._stream(websocket, socket, since)
        except (WebSocketDisconnect, TimeoutError):
            pass
        except UnavailableError:
            await send_goodbye(websocket, GoodbyeFrame(reason="slow", retry_after_s=5.0))
        finally:
            self._hub.leave(socket)
            self._connections.discard(socket)
            self._discard_user(socket.user_id)
            self._owner.start(self._audit_shown(socket))
            self._owner.start(self._frame_handler.clear_viewed(socket.caller, socket.viewed))

    async def run_access_checks(self) -> None:
        """Disconnect users who lost access. The others get a heartbeat, and now and then what
        their colleagues view.
        """
        await run_periodically(
            "live_access_checks_failed", ACCESS_CHECK_INTERVAL_S, self._check_connections
        )

    async def _check_connections(self) -> None:
        try:
            sockets = list(self._connections)
            for first in range(0, len(sockets), MAX_CONCURRENT_ACCESS_CHECKS):
                some = sockets[first : first + MAX_CONCURRENT_ACCESS_CHECKS]
                await asyncio.gather(*(self.check_access(socket) for socket in some))
            if self._viewed_timer.restart_if_due():
                for socket in sockets:
                    await self._frame_handler.rebroadcast_viewed(socket.caller, socket.viewed)
        finally:
            self._hub.send_heartbeats()

    async def run_presence_refresh(self) -> None:
        """In a loop of its own: access checks of thousands of sockets must not delay it until
        agents count as absent.
        """
        await run_periodically(
            "presence_refresh_failed", PRESENCE_REFRESH_INTERVAL_S, self.refresh_presence
        )

    async def run_shown_audit(self) -> None:
        """Record in the audit log what screens were shown, also while they stay connected."""
        await run_periodically("live_audit_failed", SHOWN_AUDIT_INTERVAL_S, self._audit_connections)

    async def _audit_connections(self) -> None:
        for socket in list(self._connections):
            await self._audit_shown(socket)

    async def _audit_shown(self, socket: LiveConnection) -> None:
        shown = socket.take_shown_events()
        if shown is None:
            return
        try:
            await self._write_audit(
                socket.audit_entry("conversations.read", {"live": "events", **shown})
            )
        except NiochatError as error:
            _log.warning("live_audit_failed", code=error.code, events=shown["events"])

    async def refresh_presence(self) -> None:
        """Record the users of open sockets as present."""
        present = {
            (each.tenant_id, each.caller.id) for each in self._connections if not each.is_closing
        }
        await self._presences.record_seen(present)

    async def check_access(self, socket: LiveConnection) -> None:
        """Load the user again: a new role or team takes effect; without access the socket is
        closed.
        """
        assert socket.caller.session_id is not None
        try:
            caller = await self._authenticator.authenticate_session(
                socket.caller.session_id, socket.caller.id, database_clock.now()
            )
        except (AuthenticationError, PermissionDeniedError) as error:
            _log.info("live_ended", code=error.code)
            socket.disconnect(GoodbyeFrame(reason="signed_out"))
        except NiochatError:
            return  # the database is unavailable: no events are sent meanwhile
        else:
            if caller.tenant_id != socket.tenant_id or not caller.may(
                PermissionAction.CONVERSATIONS_READ
            ):
                socket.disconnect(GoodbyeFrame(reason="signed_out"))
            changed = (caller.grants, caller.teams) != (socket.caller.grants, socket.caller.teams)
            socket.caller = caller
            if changed and not socket.is_closing:
                with contextlib.suppress(NiochatError):  # the change itself is in the audit log
                    await self._write_audit(
                        socket.audit_entry("live.sight", _visibility_details(caller))
                    )

    def on_access_changed(self, principal_id: UUID) -> None:
        """Check the sockets of a user, or of all users of a tenant, at once."""
        for socket in self._connections:
            if principal_id in (socket.caller.id, socket.tenant_id):
                self._owner.start(self.check_access(socket))

    def on_build_announced(self, build_id: bytes) -> None:
        """Disconnect all clients if a replica with other code has started: this one is replaced."""
        if build_id.decode(errors="replace") != self._build_id:
            _log.info("live_restarting", sockets=len(self._connections))
            self.disconnect_all()

    def disconnect_all(self) -> None:
        """Disconnect all clients; they reconnect at different times."""
        for socket in self._connections:
            wait_s = round(random.uniform(1.0, RECONNECT_SPREAD_S), 1)
            socket.disconnect(GoodbyeFrame(reason="restarting", retry_after_s=wait_s))

    def _discard_user(self, user_id: UUID) -> None:
        self._connections_per_user[user_id] -= 1
        if not self._connections_per_user[user_id]:
            del self._connections_per_user[user_id]

    async def _handshake(self, websocket: WebSocket) -> tuple[LiveConnection, LogPosition | None]:
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            text = await receive_text(websocket)
        if text is None or len(text) > MAX_FRAME_BYTES:
            raise InvalidInputError(
                "The first frame must be a text frame of at most 4096 characters.", code="bad_frame"
            )
        hello = parse_hello(text)
        since = LogPosition.parse(hello.position) if hello.position is not None else None
        async with self._handshake_slots:
            caller = await self._authenticate(websocket, hello.ticket)
        if not caller.may(PermissionAction.CONVERSATIONS_READ) or caller.tenant_id is None:
            actor = AuditActor(AuditActorKind.USER, str(caller.id), client_address(websocket))
            await self._write_audit(AuditEntry(caller.tenant_id, actor, "access.denied", "live"))
        caller.require(PermissionAction.CONVERSATIONS_READ)
        if self._connections_per_user[caller.id] >= MAX_CONNECTIONS_PER_USER:
            raise InvalidInputError(
                "The user has too many open sockets. Close some of them.", code="too_many"
            )
        return LiveConnection(
            websocket, caller, self._frame_handler, self._max_queued_frames
        ), since

    async def _authenticate(self, websocket: WebSocket, ticket: str | None) -> Principal:
        if ticket is not None:
            session_id, user_id = await self._tickets.redeem(ticket, database_clock.now())
            return await self._authenticator.authenticate_session(
                session_id, user_id, database_clock.now()
            )
        cookie = websocket.cookies.get(ACCESS_COOKIE)
        if not cookie or not _is_same_origin(websocket):
            raise AuthenticationError(
                "Send a ticket of POST /api/v1/auth/socket-tickets in the hello frame."
            )
        return await self._authenticator.authenticate_token(cookie, database_clock.now())

    async def _stream(
        self, websocket: WebSocket, socket: LiveConnection, since: LogPosition | None
    ) -> None:
        async with self._handshake_slots:  # no event is sent before the audit entry is written
            await self._write_audit(
                socket.audit_entry("live.open", _visibility_details(socket.caller))
            )
            joining = await self._hub.join(socket, since)
        try:
            # The missed frames follow after ``since``: if the client is cut off now, it resumes
            # there.
            resumed_at = since if joining.missed_frames is not None else None
            caught_up, position = resumed_at is not None, str(resumed_at or joining.position)
            welcome = WelcomeFrame(position=position, caught_up=caught_up)
            await send_backlog(websocket, [encode_frame(welcome), *(joining.missed_frames or ())])
            while frames := joining.take_buffered():
                await send_backlog(websocket, frames)
        except BaseException:
            self._hub.leave(joining)
            raise
        self._hub.admit(joining)
        await socket.serve()


class _LiveRoute(BaseRoute):
    """``/live``, with and without the prefix that Serve removes. Without it the path is empty,
    which no other kind of route matches.
    """

    def __init__(self, endpoint: Callable[[WebSocket], Awaitable[None]]) -> None:
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match WebSockets only."""
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        matched = scope["type"] == "websocket" and path.strip("/") in ("", "live")
        return (Match.FULL if matched else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client."""
        await self._endpoint(WebSocket(scope, receive, send))


def _visibility_details(caller: Principal) -> dict[str, object]:
    """What the user may see. With the log of events, this tells everything that was sent."""
    scope = caller.grants.get(PermissionAction.CONVERSATIONS_READ)
    return {"scope": scope.name.lower() if scope else None, "teams": sorted(caller.teams)}


def _is_same_origin(websocket: WebSocket) -> bool:
    """A page of another site can open sockets with our cookies; the Origin header reveals it."""
    origin = websocket.headers.get("origin")
    return origin is None or origin.partition("://")[2] == websocket.headers.get("host")
