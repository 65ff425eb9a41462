"""One joined topic of a socket: its token, its bindings, and the time at which its token ends."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Protocol

import psycopg

from niochat_sandbox.supabase.project.project_keys import (
    PUBLISHABLE_PREFIX,
    SECRET_PREFIX,
)
from niochat_sandbox.supabase.project.user_tokens import (
    REALTIME_SKEW_S,
    TokenRefused,
    UserTokenVerifier,
)
from niochat_sandbox.supabase.realtime.change_bindings import (
    BindingRefused,
    ChangeBinding,
    parse_binding,
)
from niochat_sandbox.supabase.realtime.change_dispatcher import ChangeDispatcher, Subscription
from niochat_sandbox.supabase.realtime.change_feed import ChangeFeed, FeedUnavailable
from niochat_sandbox.supabase.realtime.phoenix_messages import PhoenixMessage
from niochat_sandbox.supabase.realtime.row_access import RowAccess, Subscriber

TOKEN_CHECK_S = 300.0
"""Longest time between two checks of a channel's token."""


class MessageSink(Protocol):
    """Where a channel's messages go: the queue of its socket."""

    def __call__(self, message: PhoenixMessage) -> None: ...


class RealtimeService:
    """What all channels of a project share. ``subscribe_delay_s`` is between the reply to a join
    and the moment from which changes are sent.
    """

    def __init__(self, database_url: str, verifier: UserTokenVerifier) -> None:
        self.access = RowAccess(database_url)
        self.dispatcher = ChangeDispatcher(self.access)
        self.feed = ChangeFeed(database_url, self.dispatcher.deliver)
        self.verifier = verifier
        self.subscribe_delay_s = 0.0
        self._last_id = 0

    def next_id(self) -> int:
        """A number for a binding; never 0, which the Python client takes for none."""
        self._last_id += 1
        return self._last_id

    async def close(self) -> None:
        """Stop reading changes."""
        await self.feed.close()
        await self.access.close()


