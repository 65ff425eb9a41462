"""Saves the signed head of the audit chain outside the database. A chain that was truncated or
rebuilt does not match it.

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
"""The purpose of the HMAC."""
_FILE_NAME = "head.json"

OpenStore = Callable[[str | None, str], FileStore]
"""Opens the file store at an address; the second argument names the setting in errors."""


@dataclass(frozen=True, slots=True)
class AuditChainHead:
    """The head of a chain of ``links`` links: the hexadecimal ``digest`` of the last link, and the
    number of ``rows`` of all links. ``current``: whether the vault's current key signed it.
    """

    links: int
    rows: int
    digest: str
    at: datetime
    current: bool = field(default=True, compare=False)


class AuditHeadStore:
    """Stores the newest head in a :class:`FileStore`; without an address none is saved."""

    def __init__(self, address: str | None, encryptor: Encryptor, open_store: OpenStore) -> None:
        """The store is opened on first use."""
        self._address = address
        self._open = open_store
        self._encryptor = encryptor
        self._opened: FileStore | None = None

    @property
    def is_configured(self) -> bool:
        """Whether an address is configured."""
        return self._address is not None

    async def read(self) -> AuditChainHead | None:
        """The saved head, None before the first. Raises ``InvalidInputError`` as :meth:`parse`
        does, and ``UnavailableError``.
        """
        if not self.is_configured:
            return None
        text = await self._open_store().get(_FILE_NAME)
        return None if text is None else self.parse(text)

    async def write(self, head: AuditChainHead) -> None:
        """Replace the saved head. Raises ``UnavailableError``."""
        payload = {"links": head.links, "rows": head.rows, "digest": head.digest, "at": head.at}
        payload["signature"] = self._signatures(head)[0].hex()
        text = orjson.dumps(payload, option=orjson.OPT_INDENT_2)
        await self._open_store().put(_FILE_NAME, text)

    def parse(self, text: bytes) -> AuditChainHead:
        """The head in a saved text. Raises ``InvalidInputError`` (``bad_head``) when it is
        malformed or no key of this installation signed it.
        """
        try:
            payload: dict[str, Any] = orjson.loads(text)
            at = datetime.fromisoformat(payload["at"])
            head = AuditChainHead(
                int(payload["links"]), int(payload["rows"]), str(payload["digest"]), at
            )
            signature = bytes.fromhex(payload["signature"])
        except (ValueError, KeyError, TypeError):
            raise InvalidInputError("this is no head of an audit log", code="bad_head") from None
        matches = [hmac.compare_digest(signature, each) for each in self._signatures(head)]
        if not any(matches):
            raise InvalidInputError(
                "the head of the audit log was altered, or signed with a key that is not in"
                " NIOCHAT_VAULT_KEYS",
                code="bad_head",
            )
        return replace(head, current=matches[0])

    def _signatures(self, head: AuditChainHead) -> list[bytes]:
        """The signatures under each available key, the current one first."""
        signed_text = "\n".join(map(str, (head.links, head.rows, head.digest, head.at.isoformat())))
        return self._encryptor.blind_indexes(
            signed_text, tenant_id=PLATFORM_TENANT_ID, purpose=PURPOSE
        )

    def _open_store(self) -> FileStore:
        try:
            self._opened = self._opened or self._open(self._address, "NIOCHAT_AUDIT_URL")
        except OSError as error:
            raise UnavailableError(
                f"the head of the audit log cannot be kept at {self._address}: {error.strerror}",
                code="head_away",
            ) from error
        return self._opened
