"""The access room on this test's database, with one provider and its people."""

from dataclasses import dataclass, field
from email.message import EmailMessage
from uuid import UUID

import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from niochat.adapters.postgres.database import Database
from niochat.identity.access_tokens import AccessTokenSigner
from niochat.identity.api_keys import ApiKeyRepository
from niochat.identity.authentication import Authenticator, Principal
from niochat.identity.login.login_alerts import LoginAlertSender
from niochat.identity.login.login_throttle import LoginThrottle
from niochat.identity.login.passwords import PasswordService
from niochat.identity.login.second_factor import SecondFactorService
from niochat.identity.one_time_links import OneTimeLinkService
from niochat.identity.sessions import SessionService, SessionTokens, SignInDevice
from niochat.identity.users import UserRepository
from niochat.mail.mail_outbox import MailOutbox
from niochat.vault.vault import Vault
from tests.builders import Admin, RowBuilder
from tests.manual_clock import ManualDateTime

PASSWORD = "correto cavalo bateria"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
DEVICE = SignInDevice("203.0.113.7", "Firefox")


@dataclass
class IdentityFixture:
    """Everything of the room, and who lives there."""

    database: Database
    admin: Admin
    clock: ManualDateTime
    tenant: UUID
    vault: Vault = field(default_factory=lambda: Vault({"k1": bytes(32)}))
    mails: list[EmailMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.passwords = PasswordService(CHEAP)
        self.signer = AccessTokenSigner(self.database, self.vault)
        self.throttle = LoginThrottle(self.database)
        self.second_factor = SecondFactorService(self.database, self.vault, self.throttle)
        self.post = MailOutbox(self.database, self.vault, "NioChat <niochat@example.com>")
        self.sessions = SessionService(
            self.database,
            self.signer,
            self.passwords,
            self.second_factor,
            self.throttle,
            self.vault,
            LoginAlertSender(self.database, self.post),
        )
        self.callers = Authenticator(self.database, self.signer)
        self.keys = ApiKeyRepository(self.database)
        self.users = UserRepository(self.database)
        self.links = OneTimeLinkService(
            self.database, self.post, self.passwords, self.throttle, "https://desk.example.com"
        )

    async def create_user(
        self, login: str, role: str = "agent", *, tenant: UUID | None = None, status: str = "active"
    ) -> UUID:
        """Somebody with the usual password; a superuser belongs to no tenant."""
        owner = None if role == "superuser" else tenant or self.tenant
        user_id: UUID = await self.admin.fetchval(
            "INSERT INTO users (tenant_id, login, name, role, status, password_hash)"
            " VALUES ($1, $2, $2, $3, $4, $5) RETURNING id",
            owner,
            login,
            role,
            status,
            await self.passwords.hash_password(PASSWORD),
        )
        return user_id

    async def create_session(self, login: str, code: str | None = None) -> SessionTokens:
        return await self.sessions.log_in(login, PASSWORD, code, DEVICE, self.clock.now)

    async def authenticate(self, tokens: SessionTokens) -> Principal:
        return await self.callers.authenticate_token(tokens.access, self.clock.now)

    async def deliver_mails(self) -> list[EmailMessage]:
        """Mails that were due."""

        async def send(message: EmailMessage) -> None:
            self.mails.append(message)

        self.mails.clear()
        await self.post.send_due(send, self.clock.now)
        return self.mails


@pytest.fixture
def clock() -> ManualDateTime:
    return ManualDateTime()


@pytest_asyncio.fixture
async def identity(
    database: Database, admin: Admin, given: RowBuilder, clock: ManualDateTime
) -> IdentityFixture:
    return IdentityFixture(database, admin, clock, await given.tenant())
