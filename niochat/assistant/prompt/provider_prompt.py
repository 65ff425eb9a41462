"""Format the provider's facts and opening hours as lines for the model.

The lines do not depend on the current time, so that they are the same in every turn of a tenant.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from niochat.adapters.holiday_calendar import public_holidays
from niochat.assistant.text.formatting import format_brl, format_date
from niochat.assistant.text.quantities import WEEKDAYS
from niochat.domain.business_hours import END_OF_DAY, format_day_pt
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.tenant.provider_facts import NetworkCoverage, ProviderFacts, ProviderFee

HOURS_PREFIX = "Horário de atendimento:"
"""The prefix of the line about opening hours."""
_COVERAGE_PREFIX = "Cobertura:"
MAX_COVERAGE_CHARS = 200
"""The length up to which the places are listed; the model must use the tool for a longer list."""
MAX_CLOSED_DAYS = 8
"""The number of closed days up to which all are listed; of a longer list, the state note has the
near ones.
"""
CLOSED_DAYS_HORIZON = 10
_ALWAYS = ((time(0), END_OF_DAY),)
_NAMES = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")


@lru_cache(maxsize=256)  # a tenant's text is the same in every turn
def format_provider_facts(facts: ProviderFacts, policy: ConversationPolicy) -> str:
    """Format the lines of the system prompt; empty if there are no facts.

    The text is about as long as the JSON of the facts, whose length is limited where they are
    declared.
    """
    return "\n".join(_fact_lines(facts, policy))


@lru_cache(maxsize=256)
def provider_facts_text(facts: ProviderFacts, policy: ConversationPolicy) -> str:
    """Format what the guardrail accepts because of the facts, in every form in which it may be
    written.

    Hours, places and due days are not included: dedicated checks look them up, and as plain words
    they would allow too much.
    """
    more = []
    if facts.fidelity_months and facts.fidelity_months % 12 == 0:
        years = facts.fidelity_months // 12
        more.append(f"{years} {'ano' if years == 1 else 'anos'}")
    if facts.unlock.days:
        more.append(f"{facts.unlock.days * 24} horas")
    lines = [
        line
        for line in _fact_lines(facts, policy)
        if not line.startswith((HOURS_PREFIX, _COVERAGE_PREFIX))
    ]
    return " | ".join([*lines, *more])


def list_upcoming_closed_days(policy: ConversationPolicy, now: datetime) -> list[str]:
    """List the days within ``CLOSED_DAYS_HORIZON`` that have opening hours but are closed, as
    ``terça-feira, 08/12``.
    """
    open_days = {day for shift in policy.hours for day in shift.days}
    ahead = (now.date() + timedelta(days=n) for n in range(CLOSED_DAYS_HORIZON))
    return [
        format_day_pt(each)
        for each in ahead
        if each.weekday() in open_days and is_closed_day(policy, each)
    ]


def is_closed_day(policy: ConversationPolicy, on: date) -> bool:
    """Whether a date is a holiday or a closed day, regardless of the opening hours."""
    return on in policy.closed_days or on in public_holidays(policy.holidays, on.year)


def shifts_on(policy: ConversationPolicy, weekday: int) -> tuple[tuple[time, time], ...]:
    """The (opens, closes) shifts of a weekday; Monday is 0."""
    shifts = ((s.opens, s.closes) for s in policy.hours if weekday in s.days)
    return tuple(sorted(shifts))


def _fact_lines(facts: ProviderFacts, policy: ConversationPolicy) -> Iterator[str]:
    yield from _contact_lines(facts, policy)
    yield from _price_lines(facts)
    yield from _coverage_lines(facts.coverage)
    yield from _service_lines(facts)
    if facts.unknown:
        listed = "; ".join(f"{each.topic} → {each.team}" for each in facts.unknown)
        yield f"Você não sabe; diga isso e ofereça a equipe: {listed}."
    for each in facts.more:
        yield f"{each.question} {_end_sentence(each.answer)}"


def _contact_lines(facts: ProviderFacts, policy: ConversationPolicy) -> Iterator[str]:
    if policy.hours:
        yield f"{HOURS_PREFIX} {_format_hours(policy)}."
    if facts.address:
        yield f"Endereço da loja: {_end_sentence(facts.address)}"
    yield from _list_line("Telefones", [f"{p.name} {p.number}".strip() for p in facts.phones])
    if facts.email:
        yield f"E-mail: {facts.email}"
    yield from _list_line("Internet", [f"{site.name} {site.address}" for site in facts.sites], "")
    if facts.speed_test:
        yield f"Teste de velocidade: {facts.speed_test}"


def _price_lines(facts: ProviderFacts) -> Iterator[str]:
    yield from _list_line("Taxas", map(format_fee, facts.fees))
    if facts.fidelity_months is not None:
        months = facts.fidelity_months
        yield f"Fidelidade: {_format_count(months, 'mês', 'meses') if months else 'não há'}."
    if facts.fine:
        yield f"Multa por sair antes: {_end_sentence(facts.fine)}"
    # Without "dia": "dia 5" would make every fifth of a month a known date.
    yield from _list_line("Vencimentos à escolha", map(str, sorted(facts.billing.due_days)))
    yield from _list_line("Formas de pagamento", facts.billing.payment)


def _service_lines(facts: ProviderFacts) -> Iterator[str]:
    unlock = facts.unlock
    days = _format_count(unlock.days, "dia", "dias") if unlock.days else ""
    if days or unlock.terms:
        yield (
            f"Desbloqueio em confiança: "
            f"{_end_sentence('; '.join(filter(None, (days, unlock.terms))))}"
        )
    yield from _list_line("Documentos para contratar", facts.documents)
    if facts.installation:
        yield f"Prazo de instalação: {_end_sentence(facts.installation)}"
    yield from _list_line("Tecnologias", facts.technologies)


def _list_line(name: str, values: Sequence[str] | Iterator[str], end: str = ".") -> Iterator[str]:
    listed = list(values)
    if listed:
        yield f"{name}: {'; '.join(listed)}{end}"


def format_fee(fee: ProviderFee) -> str:
    """Format a fee: ``Instalação R$ 100,00 (em até 2 vezes)``."""
    amount = format_brl(Decimal(str(fee.amount))) if fee.amount else "grátis"
    return f"{fee.name} {amount}{f' ({fee.note})' if fee.note else ''}"


def _coverage_lines(coverage: NetworkCoverage) -> Iterator[str]:
    if not coverage.places and not coverage.ceps:
        return
    places = [
        f"{area.city} ({', '.join(area.neighbourhoods)})" if area.neighbourhoods else area.city
        for area in coverage.places
    ]
    others = "em outros lugares, não" if coverage.whole else "de outros lugares, não sabe"
    line = f"{_COVERAGE_PREFIX} {'; '.join(places)}; {others}."
    if coverage.ceps or len(line) > MAX_COVERAGE_CHARS:
        yield f"{_COVERAGE_PREFIX} peça o CEP ou o bairro e consulte a ferramenta de cobertura."
    if not coverage.ceps and len(line) <= MAX_COVERAGE_CHARS:
        yield line


def _format_hours(policy: ConversationPolicy) -> str:
    by_day = [shifts_on(policy, weekday) for weekday in range(7)]
    parts, first = [], 0
    for weekday in range(1, 8):
        if weekday < 7 and by_day[weekday] == by_day[first]:
            continue
        parts.append(f"{_format_days(first, weekday - 1)} {_format_shifts(by_day[first])}")
        first = weekday
    if policy.holidays:
        parts.append("feriados fechado")
    if 0 < len(policy.closed_days) <= MAX_CLOSED_DAYS:
        parts.append(f"fechado também em {', '.join(map(format_date, sorted(policy.closed_days)))}")
    return "; ".join(parts)


def _format_days(first: int, last: int) -> str:
    if first == last:
        return _NAMES[first]
    if (first, last) == (0, len(WEEKDAYS) - 1):
        return "todos os dias"
    return f"{_NAMES[first]} {'e' if last == first + 1 else 'a'} {_NAMES[last]}"


def _format_shifts(shifts: tuple[tuple[time, time], ...]) -> str:
    if not shifts:
        return "fechado"
    if shifts == _ALWAYS:
        return "24 horas"
    return " e ".join(
        f"das {_format_clock(opens)} às {_format_clock(closes)}" for opens, closes in shifts
    )


def _format_clock(at: time) -> str:
    if at == END_OF_DAY:
        return "24h"
    return f"{at:%-H}h{at:%M}" if at.minute else f"{at:%-H}h"


def _format_count(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _end_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
