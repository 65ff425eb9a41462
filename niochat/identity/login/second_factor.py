"""Second factor: single-use codes of an authenticator app (TOTP, RFC 6238) and recovery codes."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import AuthenticationError, OperationRefusedError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.domain.text_validation import digest_text
from niochat.identity.login.login_throttle import LoginThrottle, account_limit
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.ports.encryption import Encryptor

_SQL = queries("second_factor")

STEP_S = 30
DIGITS = 6
TOLERATED_STEPS = 1
"""Time steps before and after the current one whose codes are accepted: phone clocks differ."""
RECOVERY_CODES = 10
PURPOSE = "second factor"
"""Purpose under which TOTP secrets are sealed."""


@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """The secret for an authenticator app. ``otpauth_uri`` is the content of its QR code."""

    secret: str
    otpauth_uri: str


class SecondFactorService:
    """Enrols users, verifies their codes and disables the second factor."""

    def __init__(self, database: Database, encryptor: Encryptor, throttle: LoginThrottle) -> None:
        self._database = database
        self._encryptor = encryptor
        self._throttle = throttle

    async def begin_enrolment(self, user_id: UUID, login: str) -> TotpEnrolment:
        """Create a secret. It takes effect when :meth:`confirm_enrolment` has verified a code.

        Raises ``OperationRefusedError`` (``totp_on``) if the second factor is enabled.
        """
        secret = secrets.token_bytes(20)
        async with self._database.as_auth() as connection:
            started = await connection.fetchval(_SQL["begin"], user_id, self._sealed(secret))
        if started is None:
            raise OperationRefusedError(
                "The second factor is already enabled. Disable it first.", code="totp_on"
            )
        address = _totp(secret).get_provisioning_uri(login, "NioChat")
        return TotpEnrolment(base64.b32encode(secret).decode().rstrip("="), address)

    async def confirm_enrolment(
        self, user_id: UUID, code: str, now: datetime, address: str = ""
    ) -> list[str]:
        """Enable the second factor and return the recovery codes, which are shown once.

        Raises ``OperationRefusedError`` (``wrong_code``, ``totp_not_begun``),
        ``RateLimitedError``.
        """
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        limits = (account_limit("second factor", str(user_id)),)
        await self._throttle.count_attempt(limits, now)
        async with self._database.as_auth() as connection:
            row = await connection.fetchrow(_SQL["read"], user_id)
            if row is None or row["totp_sealed"] is None or row["totp_since"] is not None:
                raise OperationRefusedError(
                    "No enrolment is in progress. Start a new one.", code="totp_not_begun"
                )
            step = self._matching_step(row["totp_sealed"], code, row["totp_step"], now)
            await record_change(
                connection, _audit_entry(row, user_id, address, "on", is_valid=step is not None)
            )
            if step is not None:
                digests = [_digest(each) for each in codes]
                await connection.execute(_SQL["confirm"], user_id, step, now)
                await connection.execute(_SQL["delete_codes"], user_id)
                await connection.execute(_SQL["insert_codes"], user_id, digests)
        if step is None:  # raised outside the transaction, which must commit
            raise OperationRefusedError(
                "The code is wrong. Check the clock of the phone.", code="wrong_code"
            )
        await self._throttle.record_success(limits, now)
        return codes

    async def disable(self, user_id: UUID, code: str, now: datetime, address: str = "") -> None:
        """Disable the second factor and delete the recovery codes.

        A code is required, so that access to an open session is not enough. Raises
        ``OperationRefusedError`` (``wrong_code``), ``RateLimitedError``.
        """
        limits = (account_limit("second factor", str(user_id)),)
        await self._throttle.count_attempt(limits, now)
        async with self._database.as_auth() as connection:
            is_valid = await self.verify_code(connection, user_id, code, now)
            row = await connection.fetchrow(_SQL["read"], user_id)
            await record_change(
                connection, _audit_entry(row, user_id, address, "off", is_valid=is_valid)
            )
            if is_valid:
                await connection.execute(_SQL["disable"], user_id)
                await connection.execute(_SQL["delete_codes"], user_id)
        if not is_valid:
            raise OperationRefusedError(
                "The code is wrong. Wait for the next code.", code="wrong_code"
            )
        await self._throttle.record_success(limits, now)

    async def verify_code(
        self, connection: Connection, user_id: UUID, code: str | None, now: datetime
    ) -> bool:
        """Whether the code is valid, or the user has no second factor.

        A valid code is used up in the caller's transaction, which also creates the session.
        Raises ``AuthenticationError`` (``second_factor_required``) if a code is needed but
        missing.
        """
        row = await connection.fetchrow(_SQL["read"], user_id)
        if row is None or row["totp_since"] is None:
            return True
        if not code:
            raise AuthenticationError(
                "Send the code of the authenticator app.", code="second_factor_required"
            )
        step = self._matching_step(row["totp_sealed"], code, row["totp_step"], now)
        if step is not None:
            used_row = await connection.fetchval(_SQL["use_step"], user_id, step)
        else:
            used_row = await connection.fetchval(_SQL["use_code"], user_id, _digest(code), now)
        return used_row is not None

    def _matching_step(self, sealed: bytes, code: str, last: int, now: datetime) -> int | None:
        """Time step of the code if it is valid and later than ``last``, else None."""
        secret = base64.b64decode(
            self._encryptor.open(sealed, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)
        )
        current = int(now.timestamp()) // STEP_S
        given_code = code.strip().replace(" ", "").encode("utf-8", "replace")
        for step in range(current - TOLERATED_STEPS, current + TOLERATED_STEPS + 1):
            if step > last and secrets.compare_digest(
                _totp(secret).generate(step * STEP_S), given_code
            ):
                return step
        return None

    def _sealed(self, secret: bytes) -> bytes:
        plain = base64.b64encode(secret).decode()
        return self._encryptor.seal(plain, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)


def _audit_entry(
    row: Any, user_id: UUID, address: str, change: str, *, is_valid: bool
) -> AuditEntry:
    """Audit entry of enabling (``on``) or disabling (``off``), or of an attempt with a
    wrong code.
    """
    actor, target = AuditActor(AuditActorKind.USER, str(user_id), address), f"user:{user_id}"
    action = f"second_factor.{change}" if is_valid else "second_factor.refused"
    after = None if is_valid else {"code": "wrong_code", "wanted": change}
    return AuditEntry(
        row["tenant_id"] if row is not None else None, actor, action, target, None, after
    )


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_S)


def _recovery_code() -> str:
    """Random code with about 50 bits that is easy to type, for example ``k7qxw-9mzpa``."""
    alphabet = "23456789abcdefghjkmnpqrstuvwxyz"
    letters = "".join(secrets.choice(alphabet) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def _digest(code: str) -> bytes:
    return digest_text(code.strip().lower())
