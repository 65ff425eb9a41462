"""Sends mail by SMTP, with ``aiosmtplib``."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTPException, SMTPRecipientsRefused, send

from niochat.domain.errors import InvalidInputError, UnavailableError

TIMEOUT_S = 20.0
PORTS = {"smtp": 587, "smtps": 465}


class SmtpClient:
    """The client of one mail server. With ``smtp://user:password@host:587`` a connection begins in
    plain text and uses TLS if the server offers it; with ``smtps://…`` it uses TLS from the start.
    """

    def __init__(self, url: str) -> None:
        """Raises ``InvalidInputError`` for an invalid URL; the error does not show the URL."""
        try:
            parts = urlsplit(url)
            default_port = PORTS[parts.scheme]
            port = parts.port or default_port
        except (KeyError, ValueError):
            raise InvalidInputError(
                "NIOCHAT_SMTP_URL must be as smtp://user:password@host:587"
            ) from None
        if not parts.hostname:
            raise InvalidInputError("NIOCHAT_SMTP_URL names no host: smtp://user:password@host:587")
        self._host, self._port = parts.hostname, port
        self._tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, message: EmailMessage) -> None:
        """Hand the mail to the server. Raises ``UnavailableError`` when a retry can help."""
        try:
            await send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                timeout=TIMEOUT_S,
            )
        except SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            raise UnavailableError(f"the mail server refuses the recipient: {codes}") from error
        except (SMTPException, OSError, TimeoutError) as error:
            raise UnavailableError(
                f"the mail server did not take it: {type(error).__name__}"
            ) from error
