"""Where the audit log's chain ended, signed and kept apart from the database: whoever cuts its last
links off, or all of them, or makes another chain, cannot make this fit.

The signature is an HMAC under a key of the vault. Copies can be kept anywhere.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from niochat.adapters.file_store import FileStore
from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor

PURPOSE = "audit head"
"""What the HMAC is for."""
_FILE_NAME = "head.json"

OpenStore = Callable[[str | None, str], FileStore]
"""Opens the file store at an address; the second argument names the setting in errors."""


@dataclass(frozen=True, slots=True)
class AuditChainHead:
    """The last of ``links`` links: its ``digest`` (hexadecimal), and the ``rows`` of them all.
    ``current``: the vault's current key signed it.
    """

    links: int
    rows: int
    digest: str
    at: datetime
    current: bool = field(default=True, compare=False)


class AuditHeadStore:
    """The newest one, at an address as :class:`FileStore` takes it; without one none is kept."""

    def __init__(self, address: str | None, seals: Encryptor, open_store: OpenStore) -> None:
        """Nothing is opened before it is used."""
        self._address = address
        self._open = open_store
        self._seals = seals
        self._opened: FileStore | None = None

    @property
    def is_configured(self) -> bool:
        """Whether there is a place for it."""
        return self._address is not None

    async def read(self) -> AuditChainHead | None:
        """None before the first. Raises ``InvalidInputError`` as ``parsed`` does,
        ``UnavailableError``.
        """
        if not self.is_configured:
            return None
        found = await self._open_store().get(_FILE_NAME)
        return None if found is None else self.parse(found)

    async def write(self, head: AuditChainHead) -> None:
        """In place of the one before. Raises ``UnavailableError``."""
        told = {"links": head.links, "rows": head.rows, "digest": head.digest, "at": head.at}
        told["signature"] = self._signatures(head)[0].hex()
        text = orjson.dumps(told, option=orjson.OPT_INDENT_2)
        await self._open_store().put(_FILE_NAME, text)

    def parse(self, text: bytes) -> AuditChainHead:
        """Raises ``InvalidInputError`` (``bad_head``) for what no process of this installation
        wrote.
        """
        try:
            told: dict[str, Any] = orjson.loads(text)
            at = datetime.fromisoformat(told["at"])
            head = AuditChainHead(int(told["links"]), int(told["rows"]), str(told["digest"]), at)
            signature = bytes.fromhex(told["signature"])
        except (ValueError, KeyError, TypeError):
            raise InvalidInputError("this is no head of an audit log", code="bad_head") from None
        fits = [hmac.compare_digest(signature, each) for each in self._signatures(head)]
        if not any(fits):
            raise InvalidInputError(
                "the head of the audit log was altered, or signed with a key that is not in"
                " NIOCHAT_VAULT_KEYS",
                code="bad_head",
            )
        return replace(head, current=fits[0])

    def _signatures(self, head: AuditChainHead) -> list[bytes]:
        """Under each key at hand, the current one first."""
        said = "\n".join(map(str, (head.links, head.rows, head.digest, head.at.isoformat())))
        return self._seals.blind_indexes(said, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE)

    def _open_store(self) -> FileStore:
        try:
            self._opened = self._opened or self._open(self._address, "NIOCHAT_AUDIT_URL")
        except OSError as error:
            raise UnavailableError(
                f"the head of the audit log cannot be kept at {self._address}: {error.strerror}",
                code="head_away",
            ) from error
        return self._opened
