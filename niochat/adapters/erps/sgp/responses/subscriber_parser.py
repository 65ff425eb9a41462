"""Parses ``consultacliente``: the subscriber and the contracts (SGP reference 3.2).

Only the fields named here are read, so passwords and birth dates do not enter the product.
"""

from collections.abc import Iterable, Mapping, Sequence

from niochat.adapters.erps.sgp.errors import (
    is_empty_result,
    is_unknown_subscriber,
    read_message,
    refusal_error,
)
from niochat.adapters.erps.sgp.responses.value_parsers import (
    UnusableFieldError,
    first_present,
    first_present_text,
    fold_text,
    to_digits,
    to_integer,
    to_object,
    to_rows,
    to_text,
)
from niochat.domain.phone import is_same_number
from niochat.ports.erp import Contract, ContractStatus, Subscriber

_STATUSES = {
    1: ContractStatus.ACTIVE,
    2: ContractStatus.INACTIVE,
    3: ContractStatus.CANCELLED,
    4: ContractStatus.SUSPENDED,
    5: ContractStatus.UNVIABLE,
    6: ContractStatus.NEW,
    7: ContractStatus.REDUCED,
}
# The order matters: "Ativo velocidade reduzida" and "Inativo" both contain "ativo".
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


def parse_subscriber_by_document(value: object, document: str) -> Subscriber | None:
    """The subscriber with all contracts under one CPF or CNPJ; ``None`` if there is nobody.

    Rows of another document are dropped, because an installation that ignores the filter would
    otherwise show a stranger's data. Raises ``UnusableFieldError`` and ``ErpRefusedError``.
    """
    rows = _rows(value)
    matching = [row for row in rows if not _belongs_to_another(row, document)]
    if rows and not matching:
        raise UnusableFieldError("every contract belongs to another document")
    return _parse_subscriber(matching)


def parse_subscriber_by_contract(value: object, contract: str) -> Subscriber | None:
    """The subscriber with this contract only; ``None`` if there is no such contract."""
    return _parse_subscriber([row for row in _rows(value) if _contract_id(row) == contract.strip()])


def parse_subscribers_by_phone(value: object, phone: str) -> tuple[Subscriber, ...]:
    """The subscribers with this phone number.

    Rows without the number are dropped, because an installation that ignores the filter would
    otherwise show strangers' data.
    """
    rows = [row for row in _rows(value) if is_same_number(phone, _parse_phones(row))]
    by_client: dict[str, list[Row]] = {}
    for row in rows:
        by_client.setdefault(_client_key(row), []).append(row)
    found = (_parse_subscriber(each) for each in by_client.values())
    return tuple(each for each in found if each is not None)


def _client_key(row: Row) -> str:
    """What the contracts of one subscriber have in common."""
    document = to_digits(row.get("cpfCnpj"))
    return document or first_present_text(row, "clienteId", "contratoId", max_length=60)


def _rows(value: object) -> Sequence[Row]:
    body = to_object(value)
    rows = to_rows(body.get("contratos"))
    if not rows and (is_unknown_subscriber(body) or is_empty_result(body)):
        return []
    if rows is None:
        if read_message(body) and to_integer(body.get("status")) != 1:
            raise refusal_error(body)
        raise UnusableFieldError("the answer holds no list of contracts")
    if not all(isinstance(row, Mapping) for row in rows):
        raise UnusableFieldError("a contract is no object")
    # A client without contracts is listed as a row without a contract id.
    with_id = [to_object(row) for row in rows if _contract_id(to_object(row))]
    if rows and not with_id:
        raise UnusableFieldError("no contract has an id")
    return with_id


def _belongs_to_another(row: Row, document: str) -> bool:
    row_document = to_digits(row.get("cpfCnpj"))
    return len(row_document) in _DOCUMENT_LENGTHS and row_document != to_digits(document)


def _parse_subscriber(rows: Sequence[Row]) -> Subscriber | None:
    if not rows:
        return None
    # Some installations send one row per service, so a contract may appear twice.
    by_id = {(contract := _parse_contract(row)).id: contract for row in reversed(rows)}
    in_order = [by_id[each] for each in dict.fromkeys(_contract_id(row) for row in rows)]
    return Subscriber(
        name=first_present_text(rows[0], "razaoSocial", "nome"),
        phones=tuple(dict.fromkeys(phone for row in rows for phone in _parse_phones(row))),
        contracts=tuple(sorted(in_order, key=lambda c: c.status is ContractStatus.CANCELLED)),
    )


def _contract_id(row: Row) -> str:
    return first_present_text(row, "contratoId", max_length=60)


def _parse_contract(row: Row) -> Contract:
    return Contract(
        id=_contract_id(row),
        status=_parse_status(row),
        plan=first_present_text(row, "planointernet", "servico_plano", "planotv"),
        address=_parse_address(row),
        city=to_text(row.get("endereco_cidade")),
        pop=to_text(row.get("popId"), 60),
        promises=max(0, to_integer(row.get("promessasPagamentoMes")) or 0),
        status_reason=to_text(row.get("motivo_status")),
    )


def _parse_status(row: Row) -> ContractStatus:
    code = to_integer(row.get("contratoStatus"))
    if code is not None and code in _STATUSES:
        return _STATUSES[code]
    status_text = fold_text(to_text(first_present(row, "contratoStatusDisplay", "contratoStatus")))
    return next((s for word, s in _STATUS_WORDS if word in status_text), ContractStatus.UNKNOWN)


def _parse_address(row: Row) -> str:
    names = ("logradouro", "numero", "complemento", "bairro")
    parts = [to_text(row.get(f"endereco_{name}")) for name in names]
    place = (to_text(row.get("endereco_cidade")), to_text(row.get("endereco_uf")))
    parts.append("/".join(part for part in place if part))
    return to_text(", ".join(part for part in parts if part))


def _parse_phones(row: Row) -> Iterable[str]:
    phones = row.get("telefones")
    for phone in phones if isinstance(phones, list) else [phones]:
        text = to_text(phone.get("contato") if isinstance(phone, Mapping) else phone)
        digits = to_digits(text)
        if "@" not in text and len(digits) in _PHONE_LENGTHS:
            yield digits
