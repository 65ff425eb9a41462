"""Tells people of alerts: by mail through the mail outbox, and by webhooks that are signed as
Standard Webhooks says (https://www.standardwebhooks.com): HMAC-SHA256 of id, time and body.

A notice is a row. If the process dies while it sends a webhook, it is sent again under the same
``webhook-id``, by which the receiver recognises it. A mail is queued in the transaction that links
it to its notice.
"""

import asyncio
import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import orjson
import structlog

from niochat.adapters.clock import database_clock
from niochat.adapters.http_pool import HttpTransport, ResponseTooLargeError
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.alerts.alert_rule_store import PURPOSE, SECRET_PREFIX
from niochat.alerts.alert_texts import alert_subject, alert_text
from niochat.domain.backoff import backoff_s
from niochat.domain.errors import NiochatError
from niochat.mail.mail_outbox import MailMessage, MailOutbox
from niochat.ports.encryption import Encryptor
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("alert_evaluation")
_log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
"""The pause doubles from ten seconds, so a webhook is given up after about 40 minutes."""
BATCH_SIZE = 20
POLL_INTERVAL_S = 2.0
ALERTS_PAGE = "/alertas"
"""The page of the desk (``frontend/src/app/routes/signed-in-routes.ts``)."""
_TIMEOUT_S = 10.0
_MAX_RESPONSE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of an attempt; ``retry`` says that another one may help."""

    status: str
    code: str | None = None
    retry: bool = False


class AlertNotifier:
    """Sends notices that are due."""

    def __init__(
        self,
        database: Database,
        encryptor: Encryptor,
        mails: MailOutbox,
        transport: HttpTransport,
        base_url: str,
    ) -> None:
        """``base_url`` is where people open the desk."""
        self._database = database
        self._encryptor = encryptor
        self._mails = mails
        self._transport = transport
        self._base_url = base_url

    async def run(self) -> None:
        """Send notices until cancelled."""
        await run_periodically("alert_notices_failed", POLL_INTERVAL_S, self.send_due)

    async def send_due(self) -> int:
        """Send the notices that are due; returns their number. Raises ``UnavailableError``."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["settle_mailed"])
            rows = await connection.fetch(_SQL["claim_notices"], BATCH_SIZE)
        await asyncio.gather(*(self._process(row) for row in rows))
        return len(rows)

    async def _process(self, row: Any) -> None:
        try:
            if row["way"] == "email":
                await self._queue_mail(row)
            else:
                await self._settle(row, await self._send_webhook(row))
        except NiochatError as error:  # claimed again after a minute
            _log.warning("alert_notice_postponed", notice=str(row["id"]), code=error.code)
        except _ClaimedAgainError:
            _log.info("alert_notice_claimed_again", notice=str(row["id"]))

    async def _queue_mail(self, row: Any) -> None:
        now = database_clock.now()
        text = alert_text(row, f"{self._base_url}{ALERTS_PAGE}")
        mail = MailMessage(row["tenant_id"], row["recipient"], alert_subject(row), text)
        async with self._database.system_transaction() as connection:
            mail_id = await self._mails.enqueue(connection, mail, now)
            linked = await connection.fetchval(
                _SQL["link_mail"], row["tenant_id"], row["id"], row["attempts"], mail_id
            )
            if not linked:
                raise _ClaimedAgainError

    async def _send_webhook(self, row: Any) -> _Result:
        if row["sealed"] is None:
            return _Result("failed", "rule_changed")
        try:
            secret = self._encryptor.open(
                row["sealed"], tenant_id=row["tenant_id"], purpose=PURPOSE
            )
            body = build_webhook_body(row)
            headers = sign_webhook(secret, str(row["id"]), body, database_clock.now())
            response = await self._transport.exchange(
                "POST", row["recipient"], headers, body, _TIMEOUT_S, _MAX_RESPONSE_BYTES
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ResponseTooLargeError) as error:
            return _Result("queued", f"unreachable: {type(error).__name__}", retry=True)
        except NiochatError as error:  # the key of the vault is missing
            return _Result("queued", error.code, retry=True)
        if 200 <= response.status < 300:
            return _Result("sent")
        retry = response.status in (408, 425, 429) or response.status >= 500
        return _Result("queued" if retry else "failed", f"http_{response.status}", retry)

    async def _settle(self, row: Any, result: _Result) -> None:
        status, next_at = result.status, None
        if result.retry:
            pause_s = backoff_s(row["attempts"], base_s=10.0, max_s=3600.0)
            next_at = database_clock.now() + timedelta(seconds=pause_s)
            if row["attempts"] >= MAX_ATTEMPTS:
                status = "failed"
        if status != "sent":
            _log.warning(
                "alert_notice_failed" if status == "failed" else "alert_notice_postponed",
                notice=str(row["id"]),
                attempts=row["attempts"],
                code=result.code,
            )
        async with self._database.as_system() as connection:
            await connection.execute(
                _SQL["settle_notice"],
                row["tenant_id"],
                row["id"],
                row["attempts"],
                status,
                result.code,
                next_at,
            )


class _ClaimedAgainError(Exception):
    """Another process has claimed the notice, so the mail must not be queued twice."""


def build_webhook_body(row: Any) -> bytes:
    """The body of a webhook. ``row`` is one of ``claim_notices``."""
    return orjson.dumps(
        {
            "type": f"alert.{row['change']}",
            "timestamp": row["ended_at"] if row["change"] == "ended" else row["started_at"],
            "data": {
                "id": str(row["alert_id"]),
                "rule_id": str(row["rule_id"]),
                "provider": row["slug"],
                **{
                    name: row[name]
                    for name in (
                        "name",
                        "kind",
                        "team",
                        "threshold",
                        "value",
                        "worst",
                        "started_at",
                        "ended_at",
                    )
                },
            },
        }
    )


def sign_webhook(secret: str, notice_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a webhook. ``secret`` is ``whsec_`` and the key in base64."""
    stamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join((notice_id.encode(), stamp.encode(), body))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": notice_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }
