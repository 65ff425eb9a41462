"""The snapshot of a conversation with which a turn begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from niochat.assistant.conversation_background import (
    AssignmentState,
    ConversationActivity,
    KnownCustomer,
)
from niochat.assistant.conversation_facts import ConversationFacts
from niochat.assistant.prompt.transcript import TranscriptLine
from niochat.assistant.turn_messages import TurnRequest
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.message import Author


@dataclass(frozen=True, slots=True)
class TurnSnapshot:
    """The conversation when the turn began. ``now`` is in the tenant's time zone."""

    request: TurnRequest
    transcript: Sequence[TranscriptLine]
    facts: ConversationFacts
    contracts_seen: bool
    """Whether the customer saw the contracts and has written since."""
    is_first_answer: bool
    phone: str
    """The WhatsApp number from which the customer last wrote, as digits; empty while
    it is hidden.
    """
    phone_is_exclusive: bool
    """Whether no other contact used the number before; if the ERP has it, its holder is writing."""
    now: datetime
    policy: ConversationPolicy
    staff_availability: StaffAvailability
    team_names: Mapping[str, str]
    """Team names by slug."""
    unreported_write_keys: frozenset[str]
    """Keys of ERP writes of this conversation whose outcome was not reported to the customer."""
    reusable_calls: Sequence[Mapping[str, Any]]
    """Calls that lost attempts of this turn, or turns cancelled before it, had finished."""
    past_turns: Sequence[tuple[str, Sequence[Mapping[str, Any]]]] = ()
    """(status, calls) of the conversation's other turns, oldest first, as evidence for a reply."""
    known_customer: KnownCustomer | None = None
    assignment: AssignmentState = field(default_factory=AssignmentState)
    activity: ConversationActivity = field(default_factory=ConversationActivity)

    @property
    def unanswered_texts(self) -> list[str]:
        """The customer's texts since our last message, oldest first.

        A file without text of the customer is an empty string.
        """
        texts: list[str] = []
        for line in reversed(self.transcript):
            if line.author is not Author.CUSTOMER:
                break
            texts.append(_authored_text(line))
        return texts[::-1]

    @property
    def unanswered_statements(self) -> list[str]:
        """Like :attr:`unanswered_texts`, without captions and files: only these can answer a
        question.
        """
        texts: list[str] = []
        for line in reversed(self.transcript):
            if line.author is not Author.CUSTOMER:
                break
            texts.append(line.statement)
        return [text for text in texts[::-1] if text]

    @property
    def customer_statements(self) -> list[str]:
        """All messages that the customer wrote, without captions and files."""
        return [line.statement for line in self.transcript if line.statement]

    @property
    def customer_texts(self) -> list[str]:
        """All that the customer wrote or said in the transcript; nothing that only a picture or PDF
        shows.
        """
        texts = (_authored_text(line) for line in self.transcript if line.author is Author.CUSTOMER)
        return [text for text in texts if text]

    @property
    def has_only_files(self) -> bool:
        """Whether the customer has only sent files since our last message.

        A photo of the LOS light does not count, because it answers our question.
        """
        files = False
        for line in reversed(self.transcript):
            if line.author is not Author.CUSTOMER:
                break
            if _authored_text(line) or line.file_facts.get("kind") == "los_light":
                return False
            files = True
        return files

    @property
    def file_facts(self) -> list[Mapping[str, Any]]:
        """What the customer's pictures and PDFs show, oldest first; unverified."""
        return [line.file_facts for line in self.transcript if line.file_facts]

    @property
    def last_provider_text(self) -> str:
        """Our newest message before the unanswered ones."""
        texts = (
            line.text for line in reversed(self.transcript) if line.author is not Author.CUSTOMER
        )
        return next(texts, "")

    def with_protocol(self, text: str) -> str:
        """Append the protocol number to the first answer of a conversation, unless it is in
        ``text``.
        """
        protocol = self.request.protocol
        if not self.is_first_answer or protocol in text:
            return text
        return f"{text}\n\nProtocolo: {protocol}"


def _authored_text(line: TranscriptLine) -> str:
    return line.text if line.authored_text is None else line.authored_text
