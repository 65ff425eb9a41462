"""Every stored secret under the current key, while everything runs.

The new key stands first in ``NIOCHAT_VAULT_KEYS`` of every process, the old one after it: both
open. Then values are sealed anew one by one; when none is left the old key may go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import InvalidInputError, UnreadableDataError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.vault.vault import Vault

_log = structlog.get_logger(__name__)

BATCH_SIZE = 200


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """Where sealed values lie. ``read`` takes the last key and a limit, and gives ``key``,
    ``tenant_id`` and ``sealed``; ``write`` takes key, old and new value.
    """

    what: str
    read: str
    write: str
    purpose: str
    needs_auth_role: bool = False
    """Whether only the gate's role sees them."""
    has_blind_index: bool = False
    """Whether ``write`` takes the value's new blind index too."""


@dataclass(slots=True)
class KeyRotationResult:
    """Of one place. ``damaged`` values cannot be opened with the keys at hand, and stay; ``why``
    says it of the last of them, with the key that is missing.
    """

    what: str
    current: int = 0
    resealed: int = 0
    damaged: int = 0
    why: str = ""


class KeyRotator:
    """Can be run at any time, again and again, and by two at once."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        columns: Sequence[SealedColumn],
        batch: int = BATCH_SIZE,
    ) -> None:
        self._database = database
        self._vault = vault
        self._columns = columns
        self._batch = batch

    async def run(self) -> list[KeyRotationResult]:
        """Go through all places once. Raises ``UnavailableError``: what was done stays done."""
        return [await self._rotate_column(place) for place in self._columns]

    async def _rotate_column(self, place: SealedColumn) -> KeyRotationResult:
        count, last = KeyRotationResult(place.what), ""
        while True:
            opened = (
                self._database.as_auth()
                if place.needs_auth_role
                else self._database.system_transaction()
            )
            async with opened as connection:
                rows = await connection.fetch(place.read, last, self._batch)
                for row in rows:
                    tenant_id = row["tenant_id"] or PLATFORM_TENANT_ID
                    new = self._reseal(count, row["sealed"], tenant_id, place)
                    if new:
                        await connection.execute(place.write, row["key"], row["sealed"], *new)
            if len(rows) < self._batch:
                return count
            last = rows[-1]["key"]

    def _reseal(
        self, count: KeyRotationResult, sealed: bytes, tenant_id: UUID, place: SealedColumn
    ) -> list[bytes]:
        """What to write instead; nothing where all is well, or nothing can be done."""
        purpose = place.purpose
        try:
            if self._vault.is_current_key(sealed):
                count.current += 1
                return []
            plain = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose)
        except (InvalidInputError, UnreadableDataError) as error:
            count.damaged += 1
            count.why = str(error)
            _log.warning("not_resealed", what=count.what, code=error.code)
            return []
        count.resealed += 1
        new = [self._vault.seal(plain, tenant_id=tenant_id, purpose=purpose)]
        if place.has_blind_index:
            new.append(self._vault.blind_index(plain, tenant_id=tenant_id, purpose=purpose))
        return new
