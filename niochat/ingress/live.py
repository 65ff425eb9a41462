"""``/live``: one socket for each screen, signed in, resumable, bounded, cut off when it is slow."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from niochat.access.callers import Caller, Callers
from niochat.access.tickets import Tickets
from niochat.adapters.clock import agreed
from niochat.assignment.presences import PresenceStore
from niochat.domain.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    NiochatError,
    PermissionDeniedError,
    UnavailableError,
)
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api.doorway import ACCESS_COOKIE
from niochat.ingress.gestures import Gestures, WriteDown
from niochat.ingress.socket import (
    LATER,
    LINE,
    POLICY,
    Socket,
    say_goodbye,
    send_at_its_pace,
    text_frame,
)
from niochat.live.frames import (
    MAX_FRAME_BYTES,
    GoodbyeFrame,
    WelcomeFrame,
    encode_frame,
    parse_hello,
)
from niochat.live.hub import LiveHub
from niochat.live.position import LogPosition
from niochat.runtime.tasks import BackgroundTaskSet

_log = structlog.get_logger(__name__)

HELLO_WITHIN_S = 10.0
STANDING_EVERY_S = 15.0
"""How often it is asked whether screens' users may still be here, without a hint."""
GAZES_EVERY_S = 60.0
"""How often it is told anew what somebody looks at, for who came meanwhile: each is told to all."""
RESTART_OVER_S = 10.0
"""Screens of a replica that goes come again within this."""
SHOWN_EVERY_S = 600.0
"""How often it is written down what a screen that stays was shown."""
SEEN_EVERY_S = 15.0
"""How often it is written down that the users of open sockets are here."""
GREETED_AT_ONCE = 64
"""Others wait in line, for as long as it takes: in the database's line they would give up."""
LOOKED_AFTER_AT_ONCE = 100
SILENT, SILENT_OF_ADDRESS = 1000, 100
"""Sockets that have not said hello: anybody may open one."""
MOST_OF_USER = 20
"""Sockets of one user in one replica."""


