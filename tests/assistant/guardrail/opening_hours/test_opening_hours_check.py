"""What is said of opening hours is compared with the provider's hours and holidays, day by day."""

from datetime import datetime
from typing import Any

import pytest

from niochat.adapters.holiday_calendar import staff_availability
from niochat.assistant.guardrail.opening_hours.opening_hours_check import OpeningHoursCheck
from niochat.assistant.prompt.provider_prompt import (
    format_provider_facts,
    list_upcoming_closed_days,
)
from niochat.assistant.text.text_normalization import fold
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.tenant.provider_facts import EMPTY_FACTS
from tests.assistant import demo_provider_facts

SUNDAY = datetime(2026, 11, 22, 18, 51)
SPLIT: list[dict[str, Any]] = [
    {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "12:00"},
    {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "14:00", "to": "18:30"},
]
ALWAYS: list[dict[str, Any]] = [
    {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"},
]


def wrong(sentence: str, policy: ConversationPolicy, now: datetime = SUNDAY) -> bool:
    opening = OpeningHoursCheck(policy, staff_availability(policy, now), now)
    folded = fold(sentence)
    assert opening.is_about_hours(folded), sentence
    return opening.is_contradicted(folded)


@pytest.mark.parametrize(
    ("sentence", "is_wrong"),
    [
        ("Abrimos das 8h às 12h e das 14h às 18h30, de segunda a sexta.", False),
        ("De segunda a sexta, das 8h às 12h e das 14h às 18h30.", False),
        ("Atendemos de segunda a sexta, das 8h às 18h30.", False),
        ("De segunda a sexta abrimos às 14h depois do almoço.", False),
        ("Fechamos ao meio-dia e abrimos às 14h.", False),
        ("Atendemos de segunda a sexta, das 8h às 14h.", True),
        ("Atendemos de segunda a sexta, das 12h às 14h.", True),
        ("Aos sábados fechamos às 12h.", True),
        ("Não abrimos aos sábados e domingos.", False),
        ("Não abrimos aos sábados, domingos e feriados.", True),
    ],
)
def test_two_shifts_a_day(sentence: str, is_wrong: bool) -> None:
    assert (
        wrong(sentence, demo_provider_facts.build_business_hours(hours=SPLIT, holidays=""))
        is is_wrong
    )


@pytest.mark.parametrize(
    ("sentence", "is_wrong"),
    [
        ("Atendemos todos os dias, das 0h às 24h.", False),
        ("Abrimos também aos domingos e feriados.", False),
        ("Não abrimos aos domingos.", True),
        ("Atendemos até a meia-noite.", False),
        ("Atendemos até as 22h.", True),
    ],
)
def test_all_day_and_every_day(sentence: str, is_wrong: bool) -> None:
    assert (
        wrong(sentence, demo_provider_facts.build_business_hours(hours=ALWAYS, holidays=""))
        is is_wrong
    )


@pytest.mark.parametrize(
    ("sentence", "is_wrong"),
    [
        ("Hoje estamos fechados.", False),
        ("Hoje abrimos.", True),
        ("Amanhã abrimos às 8h.", False),
        ("Amanhã não abrimos.", True),
        ("Na quarta não abrimos.", False),
        ("Na quarta abrimos às 8h.", True),
        ("Às quartas abrimos às 8h.", False),
        ("Dia 25/11 estaremos fechados.", False),
        ("Em 25 de novembro abrimos.", True),
        ("Dia 25/12 é feriado.", False),
        ("Dia 26/12 é feriado.", True),
        ("Dia 25/12 não é feriado.", True),
        ("Amanhã não é feriado.", False),
        ("Dia 1 de janeiro não abrimos.", False),
        ("Dia 02/01 abrimos até as 12h.", False),
    ],
)
def test_a_day_is_judged_by_its_date(sentence: str, is_wrong: bool) -> None:
    assert wrong(sentence, demo_provider_facts.build_business_hours("2026-11-25")) is is_wrong


@pytest.mark.parametrize(
    ("sentence", "is_wrong"),
    [
        ("A equipe volta amanhã às 8h.", False),
        ("Voltamos na segunda, às 8h.", False),
        ("A equipe volta na terça-feira às 8h.", True),
        ("Voltamos dia 24/11, às 8h.", True),
        ("Hoje não abrimos, voltamos amanhã.", False),
    ],
)
def test_people_are_back_when_they_are(sentence: str, is_wrong: bool) -> None:
    assert wrong(sentence, demo_provider_facts.build_business_hours()) is is_wrong


@pytest.mark.parametrize(
    ("sentence", "is_wrong"),
    [("Estamos abertos agora.", False), ("No momento estamos fechados.", True)],
)
def test_a_statement_about_now_is_compared_with_staff_availability(
    sentence: str, is_wrong: bool
) -> None:
    assert (
        wrong(sentence, demo_provider_facts.build_business_hours(), datetime(2026, 11, 23, 9, 0))
        is is_wrong
    )


def test_another_service_with_days_of_its_own_is_not_judged() -> None:
    free = fold("Plantão técnico aos domingos, das 8h às 12h.")
    opening = OpeningHoursCheck(
        demo_provider_facts.build_business_hours(), StaffAvailability(False), SUNDAY, free
    )

    assert not opening.is_contradicted(fold("O plantão atende aos domingos das 8h às 12h."))
    assert OpeningHoursCheck(
        demo_provider_facts.build_business_hours(), StaffAvailability(False), SUNDAY
    ).is_contradicted(fold("Atendemos aos domingos."))


@pytest.mark.parametrize(
    "sentence",
    [
        "Sua fatura vence na sexta.",
        "O chamado foi aberto no sábado.",
        "O técnico chega amanhã às 8h.",
        "Sua internet voltou às 8h.",
        "Obrigado!",
    ],
)
def test_what_is_not_about_opening_is_left_to_others(sentence: str) -> None:
    assert not OpeningHoursCheck(
        demo_provider_facts.build_business_hours(), StaffAvailability(), SUNDAY
    ).is_about_hours(fold(sentence))


def test_without_hours_nothing_is_known_and_nothing_judged() -> None:
    assert not OpeningHoursCheck(ConversationPolicy(), StaffAvailability(), SUNDAY).is_about_hours(
        fold("Abrimos aos domingos.")
    )


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        (
            demo_provider_facts.build_business_hours(holidays=""),
            "segunda a sexta das 8h às 18h; sábado das 8h às 12h; domingo fechado.",
        ),
        (
            demo_provider_facts.build_business_hours("2026-12-24"),
            "segunda a sexta das 8h às 18h; sábado das 8h às 12h; domingo "
            "fechado; feriados fechado; fechado também em 24/12/2026.",
        ),
        (
            demo_provider_facts.build_business_hours(hours=SPLIT, holidays=""),
            "segunda a sexta das 8h às 12h e das 14h às 18h30; sábado e domingo fechado.",
        ),
        (
            demo_provider_facts.build_business_hours(hours=ALWAYS, holidays=""),
            "todos os dias 24 horas.",
        ),
    ],
)
def test_the_hours_are_one_line(policy: ConversationPolicy, line: str) -> None:
    assert format_provider_facts(EMPTY_FACTS, policy) == f"Horário de atendimento: {line}"


def test_the_situation_names_the_closed_days_that_are_near() -> None:
    policy = demo_provider_facts.build_business_hours("2026-11-25", "2026-12-24", "2026-11-29")

    assert list_upcoming_closed_days(policy, SUNDAY) == ["quarta-feira, 25/11"]
    assert list_upcoming_closed_days(ConversationPolicy(), SUNDAY) == []
    assert list_upcoming_closed_days(
        demo_provider_facts.build_business_hours(), datetime(2026, 12, 20, 9)
    ) == ["sexta-feira, 25/12"]
