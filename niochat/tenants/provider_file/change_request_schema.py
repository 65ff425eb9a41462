"""Schema of change requests in a provider file; see
:mod:`niochat.domain.tenant.change_requests`.
"""

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from niochat.domain.tenant.change_requests import ChangeRequestKind, ChangeRequestRoute
from niochat.ports.erp import TicketCategory
from niochat.tenants.provider_file.field_types import Slug, StrictInteger, TicketCode
from niochat.tenants.provider_file.strict_model import StrictModel, error_at


def _parse_route(value: object) -> object:
    """YAML reads a bare ``off`` as false."""
    return ChangeRequestRoute.OFF if value is False else value


DueDay = Annotated[StrictInteger, Field(ge=1, le=31)]


class ChangeRequestConfig(StrictModel):
    """How one kind of change request is handled."""

    how: Annotated[ChangeRequestRoute, BeforeValidator(_parse_route)] = ChangeRequestRoute.TEAM
    """``order``: as a service order in the ERP. ``team``: by a team. ``off``: not accepted."""
    category: TicketCategory | None = None
    """Category of the service order; default: ``outro``."""
    code: TicketCode | None = None
    """The provider's own code of the service order, instead of that of the category. Put codes with
    leading zeros in quotes.
    """
    team: Slug | None = None
    """Team that gets the request; default: the team of the matter (billing, support or sales)."""
    days: Annotated[tuple[DueDay, ...], Field(max_length=31)] | None = None
    """Days of the month that a customer may choose, for ``vencimento`` only; default: any day."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.how is not ChangeRequestRoute.ORDER and (self.category or self.code):
            raise error_at("category and code are allowed only with how: order", "how")
        return self


def _days_only_for_due_date(
    requests: dict[ChangeRequestKind, ChangeRequestConfig],
) -> dict[ChangeRequestKind, ChangeRequestConfig]:
    if any(
        each.days is not None
        for kind, each in requests.items()
        if kind != ChangeRequestKind.DUE_DAY
    ):
        raise ValueError(f"days is allowed for {ChangeRequestKind.DUE_DAY} only")
    return requests


ChangeRequests = Annotated[
    dict[ChangeRequestKind, ChangeRequestConfig],
    Field(default_factory=dict, max_length=len(ChangeRequestKind)),
    AfterValidator(_days_only_for_due_date),
]


def find_unknown_team(
    requests: dict[ChangeRequestKind, ChangeRequestConfig], slugs: set[str]
) -> str | None:
    """The first kind whose team is not in ``slugs``; None if all are."""
    return next(
        (kind for kind, each in requests.items() if each.team and each.team not in slugs), None
    )