class Live:
    """The sockets of one replica."""

    def __init__(
        self, hub: LiveHub, callers: Callers, tickets: Tickets, gestures: Gestures, release: str,
        presences: PresenceStore, write_down: WriteDown, line: int = LINE,
    ) -> None:  # fmt: skip
        """``release`` names this replica's code; ``write_down`` takes rows of the audit log;
        ``line`` frames may wait for one screen.
        """
        self._write_down = write_down
        self._hub = hub
        self._gestures = gestures
        self._line = line
        self._release = release
        self._callers = callers
        self._tickets = tickets
        self._presences = presences
        self._sockets: set[Socket] = set()
        self._of_user: Counter[UUID] = Counter()
        self._silent: Counter[str] = Counter()
        self._door = asyncio.Semaphore(GREETED_AT_ONCE)
        self._owner = BackgroundTaskSet("live")

    def routes(self) -> list[BaseRoute]:
        """One, for the application's own address."""
        return [_Here(self.connect)]

    async def connect(self, websocket: WebSocket) -> None:
        """One screen, from its first frame to its end."""
        address = websocket.client.host if websocket.client else ""
        if self._silent[address] >= SILENT_OF_ADDRESS or self._silent.total() >= SILENT:
            await websocket.close(LATER)  # not accepted yet: a client hears 403
            return
        await websocket.accept()
        self._silent[address] += 1
        try:
            socket, since = await self._greet(websocket)
        except (WebSocketDisconnect, TimeoutError):
            with contextlib.suppress(RuntimeError):
                await websocket.close(POLICY, "Send a hello frame first.")
            return
        except UnavailableError:
            await say_goodbye(websocket, GoodbyeFrame(reason="slow", retry_after_s=5.0))
            return
        except NiochatError as error:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close(POLICY, f"{error.code}: {error}"[:120])
            return
        finally:
            self._silent[address] -= 1
            if not self._silent[address]:
                del self._silent[address]
        self._sockets.add(socket)
        self._of_user[socket.user_id] += 1
        try:
            await self._attend(websocket, socket, since)
        except (WebSocketDisconnect, TimeoutError):
            pass
        except UnavailableError:
            await say_goodbye(websocket, GoodbyeFrame(reason="slow", retry_after_s=5.0))
        finally:
            self._hub.leave(socket)
            self._sockets.discard(socket)
            self._left(socket.user_id)
            self._owner.start(self._write_shown(socket))
            self._owner.start(self._gestures.look_away(socket.caller, socket.gaze))

    async def look_after_for_ever(self) -> None:
        """Whoever may not be here any more is sent away; the others hear where the log stands, and
        now and then who looks at what.
        """
        repeat_at = 0.0
        while True:
            await asyncio.sleep(STANDING_EVERY_S)
            try:
                sockets = list(self._sockets)
                for first in range(0, len(sockets), LOOKED_AFTER_AT_ONCE):
                    some = sockets[first : first + LOOKED_AFTER_AT_ONCE]
                    await asyncio.gather(*(self.look_after(socket) for socket in some))
                if time.monotonic() >= repeat_at:
                    repeat_at = time.monotonic() + GAZES_EVERY_S
                    for socket in sockets:
                        await self._gestures.repeat(socket.caller, socket.gaze)
            except Exception as error:  # noqa: BLE001 - the loop must outlive any error
                _log.error("live_not_looked_after", exc_info=error)
            self._hub.send_heartbeats()

    async def say_they_are_here_for_ever(self) -> None:
        """In a loop of its own: looking after thousands of sockets must not make agents lapse."""
        while True:
            await asyncio.sleep(SEEN_EVERY_S)
            try:
                await self.say_they_are_here()
            except Exception as error:  # noqa: BLE001 - the loop must outlive any error
                _log.error("agents_not_seen", exc_info=error)

    async def write_down_for_ever(self) -> None:
        """What screens were shown goes into the audit log, also while they stay."""
        while True:
            await asyncio.sleep(SHOWN_EVERY_S)
            for socket in list(self._sockets):
                await self._write_shown(socket)

    async def _write_shown(self, socket: Socket) -> None:
        shown = socket.take_shown()
        if shown is None:
            return
        try:
            await self._write_down(socket.entry("conversations.read", {"live": "events", **shown}))
        except NiochatError as error:
            _log.warning("live_not_written_down", code=error.code, events=shown["events"])

    async def say_they_are_here(self) -> None:
        """An open socket is what an agent is seen by."""
        here = {(each.tenant_id, each.caller.id) for each in self._sockets if not each.leaves}
        await self._presences.record_seen(here)

    async def look_after(self, socket: Socket) -> None:
        """Its user as they are now: another role or team counts from here on."""
        assert socket.caller.session_id is not None
        try:
            caller = await self._callers.of_session(
                socket.caller.session_id, socket.caller.id, agreed.now()
            )
        except (AuthenticationError, PermissionDeniedError) as error:
            _log.info("live_ended", code=error.code)
            socket.cut(GoodbyeFrame(reason="signed_out"))
        except NiochatError:
            return  # the database is away: nobody hears anything meanwhile
        else:
            if caller.tenant_id != socket.tenant_id or not caller.may(
                PermissionAction.CONVERSATIONS_READ
            ):
                socket.cut(GoodbyeFrame(reason="signed_out"))
            other = (caller.grants, caller.teams) != (socket.caller.grants, socket.caller.teams)
            socket.caller = caller
            if other and not socket.leaves:
                with contextlib.suppress(NiochatError):  # the change itself is in the log
                    await self._write_down(socket.entry("live.sight", _sight(caller)))

    def access_changed(self, whose: UUID) -> None:
        """A user's, or everybody's of a tenant: their screens are looked after at once."""
        for socket in self._sockets:
            if whose in (socket.caller.id, socket.tenant_id):
                self._owner.start(self.look_after(socket))

    def released(self, release: bytes) -> None:
        """A replica of this code has come up; one of other code is about to end."""
        if release.decode(errors="replace") != self._release:
            _log.info("live_restarting", sockets=len(self._sockets))
            self.restart()

    def restart(self) -> None:
        """This replica goes: everybody comes again, not all at once."""
        for socket in self._sockets:
            after = random.uniform(1.0, RESTART_OVER_S)
            socket.cut(GoodbyeFrame(reason="restarting", retry_after_s=round(after, 1)))

    def _left(self, user_id: UUID) -> None:
        self._of_user[user_id] -= 1
        if not self._of_user[user_id]:
            del self._of_user[user_id]

    async def _greet(self, websocket: WebSocket) -> tuple[Socket, LogPosition | None]:
        async with asyncio.timeout(HELLO_WITHIN_S):
            text = await text_frame(websocket)
        if text is None or len(text) > MAX_FRAME_BYTES:
            raise InvalidInputError(
                "The first frame must be a text frame of at most 4096 characters.", code="bad_frame"
            )
        hello = parse_hello(text)
        since = LogPosition.parse(hello.position) if hello.position is not None else None
        async with self._door:
            caller = await self._caller(websocket, hello.ticket)
        if not caller.may(PermissionAction.CONVERSATIONS_READ) or caller.tenant_id is None:
            who = AuditActor(AuditActorKind.USER, str(caller.id), _address(websocket))
            await self._write_down(AuditEntry(caller.tenant_id, who, "access.denied", "live"))
        caller.need(PermissionAction.CONVERSATIONS_READ)
        if self._of_user[caller.id] >= MOST_OF_USER:
            raise InvalidInputError(
                "The user has too many open sockets. Close some of them.", code="too_many"
            )
        return Socket(websocket, caller, self._gestures, self._line), since

    async def _caller(self, websocket: WebSocket, ticket: str | None) -> Caller:
        if ticket is not None:
            session_id, user_id = await self._tickets.redeem(ticket, agreed.now())
            return await self._callers.of_session(session_id, user_id, agreed.now())
        cookie = websocket.cookies.get(ACCESS_COOKIE)
        if not cookie or not _same_site(websocket):
            raise AuthenticationError(
                "Send a ticket of POST /api/v1/auth/socket-tickets in the hello frame."
            )
        return await self._callers.of_token(cookie, agreed.now())

    async def _attend(
        self, websocket: WebSocket, socket: Socket, since: LogPosition | None
    ) -> None:
        async with self._door:  # nobody is shown anything that is not written down
            await self._write_down(socket.entry("live.open", _sight(socket.caller)))
            joining = await self._hub.join(socket, since)
        try:
            # What was missed lies behind where the screen stood: cut off now, it asks from there.
            stands = since if joining.missed_frames is not None else None
            caught_up, position = stands is not None, str(stands or joining.position)
            welcome = WelcomeFrame(position=position, caught_up=caught_up)
            await send_at_its_pace(
                websocket, [encode_frame(welcome), *(joining.missed_frames or ())]
            )
            while frames := joining.take_buffered():
                await send_at_its_pace(websocket, frames)
        except BaseException:
            self._hub.leave(joining)
            raise
        self._hub.admit(joining)
        await socket.serve()


class _Here(BaseRoute):
    """``/live``, with and without the prefix that Serve takes off: then nothing is left of the
    path, which no other kind of route matches.
    """

    def __init__(self, endpoint: Callable[[WebSocket], Awaitable[None]]) -> None:
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Sockets only."""
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        here = scope["type"] == "websocket" and path.strip("/") in ("", "live")
        return (Match.FULL if here else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One screen."""
        await self._endpoint(WebSocket(scope, receive, send))


def _sight(caller: Caller) -> dict[str, object]:
    """What a screen may be shown: with the log of events it tells all that it was."""
    scope = caller.grants.get(PermissionAction.CONVERSATIONS_READ)
    return {"scope": scope.name.lower() if scope else None, "teams": sorted(caller.teams)}


def _address(websocket: WebSocket) -> str:
    return websocket.client.host if websocket.client is not None else ""


def _same_site(websocket: WebSocket) -> bool:
    """A page of somebody else's opens sockets with our cookies; its origin tells."""
    origin = websocket.headers.get("origin")
    return origin is None or origin.partition("://")[2] == websocket.headers.get("host")
