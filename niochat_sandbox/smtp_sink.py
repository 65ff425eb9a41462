"""An SMTP server that accepts every mail, delivers none and shows them on a page."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from niochat_sandbox.http_json import json_response

MAX_MAILS = 500
"""The number of stored mails; the oldest are dropped first."""
MAX_MAIL_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A received mail."""

    to: str
    sender: str
    subject: str
    text: str
    at: str


class SmtpSink:
    """Accepts mail for any recipient."""

    def __init__(self) -> None:
        self.mails: deque[ReceivedMail] = deque(maxlen=MAX_MAILS)
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen; raises ``OSError`` if the port is in use."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="sandbox", data_size_limit=MAX_MAIL_BYTES, loop=loop),
            host,
            port,
        )

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Store one mail per recipient."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        body = message.get_body(("plain",))
        text = str(body.get_content()).replace("\r\n", "\n") if body is not None else ""
        for recipient in envelope.rcpt_tos:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            sender, subject = str(message["From"] or ""), str(message["Subject"] or "")
            self.mails.append(ReceivedMail(recipient, sender, subject, text, now))
        return "250 OK"

    def routes(self) -> list[BaseRoute]:
        """The routes ``/mail`` for people and ``/mails`` for programs, newest first."""
        return [Route("/mail", self._show), Route("/mails", self._list)]

    async def _list(self, request: Request) -> Response:
        recipient_filter = request.query_params.get("to")
        found: list[dict[str, Any]] = [
            {name: getattr(mail, name) for name in ReceivedMail.__slots__}
            for mail in reversed(self.mails)
            if recipient_filter in (None, mail.to)
        ]
        return json_response({"items": found})

    async def _show(self, _request: Request) -> Response:
        mails = "".join(
            f"<h2>{escape(mail.subject)}</h2><p><small>Para {escape(mail.to)}, de"
            f" {escape(mail.sender)}, {escape(mail.at)}</small></p>"
            f"<pre>{escape(mail.text)}</pre>"
            for mail in reversed(self.mails)
        )
        style = (
            "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
            "padding:0 1rem}pre{white-space:pre-wrap;border-left:3px solid #2a7;padding-left:.8rem}"
        )
        empty_text = "<p>Nenhum e-mail chegou ainda.</p>"
        return HTMLResponse(
            '<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>E-mails do sandbox'
            f"</title><style>{style}</style><body><h1>E-mails do sandbox</h1>{mails or empty_text}"
        )
