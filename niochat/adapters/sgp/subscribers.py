"""Reading of ``consultacliente``: who it is and which contracts there are (SGP reference 3.2).

Only the fields named here are looked at, so passwords and birthdays end at this border.
"""

from collections.abc import Iterable, Mapping, Sequence

from niochat.adapters.sgp.fields import (
    Unusable,
    digits_of,
    first_of,
    first_text,
    object_of,
    plain,
    rows_of,
    text_of,
    whole_of,
)
from niochat.adapters.sgp.judge import names_nobody, names_nothing, refusal, said_of
from niochat.domain.erp import Contract, ContractStatus, Subscriber

_STATUSES = {
    1: ContractStatus.ACTIVE,
    2: ContractStatus.INACTIVE,
    3: ContractStatus.CANCELLED,
    4: ContractStatus.SUSPENDED,
    5: ContractStatus.UNVIABLE,
    6: ContractStatus.NEW,
    7: ContractStatus.REDUCED,
}
# "Ativo velocidade reduzida" begins like "Ativo", "Inativo" ends like it: in this order.
_STATUS_WORDS = (
    ("reduzid", ContractStatus.REDUCED),
    ("inativo", ContractStatus.INACTIVE),
    ("ativo", ContractStatus.ACTIVE),
    ("cancelad", ContractStatus.CANCELLED),
    ("suspens", ContractStatus.SUSPENDED),
    ("inviab", ContractStatus.UNVIABLE),
    ("novo", ContractStatus.NEW),
)
_DOCUMENT_LENGTHS = (11, 14)
_PHONE_LENGTHS = range(8, 16)

Row = Mapping[str, object]


def subscriber_by_document(value: object, document: str) -> Subscriber | None:
    """Everything under one CPF or CNPJ; ``None``: nobody.

    Rows of another document are dropped: an installation that ignores the filter would
    otherwise show a stranger. Raises ``Unusable`` and ``ErpRefusedError``.
    """
    rows = _rows(value)
    ours = [row for row in rows if not _of_another(row, document)]
    if rows and not ours:
        raise Unusable("every contract belongs to another document")
    return _subscriber(ours)


def subscriber_by_contract(value: object, contract: str) -> Subscriber | None:
    """The subscriber with this contract only; ``None``: no such contract."""
    return _subscriber([row for row in _rows(value) if _contract_id(row) == contract.strip()])


def _rows(value: object) -> Sequence[Row]:
    answer = object_of(value)
    rows = rows_of(answer.get("contratos"))
    if not rows and (names_nobody(answer) or names_nothing(answer)):
        return []
    if rows is None:
        if said_of(answer) and whole_of(answer.get("status")) != 1:
            raise refusal(answer)
        raise Unusable("the answer holds no list of contracts")
    if not all(isinstance(row, Mapping) for row in rows):
        raise Unusable("a contract is no object")
    # A client without any contract comes as a row without the contract's id.
    named = [object_of(row) for row in rows if _contract_id(object_of(row))]
    if rows and not named:
        raise Unusable("no contract has an id")
    return named


def _of_another(row: Row, document: str) -> bool:
    told = digits_of(row.get("cpfCnpj"))
    return len(told) in _DOCUMENT_LENGTHS and told != digits_of(document)


def _subscriber(rows: Sequence[Row]) -> Subscriber | None:
    if not rows:
        return None
    # One row a service is seen as well, so a contract may come twice.
    by_id = {(contract := _contract(row)).id: contract for row in reversed(rows)}
    in_order = [by_id[each] for each in dict.fromkeys(_contract_id(row) for row in rows)]
    return Subscriber(
        name=first_text(rows[0], "razaoSocial", "nome"),
        phones=tuple(dict.fromkeys(phone for row in rows for phone in _phones(row))),
        contracts=tuple(sorted(in_order, key=lambda c: c.status is ContractStatus.CANCELLED)),
    )


def _contract_id(row: Row) -> str:
    return first_text(row, "contratoId", longest=60)


def _contract(row: Row) -> Contract:
    return Contract(
        id=_contract_id(row),
        status=_status(row),
        plan=first_text(row, "planointernet", "servico_plano", "planotv"),
        address=_address(row),
        city=text_of(row.get("endereco_cidade")),
        pop=text_of(row.get("popId"), 60),
        promises=max(0, whole_of(row.get("promessasPagamentoMes")) or 0),
        status_reason=text_of(row.get("motivo_status")),
    )


def _status(row: Row) -> ContractStatus:
    code = whole_of(row.get("contratoStatus"))
    if code is not None and code in _STATUSES:
        return _STATUSES[code]
    shown = plain(text_of(first_of(row, "contratoStatusDisplay", "contratoStatus")))
    return next((s for word, s in _STATUS_WORDS if word in shown), ContractStatus.UNKNOWN)


def _address(row: Row) -> str:
    names = ("logradouro", "numero", "complemento", "bairro")
    parts = [text_of(row.get(f"endereco_{name}")) for name in names]
    place = (text_of(row.get("endereco_cidade")), text_of(row.get("endereco_uf")))
    parts.append("/".join(part for part in place if part))
    return text_of(", ".join(part for part in parts if part))


def _phones(row: Row) -> Iterable[str]:
    told = row.get("telefones")
    for each in told if isinstance(told, list) else [told]:
        said = text_of(each.get("contato") if isinstance(each, Mapping) else each)
        digits = digits_of(said)
        if "@" not in said and len(digits) in _PHONE_LENGTHS:
            yield digits
