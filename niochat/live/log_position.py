"""Positions in the event log, in one order over all conversations."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from niochat.domain.errors import InvalidInputError

NO_CONVERSATION = UUID(int=0)
_HIGHEST = 2**63
TRANSACTIONS_PER_EPOCH = 2**32
"""Must be equal to the value in ``adapters/postgres/log_position_base.py``."""


@dataclass(frozen=True, slots=True, order=True)
class LogPosition:
    """A position in the log: transaction, conversation and version. A reader at a position has read
    everything up to it.

    Transactions do not end in the order of their numbers. A reader therefore stops before the
    oldest running transaction; no event can appear before that any more.
    """

    xid: int
    conversation: UUID = NO_CONVERSATION
    version: int = 0

    @property
    def epoch(self) -> int:
        """A number that changes when the database is restored, and after each 2^32 transactions."""
        return self.xid // TRANSACTIONS_PER_EPOCH

    def __str__(self) -> str:
        return f"{self.xid}.{self.conversation.hex}.{self.version}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parses a position that a server returned. Raises ``InvalidInputError``
        (``bad_position``).
        """
        try:
            xid, conversation, version = text.split(".")
            position = cls(int(xid), UUID(conversation), int(version))
        except ValueError:
            position = None
        if position is None or not (
            0 <= position.xid < _HIGHEST and 0 <= position.version < _HIGHEST
        ):
            raise InvalidInputError(
                "The position is invalid. Leave it out and load all data again.",
                code="bad_position",
            )
        return position
