"""One-time links by which an invited or locked-out user sets a password."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError
from niochat.domain.text_validation import digest_text
from niochat.identity.login.login_alerts import attempt_audit_entry
from niochat.identity.login.login_throttle import LoginThrottle, account_limit, address_limit
from niochat.identity.login.passwords import PasswordService
from niochat.identity.sessions import SessionEndReason, end_sessions
from niochat.mail.mail_outbox import MailMessage, MailOutbox, format_greeting
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_SQL = queries("one_time_links")
_SESSIONS = queries("sessions")


class LinkPurpose(StrEnum):
    """Purpose of a link."""

    INVITATION = "invitation"
    RESET = "reset"


LINK_LIFETIMES = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.RESET: timedelta(hours=1)}
_PAGES = {LinkPurpose.INVITATION: "/convite", LinkPurpose.RESET: "/redefinir"}
"""The pages of the desk that redeem a link (``frontend/src/app/routes/public-routes.ts``)."""
_SUBJECT = {
    LinkPurpose.INVITATION: "Seu convite para o NioChat",
    LinkPurpose.RESET: "Redefinição da sua senha do NioChat",
}
_TEXT = {
    LinkPurpose.INVITATION: (
        "{greeting}\n\nVocê foi convidado para atender no NioChat. Escolha sua senha em até"
        " 7 dias:\n{link}\n\n"
        "You were invited to NioChat. Choose your password within 7 days, by the link above.\n"
    ),
    LinkPurpose.RESET: (
        "{greeting}\n\nPara escolher outra senha, use este link em até 1 hora:\n{link}\n\n"
        "Se não foi você quem pediu, ignore este e-mail: nada mudou.\n\n"
        "To choose another password use the link above within an hour. If it was not you who"
        " asked, ignore this mail: nothing has changed.\n"
    ),
}


class OneTimeLinkService:
    """Creates and redeems links.

    A new invitation invalidates earlier invitations. A new password reset does not invalidate
    earlier resets, because anybody may request one for another person's login. Redeeming a link
    invalidates all other links of the user.
    """

    def __init__(
        self,
        database: Database,
        mail_outbox: MailOutbox,
        passwords: PasswordService,
        throttle: LoginThrottle,
        base_url: str,
    ) -> None:
        self._database = database
        self._mail_outbox = mail_outbox
        self._passwords = passwords
        self._throttle = throttle
        self._base_url = base_url

    async def create(self, user_id: UUID, purpose: LinkPurpose, now: datetime) -> str:
        """Create a link and return it, for a user without mail such as the first superuser."""
        async with self._database.as_auth() as connection:
            return await self._create_link(connection, user_id, purpose, now)

    async def send(self, user_id: UUID, purpose: LinkPurpose, now: datetime) -> None:
        """Queue a mail with a link; no-op for a disabled or unknown user."""
        async with self._database.as_auth() as connection:
            user = await connection.fetchrow(_SQL["find_recipient"], user_id)
            if user is not None:
                await self._enqueue_mail(connection, user, purpose, now)

    async def request_password_reset(self, login: str, address: str, now: datetime) -> None:
        """Queue a mail with a reset link, if an active user has this login.

        The caller cannot see whether the login exists. Raises ``RateLimitedError`` after too many
        requests for the login or from the ``address``.
        """
        login = login.strip().lower()
        await self._throttle.count_attempt(
            (account_limit("reset", login), address_limit(address)), now
        )
        async with self._database.as_auth() as connection:
            user = await connection.fetchrow(_SQL["find_recipient_by_login"], login)
            entry = attempt_audit_entry("users.forgotten", user, login, address)
            await record_change(connection, entry)
            if user is not None:
                await self._enqueue_mail(connection, user, LinkPurpose.RESET, now)

    async def redeem(self, secret: str, password: str, now: datetime, address: str = "") -> UUID:
        """Set the password, end all sessions of the user, and return the user's id.

        Raises ``InvalidInputError`` for an unacceptable password, ``OperationRefusedError``
        (``link_over``) for an invalid, used or expired link, ``RateLimitedError`` after too many
        attempts from the ``address``.
        """
        limits = (address_limit(address),)
        await self._throttle.count_attempt(limits, now)
        async with self._database.as_auth() as connection:  # before the expensive hashing
            is_valid = await connection.fetchval(_SQL["is_valid"], digest_text(secret), now)
            if is_valid is None:
                actor = AuditActor(AuditActorKind.USER, "unknown", address)
                after = {"code": "link_over"}
                await record_change(
                    connection, AuditEntry(None, actor, "links.refused", "link", None, after)
                )
        if is_valid is None:
            raise _link_over_error()
        await self._throttle.withdraw_attempt(limits, now)
        hashed = await self._passwords.hash_password(password)
        async with self._database.as_auth() as connection:
            user_id: UUID | None = await connection.fetchval(
                _SQL["redeem"], digest_text(secret), now
            )
            if user_id is None:
                raise _link_over_error()
            tenant_id = await connection.fetchval(_SQL["set_password"], user_id, hashed)
            for purpose in LinkPurpose:
                await connection.execute(_SQL["delete_unused"], user_id, purpose)
            rows = await connection.fetch(_SESSIONS["lock_others"], user_id, None)
            await end_sessions(
                connection, [row["id"] for row in rows], SessionEndReason.PASSWORD, now
            )
            actor = AuditActor(AuditActorKind.USER, str(user_id), address)
            await record_change(
                connection, AuditEntry(tenant_id, actor, "users.password", f"user:{user_id}")
            )
        return user_id

    async def _enqueue_mail(
        self, connection: Any, user: Any, purpose: LinkPurpose, now: datetime
    ) -> None:
        link = await self._create_link(connection, user["id"], purpose, now)
        text = _TEXT[purpose].format(greeting=format_greeting(user["name"]), link=link)
        mail = MailMessage(user["tenant_id"], user["login"], _SUBJECT[purpose], text)
        await self._mail_outbox.enqueue(connection, mail, now)

    async def _create_link(
        self, connection: Connection, user_id: UUID, purpose: LinkPurpose, now: datetime
    ) -> str:
        secret = secrets.token_urlsafe(32)
        if purpose is not LinkPurpose.RESET:
            await connection.execute(_SQL["delete_unused"], user_id, purpose)
        await connection.execute(
            _SQL["create"], digest_text(secret), user_id, purpose, now + LINK_LIFETIMES[purpose]
        )
        # In the fragment, which browsers send to no server, so that no log or referrer has it.
        return f"{self._base_url}{_PAGES[purpose]}#{secret}"


def _link_over_error() -> OperationRefusedError:
    return OperationRefusedError(
        "The link is invalid, used or expired. Request another link.", code="link_over"
    )
