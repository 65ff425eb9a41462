"""Whether what a sentence says of opening hours, closed days and holidays is so, by the policy.

Sentences come folded and without marks of bold.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from niochat.adapters.calendar import public_holidays
from niochat.assistant.figures import MONTHS, WEEKDAYS
from niochat.assistant.provider_facts import is_closed, shifts_of
from niochat.domain.hours import END_OF_DAY
from niochat.domain.policy import Policy, Presence

_ABOUT = re.compile(
    r"\b(abr(ir|imos|e|em|iremos|ira|irao)|atend(er|endo|emos|e|em|eremos|era|imento)|"
    r"funcion(ar|amos|a|am|aremos|ara|amento)|(?<!em )abert[oa]s?|fechad[oa]s?|"
    r"fech(ar|a|am|amos|aremos|ara)|trabalhamos|expediente|horarios?|plantao|feriados?|"
    r"(equipe|atendentes?|pessoal|gente|nos) (volta|retorna|responde|continua)m?|"
    r"voltamos|retornamos)\b|\b\d{1,2}(?:h\d{0,2}|:\d\d) ?(?:as|ate as|ate|a|-|–) ?\d|"
    r"\bentre (?:as )?\d"
)
_OTHERS = re.compile(
    r"\b(chamados?|faturas?|boletos?|protocolo|visitas?|tecnicos?|instala\w+|manutencao|agend\w+|"
    r"sua (internet|conexao)|seu (acesso|sinal)|modem|roteador|desbloqueio|pix|pagamentos?)\b"
)
_AT_THE_SHOP = re.compile(r"\b(?:loja|atendimento|equipe|expediente)\b.*\d(?:h|:\d)")
_ONLY = re.compile(r"\b(?:so|apenas|somente)\b")
_BETWEEN = re.compile(r"\bentre (?:as )?(\d{1,2}(?:h\d{0,2}|:\d\d)?) e (?:as )?(?=\d)")
_CLAUSES = re.compile(
    r"[,;:.!?](?!\d)|\b(?:mas|porem|so que|exceto|menos|tirando)\b|"
    r"\be (?=nao\b|fech|volt|abr|reabr|atend|retorn)"
)
_EXCEPT = re.compile(r"\b(?:exceto|menos|tirando|fora|com excecao d[eoa]s?)\b")
_NO = re.compile(r"\b(?:nao(?! fech)|nem|sem (?:atendimento|expediente)|fechad[oa]s?)\b")
_SHUT = re.compile(r"(?<!ja )\bfech(?:a|am|amos|aremos|ara)\b")
_YES = re.compile(r"\b(?:sim|so|apenas|somente|abr\w+|atend\w+|funcion\w+|abert\w+|volt\w+)\b")
_HOLIDAY = re.compile(r"\b(?:e|eh|sera|seria|tem|ha|havera|cai|caira)(?: em)?(?: um)? feriado\b")
_HERE_NOW = re.compile(
    r"\bestamos (abertos|atendendo|fechados)\b.{0,25}\b(agora|no momento|neste momento)\b|"
    r"\b(agora|no momento|neste momento)\b.{0,25}\bestamos (abertos|atendendo|fechados)\b"
)

_DAY = "|".join(WEEKDAYS)
_ORDINAL = r"(?! (?:via|visita|fatura|opcao|parcela|conta|mudanca|vez|tentativa|loja|unidade))"
_DAYS = re.compile(
    rf"(?P<from>{_DAY})s?(?:[ -]feiras?)? (?:a|ate) (?:o |a )?(?P<to>{_DAY})s?(?:[ -]feiras?)?\b|"
    r"(?P<work>\bdias? (?:uteis|util)|\bdurante a semana)\b|"
    r"(?P<weekend>\b(?:fi[mn]s?|final|finais) de semana)\b|"
    r"(?P<all>\btodos os dias|\btodo(?: o)? dia|\bdiariamente|\b7 dias)\b|"
    r"(?P<after>\bdepois de amanha)\b|(?P<tomorrow>\bamanha)\b|(?P<today>\bhoje)\b|"
    r"(?P<holiday>\bferiados?)\b|"
    r"(?P<dated>(?<![\d/])(?P<day>\d{1,2})(?:/(?P<month>\d{1,2})(?:/(?P<year>\d{4}|\d\d))?(?![\d/])|"
    rf"o? de (?P<named>{'|'.join(MONTHS)})(?: de (?P<long>\d{{4}}))?))|"
    rf"(?P<coming>\b(?:n[ao]|n?est[ae]|ess[ae]|proxim[ao]) )?\b(?P<one>{_DAY})(?P<many>s)?"
    rf"(?:[ -]feiras?)?\b{_ORDINAL}"
)
_AT = r"\d{1,2}(?::\d\d|h\d\d|h)?(?: horas)?"
_HOURS = re.compile(
    rf"(?:\b(?:d?as|de|entre as?) )?(?<![\d/])\b(?P<from>{_AT}) ?(?:as|ate as|ate|a|e as|-|–) "
    rf"?(?P<to>{_AT})(?![\d/])\b|"
    rf"\b(?P<how>ate(?: as)?|a partir das?|desde as|as) (?P<one>{_AT})(?![\d/])\b"
)


class _Bound(StrEnum):
    OPENS = "opens"
    CLOSES = "closes"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class _Day:
    """A day of the week, or a date; ``weekday`` ``None``: public holidays."""

    weekday: int | None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """Minutes of a day; one bound alone where ``closes`` is ``None``."""

    opens: int
    closes: int | None
    bound: _Bound = _Bound.EITHER


@dataclass(slots=True)
class _Said:
    """A group of days, whether it is said to be open, and when."""

    days: list[_Day]
    open: bool
    spans: list[_Span]
    excepted: bool = False
    """They are left out of what was said before."""


class Opening:
    """What is so of one provider at one moment; ``free`` are other texts of the provider, folded:
    a day that stands there is not judged, it may be another service's.
    """

    def __init__(self, policy: Policy, people: Presence, now: datetime, free: str = "") -> None:
        self._policy = policy
        self._people = people
        self._today = now.date()
        self._free = free

    def speaks(self, sentence: str) -> bool:
        """Whether the sentence is about when people are there, and that is known."""
        if not self._policy.hours or _ABOUT.search(sentence) is None:
            return False
        return _OTHERS.search(sentence) is None or _AT_THE_SHOP.search(sentence) is not None

    def dates(self, sentence: str) -> bool:
        """Whether its dates are such, too, and not those of an invoice."""
        return self.speaks(sentence) and _OTHERS.search(sentence) is None

    def has_time(self, minutes: object) -> bool:
        """Whether a shift begins or ends then."""
        bounds = {at for day in range(7) for shift in self._spans(day) for at in shift}
        return minutes in bounds

    def untrue(self, sentence: str) -> bool:
        """Whether it says of some day what is not so."""
        if self._wrong_now(sentence):
            return True
        said = list(self._read(sentence))
        return self._left_out(sentence, said) or any(not self._holds(each) for each in said)

    def _left_out(self, sentence: str, said: list[_Said]) -> bool:
        """*Só de terça a sábado*, and there are other days."""
        spans = [each for each in said if each.open and len(each.days) > 1]
        if not spans or not _ONLY.search(sentence):
            return False
        named = {day.weekday for each in said for day in each.days}
        return any(shifts_of(self._policy, day) and day not in named for day in range(7))

    def _wrong_now(self, sentence: str) -> bool:
        found = _HERE_NOW.search(sentence)
        if found is None:
            return False
        said = "fechados" not in found[0]
        if re.search(r"\bnao\b", sentence[: found.start()]):
            said = not said
        return said != self._people.there

    def _holds(self, said: _Said) -> bool:
        for day in said.days:
            if day.weekday is not None and WEEKDAYS[day.weekday] in self._free:
                continue
            there = self._is_open(day)
            if there is not None and there != said.open:
                return False
            if said.open and day.weekday is not None and not self._fit(said.spans, day.weekday):
                return False
        if said.open and not said.days:
            return any(self._fit(said.spans, weekday) for weekday in range(7))
        return True

    def _is_open(self, day: _Day) -> bool | None:
        """``None``: nobody knows."""
        if day.weekday is None:
            if self._policy.holidays:
                return False
            return None if self._policy.closed_days else True
        if day.on is not None and is_closed(self._policy, day.on):
            return False
        return bool(shifts_of(self._policy, day.weekday))

    def _fit(self, spans: list[_Span], weekday: int) -> bool:
        shifts = self._spans(weekday)
        whole = {(shifts[0][0], shifts[-1][1])} if shifts else set()
        for span in spans:
            if span.closes is not None:
                if (span.opens, span.closes) not in {*shifts, *whole}:
                    return False
                continue
            opens, closes = {o for o, _ in shifts}, {c for _, c in shifts}
            wanted = {_Bound.OPENS: opens, _Bound.CLOSES: closes}.get(span.bound, opens | closes)
            if span.opens not in wanted:
                return False
        return True

    def _spans(self, weekday: int) -> list[tuple[int, int]]:
        return [(_minutes(o), _minutes(c)) for o, c in shifts_of(self._policy, weekday)]

    def _read(self, sentence: str) -> Iterator[_Said]:
        """Groups of days in their order, each with the hours that belong to it."""
        sentence = re.sub(r"\bmeio[ -]dia\b", "12h", sentence)
        sentence = re.sub(r"\bmeia[ -]noite\b", "24h", sentence)
        sentence = _BETWEEN.sub(r"das \1 as ", sentence)
        pieces = list(_pieces(sentence))
        groups: list[_Said] = []
        waiting: list[_Span] = []
        # "Das 8h às 18h de segunda a sexta, das 8h às 12h no sábado": hours come first.
        hours_first = _hours_first(sentence)
        for (clause, excepted), open_ in zip(pieces, _polarities(pieces), strict=True):
            days, spans = self._days(clause), list(_spans_in(clause))
            if self._told_holiday(clause, days):
                yield from self._holiday(clause, days)
                continue
            if not days:
                told = groups[-1].spans if groups and not hours_first else waiting
                told += [span for _, span in spans]
                continue
            for group, own in _grouped(days, spans, hours_first):
                groups.append(_Said(group, open_, [*waiting, *own], excepted))
                waiting = []
        yield from _as_dated(_narrowed(groups))
        if waiting and not groups:
            yield _Said([], True, waiting)

    def _told_holiday(self, clause: str, days: list[tuple[int, list[_Day]]]) -> bool:
        dated = any(day.on for _, group in days for day in group)
        return dated and _HOLIDAY.search(clause) is not None

    def _holiday(self, clause: str, days: list[tuple[int, list[_Day]]]) -> Iterator[_Said]:
        """As what cannot hold, where a day is wrongly called a holiday, or wrongly not."""
        said = re.search(r"\bnao\b", clause) is None
        for day in (day.on for _, group in days for day in group if day.on):
            place = self._policy.holidays or "BR"
            there = day in public_holidays(place, day.year) or day in self._policy.closed_days
            if there != said:
                yield _Said([], True, [_Span(-1, None)])

    def _days(self, clause: str) -> list[tuple[int, list[_Day]]]:
        """(where, days) of each mention."""
        named = [
            (found.start(), days)
            for found in _DAYS.finditer(clause)
            if (days := self._meant(found))
        ]
        # "No fim de semana só abrimos no sábado" says nothing of Sunday.
        narrower = [each for each in named if len(each[1]) == 1]
        return narrower if narrower and _ONLY.search(clause) else named

    def _meant(self, found: re.Match[str]) -> list[_Day]:
        if found["from"]:
            first, last = WEEKDAYS.index(found["from"]), WEEKDAYS.index(found["to"])
            count = (last - first) % 7 + 1
            return [_Day((first + n) % 7) for n in range(count)]
        groups = {"work": range(5), "weekend": (5, 6), "all": range(7)}
        for name, days in groups.items():
            if found[name]:
                return [_Day(each) for each in days]
        if found["holiday"]:
            return [_Day(None)]
        day = self._date(found)
        if day is not None:
            return [_Day(day.weekday(), day)]
        if not found["one"]:
            return []
        weekday = WEEKDAYS.index(found["one"])
        if not found["coming"] or found["many"]:
            return [_Day(weekday)]
        ahead = (weekday - self._today.weekday()) % 7
        return [_Day(weekday, self._today + timedelta(days=ahead))]

    def _date(self, found: re.Match[str]) -> date | None:
        for name, ahead in (("today", 0), ("tomorrow", 1), ("after", 2)):
            if found[name]:
                return self._today + timedelta(days=ahead)
        if not found["dated"]:
            return None
        month = int(found["month"] or 0) or MONTHS.index(found["named"]) + 1
        told = found["year"] or found["long"]
        year = int(told if not told or len(told) == 4 else f"20{told}") if told else 0
        try:
            day = date(year or self._today.year, month, int(found["day"]))
            early = not year and day < self._today - timedelta(days=180)
            return day.replace(year=day.year + 1) if early else day
        except ValueError:
            return None


def _pieces(sentence: str) -> Iterator[tuple[str, bool]]:
    """(clause, whether it is excepted from what was said before)."""
    at, excepted = 0, False
    for found in _CLAUSES.finditer(sentence):
        yield sentence[at : found.start()], excepted
        excepted = _EXCEPT.match(found[0]) is not None
        at = found.end()
    yield sentence[at:], excepted


def _narrowed(groups: list[_Said]) -> list[_Said]:
    """*Todos os dias, de segunda a sábado*: what is said last is meant."""
    kept: list[_Said] = []
    for said in groups:
        days = {day.weekday for day in said.days}
        if kept and len(days) > 1 and {day.weekday for day in kept[-1].days} > days:
            said.spans += kept.pop().spans
        kept.append(said)
    return kept


def _as_dated(groups: list[_Said]) -> Iterator[_Said]:
    """*Amanhã, segunda-feira, 23/11*: that Monday is meant. *Todos os dias, menos domingo*: six."""
    dated = {day.weekday: day for said in groups for day in said.days if day.on is not None}
    but = {day.weekday for said in groups for day in said.days if said.excepted}
    for said in groups:
        if len(said.days) > 1 and not said.excepted:
            said.days = [day for day in said.days if day.weekday not in but]
        if len(said.days) == 1:
            said.days = [dated.get(said.days[0].weekday, said.days[0])]
        yield said


def _hours_first(sentence: str) -> bool:
    hours, days = _HOURS.search(sentence), _DAYS.search(sentence)
    return hours is not None and days is not None and hours.start() < days.start()


def _polarities(pieces: list[tuple[str, bool]]) -> list[bool]:
    """Of each clause, whether it says that people are there; one that does not say it goes on with
    the one before, a first one with the one after it.
    """
    timed = any(_HOURS.search(clause) for clause, _ in pieces)
    own = [None if excepted else _polarity(clause, timed=timed) for clause, excepted in pieces]
    last = next((each for each in own if each is not None), True)
    found = []
    for (_, excepted), told in zip(pieces, own, strict=True):
        last = told if told is not None else last
        found.append(not last if excepted else last)
    return found


def _polarity(clause: str, *, timed: bool) -> bool | None:
    """``timed``: the sentence has hours, at which *fechamos* then."""
    if _NO.search(clause) or (_SHUT.search(clause) and not timed):
        return False
    return True if _HOURS.search(clause) or _YES.search(clause) else None


def _grouped(
    days: list[tuple[int, list[_Day]]], spans: list[tuple[int, _Span]], hours_first: bool
) -> Iterator[tuple[list[_Day], list[_Span]]]:
    """Of one clause: hours belong to the days before them, or after them."""
    own: list[list[_Span]] = [[] for _ in days]
    for at, span in spans:
        before = sum(start < at for start, _ in days)
        place = before if hours_first else before - 1
        own[min(max(place, 0), len(days) - 1)].append(span)
    yield from ((group, mine) for (_, group), mine in zip(days, own, strict=True))


def _spans_in(clause: str) -> Iterator[tuple[int, _Span]]:
    """(where, hours)."""
    shuts = re.search(r"\b(?:fech|encerr|ate)\w*", clause) is not None
    opens = re.search(r"\b(?:abr|volt|retorn|comec|a partir|desde)\w*", clause) is not None
    for found in _HOURS.finditer(clause):
        if found["from"]:
            yield found.start(), _Span(_clock(found["from"]), _clock(found["to"]))
        else:
            bound = _Bound.EITHER
            if found["how"].startswith("ate") or (shuts and not opens):
                bound = _Bound.CLOSES
            elif found["how"].startswith(("a partir", "desde")) or (opens and not shuts):
                bound = _Bound.OPENS
            yield found.start(), _Span(_clock(found["one"]), None, bound)


def _clock(said: str) -> int:
    hour, *minute = re.findall(r"\d+", said)
    return int(hour) * 60 + int(minute[0] if minute else 0)


def _minutes(at: time) -> int:
    return 24 * 60 if at == END_OF_DAY else at.hour * 60 + at.minute
