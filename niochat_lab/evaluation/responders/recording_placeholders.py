"""Placeholders for the values of a recording that differ between runs.

A recording contains ``{{cpf}}``, ``{{consultar_faturas.faturas.0.vencimento}}`` or ``{{hoje+3}}``
in place of values of the customer, of tools and of dates, so that it can be replayed on another
day, with another protocol or another amount.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from niochat_lab.evaluation.definitions.scenario_people import ScenarioPeople
from niochat_lab.evaluation.evaluation_tenants import TIMEZONE
from niochat_lab.evaluation.responders.model_request import (
    Message,
    ModelRequest,
    message_text,
    parse_json_objects,
    tool_names,
)

SITUATION = "situacao"
_PLACEHOLDER = re.compile(r"\{\{([^{}\n]+)\}\}")
_MIN_LENGTH, _MIN_WORDS_LENGTH, _MIN_NUMBER = 4, 12, 1000
_DAY = re.compile(
    r"(?<!\d)(\d{2})/(\d{2})(?:/(\d{4}))?(?!\d|/)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"
)
_WEEKDAY = re.compile(r"(segunda|terça|quarta|quinta|sexta)-feira|sábado|domingo")
_RELATIVE = re.compile(r"(hoje|dia|iso)([+-]\d+)")
_FORMATS = {"hoje": "%d/%m/%Y", "dia": "%d/%m", "iso": "%Y-%m-%d"}
_MAX_DAYS = 120


class MissingPlaceholderError(Exception):
    """A placeholder has no value; the message is its path."""


@dataclass(frozen=True, slots=True)
class PlaceholderValues:
    """The values at the time of a request, by placeholder. ``today``: the tenant's local date."""

    values: Mapping[str, object]
    today: date

    def insert_placeholders(self, value: Any) -> Any:
        """Replace the values that differ between runs by placeholders."""
        if isinstance(value, Mapping):
            return {key: self.insert_placeholders(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.insert_placeholders(item) for item in value]
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value
        if isinstance(value, int):
            names = (name for name, known in self.values.items() if known == value)
            name = next(names, "") if abs(value) >= _MIN_NUMBER else ""
            return f"{{{{{name}}}}}" if name else value
        return self._without_days(self._without_values(value))

    def resolve_placeholders(self, value: Any) -> Any:
        """Replace placeholders by values. Raises ``MissingPlaceholderError``."""
        if isinstance(value, Mapping):
            return {key: self.resolve_placeholders(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve_placeholders(item) for item in value]
        if not isinstance(value, str):
            return value
        alone = _PLACEHOLDER.fullmatch(value)
        if alone:
            return self._value(alone[1])
        return _PLACEHOLDER.sub(lambda found: str(self._value(found[1])), value)

    def _value(self, name: str) -> object:
        relative = _RELATIVE.fullmatch(name)
        if relative:
            day = self.today + timedelta(days=int(relative[2]))
            return day.strftime(_FORMATS[relative[1]])
        if name not in self.values:
            raise MissingPlaceholderError(name)
        return self.values[name]

    def _without_values(self, text: str) -> str:
        names: dict[str, str] = {}
        for name, value in self.values.items():
            names.setdefault(str(value), name)
        longest = sorted(names, key=len, reverse=True)
        if not longest:
            return text
        pattern = "|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in longest)
        return _change_outside_placeholders(
            text, lambda part: re.sub(pattern, lambda found: f"{{{{{names[found[0]]}}}}}", part)
        )

    def _without_days(self, text: str) -> str:
        return _change_outside_placeholders(text, lambda part: _DAY.sub(self._relative, part))

    def _relative(self, found: re.Match[str]) -> str:
        try:
            if found[4]:
                form, day = "iso", date(int(found[4]), int(found[5]), int(found[6]))
            else:
                form = "hoje" if found[3] else "dia"
                day = date(int(found[3] or self.today.year), int(found[2]), int(found[1]))
        except ValueError:
            return found[0]
        days = (day - self.today).days
        # the date is in the next year, or in the last one
        if form == "dia" and abs(days) > _MAX_DAYS:
            days = (day.replace(year=day.year + (1 if days < 0 else -1)) - self.today).days
        return f"{{{{{form}{days:+d}}}}}" if abs(days) <= _MAX_DAYS else found[0]


def collect_placeholder_values(
    request: ModelRequest, people: ScenarioPeople | None, protocol: str, today: date | None = None
) -> PlaceholderValues:
    """Collect the values that the responder of this request knows."""
    values: dict[str, object] = dict(_people_values(people, protocol)) if people is not None else {}
    for name, value in _message_leaves(request.messages):
        values.setdefault(name, value)
    return PlaceholderValues(values, today or datetime.now(ZoneInfo(TIMEZONE)).date())


def _people_values(people: ScenarioPeople, protocol: str) -> Iterator[tuple[str, str]]:
    if protocol:
        yield "protocol", protocol
    person = people.person
    if person is None:
        return
    yield from (("cpf", person.cpf), ("cpf_dotted", person.cpf_dotted), ("name", person.name))
    yield "first_name", person.name.split()[0]
    for number, address in enumerate(person.addresses):
        yield f"address{number + 1}", address
    yield "phone", people.phone


def _message_leaves(messages: Sequence[Message]) -> Iterator[tuple[str, object]]:
    """The values of the newest result of each tool, then those of the state note."""
    names = tool_names(messages)
    for message in reversed(messages):
        if message.get("role") == "tool":
            tool = names.get(str(message.get("tool_call_id")), "")
            for value in parse_json_objects(message_text(message))[:1]:
                yield from _flatten(value, tool)
    for message in reversed(messages):
        if message.get("role") in ("system", "user"):
            for value in parse_json_objects(message_text(message)):
                yield from _flatten(value, SITUATION)


def _flatten(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flatten(item, f"{path}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _flatten(item, f"{path}.{number}")
    elif isinstance(value, str):
        if _is_volatile(value):
            yield path, value
        weekday = _WEEKDAY.search(value)
        if weekday:
            yield f"{path}|weekday", weekday[0]
    elif isinstance(value, int) and not isinstance(value, bool) and value >= _MIN_NUMBER:
        yield path, value


def _is_volatile(text: str) -> bool:
    """Whether a text may differ in another run: numbers, names, sentences of the server."""
    digits = any(character.isdigit() for character in text)
    return len(text) >= (_MIN_LENGTH if digits else _MIN_WORDS_LENGTH) and (digits or " " in text)


def _change_outside_placeholders(text: str, change: Callable[[str], str]) -> str:
    """Apply ``change`` to the text between placeholders."""
    parts, at = [], 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [change(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, change(text[at:])])
