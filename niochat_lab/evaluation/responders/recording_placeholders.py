"""Values that differ from run to run, by where they come from: the customer, tools, the day.

A recording holds ``{{cpf}}``, ``{{consultar_faturas.faturas.0.vencimento}}``, ``{{hoje+3}}`` in
their place, so that it can be played on another day, for another protocol, by another amount.
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
    """A placeholder has no value here; its path."""


@dataclass(frozen=True, slots=True)
class PlaceholderValues:
    """What is known when a request is answered. ``values`` by placeholder; ``today`` local."""

    values: Mapping[str, object]
    today: date

    def insert_placeholders(self, told: Any) -> Any:
        """The same with placeholders for what differs from run to run."""
        if isinstance(told, Mapping):
            return {key: self.insert_placeholders(value) for key, value in told.items()}
        if isinstance(told, list):
            return [self.insert_placeholders(value) for value in told]
        if isinstance(told, bool) or not isinstance(told, str | int):
            return told
        if isinstance(told, int):
            names = (name for name, value in self.values.items() if value == told)
            name = next(names, "") if abs(told) >= _MIN_NUMBER else ""
            return f"{{{{{name}}}}}" if name else told
        return self._without_days(self._without_values(told))

    def resolve_placeholders(self, told: Any) -> Any:
        """The same with values for the placeholders. Raises ``Missing``."""
        if isinstance(told, Mapping):
            return {key: self.resolve_placeholders(value) for key, value in told.items()}
        if isinstance(told, list):
            return [self.resolve_placeholders(value) for value in told]
        if not isinstance(told, str):
            return told
        alone = _PLACEHOLDER.fullmatch(told)
        if alone:
            return self._value(alone[1])
        return _PLACEHOLDER.sub(lambda found: str(self._value(found[1])), told)

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
        if form == "dia" and abs(days) > _MAX_DAYS:  # of the next year, or of the last
            days = (day.replace(year=day.year + (1 if days < 0 else -1)) - self.today).days
        return f"{{{{{form}{days:+d}}}}}" if abs(days) <= _MAX_DAYS else found[0]


def collect_placeholder_values(
    asked: ModelRequest, cast: ScenarioPeople | None, protocol: str, today: date | None = None
) -> PlaceholderValues:
    """All that is known to who answers this request."""
    values: dict[str, object] = dict(_people_values(cast, protocol)) if cast is not None else {}
    for name, value in _message_leaves(asked.messages):
        values.setdefault(name, value)
    return PlaceholderValues(values, today or datetime.now(ZoneInfo(TIMEZONE)).date())


def _people_values(cast: ScenarioPeople, protocol: str) -> Iterator[tuple[str, str]]:
    if protocol:
        yield "protocol", protocol
    person = cast.person
    if person is None:
        return
    yield from (("cpf", person.cpf), ("cpf_dotted", person.cpf_dotted), ("name", person.name))
    yield "first_name", person.name.split()[0]
    for number, address in enumerate(person.addresses):
        yield f"address{number + 1}", address
    yield "phone", cast.phone


def _message_leaves(messages: Sequence[Message]) -> Iterator[tuple[str, object]]:
    """Of the newest result of each tool, then of what the server told of the visit."""
    names = tool_names(messages)
    for message in reversed(messages):
        if message.get("role") == "tool":
            tool = names.get(str(message.get("tool_call_id")), "")
            for told in parse_json_objects(message_text(message))[:1]:
                yield from _flatten(told, tool)
    for message in reversed(messages):
        if message.get("role") in ("system", "user"):
            for told in parse_json_objects(message_text(message)):
                yield from _flatten(told, SITUATION)


def _flatten(told: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(told, Mapping):
        for key, value in told.items():
            yield from _flatten(value, f"{path}.{key}")
    elif isinstance(told, list):
        for number, value in enumerate(told):
            yield from _flatten(value, f"{path}.{number}")
    elif isinstance(told, str):
        if _is_volatile(told):
            yield path, told
        weekday = _WEEKDAY.search(told)
        if weekday:
            yield f"{path}|weekday", weekday[0]
    elif isinstance(told, int) and not isinstance(told, bool) and told >= _MIN_NUMBER:
        yield path, told


def _is_volatile(text: str) -> bool:
    """Whether it could be another one in another run: figures, names, sentences of the server."""
    digits = any(character.isdigit() for character in text)
    return len(text) >= (_MIN_LENGTH if digits else _MIN_WORDS_LENGTH) and (digits or " " in text)


def _change_outside_placeholders(text: str, change: Callable[[str], str]) -> str:
    """Changes what stands between placeholders."""
    parts, at = [], 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [change(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, change(text[at:])])
