"""Line, light and maintenance."""

from datetime import datetime

import pytest

from niochat.ports.erp import (
    AccessState,
    AccessStatus,
    Contract,
    ContractStatus,
    ErpError,
    ErpRefusedError,
    NetworkMaintenance,
    OpticalSignal,
)
from tests.adapters.erps.sgp.sample_responses import (
    LINE,
    MAINTENANCES,
    OPTICS,
    build_client_row,
    build_maintenance_row,
    parse_value,
)


def state(answer: object) -> AccessState:
    line = parse_value(LINE, answer)
    assert isinstance(line, AccessStatus)
    return line.state


def code_of(request: object, answer: object) -> str:
    with pytest.raises(ErpError) as error:
        parse_value(request, answer)
    return error.value.code


# -- line ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (1, AccessState.ONLINE),
        (" 1 ", AccessState.ONLINE),
        (2, AccessState.OFFLINE),
        ("0", AccessState.OFFLINE),
        (4.0, AccessState.SUSPENDED),
        (9, AccessState.MAINTENANCE),
        (3, AccessState.UNKNOWN),
        (-1, AccessState.UNKNOWN),
        (None, AccessState.UNKNOWN),
        ("None", AccessState.UNKNOWN),
        ("offline", AccessState.UNKNOWN),
        ([], AccessState.UNKNOWN),
        (float("nan"), AccessState.UNKNOWN),
    ],
)
@pytest.mark.parametrize("key", ["status", "staus"])
def test_a_line_is_what_the_number_says(key: str, told: object, expected: AccessState) -> None:
    assert state({key: told, "contratoId": 5501}) is expected


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"status": 0, "msg": "Nenhum contrato localizado"},
        {"status": 2, "msg": "Contrato não encontrado"},
        {"status": 0, "msg": "Erro ao consultar o concentrador"},
        {"msg": "Serviço Offline"},
        {"status": 2, "contratoId": 9},
    ],
)
def test_what_says_nothing_of_the_line_is_never_told_as_offline(answer: object) -> None:
    assert state(answer) is AccessState.UNKNOWN


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((2, 1), AccessState.ONLINE),
        ((2, 9), AccessState.MAINTENANCE),
        ((2, 4), AccessState.SUSPENDED),
        ((4, 9), AccessState.MAINTENANCE),
        ((2, 77), AccessState.UNKNOWN),
        ((2, 0), AccessState.OFFLINE),
    ],
)
def test_of_several_services_offline_counts_last(
    states: tuple[int, ...], expected: AccessState
) -> None:
    assert state([{"status": each, "login": "a"} for each in states]) is expected


def test_maintenance_tells_how_long_and_under_which_protocol() -> None:
    answer = {"status": 9, "msg": "Em <b>manutenção</b>", "protocolo": 2402, "tempo": "2 horas"}
    assert parse_value(LINE, answer) == AccessStatus(
        AccessState.MAINTENANCE, "Em manutenção", "2402", "2 horas"
    )


@pytest.mark.parametrize("answer", [{}, "online", 1, None, [1], [{"status": 1}, "x"]])
def test_a_line_that_is_no_service_is_malformed(answer: object) -> None:
    assert code_of(LINE, answer) == "erp_malformed"


# -- light --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rx", "expected"),
    [
        ("-20.5", -20.5),
        (-20.5, -20.5),
        ("-27,13", -27.13),
        (" -21 dBm ", -21.0),
        ("None", None),
        (None, None),
        ("", None),
        ("LOS", None),
        ([], None),
    ],
)
def test_the_received_optical_power_is_parsed(rx: object, expected: float | None) -> None:
    answer = build_client_row({"id": 1, "rx": rx, "conexao": {"status": "offline"}})
    assert parse_value(OPTICS, answer) == OpticalSignal(online=False, rx_dbm=expected)


@pytest.mark.parametrize("rx", ["-900", 4000, float("nan"), float("-inf"), 10**400])
def test_an_absurd_light_is_malformed(rx: object) -> None:
    assert code_of(OPTICS, build_client_row({"rx": rx})) == "erp_malformed"


