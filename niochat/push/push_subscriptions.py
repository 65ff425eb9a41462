"""Push subscriptions: the browsers to which users want notifications sent."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, NotFoundError, OperationRefusedError
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import Encryptor
from niochat.push.push_encryption import AUTH_SECRET_BYTES, parse_browser_key

_SQL = queries("push_subscriptions")

PURPOSE = "push subscription"
"""Purpose under which addresses and keys are sealed."""
MAX_SUBSCRIPTIONS = 10
"""Maximum number of subscriptions of a user."""

CheckUrl = Callable[[str], Awaitable[None]]
"""Raises ``InvalidInputError`` for a URL to which the product must not connect."""


@dataclass(frozen=True, slots=True)
class BrowserAddress:
    """Where and how a browser is reached. ``key`` and ``auth_secret`` are its ``p256dh`` and
    ``auth``.
    """

    endpoint: str
    key: bytes
    auth_secret: bytes

    def dump(self) -> str:
        """The address as text, to be sealed."""
        values = {
            "endpoint": self.endpoint,
            "key": self.key.hex(),
            "auth": self.auth_secret.hex(),
        }
        return orjson.dumps(values).decode()

    @classmethod
    def load(cls, text: str) -> "BrowserAddress":
        """The address that ``dump`` wrote."""
        values = orjson.loads(text)
        return cls(values["endpoint"], bytes.fromhex(values["key"]), bytes.fromhex(values["auth"]))


@dataclass(frozen=True, slots=True)
class SubscriptionOwner:
    """A user of a tenant, in one session."""

    tenant_id: UUID
    user_id: UUID
    session_id: UUID
    actor: AuditActor


class PushSubscriptionStore:
    """The subscriptions of all users."""

    def __init__(self, database: Database, encryptor: Encryptor, check_url: CheckUrl) -> None:
        self._database = database
        self._encryptor = encryptor
        self._check_url = check_url

    async def put(
        self, owner: SubscriptionOwner, address: BrowserAddress, device: str, now: datetime
    ) -> dict[str, Any]:
        """Add a browser, or renew it. A browser that another user had subscribed is theirs no
        longer. Raises ``InvalidInputError`` for an address that is not allowed,
        ``OperationRefusedError`` (``too_many_subscriptions``).
        """
        await self._check_endpoint(address.endpoint)
        sealed = self._encryptor.seal(address.dump(), tenant_id=owner.tenant_id, purpose=PURPOSE)
        digest = sha256(address.endpoint.encode()).digest()
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["lock_user"], owner.user_id)
            await connection.execute(_SQL["delete_signed_out"], owner.user_id, now)
            others = await connection.fetchval(_SQL["count_others"], owner.user_id, digest)
            if others >= MAX_SUBSCRIPTIONS:
                raise OperationRefusedError(
                    f"The limit of {MAX_SUBSCRIPTIONS} devices is reached. Remove one first.",
                    code="too_many_subscriptions",
                )
            row: Any = await connection.fetchrow(
                _SQL["put"],
                owner.tenant_id,
                owner.user_id,
                owner.session_id,
                digest,
                sealed,
                device,
            )
            await record_change(
                connection,
                AuditEntry(
                    owner.tenant_id,
                    owner.actor,
                    "push.subscribe",
                    f"push_subscription:{row['id']}",
                ),
            )
        return {**dict(row), "session_id": owner.session_id}

    async def list(self, tenant_id: UUID, user_id: UUID) -> list[dict[str, Any]]:
        """The subscriptions of a user, oldest first."""
        async with self._database.as_auth() as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, user_id)
        return [dict(row) for row in rows]

    async def delete(self, owner: SubscriptionOwner, subscription_id: UUID) -> None:
        """Delete a subscription of the user. Raises ``NotFoundError``."""
        async with self._database.as_auth() as connection:
            deleted = await connection.fetchval(
                _SQL["delete"], owner.tenant_id, owner.user_id, subscription_id
            )
            if deleted is None:
                raise NotFoundError("The subscription does not exist.")
            await record_change(
                connection,
                AuditEntry(
                    owner.tenant_id,
                    owner.actor,
                    "push.unsubscribe",
                    f"push_subscription:{subscription_id}",
                ),
            )

    async def _check_endpoint(self, endpoint: str) -> None:
        try:
            parts = urlsplit(endpoint)
            is_valid = (
                parts.scheme == "https"
                and bool(parts.hostname)
                and parts.username is None
                and parts.port != 0
                and endpoint.isascii()
                and endpoint.isprintable()
                and " " not in endpoint
            )
        except ValueError:
            is_valid = False
        if not is_valid:
            raise InvalidInputError(
                "endpoint must be an https:// URL. Send the endpoint of PushSubscription.toJSON().",
                code="bad_push_endpoint",
            )
        await self._check_url(endpoint)


def parse_browser_address(endpoint: str, p256dh: str, auth: str) -> BrowserAddress:
    """The address of a browser from ``PushSubscription.toJSON()``. Raises ``InvalidInputError``
    (``bad_push_key``).
    """
    key, secret = _decode_base64url(p256dh), _decode_base64url(auth)
    parse_browser_key(key)
    if len(secret) != AUTH_SECRET_BYTES:
        raise _bad_key_error("auth")
    return BrowserAddress(endpoint, key, secret)


def _decode_base64url(text: str) -> bytes:
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return base64.b64decode(padded, b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise _bad_key_error("p256dh and keys.auth") from None


def _bad_key_error(names: str) -> InvalidInputError:
    return InvalidInputError(
        f"keys.{names} cannot be used. Send the keys of PushSubscription.toJSON().",
        code="bad_push_key",
    )
