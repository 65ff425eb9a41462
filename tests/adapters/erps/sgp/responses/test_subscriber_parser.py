"""``consultacliente``: who it is, in every shape seen."""

import pytest

from niochat.ports.erp import Contract, ContractStatus, ErpError, ErpRefusedError, Subscriber
from tests.adapters.erps.sgp.sample_responses import (
    BY_PHONE,
    CONTRACT,
    FIND,
    build_contract_row,
    build_subscriber_response,
    parse_value,
)


def subscriber(*contracts: dict[str, object]) -> Subscriber:
    answer = parse_value(FIND, build_subscriber_response(*contracts))
    assert isinstance(answer, Subscriber)
    return answer


def test_a_subscriber_of_the_reference() -> None:
    assert subscriber(build_contract_row()) == Subscriber(
        name="MARIA DA SILVA",
        phones=("81999998888",),
        contracts=(
            Contract(
                id="5501",
                status=ContractStatus.ACTIVE,
                plan="FIBRA 500 MEGA",
                address="Rua A, 10, Centro, Olinda/PE",
                city="Olinda",
                pop="3",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("code", "shown", "expected"),
    [
        (1, "", ContractStatus.ACTIVE),
        ("2", "", ContractStatus.INACTIVE),
        (" 3 ", "", ContractStatus.CANCELLED),
        (4.0, "Ativo", ContractStatus.SUSPENDED),
        (5, "", ContractStatus.UNVIABLE),
        (6, "", ContractStatus.NEW),
        (7, "", ContractStatus.REDUCED),
        (None, " Ativo ", ContractStatus.ACTIVE),
        ("None", "INATIVO", ContractStatus.INACTIVE),
        ("", "Cancelado", ContractStatus.CANCELLED),
        (None, "Suspenso", ContractStatus.SUSPENDED),
        (None, "Inviabilidade Técnica", ContractStatus.UNVIABLE),
        (None, "Novo", ContractStatus.NEW),
        (None, " Ativo Velocidade Reduzida ", ContractStatus.REDUCED),
        ("Suspenso", None, ContractStatus.SUSPENDED),
        (99, "Outro", ContractStatus.UNKNOWN),
        (None, None, ContractStatus.UNKNOWN),
        ([], {}, ContractStatus.UNKNOWN),
    ],
)
def test_a_status_is_the_number_or_else_the_words(
    code: object, shown: object, expected: ContractStatus
) -> None:
    row = build_contract_row(contratoStatus=code, contratoStatusDisplay=shown)
    assert subscriber(row).contracts[0].status is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["(81) 99999-8888", "81 3333-4444"], ("81999998888", "8133334444")),
        (
            [{"contato": "81999998888", "tipoContato": "Celular"}, {"contato": "a81999998888@x"}],
            ("81999998888",),
        ),
        ("81999998888", ("81999998888",)),
        ([81999998888], ("81999998888",)),
        (["None", "", None, "12", [], {"contato": None}], ()),
        (None, ()),
        ({"a": 1}, ()),
    ],
)
def test_phones_are_digits(told: object, expected: tuple[str, ...]) -> None:
    assert subscriber(build_contract_row(telefones=told)).phones == expected


def test_contracts_of_several_records_of_one_person_come_together_cancelled_last() -> None:
    whole = subscriber(
        build_contract_row(
            contratoId=1, contratoStatus=3, razaoSocial="Maria", telefones=["8133334444"]
        ),
        build_contract_row(
            contratoId=2, contratoStatus=4, clienteId=102, razaoSocial="M. da Silva"
        ),
        build_contract_row(contratoId=3, contratoStatus=1),
    )
    assert whole.name == "Maria"
    assert [each.id for each in whole.contracts] == ["2", "3", "1"]
    assert whole.phones == ("8133334444", "81999998888")


def test_a_contract_with_two_services_comes_once() -> None:
    rows = [build_contract_row(servico_id=1), build_contract_row(servico_id=2, contratoStatus=4)]
    (one,) = subscriber(*rows).contracts
    assert one.status is ContractStatus.ACTIVE


