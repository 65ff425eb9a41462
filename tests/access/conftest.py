"""The access room on this test's database, with one provider and its people."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from niochat.access.api_keys import ApiKeys
from niochat.access.callers import Caller, Callers
from niochat.access.links import Links
from niochat.access.mail import Post
from niochat.access.passwords import Passwords
from niochat.access.second_factor import SecondFactor
from niochat.access.sessions import Device, Sessions, Tokens
from niochat.access.signing import Signer
from niochat.access.throttle import Throttle
from niochat.access.users import Users
from niochat.access.warning import Warnings
from niochat.adapters.postgres.database import Database
from niochat.vault.vault import Vault
from tests.builders import Admin, Given

PASSWORD = "correto cavalo bateria"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
DEVICE = Device("203.0.113.7", "Firefox")


@dataclass
class Clock:
    """The tests' own time."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def passes(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


@dataclass
class House:
    """Everything of the room, and who lives there."""

    database: Database
    admin: Admin
    clock: Clock
    tenant: UUID
    vault: Vault = field(default_factory=lambda: Vault({"k1": bytes(32)}))
    mails: list[EmailMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.passwords = Passwords(CHEAP)
        self.signer = Signer(self.database, self.vault)
        self.throttle = Throttle(self.database)
        self.second_factor = SecondFactor(self.database, self.vault, self.throttle)
        self.post = Post(self.database, self.vault, "NioChat <niochat@example.com>")
        self.sessions = Sessions(
            self.database, self.signer, self.passwords, self.second_factor, self.throttle,
            self.vault, Warnings(self.database, self.post),
        )  # fmt: skip
        self.callers = Callers(self.database, self.signer)
        self.keys = ApiKeys(self.database)
        self.users = Users(self.database)
        self.links = Links(
            self.database, self.post, self.passwords, self.throttle, "https://desk.example.com"
        )

    async def user(
        self, login: str, role: str = "agent", *, tenant: UUID | None = None, status: str = "active"
    ) -> UUID:
        """Somebody with the usual password; a superuser belongs to no tenant."""
        owner = None if role == "superuser" else tenant or self.tenant
        user_id: UUID = await self.admin.fetchval(
            "INSERT INTO users (tenant_id, login, name, role, status, password_hash)"
            " VALUES ($1, $2, $2, $3, $4, $5) RETURNING id",
            owner, login, role, status, await self.passwords.hashed(PASSWORD),
        )  # fmt: skip
        return user_id

    async def signed_in(self, login: str, code: str | None = None) -> Tokens:
        return await self.sessions.log_in(login, PASSWORD, code, DEVICE, self.clock.now)

    async def caller(self, tokens: Tokens) -> Caller:
        return await self.callers.of_token(tokens.access, self.clock.now)

    async def deliver(self) -> list[EmailMessage]:
        """Mails that were due."""

        async def send(message: EmailMessage) -> None:
            self.mails.append(message)

        self.mails.clear()
        await self.post.send_due(send, self.clock.now)
        return self.mails


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def house(database: Database, admin: Admin, given: Given, clock: Clock) -> House:
    return House(database, admin, clock, await given.tenant())
