"""A tenant's settings for ratings."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class RatingPolicy:
    """When customers are asked for a rating, and with which texts."""

    after_s: float = 90.0
    """Seconds between the end of a conversation and the request; 0 means never."""
    ask_again_days: int = 7
    """One person is asked at most once within so many days; 0 means after each conversation."""
    quiet_from: time = time(21)
    """From this local time on no request is sent, until ``quiet_until``. Equal times: always."""
    quiet_until: time = time(8)
    form: Literal["text", "list"] = "text"
    """``list`` sends a menu that opens on the phone. Some phones do not show it, so its text says
    how to answer without it.
    """
    request_text: str = (
        "Como foi o seu atendimento? Responda com um destes: 😡 😕 😐 🙂 🤩\n"
        "(ou com uma nota de 1 a 5)"
    )
    thanks_text: str = (
        "Obrigado pela avaliação! Se quiser contar o motivo, é só escrever aqui em seguida."
    )
    regret_text: str = (
        "Sentimos muito que não tenha sido como você esperava. "
        "Se puder contar o motivo, é só escrever aqui em seguida."
    )
    """Sent instead of ``thanks_text`` after a low score."""
    low_score: int = 2
    """A score up to this one is low."""
    reopen_team: str = ""
    """Team for which a low score reopens the conversation; empty means none."""
    classify_comments: bool = False
    """Whether a model finds theme, tone and urgency of comments."""
    classify_cost_per_day: float = 1.0
    """Highest cost of these classifications per day, in the currency of the model's prices; 0 means
    no limit.
    """

    def next_allowed(self, local: datetime) -> datetime:
        """Returns ``local``, or the end of the quiet hours that it lies in."""
        if not _is_between(local.time(), self.quiet_from, self.quiet_until):
            return local
        until = datetime.combine(local.date(), self.quiet_until, local.tzinfo)
        return until if until > local else until + timedelta(days=1)

    def allowed_until(self, local: datetime) -> datetime:
        """Returns when the next quiet hours after ``local`` begin, or a day later without any."""
        until = local + timedelta(days=1)
        if self.quiet_from == self.quiet_until:
            return until
        begins = datetime.combine(local.date(), self.quiet_from, local.tzinfo)
        return begins if begins > local else begins + timedelta(days=1)

    def is_low(self, score: int | None) -> bool:
        """Whether the score is low. An unknown one is not."""
        return score is not None and score <= self.low_score


def _is_between(moment: time, begins: time, ends: time) -> bool:
    """Whether the moment lies in the span, which may include midnight."""
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends
