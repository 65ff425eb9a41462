"""What a turn knows when it begins."""

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
    """What was so when the turn began. ``now`` is the tenant's local time."""

    request: TurnRequest
    transcript: Sequence[TranscriptLine]
    facts: ConversationFacts
    contracts_seen: bool
    """The customer saw the contracts and has written since."""
    is_first_answer: bool
    phone: str
    """The WhatsApp number that the customer wrote from last, digits; empty while it is hidden."""
    phone_is_exclusive: bool
    """It was nobody else's before: where the ERP has it, its holder writes."""
    now: datetime
    policy: ConversationPolicy
    staff_availability: StaffAvailability
    team_names: Mapping[str, str]
    """Names by slug."""
    unreported_write_keys: frozenset[str]
    """Keys of writes that this visit sent to the ERP, and whose outcome nobody was told."""
    reusable_calls: Sequence[Mapping[str, Any]]
    """Calls that were finished by lost attempts of this turn, and by turns cancelled before."""
    past_turns: Sequence[tuple[str, Sequence[Mapping[str, Any]]]] = ()
    """(status, calls) of the visit's other turns, oldest first: what a text may rest on."""
    known_customer: KnownCustomer | None = None
    assignment: AssignmentState = field(default_factory=AssignmentState)
    activity: ConversationActivity = field(default_factory=ConversationActivity)

    @property
    def unanswered_texts(self) -> list[str]:
        """What the customer wrote or said since somebody last answered, oldest first; an empty
        text for a file whose words are nobody's.
        """
        texts: list[str] = []
        for line in reversed(self.transcript):
            if line.author is not Author.CUSTOMER:
                break
            texts.append(_authored_text(line))
        return texts[::-1]

    @property
    def unanswered_statements(self) -> list[str]:
        """The same without captions and files: what a question can have been answered with."""
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
        """All that the customer wrote or said, as far as the turn reads back; nothing that only
        stands in a picture or a PDF.
        """
        texts = (_authored_text(line) for line in self.transcript if line.author is Author.CUSTOMER)
        return [text for text in texts if text]

    @property
    def has_only_files(self) -> bool:
        """Since somebody last answered the customer has sent files and not said a word. A photo of
        the light is none of them: it answers our question.
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
        """What the customer's pictures and PDFs show, oldest first; nobody has checked it."""
        return [line.file_facts for line in self.transcript if line.file_facts]

    @property
    def last_provider_text(self) -> str:
        """Our side's newest message before what is unanswered."""
        ours = (
            line.text for line in reversed(self.transcript) if line.author is not Author.CUSTOMER
        )
        return next(ours, "")

    def with_protocol(self, text: str) -> str:
        """``text`` with the protocol number, which the first answer always states."""
        protocol = self.request.protocol
        if not self.is_first_answer or protocol in text:
            return text
        return f"{text}\n\nProtocolo: {protocol}"


def _authored_text(line: TranscriptLine) -> str:
    return line.text if line.authored_text is None else line.authored_text
