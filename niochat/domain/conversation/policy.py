"""What a tenant wants: the settings that decisions depend on."""

from dataclasses import dataclass
from datetime import date, datetime

from niochat.domain.business_hours import BusinessShift, format_date_time_pt
from niochat.domain.conversation.file_reading import READABLE_KINDS, ReadableFileKind
from niochat.domain.message import MessageKind
from niochat.domain.presence import OfflineRule

MAX_MODEL_SECONDS = 75.0
"""The most that a tenant may give its model for one turn. With 60 s of reading and 60 s of writing
in a slow ERP a turn still ends before whoever waits for it loses patience, after 200 s.
"""


@dataclass(frozen=True, slots=True)
class ConversationPolicy:
    """Settings of one tenant. Durations in seconds; ``{protocol}`` in a text is replaced."""

    suspended: bool = False
    assistant_enabled: bool = True
    burst_window_s: float = 2.5
    """Messages of one customer within it make one turn."""
    burst_limit_s: float = 8.0
    """However much the customer writes, the turn starts after this."""
    phone_pause_s: float = 1800.0
    """How long the assistant keeps silent after a message typed on the provider's phone."""
    team: str = "atendimento"
    """Where conversations go that the assistant cannot keep."""
    capacity: int = 5
    """Conversations that a queue lets an agent have at once, unless the agent's own says so."""
    offline_rule: OfflineRule = OfflineRule.GIVE_BACK_UNANSWERED
    """What becomes of an agent's conversations when they go offline."""
    unavailable_text: str = (
        "No momento não consigo responder por aqui. "
        "Já passei seu atendimento para a nossa equipe. Protocolo: {protocol}"
    )
    """Said once when the model is away."""
    hours: tuple[BusinessShift, ...] = ()
    """When people are there; none: always."""
    holidays: str = ""
    """Calendar of public holidays when nobody is there: ``BR`` or ``BR-PE``; empty: none."""
    closed_days: tuple[date, ...] = ()
    """Further days when nobody is there."""
    closed_text: str = "Nossa equipe volta {when} e responde por aqui."
    """Added to what is said at a hand-off while nobody is there; ``{when}`` is replaced."""
    closed_unknown_text: str = "Nossa equipe não está disponível agora e responde assim que voltar."
    """The same where no day can be told."""
    serve_after_hours: bool = True
    """After a hand-off the assistant goes on serving while nobody is there."""
    remember_days: int = 90
    """How long somebody who was identified is recognised by the number; 0: never."""
    stop_machines: bool = True
    """A conversation with what answers like another machine is given to people."""
    turns_per_hour: int = 40
    """Turns of one conversation within an hour, after which people have it; 0: any number."""
    cost_per_hour: float = 0.0
    """What the turns of one conversation may cost within an hour, in the currency of the
    assistant's prices; 0: anything.
    """
    hears: bool = False
    """Voice notes are transcribed; stored with the assistant's settings."""
    sees: bool = False
    """Pictures and PDFs are read; the same."""
    reading_wait_s: float = 20.0
    """How long an answer waits for what a voice note, a picture or a PDF says."""
    reminder_after_s: float = 1800.0
    """Silence of a customer after which the assistant asks; 0: never."""
    close_after_s: float = 1800.0
    """Silence after that reminder which ends the visit."""
    reminder_text: str = (
        "Ainda posso ajudar em algo? Se preferir, é só me escrever aqui. "
        "Sem resposta, encerro este atendimento daqui a pouco."
    )
    close_text: str = (
        "Como não tive resposta, encerrei este atendimento. "
        "Se precisar, é só escrever de novo. Protocolo: {protocol}"
    )

    def readable_kind(self, kind: MessageKind) -> ReadableFileKind | None:
        """As what a customer's file of this kind is read; ``None``: it is for people only."""
        sort = READABLE_KINDS.get(kind)
        wanted = self.hears if sort is ReadableFileKind.VOICE else self.sees
        return sort if wanted else None

    @property
    def assistant_answers(self) -> bool:
        """Whether new conversations begin with the assistant."""
        return self.assistant_enabled and not self.suspended


@dataclass(frozen=True, slots=True)
class StaffAvailability:
    """Whether people of the tenant are there; ``returns_at`` in the tenant's local time."""

    available: bool = True
    returns_at: datetime | None = None

    def closed_notice(self, policy: ConversationPolicy) -> str:
        """What may honestly be promised about people's answer; empty while they are there."""
        if self.available:
            return ""
        if self.returns_at is None:
            return policy.closed_unknown_text
        return policy.closed_text.replace("{when}", format_date_time_pt(self.returns_at))