class RealtimeChannel:
    """A topic that a client has joined."""

    def __init__(self, service: RealtimeService, key_role: str, sink: MessageSink) -> None:
        """``key_role``: the role of the socket's API key, for channels without a user's token."""
        self.topic = ""
        self._service = service
        self._key_role = key_role
        self._sink = sink
        self._join_ref: str | None = None
        self._claims: dict[str, Any] = {}
        self._bindings: tuple[ChangeBinding, ...] = ()
        self._subscription: Subscription | None = None
        self._subscribing: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self.is_closed = False

    async def join(self, message: PhoenixMessage) -> bool:
        """Answer ``phx_join``; returns whether the topic is joined now."""
        self.topic, self._join_ref = message.topic, message.join_ref
        config = message.payload.get("config")
        entries = (config if isinstance(config, dict) else {}).get("postgres_changes") or []
        try:
            self._claims = await self._claims_of(message.payload.get("access_token"))
            self._bindings = tuple(
                parse_binding(entry, self._service.next_id()) for entry in entries
            )
        except (TokenRefused, BindingRefused) as refusal:
            self.reply(message, "error", {"reason": str(refusal)})
            return False
        echoed = [{**each.entry, "id": each.id} for each in self._bindings]
        self.reply(message, "ok", {"postgres_changes": echoed})
        self._watch_expiry()
        self._subscribe()
        return True

    async def change_token(self, token: Any) -> None:
        """Take the token of an ``access_token`` event, and subscribe with its claims.

        A key of the project is ignored. A token that is refused closes the channel.
        """
        if not isinstance(token, str) or _is_project_key(token):
            return
        try:
            self._claims = await self._claims_of(token)
        except TokenRefused as refusal:
            self.refuse(str(refusal))
            return
        self._watch_expiry()
        self._subscribe()

    def reply(self, message: PhoenixMessage, status: str, response: Mapping[str, Any]) -> None:
        """Answer a message of the client."""
        payload = {"status": status, "response": response}
        reply = PhoenixMessage(
            message.topic, "phx_reply", payload, message.ref, message.join_ref or self._join_ref
        )
        self._sink(reply)

    def refuse(self, reason: str) -> None:
        """Say why, and close the channel."""
        self._push_system("error", "system", reason)
        self.leave()

    def leave(self) -> None:
        """Close the channel, and say so."""
        self.close()
        self._sink(PhoenixMessage(self.topic, "phx_close", {}, self._join_ref, self._join_ref))

    def close(self) -> None:
        """Send no more changes."""
        self.is_closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        if self._subscribing is not None:
            self._subscribing.cancel()
        self._unsubscribe()

    async def _claims_of(self, token: Any) -> dict[str, Any]:
        """The claims of a user's token, or of the socket's key. Raises ``TokenRefused``."""
        if not isinstance(token, str) or not token or _is_project_key(token):
            return {"role": self._key_role}
        verifier = self._service.verifier
        try:
            claims = await verifier.verify(token, REALTIME_SKEW_S)
        except TokenRefused as refusal:
            if str(refusal) == "JWT expired":
                message = "InvalidJWTToken: Token has expired"
                raise TokenRefused(refusal.code, message) from refusal
            raise TokenRefused(refusal.code, f"JwtSignatureError: {refusal}") from refusal
        if "role" not in claims or "exp" not in claims:
            message = "InvalidJWTToken: Fields `role` and `exp` are required in JWT"
            raise TokenRefused("PGRST303", message)
        return claims

    def _watch_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if "exp" not in self._claims:
            return
        rest = float(self._claims["exp"]) - self._service.verifier.now()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(max(0.0, min(rest, TOKEN_CHECK_S)), self._check_expiry)

    def _check_expiry(self) -> None:
        late = self._service.verifier.now() - float(self._claims["exp"])
        if late >= 0:
            self.refuse(f"Token has expired {late:.0f} seconds ago")
        else:
            self._watch_expiry()

    def _subscribe(self) -> None:
        self._unsubscribe()
        if self._subscribing is not None:
            self._subscribing.cancel()
        if self._bindings:
            self._subscribing = asyncio.get_running_loop().create_task(self._begin())

    async def _begin(self) -> None:
        """Subscribe, and say so; changes committed before that are lost."""
        service = self._service
        subscriber = Subscriber.of(self._claims)
        try:
            await service.feed.start()
            for binding in self._bindings:
                await service.access.check_binding(binding, subscriber)
            await asyncio.sleep(service.subscribe_delay_s)
            since = await service.access.position()
        except (BindingRefused, FeedUnavailable, psycopg.Error) as refusal:
            self._push_system("error", "postgres_changes", str(refusal))
            return
        if self.is_closed:
            return
        self._subscription = Subscription(subscriber, self._bindings, self._push_change, since)
        service.dispatcher.subscriptions.add(self._subscription)
        self._push_system("ok", "postgres_changes", "Subscribed to PostgreSQL")

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._service.dispatcher.subscriptions.discard(self._subscription)
            self._subscription = None

    def _push_change(self, payload: Mapping[str, Any]) -> None:
        self._push("postgres_changes", payload)

    def _push_system(self, status: str, extension: str, text: str) -> None:
        payload = {
            "channel": self.topic.removeprefix("realtime:"),
            "extension": extension,
            "message": text,
            "status": status,
        }
        self._push("system", payload)

    def _push(self, event: str, payload: Mapping[str, Any]) -> None:
        self._sink(PhoenixMessage(self.topic, event, payload, None, self._join_ref))

    async def wait_closed(self) -> None:
        """Return when its task has ended."""
        if self._subscribing is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._subscribing


def _is_project_key(token: str) -> bool:
    return token.startswith((PUBLISHABLE_PREFIX, SECRET_PREFIX))
