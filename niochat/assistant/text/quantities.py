"""Extract quantities from a text: amounts, dates, times, speeds, percentages, durations, numbers.

Texts are folded; see :func:`niochat.assistant.text.text_normalization.fold`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from niochat.assistant.text.number_words import words_to_digits

QuantityValue = Decimal | int | str | tuple[int, ...] | tuple[int, str]


class QuantityKind(StrEnum):
    """What a quantity measures; the value is its violation code."""

    MONEY = "valor"
    DATE = "data"
    TIME = "horario"
    SPEED = "velocidade"
    PERCENTAGE = "percentual"
    DURATION = "prazo"
    NUMBER = "numero"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity and the text it was read from.

    ``value``: money and percentages are Decimal, dates (day, month, year) with 0 for a missing
    part, times minutes since midnight, speeds Mbps, durations (count, unit), numbers their digits.
    """

    kind: QuantityKind
    value: QuantityValue
    text: str


MONTHS = (
    "janeiro",
    "fevereiro",
    "marco",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)
WEEKDAYS = ("segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo")
_UNITS = {"h": "hora", "d": "dia", "s": "semana", "m": "mes", "a": "ano", "p": "parcela"}
_OTHER_UNIT = r"(?! ?(?:%|dbm|db|ghz|mhz|km|metros?|megas?|mbps|mb|gigas?|gbps|gb|ms)\b)(?! ?%)"

_DIGIT = re.compile(r"\d")
_MONEY = re.compile(
    r"r\$ ?(?P<a>\d[\d.,]*\d|\d)|"
    r"(?<![\d.,/])(?P<b>\d[\d.]*(?:,\d{1,2})?) ?(?:reais|real|contos?|pilas?|pratas)\b"
    r"(?: e (?P<cents>\d{1,2}) centavos)?|"
    r"(?<![\d.,/])(?P<c>\d[\d.]*,\d{2}|\d+\.\d{2})(?![\d,.]\d)(?!\d)" + _OTHER_UNIT
)
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DATE = re.compile(r"(?<![\d/])(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/])")
_SHORT_DATE = re.compile(r"(?<![\d/.,])(\d{1,2})/(\d{1,2})(?![\d/])")
_LONG_DATE = re.compile(r"\b(\d{1,2})o? de (" + "|".join(MONTHS) + r")(?:(?: de|,)? (\d{4}))?\b")
_DAY = re.compile(
    r"\bdias? (\d{1,2})\b(?! ?(?:dias|horas|meses|uteis))(?:(?:,| e| ou) (\d{1,2})\b)?"
)
_SPAN = re.compile(
    r"(?<![\d.,/])(?:(\d{1,3}) ?(?:a|ou|e|-|/) ?)?(\d{1,3}) ?"
    r"(?P<unit>dias?|horas?|hrs?|semanas?|mes(?:es)?|anos?|parcelas?|x(?= |$|[.,!]))\b"
)
_HOURS = re.compile(
    r"\b(?:em|por|prazo de|dentro de|proximas|ate|de)(?: ate)? (\d{1,3}) ?hs?\b(?!\d)"
)
_TIME = re.compile(
    r"(?<![\d:.,/])(\d{1,2}):(\d{2})(?![\d:])|(?<![\d:.,/])(\d{1,2}) ?hs?(\d{2})?(?![\w:])"
)
_OCLOCK = re.compile(
    r"\bas (\d{1,2})(?: horas)?(?! ?(?:h|:|/|\d|faturas|boletos|contas|ultimas))\b"
)
_SHARE = re.compile(r"(?<![\d.,])(\d+(?:[.,]\d+)?) ?(?:%|por cento\b)")
_SPEED = re.compile(
    r"(?<![\d.,])(\d+(?:[.,]\d+)?) ?(megas?|mbps|mbits?|mb/s|mb|m|gigas?|gbps|gb|g)\b"
)
_NUMBER = re.compile(r"(?<![\w.,/\-])\d{1,5}(?:[.\-]?\d{3})+(?!\w)|(?<![\w.,/\-])\d{4,8}(?!\w)")
_TIMES = re.compile(r"(\bem (?:ate )?\d{1,2}) vezes\b")
"""*Em 3 vezes* names three instalments, *duas vezes por mês* does not."""
_YEAR = re.compile(r"20[1-4]\d")


def extract_quantities(folded: str) -> list[Quantity]:
    """Return every quantity of a folded text. Text that was read as one kind is not read as
    another.
    """
    rest = _TIMES.sub(r"\1 parcelas", words_to_digits(folded))
    if not _DIGIT.search(rest):
        return []
    found: list[Quantity] = []
    for extract in (
        _extract_dates,
        _extract_money,
        _extract_percentages,
        _extract_speeds,
        _extract_durations,
        _extract_times,
        _extract_numbers,
    ):
        figures, rest = extract(rest)
        found += figures
    return found


def extract_relative_days(folded: str, today: date) -> Iterator[tuple[str, date]]:
    """Yield (words, day) for tomorrow, the day after tomorrow and named weekdays."""
    for word in re.findall(r"\bdepois de amanha\b|(?<!ate )(?<!depois de )\bamanha\b", folded):
        yield word, today + timedelta(days=1 if word == "amanha" else 2)
    pattern = (
        r"\b(?:na|no|ate|nesta|neste|proxima|proximo|para|pra|essa|esse|esta|este)"
        r"(?: a| o| proxima| proximo)? "
        rf"({'|'.join(WEEKDAYS)})(?:[ -]feira)?\b(?! (?:via|fatura|opcao|parcela|conta))"
    )
    for word in re.findall(pattern, folded):
        ahead = (WEEKDAYS.index(word) - today.weekday()) % 7
        yield word, today + timedelta(days=ahead)


