"""What a subscriber may ask to have changed, and what a provider does about each."""

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
    """One kind's. ``category`` and ``code``, the provider's own, are the order's; ``team`` is a
    slug, empty: whose work the kind is. ``days``: of the month, that may be chosen; empty: any.
    """

    how: ChangeRequestRoute = ChangeRequestRoute.TEAM
    category: TicketCategory = TicketCategory.OTHER
    code: str = ""
    team: str = ""
    days: tuple[int, ...] = ()


def parse_change_request_rules(
    stored: Mapping[str, Any],
) -> Mapping[ChangeRequestKind, ChangeRequestRule]:
    """Of every kind, as a provider's settings have it; what they leave out goes to a team.

    Of a kind or a way that another version stored nothing is taken: it goes to a team too.
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
