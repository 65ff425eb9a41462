"""Check statements about opening hours, closed days and holidays against the policy.

Sentences are folded and without emphasis marks.
"""

import re
from datetime import date, datetime, time

from niochat.adapters.holiday_calendar import public_holidays
from niochat.assistant.guardrail.opening_hours.day_parser import (
    ONLY_PATTERN,
    DayMention,
    ShiftBound,
    TimeRange,
)
from niochat.assistant.guardrail.opening_hours.opening_statement_parser import (
    OpeningHoursClaim,
    parse_statements,
)
from niochat.assistant.prompt.provider_prompt import is_closed_day, shifts_on
from niochat.assistant.text.quantities import WEEKDAYS
from niochat.domain.business_hours import END_OF_DAY
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability

_ABOUT = re.compile(
    r"\b(abr(ir|imos|e|em|iremos|ira|irao)|atend(er|endo|emos|e|em|eremos|era|imento)|"
    r"funcion(ar|amos|a|am|aremos|ara|amento)|(?<!em )abert[oa]s?|fechad[oa]s?|"
    r"fech(ar|a|am|amos|aremos|ara)|trabalhamos|expediente|horarios?|plantao|feriados?|"
    r"(equipe|atendentes?|pessoal|gente|nos) (volta|retorna|responde|continua)m?|"
    r"voltamos|retornamos)\b|\b\d{1,2}(?:h\d{0,2}|:\d\d) ?(?:as|ate as|ate|a|-|–) ?\d|"
    r"\b(?:entre(?: as)?|depois das|antes das|apos as) \d"
)
_OTHERS = re.compile(
    r"\b(chamados?|faturas?|boletos?|protocolo|visitas?|tecnicos?|instala\w+|manutencao|agend\w+|"
    r"sua (internet|conexao)|seu (acesso|sinal)|modem|roteador|desbloqueio|pix|pagamentos?)\b"
)
_AT_THE_SHOP = re.compile(r"\b(?:loja|atendimento|equipe|expediente)\b.*\d(?:h|:\d)")
_BACK = re.compile(r"\b(?:volta|voltam|voltamos|retorna|retornam|retornamos|reabrimos)\b")
_HERE_NOW = re.compile(
    r"\bestamos (abertos|atendendo|fechados)\b.{0,25}\b(agora|no momento|neste momento)\b|"
    r"\b(agora|no momento|neste momento)\b.{0,25}\bestamos (abertos|atendendo|fechados)\b"
)


class OpeningHoursCheck:
    """The opening hours of one provider at one moment.

    ``provider_texts``: other texts of the provider, folded. A weekday that occurs in them is not
    checked, because it may belong to another service.
    """

    def __init__(
        self,
        policy: ConversationPolicy,
        staff_availability: StaffAvailability,
        now: datetime,
        provider_texts: str = "",
    ) -> None:
        self._policy = policy
        self._staff_availability = staff_availability
        self._today = now.date()
        self._provider_texts = provider_texts
        self._shifts_by_weekday = [
            [(_minutes_of_day(o), _minutes_of_day(c)) for o, c in shifts_on(policy, day)]
            for day in range(7)
        ]

    def is_about_hours(self, sentence: str) -> bool:
        """Whether the sentence is about the staff's hours, and the policy has hours."""
        if not self._policy.hours or _ABOUT.search(sentence) is None:
            return False
        return _OTHERS.search(sentence) is None or _AT_THE_SHOP.search(sentence) is not None

    def has_opening_dates(self, sentence: str) -> bool:
        """Whether dates in the sentence are opening days, and not the due dates of an invoice."""
        return self.is_about_hours(sentence) and _OTHERS.search(sentence) is None

    def is_shift_boundary(self, minutes: object) -> bool:
        """Whether a shift begins or ends at this minute of the day."""
        return any(minutes in shift for shifts in self._shifts_by_weekday for shift in shifts)

    def is_contradicted(self, sentence: str) -> bool:
        """Whether the sentence states something false about opening."""
        if self._contradicts_now(sentence):
            return True
        statements = list(parse_statements(sentence, self._today))
        if self._contradicts_return(sentence, statements):
            return True
        return self._omits_open_days(sentence, statements) or any(
            not self._is_true(each) for each in statements
        )

    def _omits_open_days(self, sentence: str, statements: list[OpeningHoursClaim]) -> bool:
        """*Só de terça a sábado*, although other days are open too."""
        spans = [each for each in statements if each.is_open and len(each.days) > 1]
        if not spans or not ONLY_PATTERN.search(sentence):
            return False
        named = {day.weekday for each in statements for day in each.days}
        return any(self._shifts_by_weekday[day] and day not in named for day in range(7))

    def _contradicts_return(self, sentence: str, statements: list[OpeningHoursClaim]) -> bool:
        """*Voltamos na terça*, although the staff return on Monday."""
        returns_at = self._staff_availability.returns_at
        days = [
            day.calendar_date
            for each in statements
            for day in each.days
            if day.calendar_date is not None
        ]
        if returns_at is None or not days or not _BACK.search(sentence):
            return False
        return returns_at.date() not in days

    def _contradicts_now(self, sentence: str) -> bool:
        found = _HERE_NOW.search(sentence)
        if found is None:
            return False
        stated_open = "fechados" not in found[0]
        if re.search(r"\bnao\b", sentence[: found.start()]):
            stated_open = not stated_open
        return stated_open != self._staff_availability.available

    def _is_true(self, statement: OpeningHoursClaim) -> bool:
        if statement.is_holiday:
            return all(
                self._is_holiday(day.calendar_date) is not statement.is_open
                for day in statement.days
                if day.calendar_date
            )
        for day in statement.days:
            if day.weekday is not None and WEEKDAYS[day.weekday] in self._provider_texts:
                continue
            is_open = self._is_open(day)
            if is_open is not None and is_open != statement.is_open:
                return False
            if (
                statement.is_open
                and day.weekday is not None
                and not self._fits_shifts(statement.time_ranges, day.weekday)
            ):
                return False
        if statement.is_open and not statement.days:
            return any(self._fits_shifts(statement.time_ranges, weekday) for weekday in range(7))
        return True

    def _is_holiday(self, day: date) -> bool:
        """Whether the day is a holiday of the tenant's calendar, of the country's, or a
        closed day.
        """
        calendar = self._policy.holidays or "BR"
        return day in public_holidays(calendar, day.year) or day in self._policy.closed_days

    def _is_open(self, day: DayMention) -> bool | None:
        """Whether the day is open; ``None``: the policy does not say."""
        if day.weekday is None:
            if self._policy.holidays:
                return False
            return None if self._policy.closed_days else True
        if day.calendar_date is not None and is_closed_day(self._policy, day.calendar_date):
            return False
        return bool(self._shifts_by_weekday[day.weekday])

    def _fits_shifts(self, spans: list[TimeRange], weekday: int) -> bool:
        shifts = self._shifts_by_weekday[weekday]
        whole = {(shifts[0][0], shifts[-1][1])} if shifts else set()
        for span in spans:
            if span.closes is not None:
                if (span.opens, span.closes) not in {*shifts, *whole}:
                    return False
                continue
            opens, closes = {o for o, _ in shifts}, {c for _, c in shifts}
            allowed = {ShiftBound.OPENS: opens, ShiftBound.CLOSES: closes}.get(
                span.bound, opens | closes
            )
            if span.opens not in allowed:
                return False
        return True


def _minutes_of_day(at: time) -> int:
    return 24 * 60 if at == END_OF_DAY else at.hour * 60 + at.minute
