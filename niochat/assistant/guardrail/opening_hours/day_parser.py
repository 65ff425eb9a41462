"""Extract days and times of day from a clause.

Texts are folded; see :mod:`niochat.assistant.text.text_normalization`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from niochat.assistant.text.quantities import MONTHS, WEEKDAYS

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


class ShiftBound(StrEnum):
    """The bound of a shift that a single time names."""

    OPENS = "opens"
    CLOSES = "closes"
    EITHER = "either"


ONLY_PATTERN = re.compile(r"\b(?:so|apenas|somente)\b")


@dataclass(frozen=True, slots=True)
class DayMention:
    """A day of the week or a date. ``weekday`` ``None``: public holidays."""

    weekday: int | None
    calendar_date: date | None = None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range in minutes since midnight. ``closes`` ``None``: ``opens`` is a single time."""

    opens: int
    closes: int | None
    bound: ShiftBound = ShiftBound.EITHER


def extract_days(clause: str, today: date) -> list[tuple[int, list[DayMention]]]:
    """Return (position, days) for each mention of days."""
    found = ((each.start(), _days_meant(each, today)) for each in _DAYS.finditer(clause))
    named = [(position, days) for position, days in found if days]
    # "No fim de semana só abrimos no sábado" says nothing about Sunday.
    narrower = [each for each in named if len(each[1]) == 1]
    return narrower if narrower and ONLY_PATTERN.search(clause) else named


def is_hours_first(sentence: str) -> bool:
    """Whether the hours come before the days: *Das 8h às 18h de segunda a sexta*."""
    hours, days = _HOURS.search(sentence), _DAYS.search(sentence)
    return hours is not None and days is not None and hours.start() < days.start()


def names_hours(clause: str) -> bool:
    """Whether a clause names a time of day."""
    return _HOURS.search(clause) is not None


def extract_time_ranges(clause: str) -> Iterator[tuple[int, TimeRange]]:
    """Yield (position, time range) for each mention of hours."""
    shuts = re.search(r"\b(?:fech|encerr|ate)\w*", clause) is not None
    opens = re.search(r"\b(?:abr|volt|retorn|comec|a partir|desde)\w*", clause) is not None
    for found in _HOURS.finditer(clause):
        if found["from"]:
            if not re.search(r"\bdas|h|:", found[0]):
                continue
            yield found.start(), TimeRange(_parse_clock(found["from"]), _parse_clock(found["to"]))
        else:
            bound = ShiftBound.EITHER
            if found["how"].startswith("ate") or (shuts and not opens):
                bound = ShiftBound.CLOSES
            elif found["how"].startswith(("a partir", "desde")) or (opens and not shuts):
                bound = ShiftBound.OPENS
            yield found.start(), TimeRange(_parse_clock(found["one"]), None, bound)


def _parse_clock(text: str) -> int:
    hour, *minute = re.findall(r"\d+", text)
    return int(hour) * 60 + int(minute[0] if minute else 0)


def _days_meant(found: re.Match[str], today: date) -> list[DayMention]:
    if found["from"]:
        first, last = WEEKDAYS.index(found["from"]), WEEKDAYS.index(found["to"])
        count = (last - first) % 7 + 1
        return [DayMention((first + n) % 7) for n in range(count)]
    groups = {"work": range(5), "weekend": (5, 6), "all": range(7)}
    for name, days in groups.items():
        if found[name]:
            return [DayMention(each) for each in days]
    if found["holiday"]:
        return [DayMention(None)]
    day = _parse_date(found, today)
    if day is not None:
        return [DayMention(day.weekday(), day)]
    if not found["one"]:
        return []
    weekday = WEEKDAYS.index(found["one"])
    if not found["coming"] or found["many"]:
        return [DayMention(weekday)]
    ahead = (weekday - today.weekday()) % 7
    return [DayMention(weekday, today + timedelta(days=ahead))]


def _parse_date(found: re.Match[str], today: date) -> date | None:
    for name, ahead in (("today", 0), ("tomorrow", 1), ("after", 2)):
        if found[name]:
            return today + timedelta(days=ahead)
    if not found["dated"]:
        return None
    written = found["year"] or found["long"]
    year = int(written if not written or len(written) == 4 else f"20{written}") if written else 0
    try:
        month = int(found["month"]) if found["month"] else MONTHS.index(found["named"]) + 1
        day = date(year or today.year, month, int(found["day"]))
        early = not year and day < today - timedelta(days=180)
        return day.replace(year=day.year + 1) if early else day
    except ValueError:
        return None
