"""Service orders: none may be overlooked, or it is opened twice."""

from datetime import datetime

import pytest

from niochat.ports.erp import ErpError, ErpRefusedError, ErpTicket, TicketCategory
from tests.adapters.erps.sgp.sample_responses import TICKETS, build_ticket_row, parse_value

CUT = frozenset({TicketCategory.NO_CONNECTION, TicketCategory.NO_LIGHT})
READ = ErpTicket("260111", True, CUT, "Sem luz Ref. k-1", datetime(2026, 11, 10, 8))


@pytest.mark.parametrize(
    "answer",
    [
        {"ocorrencias": [build_ticket_row()]},
        {"ocorrencias": build_ticket_row()},
        [build_ticket_row()],
    ],
)
def test_a_ticket_of_the_reference(answer: object) -> None:
    assert parse_value(TICKETS, answer) == (READ,)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("Aberta", 1, True),
        (" Encerrada ", 0, False),
        ("Concluída", None, False),
        ("Cancelado", None, False),
        (0, None, True),
        ("1", None, False),
        (None, "1", False),
        (None, 2, True),
        (None, None, True),
        ([], "x", True),
    ],
)
def test_what_does_not_say_that_it_is_closed_is_open(
    status: object, code: object, expected: bool
) -> None:
    (one,) = parse_value(TICKETS, [build_ticket_row(status=status, status_id=code)])
    assert one.open is expected


def test_newest_first_and_undated_last() -> None:
    days = {1: "2026-11-01", 2: None, 3: "10/11/2026 08:00:00"}
    rows = [build_ticket_row(numero=number, data_cadastro=day) for number, day in days.items()]
    assert [each.number for each in parse_value(TICKETS, rows)] == ["3", "1", "2"]


def test_our_reference_survives_a_long_content() -> None:
    (one,) = parse_value(TICKETS, [build_ticket_row(conteudo="a" * 90_000 + "\nRef. k-1")])
    assert one.content.endswith("Ref. k-1")
    assert len(one.content) == 4000


@pytest.mark.parametrize(
    "answer", [[], {"ocorrencias": []}, {"status": 0, "msg": "Nenhuma ocorrência encontrada"}]
)
def test_no_tickets_gives_an_empty_list(answer: object) -> None:
    assert parse_value(TICKETS, answer) == ()


@pytest.mark.parametrize("broken", [build_ticket_row(numero=None), {}, None, "x", 5])
def test_a_ticket_that_cannot_be_read_is_not_overlooked(broken: object) -> None:
    with pytest.raises(ErpError) as error:
        parse_value(TICKETS, {"ocorrencias": [build_ticket_row(), broken]})
    assert error.value.code == "erp_malformed"


def test_a_complaint_is_never_told_as_no_tickets() -> None:
    with pytest.raises(ErpRefusedError):
        parse_value(TICKETS, {"status": 0, "msg": "Contrato não encontrado"})


@pytest.mark.parametrize(
    ("told", "kinds", "expected"),
    [
        ({"tipo": 2}, {}, {TicketCategory.SLOW}),
        (
            {"tipo": "Sem acesso", "tipo_id": 5},
            {},
            {TicketCategory.EQUIPMENT, TicketCategory.OTHER},
        ),
        ({"tipo": "Sem acesso"}, {}, set()),
        (
            {"tipo": "77"},
            {"lentidao": "77", "outro": "77"},
            {TicketCategory.SLOW, TicketCategory.OTHER},
        ),
        ({"tipo": "1"}, {"sem_conexao": "9"}, {TicketCategory.NO_LIGHT}),
        ({"tipo": None}, {}, set()),
    ],
)
def test_a_tickets_categories_are_those_that_open_its_kind(
    told: dict[str, object], kinds: dict[str, str], expected: set[TicketCategory]
) -> None:
    (one,) = parse_value(TICKETS, [build_ticket_row(**told)], **kinds)
    assert one.categories == expected


@pytest.mark.parametrize(
    ("fields", "when"),
    [
        ({"data_agendamento": "24/11/2026 14:00"}, datetime(2026, 11, 24, 14)),
        ({"data_agendamento": "2026-11-24 14:00:00"}, datetime(2026, 11, 24, 14)),
        ({"data_agendamento": "24/11/2026"}, datetime(2026, 11, 24)),
        (
            {"data_agendamento": "24/11/2026", "hora_agendamento": "14:30:00"},
            datetime(2026, 11, 24, 14, 30),
        ),
        ({"data_hora_agendamento": "2026-11-24T08:15"}, datetime(2026, 11, 24, 8, 15)),
        (
            {"data_agendamento": "", "ordens_servicos": [{}, {"data_agendamento": "24/11/2026"}]},
            datetime(2026, 11, 24),
        ),
        (
            {"ordens_servicos": {"data_agendamento": "24/11/2026"}},
            datetime(2026, 11, 24),
        ),
        ({"data_agendamento": ""}, None),
        ({"data_agendamento": "None"}, None),
        ({"data_agendamento": "a combinar"}, None),
        ({"data_agendamento": 20261124}, None),
        ({"ordens_servicos": "x"}, None),
    ],
)
def test_the_visit_date_is_parsed(fields: dict[str, object], when: datetime | None) -> None:
    (one,) = parse_value(TICKETS, [build_ticket_row(**fields)])
    assert one.scheduled_for == when


def test_who_comes_is_told_by_the_field_order_alone() -> None:
    orders = [{"tecnico": None}, {"responsavel": "Carlos Souza"}]
    (one,) = parse_value(
        TICKETS, [build_ticket_row(responsavel="Secretaria", ordens_servicos=orders)]
    )
    assert one.technician == "Carlos Souza"
    assert parse_value(TICKETS, [build_ticket_row(responsavel="Secretaria")]) == (READ,)
