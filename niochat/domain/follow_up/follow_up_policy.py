"""A tenant's settings for follow-ups: whom they are for, when they leave, and with which texts."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from uuid import UUID

from niochat.domain.business_hours import END_OF_DAY, LOOK_AHEAD_DAYS, ClosedDayCheck
from niochat.domain.follow_up.buying_interest import BuyingInterest

MAX_ATTEMPTS = 3
"""Messages to one customer about one conversation."""
_DAY_S = 86_400.0
_FIRST_TEXTS = (
    "Olá, {nome}! Aqui é da {empresa}. Você perguntou sobre {plano} e ficamos à disposição. "
    "Posso ajudar com alguma dúvida?\n"
    "(Se não quiser mais receber estas mensagens, responda PARAR.)",
    "Oi, {nome}! Ainda tem interesse em {plano} da {empresa}? É só responder por aqui que a gente "
    "continua de onde parou.\n(Para não receber mais mensagens assim, responda PARAR.)",
)
_SECOND_TEXTS = (
    "Oi, {nome}! Passando para saber se você ainda quer contratar {plano}. "
    "Se quiser, já vemos a instalação por aqui.",
)
_LAST_TEXTS = (
    "Olá, {nome}! Esta é a nossa última mensagem sobre {plano}. "
    "Se mudar de ideia, é só escrever para a {empresa} quando quiser.",
)


@dataclass(frozen=True, slots=True)
class FollowUpPolicy:
    """When customers who went quiet are written to, and with which texts. Durations are in
    seconds; times are the tenant's local times.
    """

    enabled: bool = False
    interests: tuple[BuyingInterest, ...] = tuple(BuyingInterest)
    """Which kinds of interest count."""
    delays_s: tuple[float, ...] = (_DAY_S, 3 * _DAY_S, 7 * _DAY_S)
    """The silence before the first attempt, and the time between an attempt and the next one."""
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    """Weekdays on which messages leave; Monday is day 0."""
    sends_from: time = time(9)
    sends_until: time = time(19)
    """No message leaves from then on."""
    on_holidays: bool = False
    """Whether messages leave on holidays and on days on which the provider is closed."""
    per_day: int = 50
    """Most messages of the tenant in a day."""
    channel_per_day: int = 30
    """Most messages of one channel in a day."""
    window_days: int = 7
    """Who comes back within so many days after an attempt was won back by it."""
    again_days: int = 30
    """One person is not written to about another conversation within so many days."""
    complaint_days: int = 90
    """Nor within so many days after a complaint."""
    after_people: bool = True
    """Whether conversations that a person ended are followed up."""
    stop_labels: tuple[str, ...] = ()
    """A conversation with one of these labels is not followed up, for instance because of a
    sale.
    """
    texts: tuple[tuple[str, ...], ...] = (_FIRST_TEXTS, _SECOND_TEXTS, _LAST_TEXTS)
    """For each attempt one to three texts, which are compared; ``{nome}``, ``{plano}`` and
    ``{empresa}`` are replaced.
    """
    opt_out_text: str = (
        "Tudo bem, você não vai mais receber mensagens assim. Se precisar, é só escrever aqui."
    )
    """Confirms an opt-out, of whatever message."""

    @property
    def attempts(self) -> int:
        """Most attempts for one conversation."""
        return min(len(self.delays_s), len(self.texts), MAX_ATTEMPTS)

    @property
    def window(self) -> timedelta:
        """How long after an attempt its customer may come back."""
        return timedelta(days=self.window_days)

    def text_for(self, conversation: UUID, number: int) -> tuple[int, str]:
        """Returns the number of the variant and the text of attempt ``number`` (from 1). Equal
        arguments give an equal variant, so that a repetition sends no other text.
        """
        variants = self.texts[number - 1]
        digest = sha256(f"{conversation}:{number}".encode()).digest()
        index = int.from_bytes(digest[:4]) % len(variants)
        return index + 1, variants[index]


@dataclass(frozen=True, slots=True)
class SendingHours:
    """When follow-ups of a tenant may leave. ``closed_on`` says on which days they do not."""

    policy: FollowUpPolicy
    zone: tzinfo
    closed_on: ClosedDayCheck = lambda day: False

    def day_of(self, moment: datetime) -> date:
        """The local day by which attempts are counted."""
        return moment.astimezone(self.zone).date()

    def begins(self, day: date) -> datetime | None:
        """When messages may leave on ``day``; ``None``: never."""
        policy = self.policy
        if day.weekday() not in policy.days or (not policy.on_holidays and self.closed_on(day)):
            return None
        return self._instant(day, policy.sends_from)

    def ends(self, day: date) -> datetime:
        """From when on no message may leave on ``day``."""
        if self.policy.sends_until == END_OF_DAY:
            return self._instant(day + timedelta(days=1), time())
        return self._instant(day, self.policy.sends_until)

    def allows(self, moment: datetime) -> bool:
        """Whether a message may leave at ``moment``."""
        begins = self.begins(self.day_of(moment))
        return begins is not None and begins <= moment < self.ends(self.day_of(moment))

    def next_allowed(self, moment: datetime) -> datetime | None:
        """Returns ``moment``, or the first later time at which a message may leave; ``None`` if
        there is none within ``LOOK_AHEAD_DAYS``.
        """
        return moment if self.allows(moment) else self._next_beginning(moment)

    def next_day(self, moment: datetime) -> datetime | None:
        """Returns when the next local day with sending hours begins them."""
        day = self.day_of(moment) + timedelta(days=1)
        return self._next_beginning(self._instant(day, time()))

    def _next_beginning(self, moment: datetime) -> datetime | None:
        first = self.day_of(moment)
        for ahead in range(LOOK_AHEAD_DAYS):
            begins = self.begins(first + timedelta(days=ahead))
            if begins is not None and begins >= moment:
                return begins
        return None

    def _instant(self, day: date, local: time) -> datetime:
        return datetime.combine(day, local, self.zone).astimezone(UTC)


def render_follow_up(text: str, name: str | None, plan: str, company: str) -> str:
    """Returns the text with its placeholders replaced. A missing name is left out together with the
    comma before it; a missing plan is "nossos planos".
    """
    first = (name or "").split()[0] if (name or "").split() else ""
    if not first:
        text = text.replace(", {nome}", "").replace("{nome}, ", "").replace("{nome}", "")
    plain = f"o plano {plan}" if plan else "nossos planos"
    values = {"{nome}": first, "{plano}": plain, "{empresa}": company}
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text.strip()
