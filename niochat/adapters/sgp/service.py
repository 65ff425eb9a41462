"""Reading of the access: line, light and maintenance (SGP reference 3.2)."""

import math
import re
from collections.abc import Iterator, Mapping

from niochat.adapters.sgp.fields import (
    Unusable,
    first_of,
    first_text,
    flag_of,
    moment_of,
    object_of,
    plain,
    rows_of,
    text_of,
    whole_of,
)
from niochat.adapters.sgp.judge import (
    names_nobody,
    names_nothing,
    protocol_of,
    refusal,
    said_of,
)
from niochat.domain.erp import AccessState, AccessStatus, NetworkMaintenance, OpticalSignal

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
_LONGEST_MESSAGE = 500

Row = Mapping[str, object]


# -- line ---------------------------------------------------------------------------------


def line(value: object, contract: str) -> AccessStatus:
    """The contract's access; no service, or one that says nothing we know, is ``UNKNOWN``."""
    rows = rows_of(value)
    if rows is None or not all(isinstance(row, Mapping) and row for row in rows):
        raise Unusable("the answer is neither a service nor a list of services")
    ours = [_line(object_of(row)) for row in rows if not _of_another(object_of(row), contract)]
    return min(
        ours, key=lambda each: _RANK.index(each.state), default=AccessStatus(AccessState.UNKNOWN)
    )


def _of_another(row: Row, contract: str) -> bool:
    told = text_of(row.get("contratoId"), 60)
    return bool(told) and told != contract.strip()


def _line(row: Row) -> AccessStatus:
    until = text_of(row.get("tempo"))
    return AccessStatus(_state(row), text_of(said_of(row)), protocol_of(row), until)


def _state(row: Row) -> AccessState:
    # Some builds misspell the key (SGP reference 3.2).
    code = whole_of(first_of(row, "status", "staus"))
    if code is None or names_nobody(row):
        return AccessState.UNKNOWN
    if code == 0 and not _means_offline(row):
        return AccessState.UNKNOWN
    return _STATES.get(code, AccessState.UNKNOWN)


def _means_offline(row: Row) -> bool:
    """0 is offline on some builds, and on all of them the status of an error in words."""
    said = plain(said_of(row))
    named = first_text(row, "contratoId", "login", "servico_id")
    return not said or bool(named) or bool(_SAYS_OFFLINE.search(said))


# -- light --------------------------------------------------------------------------------


def optics(value: object, contract: str) -> OpticalSignal | None:
    """The light of the contract's first modem; ``None``: no modem, or nothing told of it.

    Where the connection's state is missing, a modem that receives light counts as online.
    """
    answer = object_of(value)
    clients = rows_of(answer.get("clientes"))
    if clients is None:
        if names_nobody(answer) or names_nothing(answer):
            return None
        if said_of(answer) and whole_of(answer.get("status")) != 1:
            raise refusal(answer)
        raise Unusable("the answer holds no list of clients")
    if not all(isinstance(client, Mapping) for client in clients):
        raise Unusable("a client is no object")
    read = (_light(service) for service in _services([object_of(c) for c in clients], contract))
    return next((light for light in read if light is not None), None)


def _services(clients: list[Row], contract: str) -> Iterator[Row]:
    for client in clients:
        for row in map(object_of, rows_of(client.get("contratos")) or ()):
            if first_text(row, "contrato", "contratoId", "id", longest=60) == contract.strip():
                yield from map(object_of, rows_of(row.get("servicos")) or ())


def _light(service: Row) -> OpticalSignal | None:
    onu = object_of(service.get("onu"))
    link = object_of(first_of(onu, "conexao") or service.get("conexao"))
    state = plain(text_of(link.get("status")))
    if not onu or not (state or "rx" in onu):
        return None
    rx = _dbm(onu.get("rx"))
    return OpticalSignal(online=state == "online" if state else rx is not None, rx_dbm=rx)


def _dbm(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        power = float(value) if abs(value) < 1000 else math.inf
    elif found := _DBM.fullmatch(text_of(value)):
        power = float(found[1].replace(",", "."))
    else:
        return None
    if not _DBM_RANGE[0] <= power <= _DBM_RANGE[1]:
        raise Unusable("the modem's light is no believable power")
    return power


# -- maintenance --------------------------------------------------------------------------


def maintenances(value: object) -> tuple[NetworkMaintenance, ...]:
    """What is active and not resolved; an entry that does not say so is no outage."""
    rows = _maintenance_rows(value)
    if not all(isinstance(row, Mapping) for row in rows):
        raise Unusable("a maintenance is no object")
    return tuple(_maintenance(row) for row in map(object_of, rows) if _under_way(row))


def _maintenance_rows(value: object) -> list[object]:
    answer = object_of(value)
    for name in ("manutencoes", "data", "results"):
        if (rows := rows_of(answer.get(name))) is not None:
            return list(rows)
    if isinstance(value, list):
        return value
    if names_nothing(answer):
        return []
    if said_of(answer) and whole_of(answer.get("status")) != 1:
        raise refusal(answer)
    raise Unusable("the answer holds no list of maintenances")


def _under_way(row: Row) -> bool:
    return flag_of(row.get("ativa")) is True and whole_of(row.get("status")) != _RESOLVED


def _maintenance(row: Row) -> NetworkMaintenance:
    told = row.get("pops")
    pops = told if isinstance(told, list) else [told]
    ids = (text_of(pop.get("id") if isinstance(pop, Mapping) else pop, 60) for pop in pops)
    cities = (text_of(object_of(pop).get("cidade")).casefold() for pop in pops)
    words = ("mensagem_ura", "mensagem_central", "descricao")
    return NetworkMaintenance(
        message=first_text(row, *words, longest=_LONGEST_MESSAGE),
        pops=tuple(dict.fromkeys(each for each in ids if each)),
        cities=tuple(dict.fromkeys(city for city in cities if city)),
        until=moment_of(row.get("data_final")),
    )
