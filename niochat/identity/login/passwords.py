"""Passwords, as argon2id hashes (RFC 9106, with the parameters of its second recommendation)."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack
from uuid import NAMESPACE_URL, uuid5

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat.runtime.fairness.fair_limiter import FairSemaphore

MIN_LENGTH, MAX_LENGTH = 10, 256
"""Length in characters. NIST SP 800-63B requires length and advises against composition rules."""
MAX_CONCURRENT_HASHES = 1
"""Concurrent hashes per process for unknown callers, and as many for callers with a known device, a
link or a session. Each hash takes 64 MB and about 50 ms of a core.
"""
MAX_WAITING, MAX_WAITING_PER_ADDRESS = 64, 8

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class PasswordService:
    """Hashes passwords in threads, few at a time, so that many log-ins do not use up
    the machine.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """``hasher`` replaces the default parameters, to make tests faster."""
        self._hasher = hasher or PasswordHasher()
        self._cached_dummy_hash: str | None = None
        self._unknown_callers = FairSemaphore(MAX_CONCURRENT_HASHES, max_waiting=MAX_WAITING)
        self._known_callers = FairSemaphore(MAX_CONCURRENT_HASHES, max_waiting=MAX_WAITING)

    async def hash_password(self, password: str) -> str:
        """Hash a new password of a caller with a link or a session.

        Raises ``InvalidInputError`` for an unacceptable password, ``UnavailableError`` when too
        many hashes wait.
        """
        validate_password(password)
        return await self._run_limited(self._known_callers, "", self._hasher.hash, password)

    async def verify(
        self,
        password: str,
        stored: str | None,
        address: str = "",
        *,
        from_known_device: bool = False,
    ) -> bool:
        """Whether the password matches the ``stored`` hash.

        If ``stored`` is None the result is False after the same time. Callers without a known
        device wait in a queue that is fair between their addresses. Raises ``UnavailableError``
        (``crowded``) when too many hashes wait.
        """
        semaphore = self._known_callers if from_known_device else self._unknown_callers
        return await self._run_limited(
            semaphore, address, self._matches, password[:MAX_LENGTH], stored
        )

    def needs_rehash(self, stored: str) -> bool:
        """Whether the stored hash has outdated parameters and should be replaced at the log-in."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            matches = self._hasher.verify(stored or self._dummy_hash(), password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
        return matches and stored is not None

    def _dummy_hash(self) -> str:
        """Hash to compare with if there is no user, so that the time does not reveal this."""
        if self._cached_dummy_hash is None:
            self._cached_dummy_hash = self._hasher.hash("nobody has this password")
        return self._cached_dummy_hash

    async def _run_limited(
        self,
        semaphore: FairSemaphore,
        address: str,
        function: Callable[[Unpack[Args]], Result],
        *values: *Args,
    ) -> Result:
        lane = uuid5(NAMESPACE_URL, address)
        if semaphore.limiter.waiting_count(lane) >= MAX_WAITING_PER_ADDRESS:
            raise UnavailableError(
                "Too many sign-ins from your address are in progress. Try again later.",
                code="crowded",
            )
        async with semaphore.acquire(lane):
            return await asyncio.to_thread(function, *values)


def validate_password(password: str) -> None:
    """Raise ``InvalidInputError`` with the rule that the password breaks."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidInputError(
            f"The password must have {MIN_LENGTH} to {MAX_LENGTH} characters.",
            code="weak_password",
        )
    if not password.isprintable():
        raise InvalidInputError(
            "The password must have printable characters only.", code="weak_password"
        )
