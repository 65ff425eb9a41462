"""The tenant's settings that decisions depend on."""

from dataclasses import dataclass, field
from datetime import date, datetime

from niochat.domain.business_hours import BusinessShift, format_date_time_pt
from niochat.domain.conversation.file_reading import READABLE_KINDS, ReadableFileKind
from niochat.domain.follow_up.follow_up_policy import FollowUpPolicy
from niochat.domain.message import MessageKind
from niochat.domain.presence import OfflineRule
from niochat.domain.rating.rating_policy import RatingPolicy

MAX_MODEL_SECONDS = 75.0
"""The longest model time that a tenant may configure for one turn. Together with 60 s of reads and
60 s of writes in a slow ERP, a turn still ends before its caller times out after 200 s.
"""


@dataclass(frozen=True, slots=True)
class ConversationPolicy:
    """Settings of one tenant. Durations are in seconds; ``{protocol}`` in a text is replaced by the
    protocol number.
    """

    suspended: bool = False
    assistant_enabled: bool = True
    burst_window_s: float = 2.5
    """A burst ends when the customer has been silent for this long."""
    burst_limit_s: float = 8.0
    """A burst ends after this time even if the customer keeps writing."""
    phone_pause_s: float = 1800.0
    """How long the assistant stays silent after a person wrote on the provider's phone."""
    team: str = "atendimento"
    """Team that gets a handoff which names no other team."""
    capacity: int = 5
    """Most conversations that a queue assigns to one agent, unless the agent has a limit of their
    own.
    """
    offline_rule: OfflineRule = OfflineRule.GIVE_BACK_UNANSWERED
    """What happens to an agent's conversations when the agent goes offline."""
    unavailable_text: str = (
        "No momento não consigo responder por aqui. "
        "Já passei seu atendimento para a nossa equipe. Protocolo: {protocol}"
    )
    """Sent once when the model is unavailable."""
    hours: tuple[BusinessShift, ...] = ()
    """Business hours; empty means always open."""
    holidays: str = ""
    """Calendar of public holidays on which the provider is closed, ``BR`` or ``BR-PE``; empty means
    none.
    """
    closed_days: tuple[date, ...] = ()
    """Further days on which the provider is closed."""
    closed_text: str = "Nossa equipe volta {when} e responde por aqui."
    """Added to the text of a handoff while the provider is closed; ``{when}`` is replaced by the
    next opening time.
    """
    closed_unknown_text: str = "Nossa equipe não está disponível agora e responde assim que voltar."
    """Used instead of ``closed_text`` if the next opening time is unknown."""
    serve_after_hours: bool = True
    """After a handoff the assistant keeps answering while the provider is closed."""
    remember_days: int = 90
    """How many days an identified customer is recognised by the phone number; 0 means never."""
    stop_machines: bool = True
    """Whether a conversation with an apparent bot is handed to people."""
    turns_per_hour: int = 40
    """Most turns of one conversation per hour, before it is handed to people; 0 means no limit."""
    cost_per_hour: float = 0.0
    """Highest cost of one conversation's turns per hour, in the currency of the assistant's prices,
    before it is handed to people; 0 means no limit.
    """
    hears: bool = False
    """Whether voice notes are transcribed; stored with the assistant's settings."""
    sees: bool = False
    """Whether pictures and PDFs are read; stored with the assistant's settings."""
    reading_wait_s: float = 20.0
    """How long an answer waits until a voice note, picture or PDF is read."""
    reminder_after_s: float = 1800.0
    """Silence of a customer after which the assistant sends a reminder; 0 means never."""
    close_after_s: float = 1800.0
    """Silence after the reminder that ends the conversation."""
    reminder_text: str = (
        "Ainda posso ajudar em algo? Se preferir, é só me escrever aqui. "
        "Sem resposta, encerro este atendimento daqui a pouco."
    )
    close_text: str = (
        "Como não tive resposta, encerrei este atendimento. "
        "Se precisar, é só escrever de novo. Protocolo: {protocol}"
    )

    ratings: RatingPolicy = field(default_factory=RatingPolicy)
    follow_ups: FollowUpPolicy = field(default_factory=FollowUpPolicy)

    def readable_kind(self, kind: MessageKind) -> ReadableFileKind | None:
        """Returns how a customer's file of this kind is read; ``None`` means that it is not."""
        sort = READABLE_KINDS.get(kind)
        enabled = self.hears if sort is ReadableFileKind.VOICE else self.sees
        return sort if enabled else None

    @property
    def assistant_answers(self) -> bool:
        """Whether the assistant may answer at all."""
        return self.assistant_enabled and not self.suspended


@dataclass(frozen=True, slots=True)
class StaffAvailability:
    """Whether people of the tenant can answer now, and when they return otherwise.

    ``returns_at`` is in the tenant's local time; ``None`` means unknown.
    """

    available: bool = True
    returns_at: datetime | None = None

    def closed_notice(self, policy: ConversationPolicy) -> str:
        """Returns the tenant's text about when people answer; empty while they are available."""
        if self.available:
            return ""
        if self.returns_at is None:
            return policy.closed_unknown_text
        return policy.closed_text.replace("{when}", format_date_time_pt(self.returns_at))