@pytest.mark.parametrize("told", ["online", " Online ", "ONLINE"])
def test_online_status_comes_from_the_connection_field(told: str) -> None:
    onu = {"rx": "-20.5", "conexao": {"status": told}}
    assert parse_value(OPTICS, build_client_row(onu)) == OpticalSignal(online=True, rx_dbm=-20.5)


def test_the_connection_may_stand_beside_the_modem() -> None:
    answer = build_client_row({"rx": "-20"}, conexao={"status": "offline"})
    assert parse_value(OPTICS, answer) == OpticalSignal(online=False, rx_dbm=-20.0)


def test_without_a_connection_light_counts_as_online() -> None:
    assert parse_value(OPTICS, build_client_row({"rx": "-20"})) == OpticalSignal(
        online=True, rx_dbm=-20.0
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"clientes": []},
        build_client_row(None),
        build_client_row({}),
        build_client_row({"id": 5, "serial": "X"}),
        build_client_row({"rx": "-20"}, contrato=9),
        {"clientes": [{"contratos": "None"}]},
        {"status": 0, "msg": "Nenhum cliente encontrado"},
    ],
)
def test_a_missing_modem_is_parsed_as_none(answer: object) -> None:
    assert parse_value(OPTICS, answer) is None


@pytest.mark.parametrize("answer", [{}, [], {"clientes": ["x"]}, {"clientes": 5}, "x", None])
def test_light_in_no_known_shape_is_malformed(answer: object) -> None:
    assert code_of(OPTICS, answer) == "erp_malformed"


# -- maintenance --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "around",
    [
        lambda row: [row],
        lambda row: {"manutencoes": [row]},
        lambda row: {"data": row},
        lambda row: [{"results": [row]}],
    ],
)
def test_a_maintenance_of_the_reference_in_every_shape(around: object) -> None:
    assert callable(around)
    expected = NetworkMaintenance(
        "Equipe a caminho", ("3",), ("olinda",), datetime(2026, 11, 10, 18, 30)
    )
    assert parse_value(MAINTENANCES, around(build_maintenance_row())) == (expected,)


@pytest.mark.parametrize(
    "changes",
    [
        {"ativa": False},
        {"ativa": 0},
        {"ativa": "0"},
        {"ativa": None},
        {"status": 4},
        {"status": "4"},
        {"ativa": "talvez"},
    ],
)
def test_finished_maintenance_is_not_returned(changes: dict[str, object]) -> None:
    assert parse_value(MAINTENANCES, [build_maintenance_row(**changes)]) == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mensagem_ura": "None"}, "Na central"),
        ({"mensagem_ura": "", "mensagem_central": None}, "Fibra rompida"),
    ],
)
def test_the_first_message_that_says_something(changes: dict[str, object], message: str) -> None:
    (one,) = parse_value(MAINTENANCES, [build_maintenance_row(ativa="1", **changes)])
    assert one.message == message


@pytest.mark.parametrize("pops", [None, [], "None", [None, {}], {"a": 1}])
def test_a_maintenance_that_names_no_place_concerns_nobody(pops: object) -> None:
    (one,) = parse_value(MAINTENANCES, [build_maintenance_row(pops=pops, data_final="?")])
    assert (one.pops, one.cities, one.until) == ((), (), None)
    assert not one.affects(Contract("1", ContractStatus.ACTIVE, city="Olinda", pop="3"))


def test_points_of_presence_may_be_bare_numbers() -> None:
    (one,) = parse_value(MAINTENANCES, [build_maintenance_row(pops=[3, "4", 3])])
    assert one.pops == ("3", "4")


@pytest.mark.parametrize(
    "answer", [[], {"manutencoes": []}, {"status": 0, "msg": "Nenhuma manutenção ativa"}]
)
def test_no_maintenance_gives_an_empty_list(answer: object) -> None:
    assert parse_value(MAINTENANCES, answer) == ()


@pytest.mark.parametrize("answer", [{}, "x", 5, None, ["x"], {"data": 5}])
def test_maintenance_in_no_known_shape_is_malformed(answer: object) -> None:
    assert code_of(MAINTENANCES, answer) == "erp_malformed"


def test_a_complaint_is_never_told_as_nothing_under_way() -> None:
    with pytest.raises(ErpRefusedError):
        parse_value(MAINTENANCES, {"status": 0, "msg": "Não foi possível listar"})
