"""Sends queued notifications to the push services of browsers (RFC 8030), with retries."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import aiohttp
import structlog

from niochat.adapters.clock import database_clock
from niochat.adapters.http_pool import HttpResponse, HttpTransport, ResponseTooLargeError
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.backoff import backoff_s
from niochat.domain.errors import NiochatError
from niochat.ports.encryption import Encryptor
from niochat.push.push_encryption import encrypt_for_browser
from niochat.push.push_planner import PushPlanner
from niochat.push.push_subscriptions import PURPOSE, BrowserAddress
from niochat.push.push_texts import PushNotification, build_notification
from niochat.push.vapid_keys import VapidKeyStore
from niochat.runtime.periodic_loop import IntervalTimer, run_periodically

_SQL = queries("push_sends")
_log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
NOTIFICATION_LIFETIME = timedelta(hours=1)
"""Age after which nobody needs a notification: the push service discards it as well (``TTL``)."""
BATCH_SIZE = 40
POLL_INTERVAL_S = 1.0
CLEANUP_INTERVAL_S = 3600.0
_TIMEOUT_S = 8.0
_MAX_RESPONSE_BYTES = 64 * 1024
_GONE = (404, 410)
_URGENT = ("new_message", "assignment", "mention")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The result of an attempt. ``retry_after_s`` is set if another attempt may help."""

    status: str
    code: str | None = None
    retry_after_s: float | None = None


class PushSender:
    """Sends what the planner has queued. If a process dies while it sends a notification, it is
    sent again; the browser shows it once, because both have the same tag.
    """

    def __init__(
        self,
        database: Database,
        encryptor: Encryptor,
        keys: VapidKeyStore,
        transport: HttpTransport,
        contact: str,
    ) -> None:
        """``contact`` is the URL at which push services reach the operator."""
        self._database = database
        self._encryptor = encryptor
        self._keys = keys
        self._transport = transport
        self._contact = contact

    async def send_due(self, now: datetime) -> int:
        """Claim and send the notifications that are due; returns their number."""
        async with self._database.as_system() as connection:
            claimed = await connection.fetch(_SQL["claim"], now, BATCH_SIZE)
            if not claimed:
                return 0
            rows = await connection.fetch(_SQL["load"], *_columns(claimed, "tenant_id", "id"))
        async with self._database.as_auth() as connection:
            signed_in = await connection.fetch(
                _SQL["list_signed_in"], *_columns(rows, "tenant_id", "subscription_id"), now
            )
        reachable = {row["id"] for row in signed_in}
        await asyncio.gather(
            *(self._process(row, row["subscription_id"] in reachable, now) for row in rows)
        )
        return len(claimed)

    async def delete_old(self) -> None:
        """Delete notifications that were settled or given up before yesterday."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["delete_old"])

    async def _process(self, row: Any, signed_in: bool, now: datetime) -> None:
        if not signed_in:
            outcome = _Outcome("gone", "signed_out")
        elif not row["relevant"]:
            outcome = _Outcome("dropped", "seen")
        elif now >= row["created_at"] + NOTIFICATION_LIFETIME:
            outcome = _Outcome("failed", "expired")
        else:
            outcome = await self._send(row, now)
        await self._settle(row, outcome, now)

    async def _send(self, row: Any, now: datetime) -> _Outcome:
        try:
            sealed = self._encryptor.open(
                row["sealed"], tenant_id=row["tenant_id"], purpose=PURPOSE
            )
            address, notification = BrowserAddress.load(sealed), build_notification(row)
            body = encrypt_for_browser(notification.encode(), address.key, address.auth_secret)
            lifetime = row["created_at"] + NOTIFICATION_LIFETIME - now
            headers = {
                "Authorization": (await self._keys.load()).authorization_for(
                    address.endpoint, self._contact, now
                ),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(max(int(lifetime.total_seconds()), 1)),
                "Topic": _topic_of(notification),
                "Urgency": "high" if row["kind"] in _URGENT else "normal",
            }
            response = await self._transport.exchange(
                "POST", address.endpoint, headers, body, _TIMEOUT_S, _MAX_RESPONSE_BYTES
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ResponseTooLargeError) as error:
            return _Outcome("queued", f"unreachable: {type(error).__name__}", 0.0)
        except NiochatError as error:  # the key of the vault is missing, or the database is away
            return _Outcome("queued", error.code, 0.0)
        return _outcome_of(response)

    async def _settle(self, row: Any, outcome: _Outcome, now: datetime) -> None:
        status, next_at = outcome.status, None
        if outcome.retry_after_s is not None:
            pause_s = max(
                backoff_s(row["attempts"], base_s=5.0, max_s=900.0), outcome.retry_after_s
            )
            next_at = now + timedelta(seconds=pause_s)
            given_up = row["attempts"] >= MAX_ATTEMPTS
            if given_up or next_at >= row["created_at"] + NOTIFICATION_LIFETIME:
                status = "failed"
        if status in ("failed", "queued"):
            _log.warning(
                "push_failed" if status == "failed" else "push_postponed",
                push=str(row["id"]),
                attempts=row["attempts"],
                code=outcome.code,
            )
        async with self._database.as_system() as connection:
            await connection.execute(
                _SQL["settle"],
                row["tenant_id"],
                row["id"],
                row["attempts"],
                status,
                outcome.code,
                next_at,
            )
            if status == "gone" and outcome.code != "signed_out":
                await connection.execute(
                    _SQL["delete_subscription"], row["tenant_id"], row["subscription_id"]
                )


async def run_push_delivery(planner: PushPlanner, sender: PushSender) -> None:
    """Queue and send notifications every second, until cancelled."""
    cleanup = IntervalTimer(CLEANUP_INTERVAL_S)

    async def run_once() -> None:
        while await planner.run_once():
            pass
        while await sender.send_due(database_clock.now()) == BATCH_SIZE:
            pass
        if cleanup.restart_if_due():
            await sender.delete_old()

    await run_periodically("push_delivery_failed", POLL_INTERVAL_S, run_once)


def _columns(rows: Sequence[Any], *names: str) -> list[list[Any]]:
    return [[row[name] for row in rows] for name in names]


def _outcome_of(response: HttpResponse) -> _Outcome:
    status, code = response.status, f"http_{response.status}"
    if 200 <= status < 300:
        return _Outcome("sent")
    if status in _GONE:
        return _Outcome("gone", code)
    if status == 429 or status >= 500:
        return _Outcome("queued", code, _retry_after_s(response))
    return _Outcome("failed", code)


def _retry_after_s(response: HttpResponse) -> float:
    """Seconds in the header ``Retry-After``; a date in it counts as none."""
    text = response.headers.get("Retry-After", "").strip()
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else 0.0


def _topic_of(notification: PushNotification) -> str:
    """A push service replaces a notification that it still has by one with the same topic."""
    return base64.urlsafe_b64encode(sha256(notification.tag.encode()).digest()[:24]).decode()
