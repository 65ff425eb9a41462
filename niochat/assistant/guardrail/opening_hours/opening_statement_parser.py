"""Parse statements about opening: groups of days, whether they are open, and their hours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from niochat.assistant.guardrail.opening_hours.day_parser import (
    DayMention,
    TimeRange,
    extract_days,
    extract_time_ranges,
    is_hours_first,
    names_hours,
)

_BETWEEN = re.compile(r"\bentre (?:as )?(\d{1,2}(?:h\d{0,2}|:\d\d)?) e (?:as )?(?=\d)")
_CLAUSES = re.compile(
    r"[,;:.!?](?!\d)|\b(?:mas|porem|so que|exceto|menos|tirando)\b|"
    r"\be (?=nao\b|fech|volt|abr|reabr|atend|retorn)|"
    r"\be (?=(?:a|o|os) (?:equipe|loja|gente|pessoal|atendentes?|atendimento) "
    r"(?:volt|abr|reabr|retorn|respond|atend))"
)
_EXCEPT = re.compile(r"\b(?:exceto|menos|tirando|fora|com excecao d[eoa]s?)\b")
_NO = re.compile(
    r"\b(?:nao(?! fech)|nem|sem (?:atendimento|expediente)|fechad[oa]s?|"
    r"fora d[oe] (?:horario|expediente))\b"
)
_SHUT = re.compile(r"(?<!ja )\bfech(?:a|am|amos|aremos|ara)\b")
_YES = re.compile(r"\b(?:sim|so|apenas|somente|abr\w+|atend\w+|funcion\w+|abert\w+|volt\w+)\b")
_HOLIDAY = re.compile(r"\b(?:e|eh|sera|seria|tem|ha|havera|cai|caira)(?: em)?(?: um)? feriado\b")
_NOT = re.compile(r"\bnao\b")


@dataclass(slots=True)
class OpeningHoursClaim:
    """A group of days, whether it is stated to be open, and the stated hours."""

    days: list[DayMention]
    is_open: bool
    time_ranges: list[TimeRange]
    is_excepted: bool = False
    """Whether the days are excluded from the statement before."""
    is_holiday: bool = False
    """Whether the days are called holidays; with ``is_open`` the statement is that
    they are none.
    """


def parse_statements(sentence: str, today: date) -> Iterator[OpeningHoursClaim]:
    """Yield groups of days in their order, each with its hours; days called holidays come first."""
    sentence = re.sub(r"\bmeio[ -]dia\b", "12h", sentence)
    sentence = re.sub(r"\bmeia[ -]noite\b", "24h", sentence)
    sentence = _BETWEEN.sub(r"das \1 as ", sentence)
    pieces = list(_split_clauses(sentence))
    groups: list[OpeningHoursClaim] = []
    waiting: list[TimeRange] = []
    # "Das 8h às 18h de segunda a sexta, das 8h às 12h no sábado": the hours precede the days.
    first = is_hours_first(sentence)
    for (clause, excepted), is_open in zip(pieces, _clause_polarities(pieces), strict=True):
        days, spans = extract_days(clause, today), list(extract_time_ranges(clause))
        dated = [day for _, group in days for day in group if day.calendar_date is not None]
        if dated and _HOLIDAY.search(clause):
            yield OpeningHoursClaim(dated, _NOT.search(clause) is not None, [], is_holiday=True)
            continue
        if not days:
            target = groups[-1].time_ranges if groups and not first else waiting
            target += [span for _, span in spans]
            continue
        for group, own in _assign_time_ranges(days, spans, first):
            groups.append(OpeningHoursClaim(group, is_open, [*waiting, *own], excepted))
            waiting = []
    yield from _resolve_dates(_merge_restatements(groups))
    if waiting and not groups:
        yield OpeningHoursClaim([], True, waiting)


def _split_clauses(sentence: str) -> Iterator[tuple[str, bool]]:
    """Yield (clause, whether it is an exception from the clause before)."""
    start, excepted = 0, False
    for found in _CLAUSES.finditer(sentence):
        yield sentence[start : found.start()], excepted
        excepted = _EXCEPT.match(found[0]) is not None
        start = found.end()
    yield sentence[start:], excepted


def _merge_restatements(groups: list[OpeningHoursClaim]) -> list[OpeningHoursClaim]:
    """*Todos os dias, de segunda a sábado*: the narrower restatement replaces the wider one."""
    kept: list[OpeningHoursClaim] = []
    for statement in groups:
        days = {day.weekday for day in statement.days}
        if (
            kept
            and len(days) > 1
            and not statement.is_excepted
            and {day.weekday for day in kept[-1].days} > days
        ):
            statement.time_ranges += kept.pop().time_ranges
        kept.append(statement)
    return kept


def _resolve_dates(groups: list[OpeningHoursClaim]) -> Iterator[OpeningHoursClaim]:
    """*Amanhã, segunda-feira, 23/11* means that Monday. *Todos os dias, menos domingo* means six
    days.
    """
    dated = {
        day.weekday: day
        for statement in groups
        for day in statement.days
        if day.calendar_date is not None
    }
    excepted = {
        day.weekday for statement in groups for day in statement.days if statement.is_excepted
    }
    for statement in groups:
        if len(statement.days) > 1 and not statement.is_excepted:
            statement.days = [day for day in statement.days if day.weekday not in excepted]
        if len(statement.days) == 1:
            statement.days = [dated.get(statement.days[0].weekday, statement.days[0])]
        yield statement


def _clause_polarities(pieces: list[tuple[str, bool]]) -> list[bool]:
    """Whether each clause states "open".

    A clause without a polarity takes that of the clause before; a first one, that of the next.
    """
    timed = any(names_hours(clause) for clause, _ in pieces)
    own = [
        None if excepted else _clause_polarity(clause, timed=timed) for clause, excepted in pieces
    ]
    last = next((each for each in own if each is not None), True)
    polarities = []
    for (_, excepted), polarity in zip(pieces, own, strict=True):
        last = polarity if polarity is not None else last
        polarities.append(not last if excepted else last)
    return polarities


def _clause_polarity(clause: str, *, timed: bool) -> bool | None:
    """``timed``: the sentence names hours, so that *fechamos* names the closing time."""
    if _NO.search(clause) or (_SHUT.search(clause) and not timed):
        return False
    return True if names_hours(clause) or _YES.search(clause) else None


def _assign_time_ranges(
    days: list[tuple[int, list[DayMention]]], spans: list[tuple[int, TimeRange]], hours_first: bool
) -> Iterator[tuple[list[DayMention], list[TimeRange]]]:
    """Assign the hours of one clause to the days before them, or after them if ``hours_first``."""
    own: list[list[TimeRange]] = [[] for _ in days]
    for at, span in spans:
        before = sum(start < at for start, _ in days)
        index = before if hours_first else before - 1
        own[min(max(index, 0), len(days) - 1)].append(span)
    yield from ((group, ranges) for (_, group), ranges in zip(days, own, strict=True))
