"""Codes of an authenticator app (TOTP, RFC 6238), each good once, and recovery codes."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import AuthenticationError, OperationRefusedError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.identity.login.login_throttle import LoginThrottle, account_limit
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.ports.encryption import Encryptor

_SQL = queries("second_factor")

STEP_S = 30
DIGITS = 6
TOLERATED_STEPS = 1
"""Steps before and after now that are good too: clocks of phones differ."""
RECOVERY_CODES = 10
PURPOSE = "second factor"
"""What its seals are for."""


@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """The secret for an authenticator app. ``otpauth_uri`` is the content of its QR code."""

    secret: str
    otpauth_uri: str


class SecondFactorService:
    """Of users who have switched it on."""

    def __init__(self, database: Database, seals: Encryptor, throttle: LoginThrottle) -> None:
        self._database = database
        self._seals = seals
        self._throttle = throttle

    async def begin_enrolment(self, user_id: UUID, login: str) -> TotpEnrolment:
        """A new secret, asked for only once :meth:`confirm` has seen a code of it.

        Raises ``Refused`` while another one is in use.
        """
        secret = secrets.token_bytes(20)
        async with self._database.as_auth() as connection:
            began = await connection.fetchval(_SQL["begin"], user_id, self._sealed(secret))
        if began is None:
            raise OperationRefusedError(
                "The second factor is already enabled. Disable it first.", code="totp_on"
            )
        address = _totp(secret).get_provisioning_uri(login, "NioChat")
        return TotpEnrolment(base64.b32encode(secret).decode().rstrip("="), address)

    async def confirm_enrolment(
        self, user_id: UUID, code: str, now: datetime, address: str = ""
    ) -> list[str]:
        """Switch it on; the recovery codes, shown once. Raises ``Refused`` (``wrong_code``),
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
                connection, _audit_entry(row, user_id, address, "on", right=step is not None)
            )
            if step is not None:
                digests = [_digest(each) for each in codes]
                await connection.execute(_SQL["confirm"], user_id, step, now)
                await connection.execute(_SQL["delete_codes"], user_id)
                await connection.execute(_SQL["insert_codes"], user_id, digests)
        if step is None:  # outside of the transaction, which has to commit
            raise OperationRefusedError(
                "The code is wrong. Check the clock of the phone.", code="wrong_code"
            )
        await self._throttle.record_success(limits, now)
        return codes

    async def disable(self, user_id: UUID, code: str, now: datetime, address: str = "") -> None:
        """No code is asked for any more; recovery codes are void. Raises ``Refused``
        (``wrong_code``), ``RateLimitedError``: a session that was left open must not be enough.
        """
        limits = (account_limit("second factor", str(user_id)),)
        await self._throttle.count_attempt(limits, now)
        async with self._database.as_auth() as connection:
            right = await self.verify_code(connection, user_id, code, now)
            row = await connection.fetchrow(_SQL["read"], user_id)
            await record_change(connection, _audit_entry(row, user_id, address, "off", right=right))
            if right:
                await connection.execute(_SQL["disable"], user_id)
                await connection.execute(_SQL["delete_codes"], user_id)
        if not right:
            raise OperationRefusedError(
                "The code is wrong. Wait for the next code.", code="wrong_code"
            )
        await self._throttle.record_success(limits, now)

    async def verify_code(
        self, connection: Connection, user_id: UUID, code: str | None, now: datetime
    ) -> bool:
        """Whether the user may come in, in the transaction that lets them in: a code is used up
        there. Raises ``AuthenticationError`` (``second_factor_required``) when one is missing.
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
            used = await connection.fetchval(_SQL["use_step"], user_id, step)
        else:
            used = await connection.fetchval(_SQL["use_code"], user_id, _digest(code), now)
        return used is not None

    def _matching_step(self, sealed: bytes, code: str, last: int, now: datetime) -> int | None:
        """The time step the code is of, if it is later than ``last``."""
        secret = base64.b64decode(
            self._seals.open(sealed, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)
        )
        current = int(now.timestamp()) // STEP_S
        offered = code.strip().replace(" ", "").encode("utf-8", "replace")
        for step in range(current - TOLERATED_STEPS, current + TOLERATED_STEPS + 1):
            if step > last and secrets.compare_digest(
                _totp(secret).generate(step * STEP_S), offered
            ):
                return step
        return None

    def _sealed(self, secret: bytes) -> bytes:
        plain = base64.b64encode(secret).decode()
        return self._seals.seal(plain, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)


def _audit_entry(row: Any, user_id: UUID, address: str, what: str, *, right: bool) -> AuditEntry:
    """``second_factor.on`` or ``.off``, or that somebody tried it with a wrong code."""
    who, target = AuditActor(AuditActorKind.USER, str(user_id), address), f"user:{user_id}"
    action = f"second_factor.{what}" if right else "second_factor.refused"
    after = None if right else {"code": "wrong_code", "wanted": what}
    return AuditEntry(
        row["tenant_id"] if row is not None else None, who, action, target, None, after
    )


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_S)


def _recovery_code() -> str:
    """50 bits, in a form that people type: ``k7qxw-9mzpa``."""
    alphabet = "23456789abcdefghjkmnpqrstuvwxyz"
    letters = "".join(secrets.choice(alphabet) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def _digest(code: str) -> bytes:
    return sha256(code.strip().lower().encode("utf-8", "surrogatepass")).digest()
