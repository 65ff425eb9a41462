"""Change requests of subscribers, and the provider's rule for each kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from niochat.domain.tenant.erp_values import TicketCategory


class ChangeRequestKind(StrEnum):
    """A kind of change to a contract that a customer can request."""

    DUE_DAY = "vencimento"
    WIFI_NAME = "wifi_nome"
    WIFI_PASSWORD = "wifi_senha"
    PLAN = "plano"
    ADDRESS = "endereco"
    HOLDER = "titularidade"
    SECOND_POINT = "ponto_adicional"
    CANCEL_TICKET = "cancelar_chamado"
    RESCHEDULE = "remarcar_visita"


class ChangeRequestRoute(StrEnum):
    """How a change request is handled: as a service order in the ERP, by a team, or not at all."""

    ORDER = "order"
    TEAM = "team"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ChangeRequestRule:
    """The provider's rule for one kind of change request.

    ``category`` and the provider's own ``code`` go into the service order. ``team`` is the slug of
    the team that handles it; empty means the team whose topic the kind is. ``days`` are the days of
    the month that may be chosen; empty means any.
    """

    how: ChangeRequestRoute = ChangeRequestRoute.TEAM
    category: TicketCategory = TicketCategory.OTHER
    code: str = ""
    team: str = ""
    days: tuple[int, ...] = ()


def parse_change_request_rules(
    stored: Mapping[str, Any],
) -> Mapping[ChangeRequestKind, ChangeRequestRule]:
    """Returns a rule for every kind from the provider's stored settings.

    A kind that the settings leave out goes to a team, and so does one whose stored rule this
    version cannot read. Kinds that this version does not know are ignored.
    """
    return {kind: _rule(stored.get(kind.value)) for kind in ChangeRequestKind}


def _rule(stored: Any) -> ChangeRequestRule:
    if not isinstance(stored, Mapping):
        return ChangeRequestRule()
    try:
        return ChangeRequestRule(
            ChangeRequestRoute(stored.get("how", ChangeRequestRoute.TEAM)),
            TicketCategory(stored.get("category", TicketCategory.OTHER)),
            str(stored.get("code") or ""),
            str(stored.get("team") or ""),
            tuple(int(day) for day in stored.get("days") or ()),
        )
    except (TypeError, ValueError):
        return ChangeRequestRule()