def extract_weekday_ranges(folded: str) -> set[int]:
    """The weekdays (Monday is 0) that a range such as *de segunda a sexta* covers."""
    days = "|".join(WEEKDAYS)
    spans = re.findall(rf"\b({days})(?:-feira)? (?:a|ate) ({days})\b", folded)
    return {
        day
        for first, last in spans
        for day in range(WEEKDAYS.index(first), WEEKDAYS.index(last) + 1)
    }


def parse_amount(text: str) -> Decimal | None:
    """Parse ``1.234,56``, ``1234.56`` or ``1.234`` as an amount in BRL; ``None``: invalid."""
    plain = text.rstrip(".,")
    if "," in plain:
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+", plain):
        plain = plain.replace(".", "")
    try:
        return Decimal(plain).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


Extraction = tuple[list[Quantity], str]


def _extract_money(text: str) -> Extraction:
    found = []
    for each in _MONEY.finditer(text):
        amount = parse_amount(each["a"] or each["b"] or each["c"])
        if amount is not None:
            amount += Decimal(each["cents"] or 0) / 100
            found.append(Quantity(QuantityKind.MONEY, amount, each[0]))
    return found, _MONEY.sub(" ", text)


def _extract_dates(text: str) -> Extraction:
    found = []
    for each in _ISO.finditer(text):
        found.append(_date_quantity(each[0], each[3], each[2], each[1]))
    text = _ISO.sub(" ", text)
    for each in _DATE.finditer(text):
        year = each[4] if len(each[4]) == 4 else f"20{each[4]}"
        found.append(_date_quantity(each[0], each[1], each[3], year))
    text = _DATE.sub(" ", text)
    for each in _LONG_DATE.finditer(text):
        month = MONTHS.index(each[2]) + 1
        found.append(_date_quantity(each[0], each[1], str(month), each[3] or "0"))
    text = _LONG_DATE.sub(" ", text)
    for each in _SHORT_DATE.finditer(text.replace("24/7", " ")):
        found.append(_date_quantity(each[0], each[1], each[2], "0"))
    text = _SHORT_DATE.sub(" ", text)
    for each in _DAY.finditer(text):
        found += [_date_quantity(each[0], day, "0", "0") for day in each.groups() if day]
    return found, _DAY.sub(" ", text)


def _date_quantity(text: str, day: str, month: str, year: str) -> Quantity:
    return Quantity(QuantityKind.DATE, (int(day), int(month), int(year)), text)


def _extract_percentages(text: str) -> Extraction:
    found = [
        Quantity(QuantityKind.PERCENTAGE, Decimal(each[1].replace(",", ".")), each[0])
        for each in _SHARE.finditer(text)
    ]
    return found, _SHARE.sub(" ", text)


def _extract_speeds(text: str) -> Extraction:
    found = []
    for each in _SPEED.finditer(text):
        factor = 1000 if each[2].startswith("g") else 1
        found.append(
            Quantity(QuantityKind.SPEED, Decimal(each[1].replace(",", ".")) * factor, each[0])
        )
    return found, _SPEED.sub(" ", text)


def _extract_durations(text: str) -> Extraction:
    found = []
    for each in _HOURS.finditer(text):
        found.append(Quantity(QuantityKind.DURATION, (int(each[1]), "hora"), each[0]))
    text = _HOURS.sub(" ", text)
    kept = []
    for each in _SPAN.finditer(text):
        if each["unit"] == "horas" and re.search(r"\b(?:as|das) $", text[: each.start()]):
            kept.append(each[0])
            continue
        unit = "parcela" if each["unit"] == "x" else _UNITS[each["unit"][0]]
        for count in each.group(1, 2):
            if count:
                found.append(Quantity(QuantityKind.DURATION, (int(count), unit), each[0]))
    return found, _SPAN.sub(lambda each: each[0] if each[0] in kept else " ", text)


def _extract_times(text: str) -> Extraction:
    found = []
    for each in _TIME.finditer(text):
        hour, minute = int(each[1] or each[3]), int(each[2] or each[4] or 0)
        if hour > 24 or (hour == 24 and not each[2]):
            found.append(Quantity(QuantityKind.DURATION, (hour, "hora"), each[0]))
        else:
            found.append(Quantity(QuantityKind.TIME, hour * 60 + minute, each[0]))
    text = _TIME.sub(" ", text)
    for each in _OCLOCK.finditer(text):
        if int(each[1]) <= 24:
            found.append(Quantity(QuantityKind.TIME, int(each[1]) * 60, each[0]))
    return found, _OCLOCK.sub(" ", text)


def _extract_numbers(text: str) -> Extraction:
    found = []
    for each in _NUMBER.finditer(text):
        digits = re.sub(r"\D", "", each[0])
        if not _YEAR.fullmatch(each[0]):
            found.append(Quantity(QuantityKind.NUMBER, digits, each[0]))
    return found, text