def test_a_strangers_contract_is_never_shown() -> None:
    stranger = build_contract_row(
        contratoId=9, cpfCnpj="111.444.777-35", razaoSocial="Outra Pessoa"
    )
    assert subscriber(stranger, build_contract_row()).name == "MARIA DA SILVA"
    with pytest.raises(ErpError) as error:
        parse_value(FIND, build_subscriber_response(stranger))
    assert error.value.code == "erp_malformed"


def test_only_the_contract_asked_for_comes() -> None:
    answer = parse_value(
        CONTRACT,
        build_subscriber_response(
            build_contract_row(contratoId=1), build_contract_row(contratoId="5501")
        ),
    )
    assert isinstance(answer, Subscriber)
    assert [each.id for each in answer.contracts] == ["5501"]
    assert (
        parse_value(CONTRACT, build_subscriber_response(build_contract_row(contratoId=1))) is None
    )


@pytest.mark.parametrize("request_", [FIND, CONTRACT])
@pytest.mark.parametrize(
    "answer",
    [
        {"msg": "Nenhum contrato localizado", "contratos": []},
        {"status": 0, "msg": "Cliente não encontrado"},
        {"status": "0", "msg": "Nenhum registro encontrado", "contratos": None},
        [{"msg": "Contrato(s) não localizado(s)"}],
        {"contratos": []},
    ],
)
def test_an_unknown_subscriber_is_parsed_as_none(request_: object, answer: object) -> None:
    assert parse_value(request_, answer) is None


def test_a_lone_contract_without_a_list_is_taken() -> None:
    assert parse_value(FIND, {"contratos": build_contract_row()}) == subscriber(
        build_contract_row()
    )
    assert parse_value(FIND, [build_subscriber_response(build_contract_row())]) == subscriber(
        build_contract_row()
    )


def test_a_client_without_contracts_is_not_understood_as_nobody() -> None:
    with pytest.raises(ErpError):
        parse_value(FIND, build_subscriber_response(build_contract_row(contratoId=None)))


def test_another_complaint_is_a_refusal_in_its_words() -> None:
    with pytest.raises(ErpRefusedError, match="Sistema em manutenção"):
        parse_value(FIND, {"status": 0, "msg": "Sistema em <b>manutenção</b>"})


def test_what_reaches_the_prompt_is_short_and_clean() -> None:
    row = build_contract_row(razaoSocial="Maria\x00\n" + "a" * 900, endereco_logradouro="R" * 900)
    whole = subscriber(row)
    assert len(whole.name) == 200
    assert "\n" not in whole.name
    assert len(whole.contracts[0].address) <= 200


@pytest.mark.parametrize(("told", "expected"), [("1", 1), (2.0, 2), (None, 0), (-3, 0), ("x", 0)])
def test_promises_used_this_month(told: object, expected: int) -> None:
    row = build_contract_row(promessasPagamentoMes=told, motivo_status="Débito", popId="None")
    (one,) = subscriber(row).contracts
    assert (one.promises, one.status_reason, one.pop) == (expected, "Débito", "")


def by_phone(*contracts: dict[str, object]) -> list[tuple[str, list[str]]]:
    """The name and the contracts of each subscriber with the phone number."""
    rows = parse_value(BY_PHONE, build_subscriber_response(*contracts))
    assert isinstance(rows, tuple)
    return [(each.name, [contract.id for contract in each.contracts]) for each in rows]


def test_by_phone_each_subscriber_comes_with_all_contracts() -> None:
    other = {"cpfCnpj": "529.982.247-25", "razaoSocial": "JOSE LIMA", "contratoId": 7}
    assert by_phone(
        build_contract_row(), build_contract_row(**other), build_contract_row(contratoId=5502)
    ) == [("MARIA DA SILVA", ["5501", "5502"]), ("JOSE LIMA", ["7"])]


def test_by_phone_nobody_else_is_shown_if_the_filter_is_ignored() -> None:
    stranger = build_contract_row(telefones=["81977776655"], contratoId=7)
    assert by_phone(build_contract_row(), stranger) == [("MARIA DA SILVA", ["5501"])]
    assert by_phone(stranger) == []
    assert by_phone() == []
