"""The mail outbox stores each mail as a sealed row, then sends it by SMTP, with retries."""

import base64
import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import orjson
import structlog

from niochat.adapters.clock import database_clock
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.backoff import backoff_s
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("mail_outbox")
_log = structlog.get_logger(__name__)
PURPOSE = "mail"
"""The purpose under which mail is sealed."""

MAX_ATTEMPTS = 8
"""The pause doubles from ten seconds, so a mail is given up after about 40 minutes. The links in it
have expired by then.
"""
BATCH_SIZE = 20
POLL_INTERVAL_S = 2.0

SendMail = Callable[[EmailMessage], Awaitable[None]]
"""Hands a mail to the server. Raises ``UnavailableError`` when a retry can help."""


@dataclass(frozen=True, slots=True)
class MailAttachment:
    """A file of a mail. It is stored with it, so it must be small."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailMessage:
    """A short text mail to one person, perhaps with a file."""

    tenant_id: UUID | None
    recipient: str
    subject: str
    text: str
    attachment: MailAttachment | None = None


MAX_NAME_LENGTH = 60
"""Characters of a name in a mail."""


def format_greeting(name: str) -> str:
    """``Olá, Ana.`` Only letters, spaces and the marks between parts of a name remain, so that a
    name that a stranger typed puts no URL, number or markup into the mail.
    """
    allowed = "".join(
        each if _is_name_character(each) else " " for each in unicodedata.normalize("NFC", name)
    )
    words = re.sub(r"\.(?=\S)", " ", allowed).split()
    safe_name = " ".join(words)[:MAX_NAME_LENGTH].strip(" .'’-")
    return f"Olá, {safe_name}." if safe_name else "Olá."


def _is_name_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in " .'’-"


class MailOutbox:
    """Queues mail in the caller's transaction, and sends queued mail."""

    def __init__(self, database: Database, seals: Encryptor, sender: str) -> None:
        self._database = database
        self._seals = seals
        self._sender = sender

    async def enqueue(self, connection: Connection, mail: MailMessage, now: datetime) -> UUID:
        """Queue the mail, and return its id. It is sent once the transaction has committed."""
        content: dict[str, Any] = {"subject": mail.subject, "text": mail.text}
        if mail.attachment is not None:
            encoded = base64.b64encode(mail.attachment.content).decode()
            content["file"] = [mail.attachment.name, mail.attachment.media_type, encoded]
        plain = orjson.dumps(content).decode()
        sealed = self._seals.seal(plain, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)
        mail_id: UUID = await connection.fetchval(
            _SQL["enqueue"], mail.tenant_id, mail.recipient, sealed, now
        )
        return mail_id

    async def send_due(self, send: SendMail, now: datetime) -> int:
        """Claim and send the mail that is due. Returns the number of mails that were sent. If the
        process dies while it sends a mail, the mail is sent again under the same Message-ID,
        because a duplicate is better than a lost mail.
        """
        async with self._database.as_auth() as connection:
            claimed = await connection.fetch(_SQL["claim"], now, BATCH_SIZE)
        sent = 0
        for row in claimed:
            sent += await self._send(send, row, now)
        return sent

    async def _send(self, send: SendMail, row: Any, now: datetime) -> bool:
        content = orjson.loads(
            self._seals.open(row["sealed"], tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)
        )
        try:
            await send(_build_message(self._sender, row, content, now))
        except UnavailableError as error:
            given_up = row["attempts"] >= MAX_ATTEMPTS
            _log.warning(
                "mail_postponed",
                mail=str(row["id"]),
                attempts=row["attempts"],
                given_up=given_up,
                error=str(error),
            )
            pause_s = backoff_s(row["attempts"], base_s=10.0, max_s=3600.0)
            next_attempt_at = now + timedelta(seconds=pause_s)
            async with self._database.as_auth() as connection:
                await connection.execute(_SQL["postpone"], row["id"], next_attempt_at, given_up)
            return False
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["mark_sent"], row["id"])
        return True


async def run_mail_delivery(outbox: MailOutbox, send: SendMail) -> None:
    """Send due mail every few seconds, until cancelled."""

    async def send_all_due() -> None:
        while await outbox.send_due(send, database_clock.now()):
            pass

    await run_periodically("mail_delivery_failed", POLL_INTERVAL_S, send_all_due)


def _build_message(sender: str, row: Any, content: dict[str, Any], now: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = row["recipient"]
    message["Subject"] = _one_line(content["subject"])
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{row['id']}@niochat.invalid>"  # the same for each attempt
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(content["text"])
    if "file" in content:
        name, media_type, encoded = content["file"]
        main, _, sub = media_type.split(";")[0].partition("/")
        message.add_attachment(
            base64.b64decode(encoded), maintype=main, subtype=sub, filename=_one_line(name)
        )
    return message


def _one_line(text: str) -> str:
    """A header has no line breaks; names that people typed may."""
    return " ".join(text.split())
