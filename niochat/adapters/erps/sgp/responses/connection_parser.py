"""Reading of the access: line, light and maintenance (SGP reference 3.2)."""

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
"""Of several services the first of these counts: offline only if every one is offline."""
_SAYS_OFFLINE = re.compile(r"off-?line|desconect|sem (conex|acesso)|inativ")
_DBM = re.compile(r"([+-]?[0-9]{1,3}(?:[.,][0-9]{1,6})?)\s*(?:dbm)?", re.IGNORECASE)
_DBM_RANGE = (-60.0, 20.0)
_RESOLVED = 4
_MAX_MESSAGE_LENGTH = 500

Row = Mapping[str, object]


# -- line ---------------------------------------------------------------------------------


def parse_access_status(value: object, contract: str) -> AccessStatus:
    """The contract's access; no service, or one that says nothing we know, is ``UNKNOWN``."""
    rows = to_rows(value)
    if rows is None or not all(isinstance(row, Mapping) and row for row in rows):
        raise UnusableFieldError("the answer is neither a service nor a list of services")
    ours = [
        _parse_access_row(to_object(row))
        for row in rows
        if not _belongs_to_another(to_object(row), contract)
    ]
    return min(
        ours, key=lambda each: _RANK.index(each.state), default=AccessStatus(AccessState.UNKNOWN)
    )


def _belongs_to_another(row: Row, contract: str) -> bool:
    told = to_text(row.get("contratoId"), 60)
    return bool(told) and told != contract.strip()


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
    """0 is offline on some builds, and on all of them the status of an error in words."""
    said = fold_text(read_message(row))
    named = first_present_text(row, "contratoId", "login", "servico_id")
    return not said or bool(named) or bool(_SAYS_OFFLINE.search(said))


# -- light --------------------------------------------------------------------------------


def parse_optical_signal(value: object, contract: str) -> OpticalSignal | None:
    """The light of the contract's first modem; ``None``: no modem, or nothing told of it.

    Where the connection's state is missing, a modem that receives light counts as online.
    """
    answer = to_object(value)
    clients = to_rows(answer.get("clientes"))
    if clients is None:
        if is_unknown_subscriber(answer) or is_empty_result(answer):
            return None
        if read_message(answer) and to_integer(answer.get("status")) != 1:
            raise refusal_error(answer)
        raise UnusableFieldError("the answer holds no list of clients")
    if not all(isinstance(client, Mapping) for client in clients):
        raise UnusableFieldError("a client is no object")
    read = (
        _parse_light(service) for service in _services([to_object(c) for c in clients], contract)
    )
    return next((light for light in read if light is not None), None)


def _services(clients: list[Row], contract: str) -> Iterator[Row]:
    for client in clients:
        for row in map(to_object, to_rows(client.get("contratos")) or ()):
            if (
                first_present_text(row, "contrato", "contratoId", "id", max_length=60)
                == contract.strip()
            ):
                yield from map(to_object, to_rows(row.get("servicos")) or ())


def _parse_light(service: Row) -> OpticalSignal | None:
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
    elif found := _DBM.fullmatch(to_text(value)):
        power = float(found[1].replace(",", "."))
    else:
        return None
    if not _DBM_RANGE[0] <= power <= _DBM_RANGE[1]:
        raise UnusableFieldError("the modem's light is no believable power")
    return power


# -- maintenance --------------------------------------------------------------------------


def parse_maintenances(value: object) -> tuple[NetworkMaintenance, ...]:
    """What is active and not resolved; an entry that does not say so is no outage."""
    rows = _maintenance_rows(value)
    if not all(isinstance(row, Mapping) for row in rows):
        raise UnusableFieldError("a maintenance is no object")
    return tuple(_parse_maintenance(row) for row in map(to_object, rows) if _is_active(row))


def _maintenance_rows(value: object) -> list[object]:
    answer = to_object(value)
    for name in ("manutencoes", "data", "results"):
        if (rows := to_rows(answer.get(name))) is not None:
            return list(rows)
    if isinstance(value, list):
        return value
    if is_empty_result(answer):
        return []
    if read_message(answer) and to_integer(answer.get("status")) != 1:
        raise refusal_error(answer)
    raise UnusableFieldError("the answer holds no list of maintenances")


def _is_active(row: Row) -> bool:
    return to_flag(row.get("ativa")) is True and to_integer(row.get("status")) != _RESOLVED


def _parse_maintenance(row: Row) -> NetworkMaintenance:
    told = row.get("pops")
    pops = told if isinstance(told, list) else [told]
    ids = (to_text(pop.get("id") if isinstance(pop, Mapping) else pop, 60) for pop in pops)
    cities = (to_text(to_object(pop).get("cidade")).casefold() for pop in pops)
    words = ("mensagem_ura", "mensagem_central", "descricao")
    return NetworkMaintenance(
        message=first_present_text(row, *words, max_length=_MAX_MESSAGE_LENGTH),
        pops=tuple(dict.fromkeys(each for each in ids if each)),
        cities=tuple(dict.fromkeys(city for city in cities if city)),
        until=to_datetime(row.get("data_final")),
    )
