"""What a sentence says of opening: groups of days, whether people are there then, and when."""

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
class OpeningStatement:
    """A group of days, whether it is said to be open, and when."""

    days: list[DayMention]
    is_open: bool
    time_ranges: list[TimeRange]
    is_excepted: bool = False
    """They are left out of what was said before."""
    is_holiday: bool = False
    """They are said to be holidays, or with ``open`` none."""


def parse_statements(sentence: str, today: date) -> Iterator[OpeningStatement]:
    """Groups of days in their order, each with the hours that belong to it; days that are called
    holidays first.
    """
    sentence = re.sub(r"\bmeio[ -]dia\b", "12h", sentence)
    sentence = re.sub(r"\bmeia[ -]noite\b", "24h", sentence)
    sentence = _BETWEEN.sub(r"das \1 as ", sentence)
    pieces = list(_split_clauses(sentence))
    groups: list[OpeningStatement] = []
    waiting: list[TimeRange] = []
    # "Das 8h às 18h de segunda a sexta, das 8h às 12h no sábado": hours come first.
    first = is_hours_first(sentence)
    for (clause, excepted), open_ in zip(pieces, _clause_polarities(pieces), strict=True):
        days, spans = extract_days(clause, today), list(extract_time_ranges(clause))
        dated = [day for _, group in days for day in group if day.calendar_date is not None]
        if dated and _HOLIDAY.search(clause):
            yield OpeningStatement(dated, _NOT.search(clause) is not None, [], is_holiday=True)
            continue
        if not days:
            told = groups[-1].time_ranges if groups and not first else waiting
            told += [span for _, span in spans]
            continue
        for group, own in _assign_time_ranges(days, spans, first):
            groups.append(OpeningStatement(group, open_, [*waiting, *own], excepted))
            waiting = []
    yield from _resolve_dates(_merge_restatements(groups))
    if waiting and not groups:
        yield OpeningStatement([], True, waiting)


def _split_clauses(sentence: str) -> Iterator[tuple[str, bool]]:
    """(clause, whether it is excepted from what was said before)."""
    at, excepted = 0, False
    for found in _CLAUSES.finditer(sentence):
        yield sentence[at : found.start()], excepted
        excepted = _EXCEPT.match(found[0]) is not None
        at = found.end()
    yield sentence[at:], excepted


def _merge_restatements(groups: list[OpeningStatement]) -> list[OpeningStatement]:
    """*Todos os dias, de segunda a sábado*: what is said last is meant."""
    kept: list[OpeningStatement] = []
    for said in groups:
        days = {day.weekday for day in said.days}
        if (
            kept
            and len(days) > 1
            and not said.is_excepted
            and {day.weekday for day in kept[-1].days} > days
        ):
            said.time_ranges += kept.pop().time_ranges
        kept.append(said)
    return kept


def _resolve_dates(groups: list[OpeningStatement]) -> Iterator[OpeningStatement]:
    """*Amanhã, segunda-feira, 23/11*: that Monday is meant. *Todos os dias, menos domingo*: six."""
    dated = {
        day.weekday: day for said in groups for day in said.days if day.calendar_date is not None
    }
    but = {day.weekday for said in groups for day in said.days if said.is_excepted}
    for said in groups:
        if len(said.days) > 1 and not said.is_excepted:
            said.days = [day for day in said.days if day.weekday not in but]
        if len(said.days) == 1:
            said.days = [dated.get(said.days[0].weekday, said.days[0])]
        yield said


def _clause_polarities(pieces: list[tuple[str, bool]]) -> list[bool]:
    """Of each clause, whether it says that people are there; one that does not say it goes on with
    the one before, a first one with the one after it.
    """
    timed = any(names_hours(clause) for clause, _ in pieces)
    own = [
        None if excepted else _clause_polarity(clause, timed=timed) for clause, excepted in pieces
    ]
    last = next((each for each in own if each is not None), True)
    found = []
    for (_, excepted), told in zip(pieces, own, strict=True):
        last = told if told is not None else last
        found.append(not last if excepted else last)
    return found


def _clause_polarity(clause: str, *, timed: bool) -> bool | None:
    """``timed``: the sentence has hours, at which *fechamos* then."""
    if _NO.search(clause) or (_SHUT.search(clause) and not timed):
        return False
    return True if names_hours(clause) or _YES.search(clause) else None


def _assign_time_ranges(
    days: list[tuple[int, list[DayMention]]], spans: list[tuple[int, TimeRange]], hours_first: bool
) -> Iterator[tuple[list[DayMention], list[TimeRange]]]:
    """Of one clause: hours belong to the days before them, or after them."""
    own: list[list[TimeRange]] = [[] for _ in days]
    for at, span in spans:
        before = sum(start < at for start, _ in days)
        place = before if hours_first else before - 1
        own[min(max(place, 0), len(days) - 1)].append(span)
    yield from ((group, mine) for (_, group), mine in zip(days, own, strict=True))
