"""What a provider's file says of requests for a change; see
:mod:`niochat.domain.tenant.change_requests`.
"""

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from niochat.domain.tenant.change_requests import ChangeRequestKind, ChangeRequestRoute
from niochat.ports.erp import TicketCategory
from niochat.tenants.provider_file.field_types import Slug, StrictInteger, TicketCode
from niochat.tenants.provider_file.strict_model import StrictModel, error_at


def _parse_way(value: object) -> object:
    """YAML reads a bare ``off`` as false."""
    return ChangeRequestRoute.OFF if value is False else value


DueDay = Annotated[StrictInteger, Field(ge=1, le=31)]


class ChangeRequestConfig(StrictModel):
    """How one kind of change request is handled."""

    how: Annotated[ChangeRequestRoute, BeforeValidator(_parse_way)] = ChangeRequestRoute.TEAM
    """``order``: a service order in the ERP. ``team``: people get it. ``off``: not taken here."""
    category: TicketCategory | None = None
    """Of the order; left out: ``outro``."""
    code: TicketCode | None = None
    """The provider's own code of such orders, in place of the category's. Quote leading zeros."""
    team: Slug | None = None
    """Who gets it; left out: whose work it is (billing, support, sales)."""
    days: Annotated[tuple[DueDay, ...], Field(max_length=31)] | None = None
    """Days of the month that may be chosen, of ``vencimento``; left out: any."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.how is not ChangeRequestRoute.ORDER and (self.category or self.code):
            raise error_at("category and code are those of an order: how must be order", "how")
        return self


def _days_only_for_due_date(
    requests: dict[ChangeRequestKind, ChangeRequestConfig],
) -> dict[ChangeRequestKind, ChangeRequestConfig]:
    if any(
        each.days is not None
        for kind, each in requests.items()
        if kind != ChangeRequestKind.DUE_DAY
    ):
        raise ValueError(f"days are those of {ChangeRequestKind.DUE_DAY} alone")
    return requests


ChangeRequests = Annotated[
    dict[ChangeRequestKind, ChangeRequestConfig],
    Field(default_factory=dict, max_length=len(ChangeRequestKind)),
    AfterValidator(_days_only_for_due_date),
]


def find_unknown_team(
    requests: dict[ChangeRequestKind, ChangeRequestConfig], slugs: set[str]
) -> str | None:
    """The first kind whose team is none of the provider's."""
    return next(
        (kind for kind, each in requests.items() if each.team and each.team not in slugs), None
    )
