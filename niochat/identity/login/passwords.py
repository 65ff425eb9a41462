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
"""Characters. NIST SP 800-63B asks for length and against rules about signs."""
MAX_CONCURRENT_HASHES = 1
"""Hashes of strangers in one process, and as many of whoever showed a device, a link or a session
that we gave out: each takes 64 MB and some 50 ms of a core.
"""
MAX_WAITING, MAX_WAITING_PER_ADDRESS = 64, 8

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class PasswordService:
    """Hashes in threads, few at a time: a rush of log-ins must not take the machine."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """``hasher``: for tests, which would spend their minutes on hashing."""
        self._hasher = hasher or PasswordHasher()
        self._nobody: str | None = None
        self._strangers = FairSemaphore(MAX_CONCURRENT_HASHES, max_waiting=MAX_WAITING)
        self._known = FairSemaphore(MAX_CONCURRENT_HASHES, max_waiting=MAX_WAITING)

    async def hash_password(self, password: str) -> str:
        """A new hash, for somebody who is known by a link or a session. Raises
        ``InvalidInputError`` for a
        password that nobody should have, ``UnavailableError`` where too many wait.
        """
        validate_password(password)
        return await self._run_limited(self._known, "", self._hasher.hash, password)

    async def verify(
        self, password: str, stored: str | None, address: str = "", *, known: bool = False
    ) -> bool:
        """Whether it is the password; with ``None`` it takes as long and is not.

        ``known``: by a device of theirs; all others wait by their ``address``, in turn. Raises
        ``UnavailableError`` (``crowded``) where too many wait.
        """
        gate = self._known if known else self._strangers
        return await self._run_limited(gate, address, self._matches, password[:MAX_LENGTH], stored)

    def needs_rehash(self, stored: str) -> bool:
        """Whether today's parameters are others: hash anew at the next log-in."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            right = self._hasher.verify(stored or self._dummy_hash(), password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
        return right and stored is not None

    def _dummy_hash(self) -> str:
        """Compared with where there is no user, so that the time does not tell."""
        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody has this password")
        return self._nobody

    async def _run_limited(
        self,
        gate: FairSemaphore,
        address: str,
        work: Callable[[Unpack[Args]], Result],
        *values: *Args,
    ) -> Result:
        lane = uuid5(NAMESPACE_URL, address)
        if gate.limiter.waiting_count(lane) >= MAX_WAITING_PER_ADDRESS:
            raise UnavailableError(
                "Too many sign-ins from your address are in progress. Try again later.",
                code="crowded",
            )
        async with gate.acquire(lane):
            return await asyncio.to_thread(work, *values)


def validate_password(password: str) -> None:
    """Raises ``InvalidInputError`` that says what a password must be."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidInputError(
            f"The password must have {MIN_LENGTH} to {MAX_LENGTH} characters.",
            code="weak_password",
        )
    if not password.isprintable():
        raise InvalidInputError(
            "The password must have printable characters only.", code="weak_password"
        )
