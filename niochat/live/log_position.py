"""Where a reader of the log stands: one order over all conversations."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from niochat.domain.errors import InvalidInputError

NO_CONVERSATION = UUID(int=0)
_HIGHEST = 2**63
TRANSACTIONS_PER_EPOCH = 2**32
"""As ``adapters/postgres/log_position_base.py`` has it."""


@dataclass(frozen=True, slots=True, order=True)
class LogPosition:
    """``(transaction, conversation, version)``. Everything up to here was read.

    Numbers of transactions grow and end out of order, so a reader stops below the oldest one that
    has not ended; behind that nothing comes any more.
    """

    xid: int
    conversation: UUID = NO_CONVERSATION
    version: int = 0

    @property
    def epoch(self) -> int:
        """Another one where the database was restored meanwhile, and after each four thousand
        million transactions.
        """
        return self.xid // TRANSACTIONS_PER_EPOCH

    def __str__(self) -> str:
        return f"{self.xid}.{self.conversation.hex}.{self.version}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ``InvalidInputError`` (``bad_position``) for what no server has given out."""
        try:
            xid, conversation, version = text.split(".")
            found = cls(int(xid), UUID(conversation), int(version))
        except ValueError:
            found = None
        if found is None or not (0 <= found.xid < _HIGHEST and 0 <= found.version < _HIGHEST):
            raise InvalidInputError(
                "The position is invalid. Leave it out and load all data again.",
                code="bad_position",
            )
        return found
