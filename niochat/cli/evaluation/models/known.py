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

from niochat.cli.evaluation.models.asked import Asked, Message, objects_in, text_of, tool_names
from niochat.cli.evaluation.people import Cast
from niochat.cli.evaluation.tenants import TIMEZONE

SITUATION = "situacao"
_PLACEHOLDER = re.compile(r"\{\{([^{}\n]+)\}\}")
_SHORTEST, _SHORTEST_WORDS, _LEAST_NUMBER = 4, 12, 1000
_DAY = re.compile(
    r"(?<!\d)(\d{2})/(\d{2})(?:/(\d{4}))?(?!\d|/)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"
)
_WEEKDAY = re.compile(r"(segunda|terça|quarta|quinta|sexta)-feira|sábado|domingo")
_RELATIVE = re.compile(r"(hoje|dia|iso)([+-]\d+)")
_FORMATS = {"hoje": "%d/%m/%Y", "dia": "%d/%m", "iso": "%Y-%m-%d"}
_FARTHEST_DAYS = 120


class Missing(Exception):
    """A placeholder has no value here; its path."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when a request is answered. ``values`` by placeholder; ``today`` local."""

    values: Mapping[str, object]
    today: date

    def replaced(self, told: Any) -> Any:
        """The same with placeholders for what differs from run to run."""
        if isinstance(told, Mapping):
            return {key: self.replaced(value) for key, value in told.items()}
        if isinstance(told, list):
            return [self.replaced(value) for value in told]
        if isinstance(told, bool) or not isinstance(told, str | int):
            return told
        if isinstance(told, int):
            names = (name for name, value in self.values.items() if value == told)
            name = next(names, "") if abs(told) >= _LEAST_NUMBER else ""
            return f"{{{{{name}}}}}" if name else told
        return self._without_days(self._without_values(told))

    def filled(self, told: Any) -> Any:
        """The same with values for the placeholders. Raises ``Missing``."""
        if isinstance(told, Mapping):
            return {key: self.filled(value) for key, value in told.items()}
        if isinstance(told, list):
            return [self.filled(value) for value in told]
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
            raise Missing(name)
        return self.values[name]

    def _without_values(self, text: str) -> str:
        names: dict[str, str] = {}
        for name, value in self.values.items():
            names.setdefault(str(value), name)
        longest = sorted(names, key=len, reverse=True)
        if not longest:
            return text
        pattern = "|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in longest)
        return _outside(
            text, lambda part: re.sub(pattern, lambda found: f"{{{{{names[found[0]]}}}}}", part)
        )

    def _without_days(self, text: str) -> str:
        return _outside(text, lambda part: _DAY.sub(self._relative, part))

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
        if form == "dia" and abs(days) > _FARTHEST_DAYS:  # of the next year, or of the last
            days = (day.replace(year=day.year + (1 if days < 0 else -1)) - self.today).days
        return f"{{{{{form}{days:+d}}}}}" if abs(days) <= _FARTHEST_DAYS else found[0]


def known(asked: Asked, cast: Cast | None, protocol: str, today: date | None = None) -> Known:
    """All that is known to who answers this request."""
    values: dict[str, object] = dict(_of_cast(cast, protocol)) if cast is not None else {}
    for name, value in _leaves_of(asked.messages):
        values.setdefault(name, value)
    return Known(values, today or datetime.now(ZoneInfo(TIMEZONE)).date())


def _of_cast(cast: Cast, protocol: str) -> Iterator[tuple[str, str]]:
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


def _leaves_of(messages: Sequence[Message]) -> Iterator[tuple[str, object]]:
    """Of the newest result of each tool, then of what the server told of the visit."""
    names = tool_names(messages)
    for message in reversed(messages):
        if message.get("role") == "tool":
            tool = names.get(str(message.get("tool_call_id")), "")
            for told in objects_in(text_of(message))[:1]:
                yield from _leaves(told, tool)
    for message in reversed(messages):
        if message.get("role") in ("system", "user"):
            for told in objects_in(text_of(message)):
                yield from _leaves(told, SITUATION)


def _leaves(told: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(told, Mapping):
        for key, value in told.items():
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(told, list):
        for number, value in enumerate(told):
            yield from _leaves(value, f"{path}.{number}")
    elif isinstance(told, str):
        if _differs(told):
            yield path, told
        weekday = _WEEKDAY.search(told)
        if weekday:
            yield f"{path}|weekday", weekday[0]
    elif isinstance(told, int) and not isinstance(told, bool) and told >= _LEAST_NUMBER:
        yield path, told


def _differs(text: str) -> bool:
    """Whether it could be another one in another run: figures, names, sentences of the server."""
    digits = any(character.isdigit() for character in text)
    return len(text) >= (_SHORTEST if digits else _SHORTEST_WORDS) and (digits or " " in text)


def _outside(text: str, change: Callable[[str], str]) -> str:
    """Changes what stands between placeholders."""
    parts, at = [], 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [change(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, change(text[at:])])
