"""Links that open an account once: invitations, and passwords that were forgotten."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from niochat.access.mail import Mail, Post, greeting
from niochat.access.passwords import Passwords
from niochat.access.sessions import Ended, end_sessions
from niochat.access.throttle import Throttle, from_address, of_account
from niochat.access.warning import told
from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.domain.errors import OperationRefusedError

_SQL = queries("links")
_SESSIONS = queries("sessions")


class Purpose(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    RESET = "reset"


VALID = {Purpose.INVITATION: timedelta(days=7), Purpose.RESET: timedelta(hours=1)}
_SUBJECT = {
    Purpose.INVITATION: "Seu convite para o NioChat",
    Purpose.RESET: "Redefinição da sua senha do NioChat",
}
_TEXT = {
    Purpose.INVITATION: (
        "{greeting}\n\nVocê foi convidado para atender no NioChat. Escolha sua senha em até"
        " 7 dias:\n{link}\n\n"
        "You were invited to NioChat. Choose your password within 7 days, by the link above.\n"
    ),
    Purpose.RESET: (
        "{greeting}\n\nPara escolher outra senha, use este link em até 1 hora:\n{link}\n\n"
        "Se não foi você quem pediu, ignore este e-mail: nada mudou.\n\n"
        "To choose another password use the link above within an hour. If it was not you who"
        " asked, ignore this mail: nothing has changed.\n"
    ),
}


class Links:
    """Makes and redeems them. A new one of the same purpose makes those before it void, but for
    forgotten passwords: whoever asks for somebody's must not make void what they have. Any that is
    used does.
    """

    def __init__(
        self,
        database: Database,
        post: Post,
        passwords: Passwords,
        throttle: Throttle,
        base_url: str,
    ) -> None:
        self._database = database
        self._post = post
        self._passwords = passwords
        self._throttle = throttle
        self._base_url = base_url

    async def make(self, user_id: UUID, purpose: Purpose, now: datetime) -> str:
        """A link for whoever has no mail yet, as the first superuser; shown this once."""
        async with self._database.gate() as connection:
            return await self._made(connection, user_id, purpose, now)

    async def send(self, user_id: UUID, purpose: Purpose, now: datetime) -> None:
        """A mail with a link leaves soon; nothing for somebody who is disabled."""
        async with self._database.gate() as connection:
            user = await connection.fetchrow(_SQL["recipient"], user_id)
            if user is not None:
                await self._queue(connection, user, purpose, now)

    async def forgotten(self, login: str, address: str, now: datetime) -> None:
        """A link to choose another password, if somebody has this login; whoever asks learns
        nothing of that. Raises ``RateLimitedError`` for who asks again and again.
        """
        login = login.strip().lower()
        await self._throttle.begin((of_account("reset", login), from_address(address)), now)
        async with self._database.gate() as connection:
            user = await connection.fetchrow(_SQL["recipient_by_login"], login)
            entry = told("users.forgotten", user, login, address)
            await record(connection, entry)
            if user is not None:
                await self._queue(connection, user, Purpose.RESET, now)

    async def redeem(self, secret: str, password: str, now: datetime, address: str = "") -> UUID:
        """Sets the password, ends all sessions; whose it is. Raises ``InvalidInputError`` for the password,
        ``Refused`` (``link_over``) for a link that is wrong, used or too old, ``RateLimitedError``.
        """
        limits = (from_address(address),)
        await self._throttle.begin(limits, now)
        async with self._database.gate() as connection:  # before the work of hashing
            good = await connection.fetchval(_SQL["good"], _digest(secret), now)
            if good is None:
                who = AuditActor(AuditActorKind.USER, "unknown", address)
                after = {"code": "link_over"}
                await record(
                    connection, AuditEntry(None, who, "links.refused", "link", None, after)
                )
        if good is None:
            raise _link_over()
        await self._throttle.withdraw(limits, now)
        hashed = await self._passwords.hashed(password)
        async with self._database.gate() as connection:
            user_id: UUID | None = await connection.fetchval(_SQL["redeem"], _digest(secret), now)
            if user_id is None:
                raise _link_over()
            tenant_id = await connection.fetchval(_SQL["set_password"], user_id, hashed)
            for purpose in Purpose:
                await connection.execute(_SQL["void"], user_id, purpose)
            rows = await connection.fetch(_SESSIONS["others"], user_id, None)
            await end_sessions(connection, [row["id"] for row in rows], Ended.PASSWORD, now)
            who = AuditActor(AuditActorKind.USER, str(user_id), address)
            await record(
                connection, AuditEntry(tenant_id, who, "users.password", f"user:{user_id}")
            )
        return user_id

    async def _queue(self, connection: Any, user: Any, purpose: Purpose, now: datetime) -> None:
        link = await self._made(connection, user["id"], purpose, now)
        text = _TEXT[purpose].format(greeting=greeting(user["name"]), link=link)
        mail = Mail(user["tenant_id"], user["login"], _SUBJECT[purpose], text)
        await self._post.put(connection, mail, now)

    async def _made(
        self, connection: Connection, user_id: UUID, purpose: Purpose, now: datetime
    ) -> str:
        secret = secrets.token_urlsafe(32)
        if purpose is not Purpose.RESET:
            await connection.execute(_SQL["void"], user_id, purpose)
        await connection.execute(
            _SQL["make"], _digest(secret), user_id, purpose, now + VALID[purpose]
        )
        # In the part of the address that browsers send to nobody, no log or referrer either.
        return f"{self._base_url}/senha#{secret}"


def _link_over() -> OperationRefusedError:
    return OperationRefusedError(
        "The link is invalid, used or expired. Request another link.", code="link_over"
    )


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
