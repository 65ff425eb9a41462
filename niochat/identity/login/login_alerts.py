"""Mails and audit entries about many failed sign-in attempts at an account."""

from datetime import datetime, timedelta
from typing import Any

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.identity.login.login_throttle import account_limit
from niochat.mail.mail_outbox import MailMessage, MailOutbox, format_greeting
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_SQL = queries("login_throttle")

ALERT_INTERVAL = timedelta(days=1)
"""Minimum interval between two mails to the same account."""
_SUBJECT = "Tentativas de acesso à sua conta do NioChat"
_TEXT = (
    "{greeting}\n\nAlguém errou a sua senha do NioChat muitas vezes. Sua conta continua aberta: nos"
    " aparelhos em que você já entrou nada muda; em outro talvez seja preciso esperar um"
    " minuto.\n\nSe não foi você, não é preciso fazer nada; ligue a verificação em duas etapas, se"
    " ainda não a usa.\n\n"
    "Somebody got your NioChat password wrong many times. Your account stays open: nothing changes"
    " where you have signed in before; elsewhere you may have to wait for a minute. If it was not"
    " you, there is nothing to do; switch the second factor on, if you have not yet.\n"
)


class LoginAlertSender:
    """Sends the alert when the login throttle refuses an attempt."""

    def __init__(self, database: Database, mail_outbox: MailOutbox) -> None:
        self._database = database
        self._mail_outbox = mail_outbox

    async def send_alert(self, login: str, address: str, now: datetime) -> None:
        """Queue a mail to the account's holder and write an audit entry, at most once a day."""
        async with self._database.as_auth() as connection:
            key = account_limit("told", login).key
            if (
                await connection.fetchval(_SQL["claim_alert"], key, now, now - ALERT_INTERVAL)
                is None
            ):
                return
            user = await connection.fetchrow(_SQL["find_user_by_login"], login)
            entry = attempt_audit_entry(
                "sessions.held_back", user, login, address, "too_many_attempts"
            )
            await record_change(connection, entry)
            if user is not None and user["status"] == "active":
                text = _TEXT.format(greeting=format_greeting(user["name"]))
                mail = MailMessage(user["tenant_id"], user["login"], _SUBJECT, text)
                await self._mail_outbox.enqueue(connection, mail, now)


def attempt_audit_entry(
    action: str, user: Any, login: str, address: str, code: str = ""
) -> AuditEntry:
    """Audit entry of an unauthenticated action on an account.

    The target is the user's id, or the masked login if ``user`` is None.
    """
    masked = mask_login(login)
    actor = AuditActor(AuditActorKind.USER, masked, address)
    after = {"code": code} if code else None
    if user is None:
        return AuditEntry(None, actor, action, f"login:{masked}", None, after)
    return AuditEntry(user["tenant_id"], actor, action, f"user:{user['id']}", None, after)


def mask_login(login: str) -> str:
    """Mask a login as ``a***@example.com``, so that its holder can recognise it.

    Of a login without ``@`` only the first letter is shown.
    """
    name, _, domain = "".join(each for each in login if each.isprintable()).partition("@")
    return f"{name[:1]}***" + (f"@{domain[:60]}" if domain else "")
