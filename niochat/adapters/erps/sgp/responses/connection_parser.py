"""Parses connection status, optical signal and maintenances (SGP reference 3.2)."""

import math
import re
from collections.abc import Iterator, Mapping

from niochat.adapters.erps.sgp.errors import (
    is_empty_result,
    is_unknown_subscriber,
    read_message,
    read_protocol,
    refusal_error,
)
from niochat.adapters.erps.sgp.responses.value_parsers import (
    UnusableFieldError,
    first_present,
    first_present_text,
    fold_text,
    to_datetime,
    to_flag,
    to_integer,
    to_object,
    to_rows,
    to_text,
)
from niochat.ports.erp import AccessState, AccessStatus, NetworkMaintenance, OpticalSignal

_STATES = {
    0: AccessState.OFFLINE,
    1: AccessState.ONLINE,
    2: AccessState.OFFLINE,
    4: AccessState.SUSPENDED,
    9: AccessState.MAINTENANCE,
}
_RANK = (
    AccessState.ONLINE,
    AccessState.MAINTENANCE,
    AccessState.SUSPENDED,
    AccessState.UNKNOWN,
    AccessState.OFFLINE,
)
"""Of several services the first of these states counts: offline only if all are offline."""
_SAYS_OFFLINE = re.compile(r"off-?line|desconect|sem (conex|acesso)|inativ")
_DBM = re.compile(r"([+-]?[0-9]{1,3}(?:[.,][0-9]{1,6})?)\s*(?:dbm)?", re.IGNORECASE)
_DBM_RANGE = (-60.0, 20.0)
_RESOLVED = 4
_MAX_MESSAGE_LENGTH = 500

Row = Mapping[str, object]


# -- connection status --------------------------------------------------------------------


def parse_access_status(value: object, contract: str) -> AccessStatus:
    """The contract's access status; ``UNKNOWN`` without a service or with an unknown status."""
    rows = to_rows(value)
    if rows is None or not all(isinstance(row, Mapping) and row for row in rows):
        raise UnusableFieldError("the answer is neither a service nor a list of services")
    statuses = [
        _parse_access_row(to_object(row))
        for row in rows
        if not _belongs_to_another(to_object(row), contract)
    ]
    unknown = AccessStatus(AccessState.UNKNOWN)
    return min(statuses, key=lambda status: _RANK.index(status.state), default=unknown)


def _belongs_to_another(row: Row, contract: str) -> bool:
    row_contract_id = to_text(row.get("contratoId"), 60)
    return bool(row_contract_id) and row_contract_id != contract.strip()


def _parse_access_row(row: Row) -> AccessStatus:
    until = to_text(row.get("tempo"))
    return AccessStatus(_parse_state(row), to_text(read_message(row)), read_protocol(row), until)


def _parse_state(row: Row) -> AccessState:
    # Some builds misspell the key (SGP reference 3.2).
    code = to_integer(first_present(row, "status", "staus"))
    if code is None or is_unknown_subscriber(row):
        return AccessState.UNKNOWN
    if code == 0 and not _means_offline(row):
        return AccessState.UNKNOWN
    return _STATES.get(code, AccessState.UNKNOWN)


def _means_offline(row: Row) -> bool:
    """Whether status 0 means offline, as on some builds. All builds send it with error messages."""
    message = fold_text(read_message(row))
    service_id = first_present_text(row, "contratoId", "login", "servico_id")
    return not message or bool(service_id) or bool(_SAYS_OFFLINE.search(message))


# -- optical signal -----------------------------------------------------------------------


def parse_optical_signal(value: object, contract: str) -> OpticalSignal | None:
    """The signal of the contract's first modem that reports one; ``None`` if there is none.

    Without a connection status, a modem that receives light counts as online.
    """
    body = to_object(value)
    clients = to_rows(body.get("clientes"))
    if clients is None:
        if is_unknown_subscriber(body) or is_empty_result(body):
            return None
        if read_message(body) and to_integer(body.get("status")) != 1:
            raise refusal_error(body)
        raise UnusableFieldError("the answer holds no list of clients")
    if not all(isinstance(client, Mapping) for client in clients):
        raise UnusableFieldError("a client is no object")
    signals = (
        _parse_signal(service) for service in _services([to_object(c) for c in clients], contract)
    )
    return next((signal for signal in signals if signal is not None), None)


def _services(clients: list[Row], contract: str) -> Iterator[Row]:
    for client in clients:
        for row in map(to_object, to_rows(client.get("contratos")) or ()):
            if (
                first_present_text(row, "contrato", "contratoId", "id", max_length=60)
                == contract.strip()
            ):
                yield from map(to_object, to_rows(row.get("servicos")) or ())


def _parse_signal(service: Row) -> OpticalSignal | None:
    onu = to_object(service.get("onu"))
    link = to_object(first_present(onu, "conexao") or service.get("conexao"))
    state = fold_text(to_text(link.get("status")))
    if not onu or not (state or "rx" in onu):
        return None
    rx = _parse_dbm(onu.get("rx"))
    return OpticalSignal(online=state == "online" if state else rx is not None, rx_dbm=rx)


def _parse_dbm(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        power = float(value) if abs(value) < 1000 else math.inf
    elif match := _DBM.fullmatch(to_text(value)):
        power = float(match[1].replace(",", "."))
    else:
        return None
    if not _DBM_RANGE[0] <= power <= _DBM_RANGE[1]:
        raise UnusableFieldError("the modem's light is no believable power")
    return power


# -- maintenance --------------------------------------------------------------------------


def parse_maintenances(value: object) -> tuple[NetworkMaintenance, ...]:
    """Parse the active, unresolved maintenances; an entry not marked as active is no outage."""
    rows = _maintenance_rows(value)
    if not all(isinstance(row, Mapping) for row in rows):
        raise UnusableFieldError("a maintenance is no object")
    return tuple(_parse_maintenance(row) for row in map(to_object, rows) if _is_active(row))


def _maintenance_rows(value: object) -> list[object]:
    body = to_object(value)
    for name in ("manutencoes", "data", "results"):
        if (rows := to_rows(body.get(name))) is not None:
            return list(rows)
    if isinstance(value, list):
        return value
    if is_empty_result(body):
        return []
    if read_message(body) and to_integer(body.get("status")) != 1:
        raise refusal_error(body)
    raise UnusableFieldError("the answer holds no list of maintenances")


def _is_active(row: Row) -> bool:
    return to_flag(row.get("ativa")) is True and to_integer(row.get("status")) != _RESOLVED


def _parse_maintenance(row: Row) -> NetworkMaintenance:
    pop_value = row.get("pops")
    pops = pop_value if isinstance(pop_value, list) else [pop_value]
    ids = (to_text(pop.get("id") if isinstance(pop, Mapping) else pop, 60) for pop in pops)
    cities = (to_text(to_object(pop).get("cidade")).casefold() for pop in pops)
    message_fields = ("mensagem_ura", "mensagem_central", "descricao")
    return NetworkMaintenance(
        message=first_present_text(row, *message_fields, max_length=_MAX_MESSAGE_LENGTH),
        pops=tuple(dict.fromkeys(each for each in ids if each)),
        cities=tuple(dict.fromkeys(city for city in cities if city)),
        until=to_datetime(row.get("data_final")),
    )
