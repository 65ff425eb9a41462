"""Key rotation: seals every stored secret again with the current key while the system runs.

First the new key is put before the old one in ``NIOCHAT_VAULT_KEYS`` of every process, so that both
can open values. Then the values are sealed again one by one. Once none is left under the old key,
that key can be removed.
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
    """A column of sealed values. The query ``read`` takes the last row key and a limit, and returns
    ``key``, ``tenant_id`` and ``sealed``. The query ``write`` takes the key, the old and the new
    value.
    """

    what: str
    read: str
    write: str
    purpose: str
    needs_auth_role: bool = False
    """Whether the column can be read only through ``Database.as_auth``."""
    has_blind_index: bool = False
    """Whether ``write`` also takes the new blind index."""


@dataclass(slots=True)
class KeyRotationResult:
    """The result for one column. ``damaged`` counts values that no available key can open; they
    stay as they are. ``why`` is the error of the last one, which names the missing key.
    """

    what: str
    current: int = 0
    resealed: int = 0
    damaged: int = 0
    why: str = ""


class KeyRotator:
    """Rotates keys. It may run at any time, repeatedly, and in several processes at once."""

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
        """Processes all columns once. Raises ``UnavailableError``; values that were sealed again by
        then stay so.
        """
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
        """Returns the parameters for ``write``; empty if the value is current or cannot be
        opened.
        """
        purpose = place.purpose
        try:
            if self._vault.is_current_key(sealed):
                count.current += 1
                return []
            plain = self._vault.open(sealed, tenant_id=tenant_id, purpose=purpose)
        except (InvalidInputError, UnreadableDataError) as error:
            count.damaged += 1
            count.why = str(error)
            _log.warning("secret_not_rotated", what=count.what, code=error.code)
            return []
        count.resealed += 1
        new = [self._vault.seal(plain, tenant_id=tenant_id, purpose=purpose)]
        if place.has_blind_index:
            new.append(self._vault.blind_index(plain, tenant_id=tenant_id, purpose=purpose))
        return new
