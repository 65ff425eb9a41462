"""Socket tickets: each opens one WebSocket, once, within 30 seconds."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import AuthenticationError
from niochat.domain.text_validation import digest_text

_SQL = queries("socket_tickets")

TICKET_LIFETIME = timedelta(seconds=30)


class SocketTicketStore:
    """Issues and redeems tickets. They are rows, so that any replica accepts them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, session_id: UUID, now: datetime) -> str:
        """Create a ticket for a session, and delete expired tickets."""
        ticket = secrets.token_urlsafe(24)
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["delete_expired"], now)
            await connection.execute(
                _SQL["create"], digest_text(ticket), session_id, now + TICKET_LIFETIME
            )
        return ticket

    async def redeem(self, ticket: str, now: datetime) -> tuple[UUID, UUID]:
        """Use up a ticket and return (session id, user id).

        Raises ``AuthenticationError`` if the ticket is invalid, used or expired.
        """
        async with self._database.as_auth() as connection:
            row = await connection.fetchrow(_SQL["redeem"], digest_text(ticket), now)
        if row is None:
            raise AuthenticationError(
                "The ticket is invalid, used or expired. Create another with POST "
                "/api/v1/auth/socket-tickets.",
                code="bad_ticket",
            )
        return row["session_id"], row["user_id"]
