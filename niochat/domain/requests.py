"""What a subscriber may ask to have changed, and what a provider does about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from niochat.domain.erp import Category


class RequestKind(StrEnum):
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


class RequestWay(StrEnum):
    """How a change request is handled: as a service order in the ERP, by a team, or not at all."""

    ORDER = "order"
    TEAM = "team"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RequestRule:
    """One kind's. ``category`` and ``code``, the provider's own, are the order's; ``team`` is a
    slug, empty: whose work the kind is. ``days``: of the month, that may be chosen; empty: any.
    """

    how: RequestWay = RequestWay.TEAM
    category: Category = Category.OTHER
    code: str = ""
    team: str = ""
    days: tuple[int, ...] = ()


def rules_of(stored: Mapping[str, Any]) -> Mapping[RequestKind, RequestRule]:
    """Of every kind, as a provider's settings have it; what they leave out goes to a team.

    Of a kind or a way that another version stored nothing is taken: it goes to a team too.
    """
    return {kind: _rule(stored.get(kind.value)) for kind in RequestKind}


def _rule(stored: Any) -> RequestRule:
    if not isinstance(stored, Mapping):
        return RequestRule()
    try:
        return RequestRule(
            RequestWay(stored.get("how", RequestWay.TEAM)),
            Category(stored.get("category", Category.OTHER)),
            str(stored.get("code") or ""),
            str(stored.get("team") or ""),
            tuple(int(day) for day in stored.get("days") or ()),
        )
    except (TypeError, ValueError):
        return RequestRule()
